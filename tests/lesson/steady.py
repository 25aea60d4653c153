"""What differs between two runs of an experiment, taken out: ports, and the shares of SO_REUSEPORT.

Descriptors are the same in two processes that start with the same ones open.
"""

import re

_PORT = re.compile(r":([1-9]\d{3,4})\b *")
_SHARE = re.compile(r"^(  fd +\d+) +\d+ #+$", re.MULTILINE)
_TAKER = re.compile(r"recvfrom\(\d+, \"same tuple\"")


def steady(text: str) -> str:
    """The text of one or more experiments, the same for each run on one machine."""
    text = _PORT.sub(":PORT ", text)
    text = _SHARE.sub(r"\1 SHARE", text)
    return _TAKER.sub('recvfrom(FD, "same tuple"', text)
