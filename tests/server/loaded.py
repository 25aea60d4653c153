"""What the zone loader gives, made of master-file texts, for tests that are not about loading."""

from collections.abc import Sequence
from pathlib import Path

from minidns.zone.directory import LoadedZones
from minidns.zone.faults import fault
from minidns.zone.model import BrokenZone, Catalog, Fault, Mark, Zone
from tests.harness import wire_name, zone_of

COM = """
    @ 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300
    @ 300 IN NS ns
    ns 300 IN A 192.0.2.1
    www 300 IN A 192.0.2.10
    www 300 IN A 192.0.2.11
"""
PATHS: Sequence[Path] = (Path("zones"),)


def catalog_of(zones: dict[str, str], broken: Sequence[str] = ()) -> Catalog:
    held: dict[bytes, Zone | BrokenZone] = {}
    for origin, text in zones.items():
        zone = zone_of(origin, text)
        held[zone.origin] = zone
    for origin in broken:
        held[wire_name(origin)] = BrokenZone(wire_name(origin))
    return Catalog(held)


def loaded(catalog: Catalog, *faults: Fault) -> LoadedZones:
    return LoadedZones(catalog, [], list(faults))


def finding(rule: str) -> Fault:
    return fault(rule, Mark("zones/example.org.yaml", 2, 3), "what is wrong")
