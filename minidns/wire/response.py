"""The writer of responses: the one place that knows sizes, compression and TC.

An answer is collected first (`Sections`), encoded once into a `Body` (everything after the
question, without the OPT), and put together with the octets of the query: header, question as it
came, body, OPT. A body does not depend on the case of the query, on its ID or on its EDNS, so it
can be kept.

RFC 1035 section 4.1, RFC 2181 section 9 (TC), RFC 3597 section 4 (what may be compressed),
RFC 9471 (glue that must not be left out in silence).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.query import HEADER

QR = 0x8000
AA = 0x0400
TC = 0x0200
RD = 0x0100
RA = 0x0080
MAX_MESSAGE = 65_535  # octets over a stream, RFC 1035 section 4.2.2
_POINTER = 0xC000  # RFC 1035 section 4.1.4
_LAST_TARGET = 0x3FFF  # the largest offset that a pointer can hold
_LONGEST_END = 80  # octets; a longer end of a name is not looked for, 127 labels would take long
_CLASS_IN = b"\x00\x01"
_WHOLE = 2**32
_GOLDEN = 2_654_435_769  # 2**32 divided by the golden ratio; Knuth, volume 3, section 6.4

# Rdata that may be compressed: octets before the first name, number of names in a row.
_COMPRESSED = {
    int(RRType.NS): (0, 1),
    int(RRType.CNAME): (0, 1),
    int(RRType.PTR): (0, 1),
    int(RRType.MX): (2, 1),
    int(RRType.SOA): (0, 2),
}


class Records(NamedTuple):
    """A record set under the owner it is sent with; owner None is the question's name."""

    owner: bytes | None  # wire
    rtype: int
    ttl: int
    rdatas: tuple[bytes, ...]


class Sections(NamedTuple):
    """What an answer holds, in the order in which it is given up when space is short.

    The first `required` sets of the additional section are glue whose loss sets TC.
    """

    answer: tuple[Records, ...]
    authority: tuple[Records, ...]
    additional: tuple[Records, ...]
    required: int = 0


class Body:
    """An encoded answer: `wire` follows the question; `ends` tells where it can be cut."""

    __slots__ = ("ends", "flags", "heads", "required", "wire")

    def __init__(
        self, flags: int, wire: bytes, ends: tuple[tuple[int, int, int, int], ...], required: int
    ) -> None:
        self.flags = flags  # second 16 bits of the header, without RD
        self.wire = wire
        self.ends = ends  # after each set: offset in `wire`, and the three counts up to there
        self.required = required  # sets that are not left out without TC
        _, *counts = ends[-1] if ends else (0, 0, 0, 0)
        self.heads = heads(flags, *counts)


@lru_cache(maxsize=4096)
def heads(flags: int, answers: int, authorities: int, extras: int) -> tuple[bytes, ...]:
    """Octets 2 to 12 of a header, four times: index 1 for RD, 2 for an OPT, 3 for both."""
    return tuple(
        (flags | rd).to_bytes(2, "big")
        + b"\x00\x01"
        + answers.to_bytes(2, "big")
        + authorities.to_bytes(2, "big")
        + (extras + opt).to_bytes(2, "big")
        for opt in (0, 1)
        for rd in (0, RD)
    )


def encode(flags: int, sections: Sections, qname_length: int, anchor: bytes) -> Body:
    """`anchor` is a name that the question is known to end with (lower-case wire).

    Names are compressed against the anchor and against names written before, never against the
    rest of the question: so the body fits every question of that length below the anchor.
    """
    writer = _Writer(qname_length, anchor)
    ends = []
    counts = [0, 0, 0]
    for number, section in enumerate(sections[:3]):
        for records in section:
            if len(writer.wire) > MAX_MESSAGE:
                break  # nothing fits any more: `assemble` leaves out the last that was written too
            writer.write_records(records)
            counts[number] += len(records.rdatas)
            ends.append((len(writer.wire), counts[0], counts[1], counts[2]))
    required = len(sections.answer) + len(sections.authority) + sections.required
    return Body(flags, bytes(writer.wire), tuple(ends), required)


def assemble(
    message_id: bytes, rd: int, question: bytes, body: Body, opt: bytes, limit: int
) -> bytes:
    """A reply of at most `limit` octets; `rd` is 0 or 1, `opt` may be empty."""
    index = rd | 2 if opt else rd
    reply = b"".join((message_id, body.heads[index], question, body.wire, opt))
    if len(reply) <= limit:
        return reply
    return _truncate(message_id, rd, question, body, opt, limit)


def _truncate(
    message_id: bytes, rd: int, question: bytes, body: Body, opt: bytes, limit: int
) -> bytes:
    """Whole record sets only, as many from the front as fit; the OPT always stays."""
    space = limit - HEADER - len(question) - len(opt)
    kept, end, counts = 0, 0, (0, 0, 0)
    for offset, *so_far in body.ends:
        if offset > space:
            break
        kept, end, counts = kept + 1, offset, (so_far[0], so_far[1], so_far[2])
    flags = body.flags | TC if kept < body.required else body.flags
    head = heads(flags, *counts)[rd | 2 if opt else rd]
    return b"".join((message_id, head, question, body.wire[:end], opt))


class _Writer:
    """Octets after the question, with the offsets of the names in them."""

    def __init__(self, qname_length: int, anchor: bytes) -> None:
        self.wire = bytearray()
        self._base = HEADER + qname_length + 4
        self._targets: dict[bytes, int] = {}
        end_of_name = HEADER + qname_length
        while anchor[0]:
            self._targets[anchor] = end_of_name - len(anchor)
            anchor = anchor[1 + anchor[0] :]

    def write_records(self, records: Records) -> None:
        fixed = records.rtype.to_bytes(2, "big") + _CLASS_IN + records.ttl.to_bytes(4, "big")
        layout = _COMPRESSED.get(records.rtype)
        wire = self.wire
        for rdata in records.rdatas:
            if records.owner is None:
                wire += b"\xc0\x0c"
            else:
                self._write_name(records.owner)
            wire += fixed
            at = len(wire)
            wire += b"\x00\x00"
            if layout is None:
                wire += rdata
            else:
                self._write_compressed(rdata, *layout)
            wire[at : at + 2] = (len(wire) - at - 2).to_bytes(2, "big")

    def _write_compressed(self, rdata: bytes, before: int, names: int) -> None:
        self.wire += rdata[:before]
        at = before
        for _ in range(names):
            start = at
            while rdata[at]:
                at += 1 + rdata[at]
            at += 1
            self._write_name(rdata[start:at])
        self.wire += rdata[at:]

    def _write_name(self, name: bytes) -> None:
        """With a pointer to where its end was written before, as much of it as there is."""
        targets, wire = self._targets, self.wire
        key = name.lower()
        here = self._base + len(wire)
        at = 0
        while name[at]:
            end = key[at:]
            target = targets.get(end)
            if target is not None:
                wire += name[:at]
                wire += (_POINTER | target).to_bytes(2, "big")
                return
            if here + at <= _LAST_TARGET:
                targets[end] = here + at
            at += 1 + name[at]
            while len(name) - at > _LONGEST_END:
                at += 1 + name[at]
        wire += name


def rotate(records: Iterable[Records], turn: int) -> tuple[Records, ...]:
    """The same sets with their records turned (RFC 1794); `turn` counts answers.

    By the fraction of turn times the golden ratio: so that each record comes first equally often
    for a client too whose questions of one kind are every second or third that is asked.
    """
    fraction = turn * _GOLDEN % _WHOLE
    turned = []
    for one in records:
        shift = fraction * len(one.rdatas) // _WHOLE
        turned.append(one._replace(rdatas=one.rdatas[shift:] + one.rdatas[:shift]))
    return tuple(turned)
