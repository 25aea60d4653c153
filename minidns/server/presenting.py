"""What is answered from: of all zones that are loaded, those that each class of clients sees.

With PTR records made for them where that is asked for. Made anew when zones change, in steps, in
every process that answers; without views and PTR it is the zones themselves and costs nothing.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from minidns.config import ServeSettings
from minidns.wire.name import ROOT, is_at_or_below, name_from_text
from minidns.zone.model import BrokenZone, Catalog, Zone
from minidns.zone.zone_key import NO_VIEW, split_key

if TYPE_CHECKING:
    from minidns.server.client_views import ClientViews

_REVERSE = (name_from_text("in-addr.arpa."), name_from_text("ip6.arpa."))

_COMPARED = 10_000  # names of a zone
_Zones = dict[bytes, Zone | BrokenZone]


class Presenting:
    """`catalogs` are what is answered from at this moment, one for each class of `clients`.

    Of two views that have the same zone that which was named first counts, and both before zones
    of no view.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.clients: ClientViews | None = None
        if settings.views or settings.resolver.is_on or settings.resolver.hosts:
            from minidns.server.client_views import client_views_of

            self.clients = client_views_of(settings)
        self._views = self.clients.views if self.clients else (frozenset[int](),)
        self.catalogs = (Catalog({}),) * len(self._views)
        self._has_views = bool(settings.views)
        self._auto_ptr = settings.auto_ptr
        self._reserved = _reserved_zones(settings) if settings.auto_ptr else {}

    def present(self, catalog: Catalog) -> Generator[None, None, tuple[Catalog, ...]]:
        """What is to be answered from where files hold `catalog`; a step at each `next()`."""
        seen: dict[frozenset[int], Catalog] = {}
        by_view = _by_view(catalog) if self._has_views else {}
        for views in self._views:
            if views in seen:
                continue
            seen[views] = _seen_in(by_view, views) if self._has_views else catalog
            if self._auto_ptr:
                from minidns.authority.pointers import add_pointers

                made = yield from add_pointers(seen[views], self._reserved)
                before = self.catalogs[self._views.index(views)]
                seen[views] = _keep_equal(made, before, seen[views])
            yield
        return tuple(seen[views] for views in self._views)

    def begin(self, catalog: Catalog) -> None:
        """Present the zones of the start, in one go."""
        steps = self.present(catalog)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                self.catalogs = end.value
                return


def _by_view(catalog: Catalog) -> dict[int, _Zones]:
    by_view: dict[int, _Zones] = {NO_VIEW: {}}
    for key, zone in catalog.zones.items():
        view, origin = split_key(key)
        by_view.setdefault(view, {})[origin] = zone
    return by_view


def _seen_in(by_view: Mapping[int, _Zones], views: frozenset[int]) -> Catalog:
    zones = dict(by_view[NO_VIEW])
    for view in sorted(views, reverse=True):
        zones.update(by_view.get(view, {}))
    return Catalog(zones)


def _keep_equal(made: Catalog, before: Catalog, own: Catalog) -> Catalog:
    """With the zones of `before` in place of equal ones, which no file of `own` holds.

    Else answers from elsewhere would be forgotten whenever a zone changes. Large zones are not
    looked through, since that takes time.
    """
    kept = {}
    for origin, zone in made.zones.items():
        old = before.zones.get(origin)
        if zone is not own.zones.get(origin) and isinstance(zone, Zone) and isinstance(old, Zone):
            is_small = len(zone.nodes) == len(old.nodes) <= _COMPARED
            if (
                is_small
                and zone.nodes.packed == old.nodes.packed
                and zone.falls_through == old.falls_through
            ):
                kept[origin] = old
    return Catalog({**made.zones, **kept}) if kept else made


def _reserved_zones(settings: ServeSettings) -> dict[bytes, Zone]:
    """Reverse zones of private addresses, but for those that another server is asked about.

    What they lack may be in a hosts file.
    """
    from minidns.zone.special_use import special_use_zones

    resolver = settings.resolver
    groups = (resolver.forward or ()) if resolver.is_on else ()
    domains = {name_from_text(f"{group.domain.rstrip('.')}.").lower() for group in groups} - {ROOT}
    return {
        origin: replace(zone, falls_through=True)
        for origin, zone in special_use_zones().items()
        if any(is_at_or_below(origin, top) for top in _REVERSE)
        and not any(is_at_or_below(origin, domain) for domain in domains)
    }
