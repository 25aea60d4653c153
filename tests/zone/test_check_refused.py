"""What a zone is refused for: for each rule zones that break it and zones that nearly do.

A case is the lines that are added to a sound zone and all that is found, as `line rule`.
"""

import pytest

from minidns.zone.check import check_zone
from minidns.zone.faults import RULES, is_refused
from tests.zone.zone_lines import check_lines, records_from, rules_of

KEY = "KEY 512 255 5 AQMFD5raczCJHViKtLYhWGz8hMY9UGRuniJDBzC7w0aR"
RRSIG = (
    "RRSIG A 5 3 3600 20040509183619 20040409183619 38519 example.com. "
    "OMK8rAZlepfzLWW75Dxd63jy2wswESzxDKG2f9AMN1CytCd10cYISAxfAdvXSZ7xujKAtPbctvOQ2ofO7AZJ+d01"
)
SOA = "SOA ns1 hostmaster 2 7200 3600 1209600 300"

CASES = {
    "out-of-zone": [
        ("www.example.org. A 192.0.2.1", ["1 out-of-zone"]),
        ("badexample.com. A 192.0.2.1", ["1 out-of-zone"]),
        ("com. TXT parent", ["1 out-of-zone"]),
        (r"a\.example.com. TXT one", ["1 out-of-zone"]),
        ("WWW.EXAMPLE.COM. A 192.0.2.1\n www.a A 192.0.2.1", []),
    ],
    "meta-type": [
        (r"a TYPE0 \# 0", ["1 meta-type"]),
        (r"a TYPE41 \# 0", ["1 meta-type"]),
        (r"a TYPE128 \# 0", ["1 meta-type"]),
        (r"a TYPE250 \# 0", ["1 meta-type"]),
        (r"a TYPE251 \# 0", ["1 meta-type"]),
        (r"a TYPE252 \# 0", ["1 meta-type"]),
        (r"a TYPE255 \# 0", ["1 meta-type"]),
        ("a TYPE127 \\# 0\na TYPE256 \\# 3 000041\na TYPE65280 \\# 1 00", []),
    ],
    "cname-and-other-data": [
        ("a CNAME b.example.net.\na A 192.0.2.1", ["2 cname-and-other-data"]),
        ("a A 192.0.2.1\nA CNAME b.example.net.", ["2 cname-and-other-data"]),
        ("a CNAME b.example.net.\na DNAME c.example.net.", ["2 cname-and-other-data"]),
        ("a ALIAS b.example.net.\na CNAME b.example.net.", ["2 cname-and-other-data"]),
        ("a CNAME b.example.net.\na NS c.example.net.", ["2 cname-and-other-data"]),
        ("a A 192.0.2.1\na TXT x\na CNAME b.example.net.", ["3 cname-and-other-data"]),
        ("@ CNAME b.example.net.", ["1 cname-and-other-data"]),
        (f"a CNAME b.example.net.\na {RRSIG}\na NSEC c CNAME RRSIG NSEC\na {KEY}", []),
        ("a CNAME b.example.net.\nx.a A 192.0.2.1", []),
    ],
    "several-cnames": [
        ("a CNAME b.example.net.\na CNAME c.example.net.", ["2 several-cnames"]),
        ("a CNAME b.example.net.\na CNAME B.example.net.", ["2 equal-records"]),
    ],
    "several-dnames": [
        ("a DNAME b.example.net.\na DNAME c.example.net.", ["2 several-dnames"]),
        ("a DNAME b.example.net.\na DNAME b.EXAMPLE.net.", ["2 equal-records"]),
        ("a DNAME b.example.net.\nb DNAME b.example.net.", []),
    ],
    "several-soas": [
        (f"@ {SOA}", ["1 several-soas"]),
        (
            "@ SOA ns1.example.net. hostmaster.example.com. 1 7200 3600 1209600 300",
            ["1 equal-records"],
        ),
    ],
    "soa-below-apex": [
        (f"a {SOA}", ["1 soa-below-apex"]),
        (f"a NS ns1.example.net.\na {SOA}", ["2 soa-below-apex"]),
    ],
    "alias-and-address": [
        ("a ALIAS b.example.net.\na A 192.0.2.1", ["2 alias-and-address"]),
        ("a AAAA 2001:db8::1\na ALIAS b.example.net.", ["1 alias-and-address"]),
        ("@ ALIAS b.example.net.\n@ ALIAS c.example.net.", ["2 alias-and-address"]),
        ("@ ALIAS b.example.net.\n@ MX 10 c.example.net.\n@ TXT x", []),
    ],
    "ttl-too-large": [
        ("a 2147483648 A 192.0.2.1", ["1 ttl-too-large"]),
        ("a 4294967295 A 192.0.2.1", ["1 ttl-too-large"]),
        ("a 2147483647 A 192.0.2.1\nb 0 A 192.0.2.1", []),
    ],
}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(lines, expected, id=f"{rule}-{number}")
        for rule, cases in CASES.items()
        for number, (lines, expected) in enumerate(cases, 1)
    ],
)
def test_rule(lines: str, expected: list[str]) -> None:
    assert rules_of(lines) == expected


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_refuses_the_zone(rule: str) -> None:
    faults = check_lines(CASES[rule][0][0])
    assert [fault.rule for fault in faults] == [rule]
    assert is_refused(faults)
    assert faults[0].reference == RULES[rule].reference != ""


def test_a_cname_at_the_apex_is_refused_without_an_soa_too() -> None:
    """The SOA may be made only later."""
    records = records_from("example.com.", "@ CNAME a.example.net.")
    rules = {fault.rule for fault in check_zone(b"\x07example\x03com\x00", records)}
    assert rules == {"cname-and-other-data", "no-ns"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "a CNAME b.example.net.\na TXT x",
            "zone:4:1: cname-and-other-data: TXT of 'a.example.com.' beside its CNAME in zone:3: "
            "a CNAME stands alone, remove one of them (RFC 1034 section 3.6.2)",
        ),
        (
            "A DNAME b.example.net.\na DNAME c.example.net.",
            "zone:4:1: several-dnames: a second DNAME of 'a.example.com.', the first is in zone:3: "
            "remove one of them (RFC 6672 section 2.4)",
        ),
        (
            "a ALIAS b.example.net.\na AAAA 2001:db8::1",
            "zone:4:1: alias-and-address: AAAA of 'a.example.com.' beside its ALIAS in zone:3, "
            "which answers A and AAAA: remove one (README, Zones)",
        ),
        (
            r"{}\010 TYPE41 \# 0",
            "zone:3:1: meta-type: OPT is a type of questions and messages, no data: remove it from "
            r"'{}\010.example.com.' (RFC 6895 section 3.1)",
        ),
    ],
)
def test_message(lines: str, message: str) -> None:
    assert [str(fault) for fault in check_lines(lines)] == [message]


def test_all_faults_come_at_once() -> None:
    lines = f"a CNAME b.example.net.\na A 192.0.2.1\nx.example.org. A 192.0.2.1\nc {SOA}"
    assert rules_of(lines) == ["2 cname-and-other-data", "3 out-of-zone", "4 soa-below-apex"]


def test_a_set_of_100_is_served_and_one_of_101_refused() -> None:
    addresses = [f"a A 192.0.2.{number}" for number in range(1, 102)]
    assert rules_of("\n".join(addresses[:100])) == []
    assert rules_of("\n".join(addresses)) == ["101 too-many-in-set"]


def test_equal_records_do_not_count_for_the_size_of_a_set() -> None:
    lines = [f"a A 192.0.2.{number}" for number in range(1, 101)] + ["a A 192.0.2.1"]
    assert rules_of("\n".join(lines)) == ["101 equal-records"]


def test_100_types_at_a_name_are_served_and_101_refused() -> None:
    lines = [rf"a TYPE{number} \# 1 00" for number in range(65280, 65381)]
    assert rules_of("\n".join(lines[:100])) == []
    assert rules_of("\n".join(lines)) == ["101 too-many-types"]


# Header 12, question 2 + 13 + 4, OPT 11 with a cookie (4 + 24), an NSID (4 + 128) and a keepalive
# (4 + 2): 208. Two records of 12 octets and their rdata. A wildcard answers for a qname of 255
# octets: 240 more.
ROOM = 65_535 - 208 - 2 * 12


@pytest.mark.parametrize(
    ("owner", "octets", "expected"),
    [
        ("a", ROOM, []),
        ("a", ROOM + 1, ["1 set-too-large"]),
        ("*.a", ROOM - 240, []),
        ("*.a", ROOM - 239, ["1 set-too-large"]),
    ],
)
def test_a_set_must_fit_a_message(owner: str, octets: int, expected: list[str]) -> None:
    first, second = "00" * 40_000, "01" * (octets - 40_000)
    lines = f"{owner} TYPE65280 \\# 1 {first}\n{owner} TYPE65280 \\# 1 {second}"
    assert rules_of(lines) == expected


def test_a_single_record_must_fit_a_message() -> None:
    assert rules_of(rf"a TYPE65280 \# 1 {'00' * 65_400}") == ["1 set-too-large"]
    assert rules_of(rf"a TYPE65280 \# 1 {'00' * 65_300}") == []
