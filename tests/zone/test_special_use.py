"""Special-use names: RFC 6761, 6303, 7686, 8375, 9462, 9476."""

import dns.reversename
import pytest

from minidns.authority.find import find_zone
from minidns.wire.codes import RRType
from minidns.zone.model import Catalog, Zone
from minidns.zone.special_use import special_use_zones
from tests.harness import wire_name

ZONES = special_use_zones()


@pytest.mark.parametrize(
    "name",
    ["localhost.", "invalid.", "test.", "onion.", "local.", "alt.", "home.arpa.", "resolver.arpa."],
)
def test_names(name: str) -> None:
    assert wire_name(name) in ZONES


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("100.63.0.1", False),
        ("169.254.1.1", True),
        ("127.0.0.1", True),
        ("9.9.9.9", False),
        ("fd00::1", True),
        ("fe80::1", True),
        ("::1", True),
        ("2620:fe::fe", False),
    ],
)
def test_reverse_zones(address: str, is_local: bool) -> None:
    name = wire_name(dns.reversename.from_address(address).to_text())
    assert (find_zone(Catalog(ZONES), name, RRType.PTR) is not None) is is_local


@pytest.mark.parametrize("owner", ["localhost.", "*.localhost."])
def test_localhost_has_loopback_addresses(owner: str) -> None:
    node = ZONES[wire_name("localhost.")].nodes[wire_name(owner)]
    assert node.rrsets[RRType.A].rdatas == (b"\x7f\0\0\x01",)
    assert node.rrsets[RRType.AAAA].rdatas == (bytes(15) + b"\x01",)


def test_resolver_arpa_has_a_wildcard_without_data() -> None:
    zone: Zone = ZONES[wire_name("resolver.arpa.")]
    assert zone.nodes[wire_name("*.resolver.arpa.")].rrsets == {}
