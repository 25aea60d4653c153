"""PTR records made from A and AAAA: which are made, where, and what wins over them."""

import dns.inet
import dns.name
import dns.reversename
import pytest

from minidns.authority.find import find_zone
from minidns.authority.pointers import MAX_NAMES, add_pointers
from minidns.wire.codes import RRType
from minidns.wire.reverse import reverse_name
from minidns.zone.model import Catalog, Zone
from minidns.zone.special_use import special_use_zones
from tests.harness import wire_name
from tests.server.loaded import catalog_of
from tests.server.zones_on_disk import run_to_end

SOA = "@ 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300\n"
FORWARD = SOA + (
    "@ 300 IN A 192.0.2.80\n"
    "www 60 IN A 192.0.2.80\n"
    "Mail 300 IN A 192.0.2.25\n"
    "mail 300 IN AAAA 2001:db8::25\n"
    "both 300 IN A 192.0.2.1\n"
    "both 300 IN A 192.0.2.2\n"
    "*.wild 300 IN A 192.0.2.90\n"
    "sub 300 IN NS ns.sub\n"
    "ns.sub 300 IN A 192.0.2.53\n"
    "old 300 IN DNAME new.example.com.\n"
    "old 300 IN A 192.0.2.60\n"
    "below.old 300 IN A 192.0.2.61\n"
    "any 300 IN A 0.0.0.0\n"
    "foreign 300 IN A 198.51.100.1\n"
    "home 300 IN A 10.1.2.3\n"
)
REVERSE = SOA + ("1 300 IN PTR explicit.example.com.\n2 300 IN TXT here\n61 300 IN TXT here\n")


def made(zones: dict[str, str], is_reserved: bool = False, broken: tuple[str, ...] = ()) -> Catalog:
    reserved = special_use_zones() if is_reserved else {}
    catalog: Catalog = run_to_end(add_pointers(catalog_of(zones, broken), reserved))
    return catalog


def pointers(catalog: Catalog, address: str) -> list[str]:
    """Targets in their order."""
    name = dns.reversename.from_address(address).to_wire()
    zone = find_zone(catalog, name, RRType.PTR)
    if not isinstance(zone, Zone) or name not in zone.nodes:
        return []
    rrset = zone.nodes[name].rrsets.get(RRType.PTR)
    return (
        [] if rrset is None else [dns.name.from_wire(one, 0)[0].to_text() for one in rrset.rdatas]
    )


ZONES = {"example.com.": FORWARD, "2.0.192.in-addr.arpa.": REVERSE}


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("192.0.2.25", ["Mail.example.com."]),
        ("192.0.2.80", ["example.com.", "www.example.com."]),
        ("192.0.2.1", ["explicit.example.com."]),
        ("192.0.2.2", ["both.example.com."]),
        ("192.0.2.60", ["old.example.com."]),
        ("192.0.2.61", []),
        ("192.0.2.90", []),
        ("192.0.2.53", []),
        ("198.51.100.1", []),
        ("2001:db8::25", []),
        ("10.1.2.3", []),
    ],
)
def test_in_a_reverse_zone_that_is_served(address: str, names: list[str]) -> None:
    assert pointers(made(ZONES), address) == names


@pytest.mark.parametrize("address", ["192.0.2.80", "10.0.0.255", "2001:db8::25", "fe80::1f:abcd"])
def test_reverse_name(address: str) -> None:
    octets = dns.inet.inet_pton(dns.inet.af_for_address(address), address)
    assert reverse_name(octets) == dns.reversename.from_address(address).to_wire()


def test_private_addresses_need_no_reverse_zone() -> None:
    catalog = made({"example.com.": FORWARD}, is_reserved=True)
    assert pointers(catalog, "10.1.2.3") == ["home.example.com."]
    assert pointers(catalog, "2001:db8::25") == ["Mail.example.com."]
    assert pointers(catalog, "0.0.0.0") == []
    assert wire_name("168.192.in-addr.arpa.") not in catalog.zones


def test_a_reverse_zone_above_is_asked_before_one_is_made() -> None:
    zones = {"example.com.": FORWARD, "in-addr.arpa.": SOA + "10 300 IN NS ns.example.net.\n"}
    catalog = made(zones, is_reserved=True)
    assert wire_name("10.in-addr.arpa.") not in catalog.zones
    assert pointers(catalog, "10.1.2.3") == []
    assert pointers(catalog, "192.0.2.25") == ["Mail.example.com."]


def test_empty_non_terminals_exist_above_what_is_made() -> None:
    zones = {"example.com.": SOA + "a 300 IN A 10.1.2.3\n", "10.in-addr.arpa.": SOA}
    zone = made(zones).zones[wire_name("10.in-addr.arpa.")]
    assert isinstance(zone, Zone)
    assert wire_name("2.1.10.in-addr.arpa.") in zone.nodes
    assert zone.records == 2
    assert zone.longest == len(wire_name("3.2.1.10.in-addr.arpa."))


@pytest.mark.parametrize(
    "own",
    [
        "25 300 IN CNAME 25.0-31.2.0.192.in-addr.arpa.\n",
        "* 300 IN PTR any.example.com.\n",
        "* 300 IN TXT here\n",
        "25 300 IN NS ns.example.net.\n",
        "25 300 IN DNAME example.net.\n25 300 IN PTR own.example.com.\n",
    ],
)
def test_what_the_zone_says_itself_wins(own: str) -> None:
    before = pointers(catalog_of({"2.0.192.in-addr.arpa.": SOA + own}), "192.0.2.25")
    zones = {"example.com.": FORWARD, "2.0.192.in-addr.arpa.": SOA + own}
    assert pointers(made(zones), "192.0.2.25") == before


def test_other_records_of_the_name_stay() -> None:
    zone = made(ZONES).zones[wire_name("2.0.192.in-addr.arpa.")]
    assert isinstance(zone, Zone)
    node = zone.nodes[wire_name("2.2.0.192.in-addr.arpa.")]
    assert node.rrsets.keys() == {RRType.TXT, RRType.PTR}


def test_a_few_names_of_an_address_that_has_many() -> None:
    """The same ones whatever the order in which they are met; the smallest TTL (RFC 2181 5.2)."""
    lines = [f"h{number}.sub {number} IN A 192.0.2.9\n" for number in range(100, 150)]
    lines.append("top 500 IN A 192.0.2.9\n")
    for listed in (lines, lines[::-1]):
        catalog = made({"example.com.": SOA + "".join(listed), "2.0.192.in-addr.arpa.": SOA})
        names = pointers(catalog, "192.0.2.9")
        assert names == ["top.example.com."] + [f"h{n}.sub.example.com." for n in range(100, 103)]
        assert len(names) == MAX_NAMES
        zone = catalog.zones[wire_name("2.0.192.in-addr.arpa.")]
        assert isinstance(zone, Zone)
        assert zone.nodes[wire_name("9.2.0.192.in-addr.arpa.")].rrsets[RRType.PTR].ttl == 100
        assert zone.records == 1 + MAX_NAMES


def test_nothing_to_make_is_the_same_catalog() -> None:
    catalog = catalog_of({"example.com.": FORWARD})
    assert run_to_end(add_pointers(catalog, {})) is catalog


def test_a_reverse_zone_that_is_broken_stays_so() -> None:
    catalog = made({"example.com.": FORWARD}, True, broken=("10.in-addr.arpa.",))
    assert not isinstance(catalog.zones[wire_name("10.in-addr.arpa.")], Zone)


def test_no_zone_is_changed() -> None:
    catalog = catalog_of(ZONES)
    own = catalog.zones[wire_name("2.0.192.in-addr.arpa.")]
    assert isinstance(own, Zone)
    before = dict(own.nodes.packed)
    run_to_end(add_pointers(catalog, {}))
    assert own.nodes.packed == before
