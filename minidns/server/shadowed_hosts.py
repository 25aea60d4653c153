"""Names of hosts files that are never answered from there, because a zone here has them.

Zones come first, so such a line does nothing, and who wrote it waits for an answer in vain.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from minidns.config import ForwardGroup
from minidns.resolver.hosts import Hosts, split_lines
from minidns.wire.name import ROOT, BadName, is_at_or_below, name_from_text, name_to_text
from minidns.zone.faults import WARNING
from minidns.zone.model import BrokenZone, Catalog, Fault, Mark, Zone
from minidns.zone.zone_key import split_key

_REFERENCE = "README, Names of your own and names to block"
_REVERSE = (b"\x07in-addr\x04arpa\x00", b"\x03ip6\x04arpa\x00")  # made of addresses, not written


def find_shadowed(
    paths: Iterable[Path], hosts: Hosts | None, groups: Sequence[ForwardGroup], catalog: Catalog
) -> list[Fault]:
    """A warning for each file and zone, at the first line that does nothing.

    `catalog` may have the zones of views. Zones that could not be loaded have faults enough.
    """
    if not hosts or not catalog.zones:
        return []
    zones: dict[bytes, list[Zone]] = {}
    for key, one in catalog.zones.items():
        if not isinstance(one, BrokenZone):
            zones.setdefault(split_key(key)[1], []).append(one)
    domains = {_wire_of(group.domain) for group in groups if group.upstreams}
    shadowed = {}
    for name in hosts:
        zone = _zone_over(name, zones, domains)
        if zone is not None and not name.endswith(_REVERSE):
            shadowed[name] = zone
    return [fault for path in paths for fault in _read_again(path, shadowed)] if shadowed else []


def _zone_over(
    name: bytes, zones: Mapping[bytes, Sequence[Zone]], domains: Iterable[bytes]
) -> Zone | None:
    """The zone that has a name, as far as can be said without looking for it."""
    above = name
    while above not in zones:
        if above == ROOT:
            return None
        above = above[1 + above[0] :]
    for zone in zones[above]:
        if not zone.falls_through:
            if any(len(one) > len(above) and is_at_or_below(name, one) for one in domains):
                continue  # asked of others, so that a hosts file counts
            return zone
        if name in zone.nodes:
            return zone
    return None


def _read_again(path: Path, shadowed: Mapping[bytes, Zone]) -> list[Fault]:
    """Only now, since hardly anybody has such lines, and to keep all numbers of lines costs."""
    first: dict[bytes, tuple[int, str, Zone]] = {}
    others: dict[bytes, int] = {}
    for number, words in split_lines(_octets(path)):
        for word in words[1:]:
            zone = shadowed.get(_wire_of(word))
            if zone is None:
                continue
            if zone.origin in first:
                others[zone.origin] = others.get(zone.origin, 0) + 1
            else:
                first[zone.origin] = number, word, zone
    return [
        _fault(path, number, word, zone, others.get(origin, 0))
        for origin, (number, word, zone) in first.items()
    ]


def _fault(path: Path, number: int, word: str, zone: Zone, others: int) -> Fault:
    origin = name_to_text(zone.origin)
    more = f" (and {others} more in this file)" if others else ""
    if zone.falls_through:
        why = f"the zone {origin} has that name itself: take one of them out"
    else:
        why = (
            f"the zone {origin} here has all names below it: write it there, or "
            "'minidns: {fallthrough: true}' at the apex"
        )
    message = f"'{word}'{more} is never answered from here, {why}"
    mark = Mark(str(path), number, 1)
    return Fault(mark, WARNING, "hosts-name-in-zone", message, _REFERENCE)


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it was there a moment ago
        return b""


def _wire_of(text: str) -> bytes:
    try:
        return name_from_text(text, ROOT).lower()
    except BadName:
        return b""
