"""The second tier's memory: encoded answers by where they were found.

Bounded in octets: a referral or a chain of aliases may hold 64 KiB, and a stranger chooses how
many of them are made, by the lengths of names and by types that nobody has.
"""

from minidns.authority.find import Outcome
from minidns.wire.response import Body
from minidns.zone.model import Node

# Where it was found, what was asked there (or which outcome it is), octets of the qname.
BodyKey = tuple[Node, int | Outcome, int]

_OVERHEAD = 480  # octets of the objects around one body, measured with tracemalloc
_OVERHEAD_PER_SET = 210  # and around each of its record sets


class BodyCache(dict[BodyKey, Body]):
    """When it is full it is emptied: refilling costs microseconds an answer."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self._bytes = 0

    def add(self, key: BodyKey, body: Body) -> None:
        """Remember an answer that was not there."""
        size = len(body.wire) + _OVERHEAD + _OVERHEAD_PER_SET * len(body.ends)
        if self._bytes + size > self._max_bytes:
            self.forget()
        self._bytes += size
        self[key] = body

    def forget(self) -> None:
        """All of it."""
        self.clear()
        self._bytes = 0
