"""The short way for the commonest reply: the addresses that were asked for, and nothing else.

What comes from here is what `upstream_query.match_reply` and `reply.read_reply` make of it by the
long way; whatever is not surely such a reply comes back as None and goes that way.
"""

from struct import Struct

from minidns.wire.codes import RRClass, RRType
from minidns.wire.query import HEADER
from minidns.wire.reply import Reply, ReplyRecord
from minidns.wire.upstream_query import UpstreamQuery

_IN = int(RRClass.IN)
_MAX_RECORDS = 16  # more are no ordinary reply
_QR = 0x8000
_FREE_FLAGS = (0x0400, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010)  # AA, RD, RA, Z, AD, CD
_OPT_AT_ROOT = b"\x00\x00\x29"
_OPT = Struct("!3sHIH")  # owner and type; octets taken; extended rcode, version, flags; RDLENGTH
_LARGEST_REST = 0x00FF_FFFF  # without an extended rcode
# Type and class of the question: how such a record is laid out, how it begins, octets of its data.
_LAYOUTS = {
    rtype.to_bytes(2) + _IN.to_bytes(2): (
        Struct(f"!6sIH{octets}s"),
        b"\xc0\x0c" + rtype.to_bytes(2) + _IN.to_bytes(2),
        octets,
        rtype,
    )
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


def read_plain_reply(query: UpstreamQuery, message: bytes) -> Reply | None:
    """The reply to that query; None where it has to be looked at more closely."""
    wire, question, payload = query
    head = _HEADS.get(message[2:12])
    layout = _LAYOUTS.get(question[-4:])
    if (
        head is None
        or layout is None
        or message[:2] != wire[:2]
        or not message.startswith(question, HEADER)
        or len(message) > payload
    ):
        return None
    flags, count, has_opt = head
    record, beginning, octets, rtype = layout
    qname = question[:-4]
    at = HEADER + len(question)
    if len(message) != at + count * record.size + has_opt * _OPT.size:
        return None
    answer: tuple[ReplyRecord, ...] = ()
    for _ in range(count):
        begins, ttl, length, rdata = record.unpack_from(message, at)
        if begins != beginning or length != octets:
            return None
        answer += (ReplyRecord(qname, rtype, _IN, ttl, rdata),)
        at += record.size
    taken = 0
    if has_opt:
        begins, taken, rest, length = _OPT.unpack_from(message, at)
        if begins != _OPT_AT_ROOT or rest > _LARGEST_REST or length:
            return None
    return Reply(flags, 0, qname, rtype, _IN, answer, (), taken, (), True)
