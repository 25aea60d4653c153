"""RFC 1034 section 4.3.2 with 2181, 2308, 4035 (DS), 6604, 8020: one table, one zone family."""

import dns.message
import pytest

from minidns.responder.responder import Responder
from minidns.responder.via import Via
from tests.harness import UDP, Case, ask, responder_for, texts_of

PARENT = """
$TTL 3600
@           SOA   ns1 hostmaster 7 7200 3600 1209600 300
@           NS    ns1
@           NS    ns.other.net.
@           MX    10 mail
@           MX    20 mail.other.net.
ns1         A     192.0.2.1
ns1         AAAA  2001:db8::1
mail        A     192.0.2.25
www         CNAME web
web         A     192.0.2.80
web         A     192.0.2.81
deep.ent    TXT   "x"
chain1      CNAME chain2
chain2      CNAME web
out         CNAME www.elsewhere.org.
gone        CNAME nothere
empty       CNAME mail
tosub       CNAME host.sub
tochild     CNAME host.child
loop1       CNAME loop2
loop2       CNAME loop1
self        CNAME self
_sip._tcp   SRV   1 2 5060 web
sub         NS    ns1.sub
sub         NS    ns2.sibling
sub         NS    ns.other.net.
sub         DS    12345 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
ns1.sub     A     192.0.2.2
ns1.sub     AAAA  2001:db8::2
sibling     NS    ns2.sibling
ns2.sibling A     192.0.2.3
child       NS    ns1.child
child       DS    54321 8 2 ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100
ns1.child   A     192.0.2.99
raw         TYPE65280 \\# 4 0a000001
"""
CHILD = """
$TTL 600
@       SOA   ns1 hostmaster 1 7200 3600 1209600 60
@       NS    ns1
ns1     A     192.0.2.4
host    A     192.0.2.5
back    CNAME www.example.com.
"""
SOA = "example.com. 300 SOA ns1.example.com. hostmaster.example.com. 7 7200 3600 1209600 300"
CHILD_SOA = (
    "child.example.com. 60 SOA ns1.child.example.com. hostmaster.child.example.com."
    " 1 7200 3600 1209600 60"
)
WEB = ("web.example.com. 3600 A 192.0.2.80", "web.example.com. 3600 A 192.0.2.81")
NS1 = ("ns1.example.com. 3600 A 192.0.2.1", "ns1.example.com. 3600 AAAA 2001:db8::1")
SUB_NS = (
    "sub.example.com. 3600 NS ns1.sub.example.com.",
    "sub.example.com. 3600 NS ns2.sibling.example.com.",
    "sub.example.com. 3600 NS ns.other.net.",
)
SUB_GLUE = (
    "ns1.sub.example.com. 3600 A 192.0.2.2",
    "ns1.sub.example.com. 3600 AAAA 2001:db8::2",
    "ns2.sibling.example.com. 3600 A 192.0.2.3",
)
DS_DIGEST = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

CASES = [
    Case("web.example.com.", "A", answer=WEB),
    Case("web.example.com.", "AAAA", authority=(SOA,), name="nodata"),
    Case("nothere.example.com.", "A", "NXDOMAIN", authority=(SOA,)),
    Case("a.b.c.web.example.com.", "A", "NXDOMAIN", authority=(SOA,), name="below-a-leaf"),
    Case("ent.example.com.", "A", authority=(SOA,), name="empty-non-terminal"),
    Case("x.ent.example.com.", "A", "NXDOMAIN", authority=(SOA,)),
    Case("www.example.com.", "A", answer=("www.example.com. 3600 CNAME web.example.com.", *WEB)),
    Case(
        "www.example.com.",
        "CNAME",
        answer=("www.example.com. 3600 CNAME web.example.com.",),
        name="cname-itself-rfc2181-10.1",
    ),
    Case(
        "www.example.com.",
        "AAAA",
        answer=("www.example.com. 3600 CNAME web.example.com.",),
        authority=(SOA,),
        name="nodata-at-the-end-rfc2308-2.2",
    ),
    Case(
        "chain1.example.com.",
        "A",
        answer=(
            "chain1.example.com. 3600 CNAME chain2.example.com.",
            "chain2.example.com. 3600 CNAME web.example.com.",
            *WEB,
        ),
    ),
    Case(
        "gone.example.com.",
        "A",
        "NXDOMAIN",
        answer=("gone.example.com. 3600 CNAME nothere.example.com.",),
        authority=(SOA,),
        name="nxdomain-at-the-end-rfc6604-3",
    ),
    Case(
        "out.example.com.",
        "A",
        answer=("out.example.com. 3600 CNAME www.elsewhere.org.",),
        name="cname-leads-out",
    ),
    Case(
        "tosub.example.com.",
        "A",
        answer=("tosub.example.com. 3600 CNAME host.sub.example.com.",),
        authority=SUB_NS,
        additional=SUB_GLUE,
        name="cname-into-a-delegation",
    ),
    Case(
        "tochild.example.com.",
        "A",
        answer=(
            "tochild.example.com. 3600 CNAME host.child.example.com.",
            "host.child.example.com. 600 A 192.0.2.5",
        ),
        name="cname-into-another-zone-here",
    ),
    Case(
        "back.child.example.com.",
        "A",
        answer=(
            "back.child.example.com. 600 CNAME www.example.com.",
            "www.example.com. 3600 CNAME web.example.com.",
            *WEB,
        ),
    ),
    Case(
        "loop1.example.com.",
        "A",
        answer=(
            "loop1.example.com. 3600 CNAME loop2.example.com.",
            "loop2.example.com. 3600 CNAME loop1.example.com.",
        ),
    ),
    Case("self.example.com.", "A", answer=("self.example.com. 3600 CNAME self.example.com.",)),
    Case(
        "example.com.",
        "NS",
        answer=("example.com. 3600 NS ns1.example.com.", "example.com. 3600 NS ns.other.net."),
        additional=NS1,
    ),
    Case(
        "example.com.",
        "MX",
        answer=(
            "example.com. 3600 MX 10 mail.example.com.",
            "example.com. 3600 MX 20 mail.other.net.",
        ),
        additional=("mail.example.com. 3600 A 192.0.2.25",),
    ),
    Case(
        "_sip._tcp.example.com.",
        "SRV",
        answer=("_sip._tcp.example.com. 3600 SRV 1 2 5060 web.example.com.",),
        additional=WEB,
    ),
    Case(
        "example.com.",
        "SOA",
        answer=(SOA.replace(" 300 SOA", " 3600 SOA"),),
        name="the-soa-asked-for-has-its-own-ttl",
    ),
    Case("host.sub.example.com.", "A", flags="QR RD", authority=SUB_NS, additional=SUB_GLUE),
    Case("sub.example.com.", "NS", flags="QR RD", authority=SUB_NS, additional=SUB_GLUE),
    Case("ns1.sub.example.com.", "A", flags="QR RD", authority=SUB_NS, additional=SUB_GLUE),
    Case(
        "sub.example.com.",
        "DS",
        answer=(f"sub.example.com. 3600 DS 12345 8 2 {DS_DIGEST}",),
        name="ds-is-the-parents-rfc4035-3.1.4.1",
    ),
    Case("sibling.example.com.", "DS", authority=(SOA,), name="no-ds-is-nodata-of-the-parent"),
    Case(
        "x.sub.example.com.",
        "DS",
        flags="QR RD",
        authority=SUB_NS,
        additional=SUB_GLUE,
        name="ds-below-the-cut",
    ),
    Case(
        "child.example.com.",
        "DS",
        answer=(
            "child.example.com. 3600 DS 54321 8 2 "
            "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
        ),
        name="ds-of-a-child-served-here-too",
    ),
    Case("ns1.child.example.com.", "A", answer=("ns1.child.example.com. 600 A 192.0.2.4",)),
    Case("no.child.example.com.", "A", "NXDOMAIN", authority=(CHILD_SOA,)),
    Case(
        "raw.example.com.", "TYPE65280", answer=("raw.example.com. 3600 TYPE65280 \\# 4 0a000001",)
    ),
    Case("web.example.com.", "TYPE65280", authority=(SOA,)),
    Case("web.example.com.", "DS", authority=(SOA,)),
    Case("example.com.", "DS", authority=(SOA,), name="ds-at-an-apex-without-parent-here"),
]


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for({"example.com.": PARENT, "child.example.com.": CHILD})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_4_3_2(responder: Responder, case: Case) -> None:
    case.check(responder)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_4_3_2_without_the_answer_cache_the_octets_are_equal(
    responder: Responder, case: Case
) -> None:
    """Asked twice of a responder that remembers and of one that does not."""
    query = dns.message.make_query(case.qname, case.qtype, use_edns=0, id=4711).to_wire()
    plain = responder_for({"example.com.": PARENT, "child.example.com.": CHILD}, answer_cache=0)
    expected = plain.respond(query, b"\x7f\0\0\1", UDP)
    assert expected is not None
    for _ in range(2):
        assert responder.respond(query, b"\x7f\0\0\1", UDP) == expected
    remembered = responder.datagram_answers.replies.get(query[2:])
    assert remembered in (None, expected[2:])


def test_names_are_compared_without_case_and_echoed_with_it(responder: Responder) -> None:
    """RFC 4343 sections 3 and 4.1."""
    query = dns.message.make_query("wEb.ExAmPlE.cOm.", "A")
    wire = responder.respond(query.to_wire(), b"\x7f\0\0\1", UDP)
    assert wire is not None
    assert query.to_wire()[12:] in wire
    reply = dns.message.from_wire(wire)
    assert texts_of(reply.answer) == {
        line.replace("web.example.com.", "wEb.ExAmPlE.cOm.", 1) for line in WEB
    }


def test_a_dot_inside_a_label_is_no_separator(responder: Responder) -> None:
    """`web\\.example.com.` is one label under com (M16)."""
    reply = ask(responder, r"web\.example.com.", "A")
    assert reply.rcode() == 5


def test_the_deepest_zone_wins_even_when_it_is_broken() -> None:
    responder = responder_for({"example.com.": PARENT}, broken=["child.example.com."])
    reply = ask(responder, "host.child.example.com.", "A", use_edns=0)
    assert reply.rcode() == 2
    assert reply.extended_errors()[0].code == 24  # Invalid Data, RFC 8914
    assert ask(responder, "web.example.com.").rcode() == 0


def test_a_cname_into_a_broken_zone_is_servfail() -> None:
    responder = responder_for({"example.com.": PARENT}, broken=["child.example.com."])
    assert ask(responder, "tochild.example.com.").rcode() == 2


@pytest.mark.parametrize("names", [1, 2, 5])
@pytest.mark.parametrize("rtype", ["CNAME", "DNAME"])
def test_z11_a_loop_gives_each_record_once(names: int, rtype: str) -> None:
    lines = [f"n{number} 60 {rtype} n{(number + 1) % names}" for number in range(names)]
    zone = "\n".join(["@ 60 SOA a. b. 1 2 3 4 5", *lines]) + "\n"
    responder = responder_for({"example.": zone})
    for start in range(names):
        qname = f"n{start}.example." if rtype == "CNAME" else f"x.n{start}.example."
        query = dns.message.make_query(qname, "A")
        wire = responder.respond(query.to_wire(), b"\x7f\0\0\1", Via("tcp", is_stream=True))
        assert wire is not None
        reply = dns.message.from_wire(wire, one_rr_per_rrset=True)
        assert reply.rcode() == 0
        assert len(reply.answer) == len(texts_of(reply.answer))
        assert len(reply.answer) == names * (1 if rtype == "CNAME" else 2)


def test_a_chain_longer_than_the_limit_is_left_to_the_client() -> None:
    lines = ["@ 60 SOA a. b. 1 2 3 4 5"]
    lines += [f"c{number} 60 CNAME c{number + 1}" for number in range(20)]
    responder = responder_for({"example.": "\n".join(lines) + "\n"})
    reply = ask(responder, "c0.example.", via=Via("tcp", is_stream=True))
    assert reply.rcode() == 0
    assert len(reply.answer) == 11


def test_the_root_zone() -> None:
    responder = responder_for(
        {".": "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\na. 60 A 192.0.2.1\nnet. 60 NS ns.net.\n"}
    )
    assert ask(responder, "nothing.", "A").rcode() == 3
    assert texts_of(ask(responder, ".", "NS").answer) == {". 60 NS a."}
    reply = ask(responder, "x.net.")
    assert texts_of(reply.authority) == {"net. 60 NS ns.net."}
    assert ask(responder, ".", "DS").rcode() == 0
