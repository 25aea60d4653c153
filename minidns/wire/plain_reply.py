"""The short way for the commonest reply: the addresses that were asked for, and nothing else.

Their records are handed on as the octets that came, which are those that a client is sent. What
comes from here is what `upstream_query.match_reply` and `reply.read_reply` find by the long way;
whatever is not surely such a reply comes back as None and goes that way.
"""

from functools import lru_cache
from struct import Struct

from minidns.wire.codes import RRClass, RRType
from minidns.wire.query import HEADER
from minidns.wire.reply import Reply, read_reply
from minidns.wire.upstream_query import UpstreamQuery

AD = 0x0020  # of the flags; RFC 4035 section 3.2.3
_MAX_RECORDS = 16  # more are no ordinary reply
_QR = 0x8000
_FREE_FLAGS = (0x0400, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010)  # AA, RD, RA, Z, AD, CD
_POINTER = b"\xc0\x0c"  # to the question's name
_OPT_AT_ROOT = b"\x00\x00\x29"  # owner and type
_OPT = 11  # octets of one without options
_EXTENDED_RCODE = 5  # its octet in it
_NO_OPTIONS = b"\x00\x00"
_TTL = 6  # where it is in a record whose owner is a pointer
_TTL_LENGTH = Struct("!IH")  # what stands there: the length is that of the rdata
_RDATA = 12  # where that is
# Octets of such a record, by type and class of the question.
_SIZES = {
    rtype.to_bytes(2) + int(RRClass.IN).to_bytes(2): _RDATA + octets
    for rtype, octets in ((int(RRType.A), 4), (int(RRType.AAAA), 16))
}


def _heads() -> dict[bytes, tuple[int, int, bool]]:
    """Octets 2 to 12 of such a reply: flags, records, whether an OPT follows."""
    combinations = [_QR]
    for flag in _FREE_FLAGS:
        combinations += [flags | flag for flags in combinations]
    return {
        flags.to_bytes(2) + b"\x00\x01" + count.to_bytes(2) + bytes(3) + bytes((has_opt,)): (
            flags,
            count,
            has_opt,
        )
        for flags in combinations
        for count in range(1, _MAX_RECORDS + 1)
        for has_opt in (False, True)
    }


_HEADS = _heads()


class PlainReply:
    """Addresses under one TTL, none of them twice, of the name that was asked; no error."""

    __slots__ = ("count", "flags", "is_authentic", "message", "question", "records", "ttl")

    def __init__(
        self, message: bytes, question: bytes, flags: int, count: int, ttl: int, records: bytes
    ) -> None:
        self.message = message
        self.question = question  # as it was sent
        self.flags = flags  # second 16 bits of the header
        self.is_authentic = False  # whether its AD bit is set and believed, for a resolver to say
        self.count = count
        self.ttl = ttl  # seconds, all 32 bits
        self.records = records  # octets, each with a pointer to the question's name

    def at_length(self) -> Reply:
        """By the long way."""
        return read_reply(self.message, self.question)

    def addresses(self) -> list[bytes]:
        """Of 4 or 16 octets each."""
        records = self.records
        if self.count == 1:
            return [records[_RDATA:]]
        size = len(records) // self.count
        return [records[end - size + _RDATA : end] for end in range(size, len(records) + 1, size)]


def read_plain_reply(query: UpstreamQuery, message: bytes) -> PlainReply | None:
    """The reply to that query; None where it has to be looked at more closely."""
    question = query.question
    head = _HEADS.get(message[2:12])
    asked = question[-4:]  # type and class
    size = _SIZES.get(asked)
    if (
        head is None
        or size is None
        or not message.startswith(question + _POINTER + asked, HEADER)
        or message[:2] != query.wire[:2]
    ):
        return None
    flags, count, has_opt = head
    at = HEADER + len(question)
    end = at + count * size
    if has_opt:
        if not _is_plain_opt(message[end:]):
            return None
    elif len(message) != end:
        return None
    ttl, octets = _TTL_LENGTH.unpack_from(message, at + _TTL)
    if octets != size - _RDATA or len(message) > query.payload:
        return None
    if count > 1:
        first = message[at : at + _RDATA]
        places = range(at, end, size)
        if any(not message.startswith(first, place) for place in places):
            return None
        if len({message[place : place + size] for place in places}) < count:
            return None
    return PlainReply(message, question, flags, count, ttl, message[at:end])


@lru_cache(maxsize=256)
def _is_plain_opt(octets: bytes) -> bool:
    """Whether they are one OPT without an option and without an extended rcode."""
    return (
        len(octets) == _OPT
        and octets.startswith(_OPT_AT_ROOT)
        and not octets[_EXTENDED_RCODE]
        and octets.endswith(_NO_OPTIONS)
    )
