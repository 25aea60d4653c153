"""Records of one zone to an immutable `Zone`: empty non-terminals, cuts, sets in packed form.

Works on records that `zone.check` found fit to serve. What is merely warned of is dealt with
here: equal records count once, a record set has its smallest TTL (RFC 2181 section 5.2). One pass
over the records and one over the names, with no object made for what stands alone at its name.
"""

from collections.abc import Iterable

from minidns.wire.codes import RRType
from minidns.zone.canonical import canonical_rdata
from minidns.zone.model import Record, Zone
from minidns.zone.nodes import Nodes
from minidns.zone.packed import HAS_DNAME, IS_CUT, NOTHING, pack_name, pack_one, pack_record

_NS = int(RRType.NS)
_DNAME = int(RRType.DNAME)
_BREAKS = frozenset({_NS, _DNAME})


def build_zone(origin: bytes, records: Iterable[Record], falls_through: bool = False) -> Zone:
    """The zone at `origin` (lower-case wire). Raises KeyError where the apex has no SOA."""
    packing = _Packing(origin)
    for name, held in _gather(records).items():
        packing.add(name, held)
    packing.add_empty_non_terminals()
    packed = packing.packed
    longest = max(map(len, packed))
    return zone_of(origin, packed, packing.has_breaks, packing.records, longest, falls_through)


def zone_of(
    origin: bytes,
    packed: dict[bytes, bytes],
    has_breaks: bool,
    records: int,
    longest: int,
    falls_through: bool = False,
) -> Zone:
    """The zone whose names are packed already; the numbers are those of `Zone`.

    Raises KeyError where the apex has no SOA.
    """
    nodes = Nodes(origin, packed, has_breaks)
    return Zone(
        origin=origin,
        nodes=nodes,
        soa=nodes.apex.rrsets[RRType.SOA],
        apex=nodes.apex,
        longest=longest,
        records=records,
        falls_through=falls_through,
    )


def _gather(records: Iterable[Record]) -> dict[bytes, Record | list[Record]]:
    """By owner in lower case: the one record of a name, or all of them where there are several."""
    gathered: dict[bytes, Record | list[Record]] = {}
    for record in records:
        owner = record.owner
        name = owner.lower()
        held = gathered.get(name)
        if held is None:
            gathered[owner if owner == name else name] = record  # one object where one will do
        elif isinstance(held, list):
            held.append(record)
        else:
            gathered[name] = [held, record]
    return gathered


class _Packing:
    """Names in packed form, as they gather."""

    def __init__(self, origin: bytes) -> None:
        self.packed: dict[bytes, bytes] = {}
        self.has_breaks = False
        self.records = 0
        self._origin = origin

    def add(self, name: bytes, held: Record | list[Record]) -> None:
        """All that there is at a name."""
        if isinstance(held, Record):
            owner, rtype, ttl, rdata, _ = held
            if owner is name and rtype not in _BREAKS:
                self.packed[name] = pack_one(rtype, ttl, rdata)
                self.records += 1
                return
            held = [held]
        by_type: dict[int, Record | list[Record]] = {}
        for record in held:
            first = by_type.setdefault(record.rtype, record)
            if isinstance(first, list):
                first.append(record)
            elif first is not record:
                by_type[record.rtype] = [first, record]
        bits = HAS_DNAME if _DNAME in by_type else 0
        if _NS in by_type and name != self._origin:
            bits |= IS_CUT
        if bits:
            self.has_breaks = True
        packed: list[bytes] = []
        for of_type in by_type.values():
            if isinstance(of_type, list):
                packed += _pack_set(of_type)
            else:
                packed.append(pack_record(of_type.rtype, of_type.ttl, of_type.rdata))
        self.records += len(packed)
        self.packed[name] = pack_name(name, held[0].owner, bits, packed)

    def add_empty_non_terminals(self) -> None:
        """Names that exist since one below them does (RFC 4592 section 2.2.2)."""
        packed = self.packed
        for name in list(packed):
            while name != self._origin:
                name = name[1 + name[0] :]
                if name in packed:
                    break
                packed[name] = NOTHING


def _pack_set(records: list[Record]) -> list[bytes]:
    """The records of one owner and type: equal ones once, all with the smallest TTL."""
    rtype = records[0].rtype
    ttl = min(record.ttl for record in records)
    distinct: dict[bytes, bytes] = {}
    for record in records:
        distinct.setdefault(canonical_rdata(rtype, record.rdata), record.rdata)
    return [pack_record(rtype, ttl, rdata) for rdata in distinct.values()]
