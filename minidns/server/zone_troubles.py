"""Zones that are not served as their files have them, and for how long: refused, or as before.

Each process that answers has this; one that is forked later has it from its parent.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from minidns.server.update import Action, ZoneNews
from minidns.wire.name import name_to_text
from minidns.zone.model import BrokenZone, Catalog
from minidns.zone.zone_key import split_key

BROKEN = "broken"  # answers SERVFAIL
STALE = "stale"  # its files are refused or gone, and what was there before is served
_KINDS: Mapping[Action, str] = {Action.BREAK: BROKEN, Action.KEEP: STALE}


class Trouble(NamedTuple):
    """Of one zone. `seconds` since it began."""

    kind: str
    zone: str
    seconds: float


class ZoneTroubles:
    """Moments are those of the caller's clock, in seconds."""

    def __init__(self, catalog: Catalog, now: float) -> None:
        """`catalog` is what was loaded at the start."""
        self._since: dict[bytes, tuple[str, float]] = {
            key: (BROKEN, now)
            for key, zone in catalog.zones.items()
            if isinstance(zone, BrokenZone)
        }

    def take(self, news: Iterable[ZoneNews], now: float) -> bool:
        """What an update brought; whether that is something new.

        The same trouble once more is as old as it was.
        """
        before = dict(self._since)
        for one in news:
            kind = _KINDS.get(one.action)
            if kind is None:
                self._since.pop(one.key, None)
            elif self._since.get(one.key, ("",))[0] != kind:
                self._since[one.key] = kind, now
        return self._since != before

    def at(self, now: float) -> Iterator[Trouble]:
        """All that there are."""
        for key, (kind, since) in self._since.items():
            yield Trouble(kind, name_to_text(split_key(key)[1]), now - since)
