"""PTR records made from the A and AAAA of zones here, for reverse zones that lack them.

RFC 1035 section 3.5 and RFC 3596 section 2.5 name them. What a reverse zone says itself always
wins: a PTR, a CNAME (RFC 2317), a delegation, a wildcard. Reverse zones of private addresses
(RFC 6303) need no file. No zone is changed: one that gains records is another one afterwards.
Wildcards (RFC 4592) make no PTR, and neither does what is below a zone cut or a DNAME.
"""

from collections.abc import Generator, Mapping
from itertools import islice

from minidns.authority.find import Outcome, find, find_zone
from minidns.wire.codes import RRType
from minidns.wire.name import count_labels, is_wildcard
from minidns.wire.reverse import reverse_name
from minidns.zone.build import zone_of
from minidns.zone.handover import NAMES_PER_STEP
from minidns.zone.model import Catalog, Zone
from minidns.zone.packed import (
    HIDES,
    IS_CUT,
    NOTHING,
    addresses_in,
    owner_in,
    pack_one,
    pack_record,
    unpack,
)

MAX_NAMES = 4  # of one address; a thousand web sites of one server fit into no answer
_PTR = int(RRType.PTR)
_NOWHERE = frozenset({bytes(4), bytes(16)})  # 0.0.0.0 and :: stand for no host
_KNOWN = 65_536  # parents of names that are remembered at a time


def add_pointers(
    catalog: Catalog, reserved: Mapping[bytes, Zone]
) -> Generator[None, None, Catalog]:
    """A catalog with the PTR records that `catalog` lacks, a step of a millisecond at `next()`.

    `reserved` are the reverse zones, by origin, that a catalog gets where it has none for an
    address.
    """
    pointers = _Pointers(catalog, reserved)
    for zone in list(catalog.zones.values()):
        if isinstance(zone, Zone):
            yield from pointers.gather(zone)
    return pointers.finish()


class _Growing:
    """A reverse zone and what it will be. `packed` is its names, with those that are added."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.packed: dict[bytes, bytes] = {}
        self.records = zone.records
        self.longest = zone.longest
        self._is_plain = not zone.nodes.has_breaks

    def copy(self) -> Generator[None, None, None]:
        """Take over the names that are there."""
        items = iter(self.zone.nodes.packed.items())
        while batch := list(islice(items, NAMES_PER_STEP)):
            self.packed.update(batch)
            self._is_plain &= not any(is_wildcard(name) for name, _ in batch)
            yield

    def add(self, reverse: bytes, ttl: int, target: bytes) -> None:
        """A PTR, unless the zone itself answers for the name."""
        held = self.packed.get(reverse, NOTHING)
        if held != NOTHING:
            self._add_to(held, reverse, ttl, target)
        elif self._is_plain or self._lacks(reverse):
            self.packed[reverse] = pack_one(_PTR, ttl, target)
            self.records += 1
            self.longest = max(self.longest, len(reverse))
            above = reverse[1 + reverse[0] :]
            while above not in self.packed:  # the apex is
                self.packed[above] = NOTHING
                above = above[1 + above[0] :]

    def finish(self) -> Zone:
        """The zone with all that was added."""
        has_breaks = self.zone.nodes.has_breaks
        return zone_of(
            self.zone.origin,
            self.packed,
            has_breaks,
            self.records,
            self.longest,
            self.zone.falls_through,
        )

    def _add_to(self, held: bytes, reverse: bytes, ttl: int, target: bytes) -> None:
        """At a name that has records already, of the zone or made ones."""
        own = self.zone.nodes.packed.get(reverse, NOTHING)
        if own != NOTHING and not self._lacks(reverse):
            return
        made = unpack(reverse, held).rrsets.get(_PTR)
        if made is None:
            targets = [target]
        else:
            ttl = min(ttl, made.ttl)
            targets = sorted({*made.rdatas, target}, key=_rank)[:MAX_NAMES]
            self.records -= len(made.rdatas)
        self.records += len(targets)
        self.packed[reverse] = own + b"".join(pack_record(_PTR, ttl, each) for each in targets)

    def _lacks(self, reverse: bytes) -> bool:
        outcome, _, is_synthesized = find(self.zone, reverse, _PTR)
        is_nodata = outcome is Outcome.NODATA and not is_synthesized
        return is_nodata or outcome is Outcome.NXDOMAIN


class _Pointers:
    def __init__(self, catalog: Catalog, reserved: Mapping[bytes, Zone]) -> None:
        self._catalog = catalog
        self._reserved = Catalog(reserved)
        self._origins = catalog.zones.keys() | reserved.keys()
        self._growing: dict[bytes, _Growing] = {}
        self._known: dict[bytes, _Growing | None] = {}  # by the name above

    def gather(self, zone: Zone) -> Generator[None, None, None]:
        """The addresses of one zone."""
        items = iter(zone.nodes.packed.items())
        hidden = _Hidden(zone) if zone.nodes.has_breaks else None
        while batch := list(islice(items, NAMES_PER_STEP // 4)):
            for name, packed in batch:
                if packed == NOTHING or is_wildcard(name) or (hidden and hidden.has(name)):
                    continue
                for ttl, address in addresses_in(name, packed):
                    reverse = reverse_name(address)
                    growing = self._zone_of(reverse)
                    if growing is None or address in _NOWHERE:
                        continue
                    if not growing.packed:
                        yield from growing.copy()
                    growing.add(reverse, ttl, owner_in(name, packed))
            yield

    def finish(self) -> Catalog:
        """All zones, those that have gained records in place of what they were."""
        grown = {
            origin: growing.finish() for origin, growing in self._growing.items() if growing.packed
        }
        return Catalog({**self._catalog.zones, **grown}) if grown else self._catalog

    def _zone_of(self, reverse: bytes) -> _Growing | None:
        """Where the PTR of an address belongs."""
        if reverse in self._origins:
            return self._find_zone(reverse)
        above = reverse[1 + reverse[0] :]
        try:
            return self._known[above]
        except KeyError:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            growing = self._known[above] = self._find_zone(above)
            return growing

    def _find_zone(self, name: bytes) -> _Growing | None:
        zone = find_zone(self._catalog, name, _PTR) or find_zone(self._reserved, name, _PTR)
        if not isinstance(zone, Zone):
            return None
        return self._growing.setdefault(zone.origin, _Growing(zone))


class _Hidden:
    """Which names of a zone are no data of its own: glue, and what is below a DNAME."""

    def __init__(self, zone: Zone) -> None:
        self._packed = zone.nodes.packed
        self._origin = zone.origin
        self._below: dict[bytes, bool] = {zone.origin: bool(self._packed[zone.origin][0] & HIDES)}

    def has(self, name: bytes) -> bool:
        """Whether a name that exists is hidden."""
        if name == self._origin:
            return False
        return bool(self._packed[name][0] & IS_CUT) or self._is_below_break(name[1 + name[0] :])

    def _is_below_break(self, name: bytes) -> bool:
        """Of the names below `name`."""
        passed = []
        while name not in self._below:
            passed.append(name)
            name = name[1 + name[0] :]
        is_hidden = self._below[name]
        for lower in reversed(passed):
            is_hidden = is_hidden or bool(self._packed[lower][0] & HIDES)
            self._below[lower] = is_hidden
        return is_hidden


def _rank(target: bytes) -> tuple[int, int, bytes]:
    """The name with the fewest labels first, as it is the host's own most often."""
    return count_labels(target), len(target), target.lower()
