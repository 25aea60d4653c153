"""What is served where, in one line: for the person who started it and the script that waits."""

from collections.abc import Iterable, Sequence

from minidns.server.listeners import Listeners
from minidns.wire.name import name_to_text
from minidns.zone.model import BrokenZone, Catalog, Zone

SHOWN_ZONES = 5  # names in the line; more are counted


def describe(catalog: Catalog, listeners: Listeners, upstreams: Sequence[str] = ()) -> str:
    """`3 zones, 42 records (a., b., c.) on 127.0.0.1:53 (UDP and TCP)`, and what is broken.

    `upstreams` are those of all other names, as the user wrote them.
    """
    served = [zone for zone in catalog.zones.values() if isinstance(zone, Zone)]
    broken = [zone for zone in catalog.zones.values() if isinstance(zone, BrokenZone)]
    if served:
        records = sum(zone.records for zone in served)
        what = f"{_count(len(served), 'zone')}, {_count(records, 'record')} ({_names(served)})"
    else:
        what = "no zone"
    if broken:
        what += f", {len(broken)} refused that answer SERVFAIL ({_names(broken)})"
    elif not served and not upstreams:
        what += ", every query is REFUSED"
    if upstreams:
        what += f", other names from {', '.join(upstreams)}"
    return f"{what} on {listeners}"


def _names(zones: Iterable[Zone | BrokenZone]) -> str:
    return enumerate_names([zone.origin for zone in zones])


def enumerate_names(origins: Sequence[bytes]) -> str:
    """`a., b.` and how many more; `origins` are wire names."""
    shown = ", ".join(map(name_to_text, origins[:SHOWN_ZONES]))
    more = len(origins) - SHOWN_ZONES
    return f"{shown} and {more} more" if more > 0 else shown


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
