"""What a zone is warned of and served with: for each rule zones that break it, and that do not.

A case is the lines that are added to a sound zone and all that is found, as `line rule`.
"""

import pytest

from minidns.wire.codes import RRType
from minidns.zone.build import build_zone
from minidns.zone.check import check_zone
from minidns.zone.faults import is_refused
from tests.harness import wire_name
from tests.zone.zone_lines import SOUND, check_lines, records_from, rules_of

SIGNATURE = "5 4 3600 20040509183619 20040409183619 38519 example.com. OMK8"
DS = "DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"

CASES = {
    "cname-loop": [
        ("a CNAME a", ["1 cname-loop"]),
        ("a CNAME B\nb CNAME A", ["1 cname-loop"]),
        ("x CNAME b\nb CNAME c\nc CNAME d\nd CNAME e\ne CNAME f\nf CNAME b", ["2 cname-loop"]),
        ("a CNAME b\nb CNAME a\nc CNAME d\nd CNAME c", ["1 cname-loop", "3 cname-loop"]),
        ("a CNAME x.b\n*.b CNAME a", ["1 cname-loop"]),
        ("*.b CNAME x.b", ["1 cname-loop"]),
        ("*.b CNAME x.b\na CNAME y.b", ["1 cname-loop"]),
        ("a CNAME x.b\nb DNAME c\nx.c CNAME a", ["1 cname-loop"]),
        ("a CNAME b\nb CNAME c\nc CNAME www.example.net.", []),
        ("a CNAME b\nb CNAME missing", []),
        ("a CNAME x.b\nx.b A 192.0.2.1\n*.b CNAME a", []),
        ("a CNAME x.b\n_tcp.x.b TXT x\n*.b CNAME a", []),
        ("a CNAME x.b\nb NS ns.example.net.\n*.b CNAME a", ["3 occluded"]),
    ],
    "dname-loop": [
        ("a DNAME a", ["1 dname-loop"]),
        ("a DNAME b\nb DNAME a", ["1 dname-loop"]),
        ("a DNAME b\nb DNAME c\nc DNAME d\nd DNAME e\ne DNAME a", ["1 dname-loop"]),
        ("a DNAME x.a", ["1 dname-loop"]),
        ("d DNAME a\na DNAME x.b\nb DNAME a", ["2 dname-loop"]),
        ("a DNAME c.b\nb DNAME d\nc.d DNAME a", ["1 dname-loop"]),
        ("c CNAME x.a\na DNAME b\nb DNAME a", ["2 dname-loop"]),
        ("@ DNAME x", ["1 dname-loop"]),
        ("a DNAME b\nb DNAME c.example.net.", []),
        ("a DNAME c.x\nx DNAME y\ny TXT x", []),
        ("@ DNAME example.net.", []),
        ("a ALIAS y.a\na DNAME b\ny.b A 192.0.2.1", []),
        ("a DNAME x.b\nb NS ns.example.net.\nb DNAME a", ["3 occluded"]),
    ],
    "alias-loop": [
        ("@ ALIAS @", ["1 alias-loop"]),
        ("a ALIAS b\nb CNAME a", ["2 alias-loop"]),
        ("a ALIAS b\nb ALIAS c\nc A 192.0.2.1", []),
        ("a ALIAS b\nb NS ns.example.net.\nb ALIAS a", ["3 occluded"]),
    ],
    "occluded": [
        ("a NS ns.example.net.\na TXT x", ["2 occluded"]),
        ("a NS ns.example.net.\nx.a TXT x", ["2 occluded"]),
        ("a NS ns.example.net.\nx.a A 192.0.2.1\nx.a AAAA 2001:db8::1", ["2 occluded"]),
        ("a NS ns.example.net.\na DNAME b.example.net.", ["2 occluded"]),
        ("a NS ns.example.net.\nx.a NS ns.example.net.", ["2 occluded"]),
        ("x.y.a NSEC a NSEC\na NS ns.example.net.", ["1 occluded"]),
        (f"a NS ns.example.net.\na {DS}\na NSEC b NS DS\na RRSIG DS {SIGNATURE}", []),
        ("a NS ns.a\nns.A A 192.0.2.1\nns.a AAAA 2001:db8::1", []),
        ("a NS a\na A 192.0.2.1", []),
        ("a NS ns.b\nb NS ns.a\nns.a A 192.0.2.1\nns.b A 192.0.2.1", []),
        ("@ NS ns.a\na NS ns.example.net.\nns.a A 192.0.2.1", []),
        ("ab NS ns.example.net.\nb TXT x\nxab TXT x", []),
    ],
    "below-dname": [
        (
            "a DNAME b.example.net.\nx.a A 192.0.2.1\ny.x.a A 192.0.2.1",
            ["2 below-dname", "3 below-dname"],
        ),
        (
            "a DNAME b.example.net.\nx.a NS c.example.net.\ny.x.a TXT x",
            ["2 below-dname", "3 below-dname"],
        ),
        (
            "a NS c.example.net.\nx.a DNAME b.example.net.\ny.x.a TXT x",
            ["2 occluded", "3 occluded"],
        ),
        ("@ DNAME example.net.\na TXT x", ["2 below-dname"]),
        ("a DNAME b.example.net.\na TXT x\nxa TXT x", []),
        ("@ DNAME example.net.\n@ TXT x", []),
    ],
    "target-is-alias": [
        ("@ NS a\na CNAME b.example.net.", ["1 target-is-alias"]),
        ("a NS b\nb CNAME b.example.net.", ["1 target-is-alias"]),
        ("@ MX 10 a\na CNAME b.example.net.", ["1 target-is-alias"]),
        ("@ SRV 1 2 3 A\na CNAME b.example.net.", ["1 target-is-alias"]),
        ("@ MX 10 x.a\n*.a CNAME b.example.net.", ["1 target-is-alias"]),
        ("@ MX 10 x.a\na DNAME b.example.net.", ["1 target-is-alias"]),
        ("a NS ns.example.net.\na MX 10 b\nb CNAME b.example.net.", ["2 occluded"]),
        ("@ PTR a\na CNAME b.example.net.", []),
        ("@ MX 10 a\na ALIAS b.example.net.", []),
    ],
    "target-without-address": [
        ("@ NS a", ["1 target-without-address"]),
        ("@ MX 10 a\na TXT x", ["1 target-without-address"]),
        ("@ SRV 1 2 3 @", ["1 target-without-address"]),
        ("@ MX 10 a\nx.a A 192.0.2.1\n*.b A 192.0.2.1", ["1 target-without-address"]),
        ("@ MX 10 x.a\n*.a TXT x", ["1 target-without-address"]),
        ("@ MX 10 x.a\n*.x.a A 192.0.2.1", ["1 target-without-address"]),
        ("@ MX 10 y.x.a\n*.a A 192.0.2.1\nx.a TXT x", ["1 target-without-address"]),
        ("@ MX 10 y.x.a\n*.a A 192.0.2.1\nz.x.a TXT x", ["1 target-without-address"]),
        ("@ MX 10 z.x.a\n*.a A 192.0.2.1\nz.z.x.a TXT x", ["1 target-without-address"]),
        ("a NS b", ["1 target-without-address"]),
        ("a DNAME b.example.net.\na MX 10 c", ["2 target-without-address"]),
        ("@ MX 10 z.y.x.a\n*.a A 192.0.2.1", []),
        ("@ MX 10 a\na AAAA 2001:db8::1", []),
        ("@ MX 10 mail.example.net.\n@ MX 0 .\n@ SRV 0 0 0 .", []),
        ("@ MX 10 x.a\na NS ns.example.net.", []),
        ("a CNAME b\nc PTR d\n@ HTTPS 1 e", []),
    ],
    "missing-glue": [
        ("a NS ns.a", ["1 missing-glue"]),
        ("a NS a", ["1 missing-glue"]),
        ("a NS ns.a\na NS ns.example.net.\n*.a A 192.0.2.1", ["1 missing-glue", "3 occluded"]),
        ("a NS NS.a\nns.A AAAA 2001:db8::1", []),
        ("a NS ns.b\nb NS ns.example.net.", []),
        ("a DNAME b.example.net.\nx.a NS ns.x.a", ["2 below-dname"]),
    ],
    "equal-records": [
        ("a A 192.0.2.1\na A 192.0.2.1", ["2 equal-records"]),
        ("a MX 10 b.example.net.\na MX 10 B.example.net.", ["2 equal-records"]),
        ("a SRV 1 2 3 b.example.net.\nA SRV 1 2 3 B.example.net.", ["2 equal-records"]),
        ("a TXT x\na TXT X\na MX 10 b.example.net.\na MX 20 b.example.net.", []),
        # 65 and 97 are the letters A and a.
        ("a MX 16705 b.example.net.\na MX 24929 b.example.net.", []),
    ],
    "different-ttls": [
        ("a 300 A 192.0.2.1\na 300 A 192.0.2.2\na 600 A 192.0.2.3", ["3 different-ttls"]),
        ("a 300 A 192.0.2.1\na 600 A 192.0.2.1", ["2 different-ttls", "2 equal-records"]),
        ("a 300 A 192.0.2.1\na 600 AAAA 2001:db8::1", []),
        (f"a 300 RRSIG A {SIGNATURE}\na 600 RRSIG TXT {SIGNATURE}", []),
    ],
    "wildcard-at-apex": [
        ("* A 192.0.2.1\n* TXT x", ["1 wildcard-at-apex"]),
        ("*.a A 192.0.2.1\n*a A 192.0.2.1\na.* A 192.0.2.1", []),
    ],
    "ns-at-wildcard": [
        ("*.a NS ns.example.net.", ["1 ns-at-wildcard"]),
        ("*a NS ns.example.net.", []),
    ],
    "ds-at-wildcard": [
        (f"*.a {DS}", ["1 ds-at-wildcard"]),
        (f"a {DS}\na NS ns.example.net.", []),
    ],
    "relative-target": [
        ("a CNAME www.example.com", ["1 relative-target"]),
        ("@ MX 10 mail.example.com", ["1 relative-target"]),
        ("@ NS example.com", ["1 relative-target"]),
        ("a SRV 1 2 3 Sip.Example.COM", ["1 relative-target"]),
        ("a DNAME b.example.com", ["1 relative-target"]),
        ("a HTTPS 0 b.example.com", ["1 relative-target"]),
        ("@ ALIAS b.example.com", ["1 relative-target"]),
        ("a MX 10 b.example.com\nb.example.com A 192.0.2.1", []),
        ("a CNAME b.badexample.com\nb CNAME com", []),
    ],
}


def _cases() -> list[object]:
    return [
        pytest.param(lines, expected, id=f"{rule}-{number}")
        for rule, cases in CASES.items()
        for number, (lines, expected) in enumerate(cases, 1)
    ]


@pytest.mark.parametrize(("lines", "expected"), _cases())
def test_rule(lines: str, expected: list[str]) -> None:
    assert sorted(rules_of(lines)) == sorted(expected)


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_does_not_refuse_the_zone(rule: str) -> None:
    faults = check_lines(CASES[rule][0][0])
    assert rule in {fault.rule for fault in faults}
    assert not is_refused(faults)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "x CNAME Y\ny CNAME x",
            "zone:3:1: cname-loop: CNAME leads in a circle: 'x.example.com.' -> 'y.example.com.' "
            "-> back to the first; let one point elsewhere (RFC 1034 section 5.2.2)",
        ),
        (
            "\n".join(f"a{number} DNAME a{(number + 1) % 7}" for number in range(7)),
            "zone:3:1: dname-loop: DNAME leads in a circle: 'a0.example.com.' -> 'a1.example.com.' "
            "-> 'a2.example.com.' -> 'a3.example.com.' -> 'a4.example.com.' -> 2 more -> back to "
            "the first; let one point elsewhere (RFC 6672 section 5.2)",
        ),
        (
            "a NS b.example.net.\nX.a TXT x",
            "zone:4:1: occluded: TXT of 'X.a.example.com.' is not glue, and never answered since "
            "'a.example.com.' is delegated (zone:3): move it to the zone 'a.example.com.' or "
            "remove it (RFC 2136 section 7.18)",
        ),
        (
            "a DNAME b.example.net.\nx.a TXT x",
            "zone:4:1: below-dname: 'x.a.example.com.' is below the DNAME of 'a.example.com.' "
            "(zone:3) and never answered: remove one of them (RFC 6672 section 2.4)",
        ),
        (
            "@ MX 10 Mail",
            "zone:3:1: target-without-address: MX of 'example.com.' points to 'Mail.example.com.', "
            "which has no address: add its A or AAAA, or mend the name (RFC 1912 section 2.8)",
        ),
        (
            "sub NS ns.sub",
            "zone:3:1: missing-glue: NS of 'sub.example.com.' points to 'ns.sub.example.com.', "
            "which is in the zone delegated there and has no address here: add its A or AAAA "
            "(RFC 1034 section 4.2.1)",
        ),
        (
            "a TXT x\na 60 TXT y",
            "zone:4:1: different-ttls: TXT of 'a.example.com.' has a TTL of 60, and 3600 in "
            "zone:3: a record set has one, the smallest is served (RFC 2181 section 5.2)",
        ),
        (
            "a TXT x\nA TXT x",
            "zone:4:1: equal-records: the same TXT of 'A.example.com.' is in zone:3 already: "
            "remove one of them (RFC 2181 section 5)",
        ),
        (
            "@ NS Ns1.example.com",
            "zone:3:1: relative-target: NS of 'example.com.' points to "
            "'Ns1.example.com.example.com.', as if a final dot were missing: write "
            "'ns1.example.com.' (README, Zones)",
        ),
    ],
)
def test_message(lines: str, message: str) -> None:
    assert [str(fault) for fault in check_lines(lines)] == [message]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("host.example.com", ["1 relative-target"]),
        ("2", ["1 relative-target"]),
        ("1", []),  # has records here
        ("@", []),
        ("host.example.com.", []),
        ("1.3.0.192.in-addr.arpa.", []),
    ],
)
def test_ptr_leads_out_of_its_reverse_zone(target: str, expected: list[str]) -> None:
    assert rules_of(f"1 PTR {target}", "2.0.192.in-addr.arpa.") == expected
    assert rules_of("1 CNAME 1.0/25\n1.0/25 PTR host.example.com.", "2.0.192.in-addr.arpa.") == []


def test_ptr_may_stay_in_a_forward_zone() -> None:
    assert rules_of("_http._tcp PTR web._http._tcp") == []  # RFC 6763 section 4.1


def test_targets_in_the_root_zone() -> None:
    lines = (
        "ns1.example.net. A 192.0.2.1\na. MX 0 .\na. SRV 0 0 0 .\nb. MX 10 c.\nd. CNAME e.\n"
        "f. HTTPS 1 .\n1.2.0.192.in-addr.arpa. PTR nowhere.in-addr.arpa."
    )
    assert rules_of(lines, ".") == ["4 target-without-address"]


SOA = "@ SOA ns1.example.net. hostmaster.example.net. 1 7200 3600 1209600 300"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a A 192.0.2.1\n{SOA}", ["zone:2:1: no-ns"]),
        ("a NS ns.example.net.\n@ TXT x", ["zone:1:1: no-ns"]),
        (f"{SOA}\n@ NS ns.example.net.", []),
        ("", []),
    ],
)
def test_no_ns(text: str, expected: list[str]) -> None:
    faults = check_zone(wire_name("example.com."), records_from("example.com.", text))
    assert [str(fault).rpartition(": '")[0] for fault in faults] == expected
    assert not is_refused(faults)


@pytest.mark.parametrize(
    ("lines", "is_lacking"),
    [
        ("@ MX 10 a", True),
        ("@ NS a", True),
        ("_s._tcp SRV 1 2 3 a.b", True),
        ("@ MX 10 a.b\nb A 192.0.2.1\n*.c A 192.0.2.1", True),
        ("@ MX 10 a\na TXT x", False),  # it exists
        ("@ MX 10 a\nx.a TXT x", False),  # an empty non-terminal exists, too
        ("@ MX 10 a.b\n*.b TXT x", False),  # a wildcard is its source of synthesis
        ("@ MX 10 a.b\nx.*.b TXT x", False),  # the same without records, RFC 4592 section 2.2.2
        ("@ MX 10 @", False),  # the apex is never lacking
    ],
)
def test_a_target_that_a_zone_lacks_is_elsewhere_where_it_falls_through(
    lines: str, is_lacking: bool
) -> None:
    records = records_from("example.com.", SOUND.strip("\n") + "\n" + lines)
    found = {
        falls_through: [
            fault.rule for fault in check_zone(wire_name("example.com."), records, falls_through)
        ]
        for falls_through in (False, True)
    }
    warned = ["target-without-address"]
    assert [rule for rule in found[False] if rule in warned] == warned
    assert [rule for rule in found[True] if rule in warned] == ([] if is_lacking else warned)


def test_equal_records_are_one_record_of_the_zone() -> None:
    """RFC 2181 section 5; the first gives the case, numbers have none."""
    text = f"{SOA}\na CNAME B\na CNAME b\nm MX 16705 B\nm MX 24929 b\nm MX 16705 b"
    zone = build_zone(wire_name("example.com."), records_from("example.com.", text))
    cname = zone.nodes[wire_name("a.example.com.")].rrsets[RRType.CNAME]
    assert cname.rdatas == (wire_name("B.example.com."),)
    exchanges = zone.nodes[wire_name("m.example.com.")].rrsets[RRType.MX].rdatas
    assert exchanges == (b"AA" + wire_name("B.example.com."), b"aa" + wire_name("b.example.com."))
