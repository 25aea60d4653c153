"""The record sets in a section of a reply: by owner, by type, each under one TTL.

RFC 2181 section 5 (sets and their TTL), RFC 4034 section 3 (signatures), RFC 8767 section 4 (large
TTLs). What of them is believed is for `accept` to say.
"""

from collections.abc import Iterable, Sequence

from minidns.wire.codes import RRClass, RRType
from minidns.wire.reply import ReplyRecord
from minidns.wire.response import Records

MAX_TTL = 86_400  # seconds, RFC 8767 section 4; with the top bit set it is large, not negative
_IN = int(RRClass.IN)
_OPT = int(RRType.OPT)
_RRSIG = int(RRType.RRSIG)
_META = range(128, 256)  # RFC 6895 section 3.1: never records


def by_owner(section: Iterable[ReplyRecord]) -> dict[bytes, list[ReplyRecord]]:
    """Records of class IN by their owner in lower case."""
    found: dict[bytes, list[ReplyRecord]] = {}
    for record in section:
        if record.rclass == _IN:
            key = record.owner.lower()
            if key in found:
                found[key].append(record)
            else:
                found[key] = [record]
    return found


def sets(owner: bytes | None, here: Sequence[ReplyRecord]) -> list[Records]:
    """All sets of one name, in the order in which they came."""
    types = dict.fromkeys(one.rtype for one in here)
    return [
        set_of(owner, rtype, [one for one in here if one.rtype == rtype])
        for rtype in types
        if rtype != _OPT and rtype not in _META
    ]


def set_of(
    owner: bytes | None, rtype: int, found: Sequence[ReplyRecord], max_ttl: int = MAX_TTL
) -> Records:
    """One set under one TTL, the least (RFC 2181 section 5.2), without doubles (section 5)."""
    if len(found) == 1:
        record = found[0]
        ttl = record.ttl
        return Records(owner, rtype, ttl if ttl < max_ttl else max_ttl, (record.rdata,))
    ttl = min(min(record.ttl for record in found), max_ttl)
    return Records(owner, rtype, ttl, tuple(dict.fromkeys(record.rdata for record in found)))


def signatures_over(here: Iterable[ReplyRecord], rtype: int) -> list[ReplyRecord]:
    """The RRSIG records over that type (RFC 4034 section 3.1.1)."""
    covered = rtype.to_bytes(2, "big")
    return [one for one in here if one.rtype == _RRSIG and one.rdata.startswith(covered)]
