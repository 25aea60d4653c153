"""Queries that are not answered: why, for an Extended DNS Error (RFC 8914), and the bare reply.

`responder` raises these and writes the reply in one place. Knows no zone and no transport.
"""

from minidns.wire.codes import ExtendedError, Rcode
from minidns.wire.query import Query, QueryError
from minidns.wire.response import QR, RD


class Refusal(QueryError):
    """A well-formed query that is not answered, with the reason for an Extended DNS Error."""

    def __init__(self, rcode: int, reason: str, query: Query, error: ExtendedError) -> None:
        super().__init__(rcode, reason, query.question, query.edns)
        self.extended_error = error


def refusal(query: Query, reason: str, error: ExtendedError) -> Refusal:
    """REFUSED."""
    return Refusal(Rcode.REFUSED, reason, query, error)


class ServerFailure(Refusal):
    """SERVFAIL: a query for data that should be here and is not fit to be served."""

    def __init__(self, reason: str, query: Query, error: ExtendedError) -> None:
        super().__init__(Rcode.SERVFAIL, reason, query, error)


def plain_error(
    wire: bytes, rcode: int, question: bytes = b"", opt: bytes = b"", ra: int = 0
) -> bytes:
    """The reply to `wire` without records: everything after the ID. `ra`: 0 or RA."""
    flags = QR | ra | (wire[2] & 0x78) << 8 | (wire[2] << 8 & RD) | rcode & 0xF
    counts = (b"\x00\x01" if question else b"\x00\x00") + b"\x00\x00\x00\x00"
    counts += b"\x00\x01" if opt else b"\x00\x00"
    return flags.to_bytes(2, "big") + counts + question + opt
