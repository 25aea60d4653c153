"""RFC 4035: DS is the parent's, wherever the two zones are (section 3.1.4.1); AD and CD (3.1.6)."""

import dns.flags
import pytest

from minidns.responder.responder import Responder
from tests.harness import Case, ask, responder_for

DIGEST = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
PARENT = f"""
@        300 SOA ns host 1 2 3 4 60
@        300 NS ns
ns       300 A 192.0.2.1
kid      300 NS ns.kid
kid      300 DS 1 8 2 {DIGEST}
ns.kid   300 A 192.0.2.2
plain    300 NS ns
to       300 CNAME kid
elsewhere 300 NS ns.elsewhere
ns.elsewhere 300 A 192.0.2.3
"""
CHILD = """
@    300 SOA ns host 1 2 3 4 30
@    300 NS ns
ns   300 A 192.0.2.4
"""
PARENT_SOA = "example. 60 SOA ns.example. host.example. 1 2 3 4 60"
DS = f"kid.example. 300 DS 1 8 2 {DIGEST}"


def soa_of(zone: str) -> str:
    return f"{zone} 30 SOA ns.{zone} host.{zone} 1 2 3 4 30"


@pytest.fixture(scope="module")
def both() -> Responder:
    children = ("kid.example.", "plain.example.", "grand.kid.example.", "x.elsewhere.example.")
    return responder_for({"example.": PARENT, **dict.fromkeys(children, CHILD)})


@pytest.mark.parametrize(
    "case",
    [
        Case("kid.example.", "DS", answer=(DS,)),
        Case("plain.example.", "DS", authority=(PARENT_SOA,), name="no-ds"),
        Case(
            "grand.kid.example.",
            "DS",
            rcode="NXDOMAIN",
            authority=(soa_of("kid.example."),),
            name="the-nearest-zone-above-knows-no-such-name",
        ),
        Case("ns.kid.example.", "DS", authority=(soa_of("kid.example."),), name="no-apex"),
        Case("kid.example.", "DNSKEY", authority=(soa_of("kid.example."),), name="other-types"),
        Case("example.", "DS", authority=(PARENT_SOA,), name="no-parent-here"),
        Case(
            "to.example.",
            "DS",
            answer=("to.example. 300 CNAME kid.example.", DS),
            name="at-the-end-of-a-chain",
        ),
        Case(
            "x.elsewhere.example.",
            "DS",
            flags="QR RD",
            authority=("elsewhere.example. 300 NS ns.elsewhere.example.",),
            additional=("ns.elsewhere.example. 300 A 192.0.2.3",),
            # The parent itself is not here. NSD, Knot and BIND refer to it from the zone above.
            name="the-parent-is-between",
        ),
    ],
    ids=str,
)
def test_3_1_4_1_with_parent_and_child_here(both: Responder, case: Case) -> None:
    case.check(both)


def test_3_1_4_1_a_child_alone_says_nodata() -> None:
    responder = responder_for({"kid.example.": CHILD})
    Case("kid.example.", "DS", authority=(soa_of("kid.example."),)).check(responder)


def test_3_1_4_1_a_root_zone_has_no_parent() -> None:
    text = "@ 300 SOA ns. host. 1 2 3 4 30\n@ 300 NS ns.\n"
    soa = ". 30 SOA ns. host. 1 2 3 4 30"
    Case(".", "DS", authority=(soa,)).check(responder_for({".": text}))


def test_3_1_4_1_a_broken_child_does_not_hide_the_parents_ds() -> None:
    responder = responder_for({"example.": PARENT}, broken=["kid.example."])
    Case("kid.example.", "DS", answer=(DS,)).check(responder)
    for qname, qtype in (
        ("kid.example.", "SOA"),
        ("ns.kid.example.", "A"),
        ("x.kid.example.", "DS"),
    ):
        assert ask(responder, qname, qtype).rcode() == 2


def test_3_1_4_1_a_broken_parent_takes_only_the_ds_of_its_child() -> None:
    responder = responder_for({"kid.example.": CHILD}, broken=["example."])
    assert ask(responder, "kid.example.", "DS").rcode() == 2
    Case("ns.kid.example.", "A", answer=("ns.kid.example. 300 A 192.0.2.4",)).check(responder)
    Case("x.kid.example.", "A", rcode="NXDOMAIN", authority=(soa_of("kid.example."),)).check(
        responder
    )


@pytest.mark.parametrize("qname", ["ns.example.", "kid.example.", "no.example.", "org."])
def test_3_1_6_ad_and_cd_are_clear(both: Responder, qname: str) -> None:
    reply = ask(both, qname, flags=dns.flags.AD | dns.flags.CD)
    assert not reply.flags & (dns.flags.AD | dns.flags.CD)
