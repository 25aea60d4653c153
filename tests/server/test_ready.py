"""The ready line."""

from minidns.server.listeners import Listeners
from minidns.server.ready import describe
from minidns.sockets.bind import bind_pair
from minidns.zone.model import Catalog
from tests.server.loaded import COM, catalog_of

NOWHERE = Listeners([], [])
ORIGIN = """
    @ 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300
"""


def test_zones_and_records() -> None:
    zones = {"example.com.": COM, ".": ORIGIN}
    assert describe(catalog_of(zones), NOWHERE) == "2 zones, 6 records (example.com., .) on "


def test_one_of_each() -> None:
    catalog = catalog_of({"example.net.": ORIGIN})
    assert describe(catalog, NOWHERE) == "1 zone, 1 record (example.net.) on "


def test_alias_is_a_record() -> None:
    text = ORIGIN + "    @ 300 IN TYPE65401 \\# 1 00\n"
    catalog = catalog_of({"example.net.": text})
    assert describe(catalog, NOWHERE).startswith("1 zone, 2 records")


def test_many_zones_are_counted() -> None:
    catalog = catalog_of({f"z{number}.": ORIGIN for number in range(7)})
    shown = "7 zones, 7 records (z0., z1., z2., z3., z4. and 2 more) on "
    assert describe(catalog, NOWHERE) == shown


def test_refused_zones() -> None:
    catalog = catalog_of({"example.com.": COM}, broken=("example.org.",))
    assert describe(catalog, NOWHERE) == (
        "1 zone, 5 records (example.com.), 1 refused that answer SERVFAIL (example.org.) on "
    )


def test_refused_alone() -> None:
    catalog = catalog_of({}, broken=("example.org.", "example.net."))
    assert describe(catalog, NOWHERE) == (
        "no zone, 2 refused that answer SERVFAIL (example.org., example.net.) on "
    )


def test_nothing() -> None:
    assert describe(Catalog({}), NOWHERE) == "no zone, every query is REFUSED on "


def test_upstreams() -> None:
    upstreams = ("9.9.9.9", "tls://9.9.9.10#dns.example")
    assert describe(Catalog({}), NOWHERE, upstreams) == (
        "no zone, other names from 9.9.9.9, tls://9.9.9.10#dns.example on "
    )


def test_addresses() -> None:
    first, second, third = (bind_pair("127.0.0.1", 0) for _ in range(3))
    try:
        three = Listeners([first.udp, second.udp, third.udp], [first.tcp, second.tcp, third.tcp])
        expected = f"{first.address}, {second.address} and {third.address} (UDP and TCP)"
        assert str(three) == expected
        both = Listeners([first.udp, second.udp], [second.tcp, first.tcp])
        assert str(both) == f"{first.address} and {second.address} (UDP and TCP)"
        halves = Listeners([first.udp, second.udp], [first.tcp, third.tcp])
        expected = f"{first.address} (UDP and TCP), {second.address} (UDP), {third.address} (TCP)"
        assert str(halves) == expected
    finally:
        for pair in (first, second, third):
            pair.close()
