"""Who has a name: a zone here, or a group of upstreams.

The deepest of zones and groups has it, a zone where both are as deep. A zone that could not be
loaded has its names, too: they are never asked elsewhere. A zone that falls through has the names
that it does not lack (CoreDNS's `fallthrough`): whoever has them is asked about the others.
What no zone has is looked for in hosts files first; names on block lists are asked of nobody.
"""

from collections.abc import Callable, Sequence
from operator import is_

from minidns.authority.find import Outcome, find, find_zone
from minidns.resolver.block_list import BlockList
from minidns.resolver.hosts import Hosts
from minidns.resolver.model import HOSTS, Group, Upstream
from minidns.wire.codes import RRType
from minidns.wire.name import MAX_LABEL
from minidns.zone.model import BrokenZone, Catalog, Zone

_NXDOMAIN = Outcome.NXDOMAIN
_DS = int(RRType.DS)
_NOTHING = (b"", None)  # of no name: each has at least its final octet
_MAX_PARENTS = 4_096


class Routes:
    """`has_cuts`: a group's domain lies below a zone, which then has not all of its names."""

    def __init__(self, groups: Sequence[Group]) -> None:
        """Each group's domain is its own."""
        self._groups = {group.domain: group for group in groups}
        self._longest = max(map(len, self._groups), default=0)  # octets of a group's domain
        self.catalog = Catalog({})
        self.has_cuts = False
        self._falling: list[Zone | BrokenZone] = []
        self._special = Catalog({})
        # One query asks for the same name again and again: what was found last.
        self._last: tuple[bytes, Group | None] = _NOTHING
        self._last_special: tuple[bytes, int] = (b"", 0)  # the name, octets of its zone's origin
        # Of names whose children have that group, but for those in `_apexes`.
        self._parents: dict[bytes, Group] = {}
        self._apexes: frozenset[bytes] = frozenset(self._groups)
        self.hosts: Hosts | None = None
        self.block: BlockList | None = None
        self.on_change: list[Callable[[], None]] = []  # other than of zones, which `take` tells of

    def set_lists(self, hosts: Hosts | None, block: BlockList | None) -> None:
        """Go by other hosts files and block lists from now on."""
        self.hosts, self.block = hosts, block
        self._forget()
        self._tell()

    def take(self, catalog: Catalog) -> bool:
        """Go by other zones from now on; whether other names are asked elsewhere."""
        falling = [zone for zone in catalog.zones.values() if _falls_through(zone)]
        are_same = len(falling) == len(self._falling) and all(map(is_, falling, self._falling))
        is_changed = catalog.zones.keys() != self.catalog.zones.keys() or not are_same
        self._falling = falling
        self.catalog = catalog
        self._forget()
        self.has_cuts = any(
            domain not in catalog.zones and find_zone(catalog, domain, 0) is not None
            for domain in self._groups
        )
        return is_changed

    def group_of(self, name: bytes) -> Group | None:
        """Who has a name (lower-case wire): HOSTS, or who is asked; None for a zone, or nobody."""
        last, known = self._last
        if last == name:
            return known
        group = self._look_for(name)
        self._last = name, group
        return group

    def group_for(self, name: bytes, qtype: int) -> Group | None:
        """As `group_of`, but that DS of a group's domain is for who has the name above to say.

        RFC 4035 section 3.1.4.1. Where nobody has that name, or it is a zone's here that knows
        nothing of the domain, it is the group's after all.
        """
        group = self.group_of(name)
        if qtype != _DS or group is None or group.domain != name or not name[0]:
            return group
        above = name[1 + name[0] :]
        zone = find_zone(self.catalog, above, 0)
        if zone is None or self.falls_through(name):
            return self._find_group(above, 0) or group
        deeper = self._find_group(above, len(zone.origin))
        lacks = isinstance(zone, Zone) and _lacks(zone, name)
        return deeper or (group if lacks else None)

    def ordinary_group_of(self, name: bytes) -> Group | None:
        """Who is asked, as far as `learn` has told; None where `group_of` has to say.

        `name` (lower-case wire) ends with its only zero octet; None, too, where it is no name.
        """
        first = name[0]
        group = self._parents.get(name[1 + first :])
        if group is None or not 0 < first <= MAX_LABEL or name in self._apexes:
            return None
        if self.hosts is not None and name in self.hosts:
            return None
        return group

    def learn(self, name: bytes, group: Group) -> None:
        """That a name (well-formed lower-case wire) has nobody to answer but the group."""
        if not name[0] or self._falling or name in self._apexes:
            return
        parents = self._parents
        if len(parents) >= _MAX_PARENTS:
            parents.clear()
        parents[name[1 + name[0] :]] = group

    def _forget(self) -> None:
        self._last = _NOTHING
        self._parents.clear()
        self._apexes = frozenset((*self._groups, *self.catalog.zones, *self._special.zones))

    def _look_for(self, name: bytes) -> Group | None:
        zone = find_zone(self.catalog, name, 0) if self.catalog.zones else None
        shortest = len(zone.origin) if zone is not None else 0
        if self._falling and self.falls_through(name):
            shortest = 0
        group = self._find_group(name, shortest)
        if self.hosts is not None and name in self.hosts and (group is not None or not shortest):
            return HOSTS
        return group

    def forward_group_of(self, name: bytes, qtype: int = 0) -> Group | None:
        """Who is asked about a name (lower-case wire); None where nobody is to be."""
        group = self.group_for(name, qtype)
        if group is None or group is HOSTS or self.is_special(group, name):
            return None
        if self.block is not None and self.block.find(name) is not None:
            return None
        return group

    def is_special(self, group: Group, name: bytes) -> bool:
        """Whether a name is of special use, and the group is for a domain above that."""
        if name[-self._special.shortest :] not in self._special.ends:  # most names
            return False
        last, octets = self._last_special
        if last != name:
            zone = find_zone(self._special, name, 0)
            octets = 0 if zone is None else len(zone.origin)
            self._last_special = name, octets
        return group is not HOSTS and len(group.domain) < octets

    def set_special(self, special: Catalog) -> None:
        """Zones of names of special use (RFC 6761)."""
        self._special = special
        self._last_special = b"", 0
        self._forget()

    def set_upstreams(self, domain: bytes, upstreams: tuple[Upstream, ...]) -> None:
        """Ask others from now on about a domain that has a group."""
        self._groups[domain] = self._groups[domain]._replace(upstreams=upstreams)
        self._forget()
        self._tell()

    def _tell(self) -> None:
        for call in self.on_change:
            call()

    def _find_group(self, name: bytes, shortest: int) -> Group | None:
        groups = self._groups
        at, last = 0, len(name) - self._longest
        while at < last:
            at += 1 + name[at]
        name = name[at:]
        while len(name) > shortest:
            group = groups.get(name)
            if group is not None:
                return group if group.upstreams else None
            if not name[0]:
                return None
            name = name[1 + name[0] :]
        return None

    def falls_through(self, name: bytes) -> bool:
        """Whether a zone here would have a name (lower-case wire), lacks it, and says so."""
        zone = find_zone(self.catalog, name, 0) if self._falling else None
        return isinstance(zone, Zone) and zone.falls_through and _lacks(zone, name)

    def is_ours(self, group: Group, name: bytes) -> bool:
        """As `resolver.resolver.Resolver` wants to know it."""
        asked = self.forward_group_of(name)
        return asked is not None and asked.number == group.number


def _falls_through(zone: Zone | BrokenZone) -> bool:
    return isinstance(zone, Zone) and zone.falls_through


def _lacks(zone: Zone, name: bytes) -> bool:
    return find(zone, name, 0)[0] is _NXDOMAIN
