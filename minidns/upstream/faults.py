"""What went wrong with an upstream, in words for whoever asked."""

import errno

from minidns.resolver.model import Failure, FailureKind
from minidns.wire.codes import Rcode

NO_RESOURCES = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC}  # the last: of epoll
)


def explain(error: OSError) -> Failure:
    """What an error of the system means: ours, or the upstream's."""
    kind = FailureKind.BUSY if error.errno in NO_RESOURCES else FailureKind.UNREACHABLE
    return Failure(kind, error.strerror or str(error) or type(error).__name__)


def explain_bare_error(message: bytes) -> Failure:
    """A header alone (Match.BARE_ERROR)."""
    rcode = message[3] & 0xF
    try:
        text = Rcode(rcode).name
    except ValueError:
        text = f"rcode {rcode}"
    return Failure(FailureKind.RCODE, f"{text} without a question", rcode)
