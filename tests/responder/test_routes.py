"""Who has a name: what is quick to say is what a walk over the zones says."""

from dataclasses import replace

import dns.name
import pytest

from minidns.authority.find import find_zone
from minidns.resolver.model import Group, Upstream
from minidns.responder.routes import Routes
from minidns.zone.model import Catalog
from minidns.zone.special_use import special_use_zones
from tests.harness import zone_of

A, DS = 1, 43

ROOT_GROUP = Group(1, b"\0", (Upstream("192.0.2.53", 53),))
SPECIAL = Catalog(special_use_zones())
ORIGINS = [dns.name.from_wire(origin, 0)[0].to_text() for origin in SPECIAL.zones]
NEAR = [
    "www.example.",
    "com.",
    ".",
    "de.",
    "a.",
    "arpa.",
    "5.in-addr.arpa.",
    "xlocal.",
    "ip6.arpa.",
]


@pytest.mark.parametrize("name", [*NEAR, *ORIGINS, *(f"x.{origin}" for origin in ORIGINS)])
def test_special_use_is_what_the_zones_of_such_names_say(name: str) -> None:
    routes = Routes([ROOT_GROUP])
    routes.set_special(SPECIAL)
    wire = dns.name.from_text(name).to_wire()
    for _ in range(2):
        is_held = find_zone(SPECIAL, wire, 0) is not None
        assert routes.is_special(ROOT_GROUP, wire) is is_held
    assert routes.is_special(ROOT_GROUP._replace(domain=wire), wire) is False


def test_without_zones_of_special_use_no_name_is() -> None:
    assert not Routes([ROOT_GROUP]).is_special(ROOT_GROUP, b"\5local\0")


ABOVE = "@ 300 SOA ns host 1 2 3 4 300\n@ 300 NS ns\nns 300 A 192.0.2.1\n"
CUT = f"{ABOVE}corp 300 NS ns.corp\nns.corp 300 A 192.0.2.2\n"


def _domain(number: int, text: str) -> Group:
    return Group(number, dns.name.from_text(text).to_wire(), ROOT_GROUP.upstreams)


CORP, LAB = _domain(2, "corp.example."), _domain(3, "lab.corp.example.")


@pytest.mark.parametrize(
    ("groups", "zones", "name", "asked"),
    [
        ([ROOT_GROUP, CORP], {}, "corp.example.", 1),
        ([ROOT_GROUP, CORP], {}, "a.corp.example.", 2),
        ([ROOT_GROUP, CORP, LAB], {}, "lab.corp.example.", 2),
        ([CORP], {}, "corp.example.", 2),  # nobody has the name above
        ([ROOT_GROUP], {}, ".", 1),
        ([ROOT_GROUP, CORP], {"example.": CUT}, "corp.example.", None),  # the zone says it
        ([ROOT_GROUP, CORP], {"example.": ABOVE}, "corp.example.", 2),  # it knows nothing
        ([ROOT_GROUP, CORP, LAB], {"example.": ABOVE}, "lab.corp.example.", 2),
        ([ROOT_GROUP, CORP], {"corp.example.": ABOVE}, "corp.example.", None),
    ],
)
def test_ds_is_for_who_has_the_name_above_to_say(
    groups: list[Group], zones: dict[str, str], name: str, asked: int | None
) -> None:
    routes = Routes(groups)
    routes.take(Catalog({zone.origin: zone for zone in map(zone_of, zones, zones.values())}))
    wire = dns.name.from_text(name).to_wire()
    for _ in range(2):
        group = routes.group_for(wire, DS)
        assert (None if group is None else group.number) == asked
        assert routes.group_for(wire, A) is routes.group_of(wire)


def test_ds_below_a_zone_that_falls_through() -> None:
    routes = Routes([ROOT_GROUP, CORP])
    zone = replace(zone_of("example.", ABOVE), falls_through=True)
    routes.take(Catalog({zone.origin: zone}))
    assert routes.group_for(CORP.domain, DS) is ROOT_GROUP
