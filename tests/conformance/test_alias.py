"""ALIAS, octoDNS's and PowerDNS's: addresses of another name under the owner's own."""

import dns.name
import pytest

from minidns.responder.responder import Responder
from tests.harness import Case, ask, responder_for

SOA = "example.com. 300 SOA ns.example.com. host.example.com. 1 2 3 4 300"


def alias(target: str) -> str:
    """The record's type and data as dnspython reads them; ALIAS has a number of private use."""
    wire = dns.name.from_text(target).to_wire()
    return f"TYPE65401 \\# {len(wire)} {wire.hex()}"


ZONES = {
    "example.com.": f"""
        @        3600 SOA ns host 1 2 3 4 300
        @        3600 NS ns
        @        600  {alias("Web.example.com.")}
        @        3600 TXT "beside"
        ns       3600 A 192.0.2.53
        web      300  A 192.0.2.1
        web      300  A 192.0.2.2
        web      900  AAAA 2001:db8::1
        chain    3600 {alias("www.example.com.")}
        www      60   CNAME web
        v4only   3600 {alias("ns.example.com.")}
        *.wild   3600 {alias("web.example.com.")}
        cross    3600 {alias("host.example.net.")}
        nothere  3600 {alias("missing.example.com.")}
        outside  3600 {alias("host.example.org.")}
        broken   3600 {alias("host.broken.")}
        again    3600 {alias("chain.example.com.")}
        circle   3600 {alias("circle2.example.com.")}
        circle2  3600 {alias("circle.example.com.")}
        cname    3600 CNAME again
        cut      3600 NS ns.cut
        intocut  3600 {alias("host.cut.example.com.")}
    """,
    "example.net.": """
        @    3600 SOA ns.example.com. host.example.com. 1 2 3 4 300
        host 120  A 198.51.100.1
    """,
}


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for(ZONES, broken=["broken."])


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "example.com.",
            "A",
            answer=("example.com. 300 A 192.0.2.1", "example.com. 300 A 192.0.2.2"),
        ),
        Case("example.com.", "AAAA", answer=("example.com. 600 AAAA 2001:db8::1",)),
        Case("example.com.", "TXT", answer=('example.com. 3600 TXT "beside"',)),
        Case("example.com.", "MX", authority=(SOA,)),
        Case("example.com.", "TYPE65401", authority=(SOA,), name="never-on-the-wire"),
        Case(
            "chain.example.com.",
            "A",
            answer=("chain.example.com. 60 A 192.0.2.1", "chain.example.com. 60 A 192.0.2.2"),
        ),
        Case(
            "again.example.com.",
            "AAAA",
            answer=("again.example.com. 60 AAAA 2001:db8::1",),
            name="alias-of-alias",
        ),
        Case("v4only.example.com.", "AAAA", authority=(SOA,), name="no-such-address-is-nodata"),
        Case("nothere.example.com.", "A", authority=(SOA,), name="no-such-target-is-nodata"),
        Case(
            "a.b.wild.example.com.", "AAAA", answer=("a.b.wild.example.com. 900 AAAA 2001:db8::1",)
        ),
        Case("cross.example.com.", "A", answer=("cross.example.com. 120 A 198.51.100.1",)),
        Case(
            "cname.example.com.",
            "AAAA",
            answer=(
                "cname.example.com. 3600 CNAME again.example.com.",
                "again.example.com. 60 AAAA 2001:db8::1",
            ),
        ),
    ],
    ids=str,
)
def test_answers(responder: Responder, case: Case) -> None:
    case.check(responder)


@pytest.mark.parametrize(
    ("qname", "reason"),
    [
        ("outside.example.com.", "in no zone here"),
        ("intocut.example.com.", "leads out of the zones here"),
        ("broken.example.com.", "in no zone here"),
        ("circle.example.com.", "circle"),
    ],
)
def test_a_target_that_is_not_known_here_is_servfail(
    responder: Responder, qname: str, reason: str
) -> None:
    """Not NODATA: a client would keep that."""
    reply = ask(responder, qname, use_edns=0)
    assert reply.rcode() == 2
    assert not reply.answer
    assert reason in str(reply.extended_errors()[0])


def test_any_leaves_it_out(responder: Responder) -> None:
    reply = ask(responder, "v4only.example.com.", "ANY")
    assert reply.rcode() == 0
    assert not reply.answer
