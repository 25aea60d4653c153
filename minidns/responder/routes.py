"""Who has a name: a zone here, or a group of upstreams.

The deepest of zones and groups has it, a zone where both are as deep. A zone that could not be
loaded has its names, too: they are never asked elsewhere.
"""

from collections.abc import Sequence

from minidns.authority.find import find_zone
from minidns.resolver.model import Group
from minidns.zone.model import Catalog


class Routes:
    """`has_cuts`: a group's domain lies below a zone, which then has not all of its names."""

    def __init__(self, groups: Sequence[Group]) -> None:
        """Each group's domain is its own."""
        self._groups = {group.domain: group for group in groups}
        self.catalog = Catalog({})
        self.has_cuts = False

    def take(self, catalog: Catalog) -> bool:
        """Go by other zones from now on; whether their origins are others."""
        is_changed = catalog.zones.keys() != self.catalog.zones.keys()
        self.catalog = catalog
        self.has_cuts = any(
            domain not in catalog.zones and find_zone(catalog, domain, 0) is not None
            for domain in self._groups
        )
        return is_changed

    def group_of(self, name: bytes) -> Group | None:
        """Who is asked about a name (lower-case wire); None where a zone here has it, or nobody."""
        zone = find_zone(self.catalog, name, 0)
        shortest = len(zone.origin) if zone is not None else 0
        while len(name) > shortest:
            group = self._groups.get(name)
            if group is not None:
                return group if group.upstreams else None
            if not name[0]:
                return None
            name = name[1 + name[0] :]
        return None

    def is_ours(self, group: Group, name: bytes) -> bool:
        """As `resolver.resolver.Resolver` wants to know it."""
        return self.group_of(name) is group
