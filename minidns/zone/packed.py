"""What a zone holds at one name as a few octets: an object for each record would be a kilobyte.

Octet 0 says what hides names below and whether the owner's name follows, which it does where the
file has it in upper case; then come the records as they stand in a message (RFC 1035 section
4.1.3), each set in one piece, the owner a pointer to the question at octet 12. Equal records have
equal octets, so two zones can be compared. Knows one name at a time; `zone.nodes` has them all.
"""

import struct
from collections.abc import Iterable, Iterator

from minidns.wire.codes import RRClass, RRType
from minidns.zone.model import Node, RRset

PLAIN, HAS_NAME, IS_CUT, HAS_DNAME = 0, 1, 2, 4  # bits of octet 0
HIDES = IS_CUT | HAS_DNAME
NOTHING = bytes((PLAIN,))  # of an empty non-terminal

# Types whose rdata an answer compresses (RFC 3597 section 4), follows, or adds addresses for.
# Every other set is spliced into answers as the octets that are here.
_ENCODED_LATER = frozenset(
    {
        RRType.NS,
        RRType.CNAME,
        RRType.SOA,
        RRType.PTR,
        RRType.MX,
        RRType.SRV,
        RRType.NAPTR,
        RRType.DNAME,
        RRType.SVCB,
        RRType.HTTPS,
        RRType.ALIAS,
    }
)
_ALIAS = int(RRType.ALIAS)
_ADDRESSES = frozenset({int(RRType.A), int(RRType.AAAA)})
_IN = int(RRClass.IN)
_QUESTION = 0xC00C  # a pointer to octet 12, RFC 1035 section 4.1.4
_HEAD = struct.Struct(">HHHIH")  # owner, type, class, TTL, octets of rdata
_FIXED = struct.Struct(">xxHxxIH")  # the same, read: type, TTL, octets of rdata
_SAME_IN_A_SET = 10  # octets: owner, type, class, TTL
_ONE = struct.Struct(">BHHHIH")  # octet 0 and the head of a record


def pack_one(rtype: int, ttl: int, rdata: bytes) -> bytes:
    """A name with one record, its owner in lower case, that hides nothing: most names are such."""
    return _ONE.pack(PLAIN, _QUESTION, rtype, _IN, ttl, len(rdata)) + rdata


def pack_record(rtype: int, ttl: int, rdata: bytes) -> bytes:
    """One record among others of its name; those of one set stand together."""
    return _HEAD.pack(_QUESTION, rtype, _IN, ttl, len(rdata)) + rdata


def pack_name(key: bytes, owner: bytes, bits: int, records: Iterable[bytes]) -> bytes:
    """All there is at a name: `key` in lower case, `owner` as the file has it, bits of HIDES."""
    if owner == key:
        return b"".join((bytes((bits,)), *records))
    return b"".join((bytes((bits | HAS_NAME,)), owner, *records))


def unpack(key: bytes, packed: bytes) -> Node:
    """The node of the name `key` (lower case), as yet without what hides it."""
    at, end = 1, len(packed)
    if packed[0] & HAS_NAME:
        at += len(key)
        node = Node(packed[1:at])
    else:
        node = Node(key)
    while at < end:
        start = at
        rtype, ttl, length = _FIXED.unpack_from(packed, at)
        at += _HEAD.size + length
        rdatas = [packed[at - length : at]]
        if at < end:
            head = packed[start : start + _SAME_IN_A_SET]
            while packed.startswith(head, at):
                length = int.from_bytes(packed[at + _SAME_IN_A_SET : at + _HEAD.size], "big")
                at += _HEAD.size + length
                rdatas.append(packed[at - length : at])
        wire = None if rtype in _ENCODED_LATER else packed[start:at]
        rrset = RRset(rtype, ttl, tuple(rdatas), wire)
        if rtype == _ALIAS:
            node.alias = rrset
        else:
            node.rrsets[rtype] = rrset
    return node


def addresses_in(key: bytes, packed: bytes) -> Iterator[tuple[int, bytes]]:
    """TTL and octets of the A and AAAA at the name `key`, with no object made for the rest."""
    at, end = 1 + len(key) * (packed[0] & HAS_NAME), len(packed)
    while at < end:
        rtype, ttl, length = _FIXED.unpack_from(packed, at)
        at += _HEAD.size + length
        if rtype in _ADDRESSES:
            yield ttl, packed[at - length : at]


def owner_in(key: bytes, packed: bytes) -> bytes:
    """The name `key` in the case of the file."""
    return packed[1 : 1 + len(key)] if packed[0] & HAS_NAME else key
