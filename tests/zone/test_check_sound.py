"""Zones that RFCs print and that other servers load: nothing in them is refused."""

from pathlib import Path

import pytest

from minidns.zone.check import check_zone
from tests.conformance.test_rfc1034 import PARENT
from tests.conformance.test_rfc4592 import ZONE as RFC_4592
from tests.conformance.test_rfc6672 import ZONE as RFC_6672
from tests.harness import records_of, wire_name
from tests.zone.zone_lines import ORIGIN

# RFC 1034 section 6.1, the zones of C.ISI.EDU.
RFC_1034_ROOT = """
$TTL 86400
.               SOA   SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400
.               NS    A.ISI.EDU.
.               NS    C.ISI.EDU.
.               NS    SRI-NIC.ARPA.
MIL.            NS    SRI-NIC.ARPA.
MIL.            NS    A.ISI.EDU.
EDU.            NS    SRI-NIC.ARPA.
EDU.            NS    C.ISI.EDU.
SRI-NIC.ARPA.   A     26.0.0.73
SRI-NIC.ARPA.   A     10.0.0.51
SRI-NIC.ARPA.   MX    0 SRI-NIC.ARPA.
SRI-NIC.ARPA.   HINFO DEC-2060 TOPS20
ACC.ARPA.       A     26.6.0.65
ACC.ARPA.       HINFO PDP-11/70 UNIX
ACC.ARPA.       MX    10 ACC.ARPA.
USC-ISIC.ARPA.  CNAME C.ISI.EDU.
73.0.0.26.IN-ADDR.ARPA.  PTR SRI-NIC.ARPA.
65.0.6.26.IN-ADDR.ARPA.  PTR ACC.ARPA.
51.0.0.10.IN-ADDR.ARPA.  PTR SRI-NIC.ARPA.
52.0.0.10.IN-ADDR.ARPA.  PTR C.ISI.EDU.
103.0.3.26.IN-ADDR.ARPA. PTR A.ISI.EDU.
A.ISI.EDU.      A     26.3.0.103
C.ISI.EDU.      A     10.0.0.52
"""
RFC_1034_EDU = """
$TTL 172800
@               SOA   SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870729 1800 300 604800 86400
@               NS    SRI-NIC.ARPA.
@               NS    C.ISI.EDU.
UCI             NS    ICS.UCI
UCI             NS    ROME.UCI
ICS.UCI         A     192.5.19.1
ROME.UCI        A     192.5.19.31
ISI             NS    VAXA.ISI
ISI             NS    A.ISI
ISI             NS    VENERA.ISI.EDU.
VAXA.ISI        A     10.2.0.27
VAXA.ISI        A     128.9.0.33
VENERA.ISI.EDU. A     10.1.0.52
VENERA.ISI.EDU. A     128.9.0.32
A.ISI           A     26.3.0.103
UDEL.EDU.       NS    LOUIE.UDEL.EDU.
UDEL.EDU.       NS    UMN-REI-UC.ARPA.
LOUIE.UDEL.EDU. A     10.0.0.96
LOUIE.UDEL.EDU. A     192.5.39.3
YALE.EDU.       NS    YALE.ARPA.
YALE.EDU.       NS    YALE-BULLDOG.ARPA.
MIT.EDU.        43200 NS XX.LCS.MIT.EDU.
MIT.EDU.        43200 NS ACHILLES.MIT.EDU.
XX.LCS.MIT.EDU. 43200 A  10.0.0.44
ACHILLES.MIT.EDU. 43200 A 18.72.0.8
"""
LARGE = 10_000  # octets; dnspython takes its time with larger ones
SERVED_BY_OTHERS = sorted(
    path
    for path in (Path(__file__).parents[1] / "differential/zones/main").glob("*.zone")
    if path.stat().st_size < LARGE
)


def rules(origin: str, text: str) -> list[str]:
    faults = check_zone(wire_name(origin).lower(), records_of(origin, text))
    return sorted(f"{fault.severity} {fault.rule}" for fault in faults)


@pytest.mark.parametrize(
    ("origin", "text", "expected"),
    [
        (".", RFC_1034_ROOT, []),
        ("EDU.", RFC_1034_EDU, []),
        # _ssh._tcp.host2 makes host2 an empty non-terminal, which the wildcard does not cover.
        (
            "example.",
            RFC_4592,
            ["warning target-without-address", "warning wildcard-at-apex"],
        ),
        (
            "example.",
            RFC_6672,
            ["warning dname-loop", "warning dname-loop"],
        ),
        (ORIGIN, PARENT, ["warning cname-loop", "warning cname-loop"]),
    ],
)
def test_zones_of_rfcs(origin: str, text: str, expected: list[str]) -> None:
    assert rules(origin, text) == expected


@pytest.mark.parametrize("path", SERVED_BY_OTHERS, ids=lambda path: path.stem)
def test_what_nsd_knot_and_bind_serve_is_not_refused(path: Path) -> None:
    found = rules(f"{path.stem}.", path.read_text())
    assert [rule for rule in found if rule.startswith("error")] == []


def test_there_are_zones_that_others_serve() -> None:
    assert len(SERVED_BY_OTHERS) > 10
