"""Who has a name: what is quick to say is what a walk over the zones says."""

import dns.name
import pytest

from minidns.authority.find import find_zone
from minidns.resolver.model import Group, Upstream
from minidns.responder.routes import Routes
from minidns.zone.model import Catalog
from minidns.zone.special_use import special_use_zones

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
