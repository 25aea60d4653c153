"""The SOA that is made, its serial number, and serial number arithmetic (RFC 1982)."""

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.serial
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.zone.build import build_zone
from minidns.zone.model import Mark, Record
from minidns.zone.soa import find_serial, follow, is_serial_greater, make_soa
from tests.harness import wire_name
from tests.zone.zone_lines import records_from

MARK = Mark("example.com.yaml", 1, 1)
SERIALS = st.integers(0, 2**32 - 1)


def soa_text(record: Record) -> str:
    return dns.rdata.from_wire(
        dns.rdataclass.IN, dns.rdatatype.SOA, record.rdata, 0, len(record.rdata)
    ).to_text()


@pytest.mark.parametrize(
    ("text", "mname"),
    [
        ("@ NS Ns2.example.net.\n@ NS ns1", "Ns2.example.net."),
        ("sub NS ns.sub\n@ A 192.0.2.1\nEXAMPLE.com. NS ns1", "ns1.example.com."),
        ("sub NS ns.sub\n@ A 192.0.2.1", "example.com."),
        ("", "example.com."),
    ],
)
def test_soa_of_a_zone_without_one(text: str, mname: str) -> None:
    records = records_from("example.com.", text)
    soa = make_soa(wire_name("example.com."), records, 1_600_000_000, MARK)
    assert soa_text(soa) == (f"{mname} hostmaster.example.com. 1600000000 7200 3600 1209600 300")
    assert soa == (wire_name("example.com."), dns.rdatatype.SOA, 3600, soa.rdata, MARK)
    zone = build_zone(wire_name("example.com."), [*records, soa])
    assert (zone.serial, zone.negative_ttl) == (1_600_000_000, 300)


def test_root() -> None:
    assert soa_text(make_soa(b"\x00", [], 1, MARK)) == ". hostmaster. 1 7200 3600 1209600 300"


@pytest.mark.parametrize(("octets", "rname"), [(244, "hostmaster"), (245, None)])
def test_hostmaster_is_left_out_where_the_name_would_be_too_long(
    octets: int, rname: str | None
) -> None:
    """`hostmaster` and its length are 11 octets, a name has 255 at most."""
    last = octets - 3 * 64 - 1
    labels = [b"a" * 63, b"b" * 63, b"c" * 63, b"d" * (last - 1)]
    origin = dns.name.Name([*labels, b""])
    assert len(origin.to_wire()) == octets
    rdata = soa_text(make_soa(origin.to_wire(), [], 1, MARK)).split()
    assert rdata[1] == (f"{rname}.{origin}" if rname else str(origin))


@pytest.mark.parametrize(
    ("modified", "serial"),
    [
        ([1_700_000_000, 1_800_000_000, 1_600_000_000], 1_800_000_000),
        ([1_800_000_000.999], 1_800_000_000),
        ([2**32 + 5], 5),
        ([-1], 0),
        ([], 0),
    ],
)
def test_serial_is_the_latest_time(modified: list[float], serial: int) -> None:
    assert find_serial(modified) == serial
    assert find_serial(iter(modified[::-1])) == serial


@pytest.mark.parametrize(
    ("serial", "previous", "is_changed", "expected"),
    [
        (200, 100, True, 200),
        (200, 100, False, 100),  # a touched file
        (100, 100, True, 101),  # a second edit within the second
        (100, 100, False, 100),
        (50, 100, True, 101),  # an older file put in place
        (5, 2**32 - 5, True, 5),  # past 2**32
        (0, 2**32 - 1, True, 0),
        (2**32 - 1, 2**32 - 1, True, 0),
        (2**31, 0, True, 1),  # in no order, RFC 1982 section 3.2
        (2**31 - 1, 0, True, 2**31 - 1),
    ],
)
def test_reload(serial: int, previous: int, is_changed: bool, expected: int) -> None:
    assert follow(serial, previous, is_changed) == expected


@given(SERIALS, SERIALS)
def test_a_change_is_greater_by_dnspython_too(serial: int, previous: int) -> None:
    assert dns.serial.Serial(follow(serial, previous, True)) > dns.serial.Serial(previous)


@given(SERIALS, st.one_of(SERIALS, st.integers(2**31 - 2, 2**31 + 2)))
def test_order_is_that_of_dnspython(serial: int, distance: int) -> None:
    other = (serial + distance) % 2**32
    assert is_serial_greater(serial, other) == (
        dns.serial.Serial(serial) > dns.serial.Serial(other)
    )
