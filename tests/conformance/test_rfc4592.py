"""RFC 4592: the role of wildcards; the zone and the answers of section 2.2.1, word for word."""

import pytest

from minidns.responder.responder import Responder
from tests.harness import Case, responder_for

ZONE = """
$TTL 3600
example.                 SOA   ns.example.com. host.example.com. 1 7200 3600 1209600 300
example.                 NS    ns.example.com.
example.                 NS    ns.example.net.
*.example.               TXT   "this is a wildcard"
*.example.               MX    10 host1.example.
sub.*.example.           TXT   "this is not a wildcard"
host1.example.           A     192.0.2.1
_ssh._tcp.host1.example. SRV   0 0 22 host1.example.
_ssh._tcp.host2.example. SRV   0 0 22 host2.example.
subdel.example.          NS    ns.example.com.
subdel.example.          NS    ns.example.net.
"""
SOA = "example. 300 SOA ns.example.com. host.example.com. 1 7200 3600 1209600 300"
HOST1 = "host1.example. 3600 A 192.0.2.1"
REFERRAL = ("subdel.example. 3600 NS ns.example.com.", "subdel.example. 3600 NS ns.example.net.")


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for({"example.": ZONE})


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "host3.example.",
            "MX",
            answer=("host3.example. 3600 MX 10 host1.example.",),
            additional=(HOST1,),
        ),
        Case("host3.example.", "A", authority=(SOA,)),
        Case("foo.bar.example.", "TXT", answer=('foo.bar.example. 3600 TXT "this is a wildcard"',)),
        Case("host1.example.", "MX", authority=(SOA,)),
        Case("sub.*.example.", "MX", authority=(SOA,)),
        Case("_telnet._tcp.host1.example.", "SRV", rcode="NXDOMAIN", authority=(SOA,)),
        Case("host.subdel.example.", "A", flags="QR RD", authority=REFERRAL),
        Case("ghost.*.example.", "MX", rcode="NXDOMAIN", authority=(SOA,)),
    ],
    ids=str,
)
def test_2_2_1_example(responder: Responder, case: Case) -> None:
    case.check(responder)


@pytest.mark.parametrize(
    "case",
    [
        Case("*.example.", "TXT", answer=('*.example. 3600 TXT "this is a wildcard"',)),
        Case(
            "*.example.",
            "MX",
            answer=("*.example. 3600 MX 10 host1.example.",),
            additional=(HOST1,),
        ),
        Case("sub.*.example.", "TXT", answer=('sub.*.example. 3600 TXT "this is not a wildcard"',)),
    ],
    ids=str,
)
def test_2_3_an_asterisk_asked_for_is_a_name_like_any_other(
    responder: Responder, case: Case
) -> None:
    case.check(responder)


@pytest.mark.parametrize("qname", ["_tcp.host1.example.", "_tcp.host2.example.", "host2.example."])
def test_2_2_2_empty_non_terminals_exist(responder: Responder, qname: str) -> None:
    for qtype in ("A", "TXT", "MX", "SRV"):
        Case(qname, qtype, authority=(SOA,)).check(responder)


def test_2_2_2_an_empty_non_terminal_blocks_the_wildcard(responder: Responder) -> None:
    Case("x._tcp.host2.example.", "TXT", rcode="NXDOMAIN", authority=(SOA,)).check(responder)


def test_4_5_cname_at_a_wildcard() -> None:
    responder = responder_for(
        {
            "example.": """
            @ 300 SOA ns.example. host.example. 1 2 3 4 300
            *.w 300 CNAME host1
            host1 300 A 192.0.2.1
            """
        }
    )
    Case(
        "a.b.w.example.",
        "A",
        answer=("a.b.w.example. 300 CNAME host1.example.", "host1.example. 300 A 192.0.2.1"),
    ).check(responder)
    Case("a.w.example.", "CNAME", answer=("a.w.example. 300 CNAME host1.example.",)).check(
        responder
    )


def test_2_2_a_wildcard_without_data_is_an_empty_source_of_synthesis() -> None:
    """`*.e` is an empty non-terminal: it matches, and has nothing of any type."""
    soa = "example. 5 SOA ns.example. host.example. 1 2 3 4 5"
    responder = responder_for(
        {"example.": "@ 5 SOA ns.example. host.example. 1 2 3 4 5\nx.*.e 5 A 192.0.2.1\n"}
    )
    Case("y.e.example.", "A", authority=(soa,)).check(responder)
    Case("y.f.example.", "A", rcode="NXDOMAIN", authority=(soa,)).check(responder)


def test_a_wildcard_that_leads_to_itself_depends_on_where_one_begins() -> None:
    """Bodies are shared among the names of a wildcard; one of a loop must not be."""
    soa = "@ 5 SOA ns.example. host.example. 1 2 3 4 5"
    responder = responder_for({"example.": f"{soa}\n*.loop 60 CNAME again.loop\n"})
    again = "again.loop.example. 60 CNAME again.loop.example."
    other = "other.loop.example. 60 CNAME again.loop.example."
    for _ in range(2):
        Case("other.loop.example.", "A", answer=(other, again)).check(responder)
        Case("again.loop.example.", "A", answer=(again,)).check(responder)


def test_the_asterisk_itself_shares_no_body_with_what_it_matches() -> None:
    soa = "@ 5 SOA ns.example. host.example. 1 2 3 4 5"
    responder = responder_for({"example.": f"{soa}\n*.v 60 MX 1 *.v\n*.v 60 A 192.0.2.1"})
    for qname in ("*.v.example.", "x.v.example.", "*.v.example."):
        Case(
            qname,
            "MX",
            answer=(f"{qname} 60 MX 1 *.v.example.",),
            additional=("*.v.example. 60 A 192.0.2.1",),
        ).check(responder)
