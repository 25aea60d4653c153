"""The reader of upstream replies: strict and bounded, whatever the octets.

RFC 1035 section 4.1, RFC 3597 section 4 (in which types a name may be compressed), RFC 6891 (OPT),
RFC 8914 (Extended DNS Errors). Names come out whole, in the case in which they were sent. A pointer
must lead backwards, out of the header. Of the additional section only the OPT is read; octets after
the last counted record are ignored, as Unbound and BIND do. What may be believed of a reply is for
the resolver to say.
"""

from struct import Struct, error
from typing import NamedTuple

from minidns.wire.codes import EdnsOption, RRClass, RRType
from minidns.wire.name import MAX_LABEL, MAX_NAME
from minidns.wire.query import HEADER

MAX_RECORDS = 256  # in answer and authority; more are nobody's honest answer
_MAX_POINTERS = 127  # in one name, which has no more labels (RFC 1035 section 2.3.4)
_POINTER = 0xC0  # RFC 1035 section 4.1.4
_HEAD = Struct("!6H")
_QUESTION = Struct("!HH")
_FIXED = Struct("!HHIH")  # type, class, TTL, RDLENGTH
_IN = int(RRClass.IN)
_OPT = int(RRType.OPT)
_NAPTR = int(RRType.NAPTR)
_EDE = int(EdnsOption.EDE)
_PLAIN_OPT = b"\x00\x00\x29"  # owner and type
_ANY_LENGTH = -1

# Octets before the first name, names in a row, octets after them (RFC 3597 section 4; KX and
# DNAME are written compressed by old servers).
_NAMES = {
    2: (0, 1, 0),  # NS
    3: (0, 1, 0),  # MD
    4: (0, 1, 0),  # MF
    5: (0, 1, 0),  # CNAME
    6: (0, 2, 20),  # SOA
    7: (0, 1, 0),  # MB
    8: (0, 1, 0),  # MG
    9: (0, 1, 0),  # MR
    12: (0, 1, 0),  # PTR
    14: (0, 2, 0),  # MINFO
    15: (2, 1, 0),  # MX
    17: (0, 2, 0),  # RP
    18: (2, 1, 0),  # AFSDB
    21: (2, 1, 0),  # RT
    24: (18, 1, _ANY_LENGTH),  # SIG
    26: (2, 2, 0),  # PX
    30: (0, 1, _ANY_LENGTH),  # NXT
    33: (6, 1, 0),  # SRV
    _NAPTR: (4, 1, 0),  # and three character-strings before the name
    36: (2, 1, 0),  # KX
    39: (0, 1, 0),  # DNAME
}
_LENGTHS = {int(RRType.A): 4, int(RRType.AAAA): 16}  # octets, in class IN


class BadReply(ValueError):
    """Octets that are no reply; str() says why."""


class ReplyRecord(NamedTuple):
    """One record; the names in it are uncompressed, in the case in which they came."""

    owner: bytes
    rtype: int
    rclass: int
    ttl: int  # all 32 bits
    rdata: bytes


class Reply(NamedTuple):
    """A message of one question."""

    flags: int  # second 16 bits of the header
    rcode: int  # with the upper bits that stand in the OPT
    qname: bytes  # in the case in which it came
    qtype: int
    qclass: int
    answer: tuple[ReplyRecord, ...]
    authority: tuple[ReplyRecord, ...]
    payload: int  # octets that the sender takes over UDP; 0 without an OPT
    errors: tuple[tuple[int, bytes], ...]  # Extended DNS Errors: code, text as it came


def read_reply(wire: bytes, question: bytes = b"") -> Reply:
    """The message in `wire`. Raises BadReply, and nothing else.

    `question`, a well-formed one, is known to be the message's (`upstream_query.match_reply`).
    """
    try:
        return _read(wire, question)
    except (IndexError, error):
        raise BadReply("it is cut off") from None


def _read(wire: bytes, question: bytes) -> Reply:
    _, flags, questions, answers, authorities, extras = _HEAD.unpack_from(wire)
    if questions != 1:
        raise BadReply(f"it has {questions} questions")
    if answers + authorities > MAX_RECORDS:
        raise BadReply(f"it has more than {MAX_RECORDS} records")
    known: dict[int, bytes] = {}
    if question:
        qname, at = question[:-4], HEADER + len(question) - 4
        known[HEADER] = qname
    else:
        qname, at = _read_name(wire, HEADER, known)
    qtype, qclass = _QUESTION.unpack_from(wire, at)
    answer, at = _read_records(wire, at + 4, answers, known)
    authority, at = _read_records(wire, at, authorities, known)
    payload, upper, errors = _read_additional(wire, at, extras) if extras else (0, 0, ())
    rcode = upper << 4 | flags & 0xF
    return Reply(flags, rcode, qname, qtype, qclass, answer, authority, payload, errors)


def _read_name(wire: bytes, at: int, known: dict[int, bytes]) -> tuple[bytes, int]:
    """The name at `at`, and the offset after it. `known` are names by where they begin."""
    length = wire[at]
    if length >= _POINTER:
        target = (length << 8 | wire[at + 1]) & 0x3FFF
        name = known.get(target)
        if name is not None:
            return name, at + 2
    start = at
    end = 0
    pieces = []
    for _ in range(_MAX_POINTERS):
        limit = at
        while 0 < (length := wire[at]) <= MAX_LABEL and at - limit < MAX_NAME:
            at += length + 1
        if length < _POINTER:
            break
        pieces.append(wire[limit:at])
        end = end or at + 2
        at = (length << 8 | wire[at + 1]) & 0x3FFF
        if at >= limit or at < HEADER:
            raise BadReply("a pointer leads nowhere")
    if length:
        raise BadReply("a name has a label that is no label, or no end")
    pieces.append(wire[limit : at + 1])
    name = b"".join(pieces)
    if len(name) > MAX_NAME:
        raise BadReply("a name is too long")
    known[start] = name
    return name, end or at + 1


def _read_records(
    wire: bytes, at: int, count: int, known: dict[int, bytes]
) -> tuple[tuple[ReplyRecord, ...], int]:
    if not count:
        return (), at
    records = []
    size = len(wire)
    owner: bytes | None
    for _ in range(count):
        # Nearly all owners are pointers to a name that has been read, in the first 256 octets.
        owner = known.get(wire[at + 1]) if wire[at] == _POINTER else None
        if owner is None:
            owner, at = _read_name(wire, at, known)
        else:
            at += 2
        rtype, rclass, ttl, length = _FIXED.unpack_from(wire, at)
        start = at + 10
        at = start + length
        if at > size:
            raise BadReply("it is cut off")
        if rtype in _NAMES:
            rdata = _read_names(wire, start, at, rtype, known)
        else:
            rdata = wire[start:at]
            if rtype in _LENGTHS and rclass == _IN and length != _LENGTHS[rtype]:
                raise BadReply("an address has the wrong length")
        records.append(ReplyRecord(owner, rtype, rclass, ttl, rdata))
    return tuple(records), at


def _read_names(wire: bytes, start: int, end: int, rtype: int, known: dict[int, bytes]) -> bytes:
    """Record data with the names in it uncompressed."""
    before, names, after = _NAMES[rtype]
    at = start + before
    if rtype == _NAPTR:
        for _ in range(3):
            at += 1 + wire[at]
    pieces = [wire[start:at]]
    for _ in range(names):
        if at >= end:
            raise BadReply("record data is cut off")
        name, at = _read_name(wire, at, known)
        pieces.append(name)
    if at > end or (after != _ANY_LENGTH and at + after != end):
        raise BadReply("record data has the wrong length")
    pieces.append(wire[at:end])
    return b"".join(pieces)


def _read_additional(
    wire: bytes, at: int, count: int
) -> tuple[int, int, tuple[tuple[int, bytes], ...]]:
    """Of the OPT: payload, upper bits of the rcode, errors. Zeros where there is none."""
    if count == 1 and at + 11 == len(wire) and wire.startswith(_PLAIN_OPT, at):
        _, payload, ttl, length = _FIXED.unpack_from(wire, at + 1)
        if not length:
            return payload, ttl >> 24, ()
    found = None
    for _ in range(count):
        start = at
        while 0 < (length := wire[at]) <= MAX_LABEL:
            at += length + 1
        if MAX_LABEL < length < _POINTER:
            raise BadReply("a name has a label that is no label")
        at += 2 if length else 1
        rtype, rclass, ttl, length = _FIXED.unpack_from(wire, at)
        at += 10 + length
        if at > len(wire):
            raise BadReply("it is cut off")
        if rtype == _OPT:
            if found is not None or wire[start]:
                raise BadReply("it has two OPT records, or one that is not at the root")
            found = rclass, ttl >> 24, _read_errors(wire[at - length : at]) if length else ()
    return (0, 0, ()) if found is None else found


def _read_errors(options: bytes) -> tuple[tuple[int, bytes], ...]:
    errors = []
    at = 0
    while at < len(options):
        code, length = _QUESTION.unpack_from(options, at)
        start = at + 4
        at = start + length
        if at > len(options):
            raise BadReply("an EDNS option is cut off")
        if code == _EDE and length >= 2:
            errors.append((options[start] << 8 | options[start + 1], options[start + 2 : at]))
    return tuple(errors)
