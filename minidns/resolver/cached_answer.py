"""One kept answer, packed: the encoded octets that follow a question, and what a hit needs of them.

An answer is one `bytes` object, so that a million of them cost neither objects nor collections:
when it was stored, for how long, where the sets end, where the TTLs are, the target, the octets as
`wire.response.encode` made them. TTLs count down in the octets (RFC 1035 section 3.2.1, RFC 2181
section 8); past its time an answer has a TTL of 30 seconds and a day to live (RFC 8767).
"""

from struct import Struct, pack, unpack_from

from minidns.resolver.kept_reply import KeptReply
from minidns.resolver.model import Question, Segment
from minidns.wire.codes import RRClass
from minidns.wire.plain_reply import PlainReply
from minidns.wire.reply import ReplyRecord, read_reply
from minidns.wire.response import MAX_MESSAGE, Body, Records, Sections, encode

MAX_STALE = 86_400.0  # seconds past the TTL, RFC 8767 section 4
STALE_TTL = 30  # seconds, RFC 8767 section 4
_DUE = 0.9  # of the TTL: from then on a hit asks for a fresh answer, as Unbound's prefetch
_STORED = Struct("=d")
_TIMES = Struct("=dI")
_HEAD = Struct("=dIHHBBB")  # stored, TTL, sets, records, rcode, marks, octets of the target
_AUTHENTIC = 1  # a mark
_HAS_TARGET = 2  # a mark
_END = 8  # octets of a set's end: offset and three counts
_OFFSET = 2  # octets of a TTL's offset
_ID = 2  # octets of a message's ID
_FIXED = 10  # octets of a record between its owner and its rdata
_POINTER = 0xC0  # RFC 1035 section 4.1.4
_TTL = Struct("!I")
_MESSAGE = Struct("!6H")  # the head of one
_QUESTION = Struct("!HH")
_ONE_END = Struct("=4H")
_ONE_OFFSET = Struct("=H")
_PLAIN_HEAD = Struct("=dIHHBBB4HH")  # head, end and offset of one set of one record
_TO_TTL = 6  # octets from the beginning of a record whose owner is a pointer
_Ends = tuple[tuple[int, int, int, int], ...]  # as `wire.response.Body` has them


class JustKept:
    """An answer at the moment at which it came, and its packed form."""

    __slots__ = ("_ends", "_rcode", "_wire", "packed")

    def __init__(self, packed: bytes, rcode: int, wire: bytes, ends: _Ends) -> None:
        self.packed = packed
        self._rcode = rcode
        self._wire = wire
        self._ends = ends

    def body_as_kept(self, flags: int) -> Body:
        """As `resolver.model.Encoded` has it."""
        return Body(flags | self._rcode, self._wire, self._ends, len(self._ends))


def pack_answer(question: Question, segment: Segment, now: float) -> JustKept | None:
    """`packed` is the packed form; None where the answer is too large to be kept."""
    sections = Sections(segment.answer, segment.authority, ())
    body = encode(0, sections, len(question.qname), question.qname)
    wire, ends = body.wire, body.ends
    if len(wire) > MAX_MESSAGE:
        return None
    offsets = _ttl_offsets(wire)
    target = segment.target or b""
    marks = segment.is_authentic * _AUTHENTIC | (segment.target is not None) * _HAS_TARGET
    ttl = min([segment.ttl, *(one.ttl for one in segment.answer + segment.authority)])
    numbers = [number for end in ends for number in end] + offsets
    packed = b"".join(
        (
            _HEAD.pack(now, ttl, len(ends), len(offsets), segment.rcode, marks, len(target)),
            pack(f"={len(numbers)}H", *numbers),
            target,
            wire,
        )
    )
    return JustKept(packed, segment.rcode, wire, ends)


def pack_plain(reply: PlainReply, now: float) -> bytes:
    """The packed form of the answer that a reply is as it came."""
    records, count = reply.records, reply.count
    marks = reply.is_authentic * _AUTHENTIC
    octets = len(records)
    if count == 1:
        head = _PLAIN_HEAD.pack(now, reply.ttl, 1, 1, 0, marks, 0, octets, 1, 0, 0, _TO_TTL)
        return head + records
    head = _HEAD.pack(now, reply.ttl, 1, count, 0, marks, 0)
    offsets = range(_TO_TTL, octets, octets // count)
    return head + pack(f"={4 + count}H", octets, count, 0, 0, *offsets) + records


def stored_at(packed: bytes) -> float:
    """The moment of a packed answer."""
    return float(_STORED.unpack_from(packed)[0])


def ends_at(packed: bytes) -> float:
    """The moment until which a packed answer is fresh."""
    stored, ttl = _TIMES.unpack_from(packed)
    end: float = stored + ttl
    return end


def shift(packed: bytes, seconds: int) -> bytes:
    """The same answer by a clock that is so much ahead."""
    (stored,) = _STORED.unpack_from(packed)
    return _STORED.pack(stored + seconds) + packed[_STORED.size :]


class Hit:
    """An answer as it is at the moment of the look-up."""

    __slots__ = (
        "_age",
        "_key",
        "_packed",
        "_question",
        "_records",
        "_sets",
        "_stale_ttl",
        "_stored",
        "_target_size",
        "_ttl",
        "has_target",
        "is_authentic",
        "is_due",
        "is_fresh",
        "is_stale",
        "rcode",
    )

    def __init__(
        self,
        question: Question,
        packed: bytes,
        now: float,
        max_stale: float = MAX_STALE,
        stale_ttl: int = STALE_TTL,
        key: bytes = b"",
    ) -> None:
        """`key` is where a cache has it, if it has the very same octets."""
        self._question = question
        self._key = key
        self._stale_ttl = stale_ttl
        self._packed = packed
        stored, ttl, self._sets, self._records, self.rcode, marks, size = _HEAD.unpack_from(packed)
        self._stored: float = stored
        self._ttl = ttl
        self._target_size = size
        age = self._age = now - stored
        self.is_fresh = is_fresh = age < ttl
        self.is_stale = not is_fresh and age < ttl + max_stale
        self.is_due = is_fresh and age >= ttl * _DUE
        self.is_authentic = marks & _AUTHENTIC != 0
        self.has_target = marks & _HAS_TARGET != 0

    def is_lasting(self, now: float) -> bool:
        """Whether it stays fresh, and is not due, until its TTLs are counted down next."""
        return bool(int(now - self._stored) + 1 <= self._ttl * _DUE)

    def whole(self, reply: bytes, body: Body, at: int) -> KeptReply | None:
        """A reply to be given again; None where it is not, or not wholly, a kept answer.

        `body` is of the moment of the look-up, and in `reply` at that octet where it fits.
        """
        if not self._key or not reply.startswith(body.wire, at):
            return None
        start = _HEAD.size + _END * self._sets
        offsets = unpack_from(f"={self._records}H", self._packed, start)
        age = int(self._age)
        return KeptReply(
            reply[_ID:],
            self._stored + age,
            int(self._ttl * _DUE) - age,
            tuple([at - _ID + offset for offset in offsets]),
            self._key,
            self._packed,
        )

    def body_at(self, now: float, flags: int) -> Body:
        """The encoded answer with the TTLs of that moment.

        `flags`: QR and what else the caller sets; the rcode is added. Not for an answer with a
        target, which is no whole one.
        """
        packed, sets, records = self._packed, self._sets, self._records
        ends = _ends_of(packed, sets)
        at = _HEAD.size + _END * sets
        wire = packed[at + _OFFSET * records + self._target_size :]
        age = int(now - self._stored)
        is_stale = age >= self._ttl
        if records == 1:
            (place,) = _ONE_OFFSET.unpack_from(packed, at)
            ttl = self._stale_ttl if is_stale else _TTL.unpack_from(wire, place)[0] - age
            wire = b"%b%b%b" % (wire[:place], ttl.to_bytes(4, "big"), wire[place + 4 :])
        elif records:
            patched = bytearray(wire)
            for place in unpack_from(f"={records}H", packed, at):
                ttl = self._stale_ttl if is_stale else _TTL.unpack_from(wire, place)[0] - age
                _TTL.pack_into(patched, place, ttl)
            wire = bytes(patched)
        return Body(flags | self.rcode, wire, ends, sets)

    def segment_at(self, now: float) -> Segment:
        """The answer as it was accepted, with the TTLs of that moment."""
        body = self.body_at(now, 0)
        qname, qtype, *_ = self._question
        _, answers, authorities, _ = body.ends[-1] if body.ends else (0, 0, 0, 0)
        head = _MESSAGE.pack(0, 0, 1, answers, authorities, 0)
        reply = read_reply(head + qname + _QUESTION.pack(qtype, RRClass.IN) + body.wire)
        records = reply.answer + reply.authority
        sections: tuple[list[Records], list[Records]] = ([], [])
        before = 0
        for _, answer, authority, _ in body.ends:
            found = records[before : answer + authority]
            before = answer + authority
            sections[authority > 0].append(_set_of(found, qname))
        target = None
        if self.has_target:
            at = _HEAD.size + _END * self._sets + _OFFSET * self._records
            target = self._packed[at : at + self._target_size]
        age = int(now - self._stored)
        ttl = self._ttl - age if age < self._ttl else self._stale_ttl
        answer_sets, authority_sets = sections
        return Segment(
            self.rcode,
            tuple(answer_sets),
            tuple(authority_sets),
            target,
            ttl,
            self.is_authentic,
        )


def _ends_of(packed: bytes, sets: int) -> _Ends:
    if sets == 1:
        return (_ONE_END.unpack_from(packed, _HEAD.size),)
    numbers = iter(unpack_from(f"={4 * sets}H", packed, _HEAD.size))
    return tuple(zip(numbers, numbers, numbers, numbers, strict=True))


def _set_of(records: tuple[ReplyRecord, ...], qname: bytes) -> Records:
    first = records[0]
    owner = None if first.owner.lower() == qname else first.owner
    return Records(owner, first.rtype, first.ttl, tuple(one.rdata for one in records))


def _ttl_offsets(wire: bytes) -> list[int]:
    """Where the TTLs are in an encoded answer."""
    offsets = []
    at, end = 0, len(wire)
    while at < end:
        while 0 < (length := wire[at]) < _POINTER:
            at += length + 1
        at += _FIXED + 2 if length else _FIXED + 1
        offsets.append(at - 6)
        at += wire[at - 2] << 8 | wire[at - 1]
    return offsets
