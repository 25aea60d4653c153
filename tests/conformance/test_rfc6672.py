"""RFC 6672: DNAME redirection."""

import dns.message
import dns.name
import pytest

from minidns.responder.responder import Responder
from tests.harness import TCP, Case, ask, responder_for, texts_of

LONG = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 40])
ZONE = f"""
$TTL 600
@          SOA   ns hostmaster 1 2 3 4 5
@          NS    ns.example.net.
frobozz    DNAME frobozz.example.net.
inside     DNAME target
inside     TXT   "the owner keeps its own data"
below.cut  TXT   "occluded"
x.target   A     192.0.2.1
to         CNAME x.inside
long       DNAME {LONG}.example.
l1         DNAME l2
l2         DNAME l1
grow       DNAME x.grow
"""
SOA = "example. 5 SOA ns.example. hostmaster.example. 1 2 3 4 5"


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for({"example.": ZONE})


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "a.b.frobozz.example.",
            "A",
            answer=(
                "frobozz.example. 600 DNAME frobozz.example.net.",
                "a.b.frobozz.example. 600 CNAME a.b.frobozz.example.net.",
            ),
            name="3.1-synthesized-cname-has-the-ttl-of-the-dname",
        ),
        Case(
            "x.inside.example.",
            "A",
            answer=(
                "inside.example. 600 DNAME target.example.",
                "x.inside.example. 600 CNAME x.target.example.",
                "x.target.example. 600 A 192.0.2.1",
            ),
            name="3.2-the-chain-goes-on-in-the-zone",
        ),
        Case(
            "y.inside.example.",
            "A",
            rcode="NXDOMAIN",
            answer=(
                "inside.example. 600 DNAME target.example.",
                "y.inside.example. 600 CNAME y.target.example.",
            ),
            authority=(SOA,),
        ),
        Case("inside.example.", "A", authority=(SOA,), name="2.3-the-owner-is-not-redirected"),
        Case(
            "inside.example.",
            "TXT",
            answer=('inside.example. 600 TXT "the owner keeps its own data"',),
        ),
        Case("inside.example.", "DNAME", answer=("inside.example. 600 DNAME target.example.",)),
        Case(
            "to.example.",
            "A",
            answer=(
                "to.example. 600 CNAME x.inside.example.",
                "inside.example. 600 DNAME target.example.",
                "x.inside.example. 600 CNAME x.target.example.",
                "x.target.example. 600 A 192.0.2.1",
            ),
        ),
        Case(
            "a.l1.example.",
            "A",
            answer=(
                "l1.example. 600 DNAME l2.example.",
                "a.l1.example. 600 CNAME a.l2.example.",
                "l2.example. 600 DNAME l1.example.",
                "a.l2.example. 600 CNAME a.l1.example.",
            ),
            name="a-loop-gives-each-record-once",
        ),
        *(
            Case(
                "inside.inside.example.",
                qtype,
                rcode="NXDOMAIN",
                answer=(
                    "inside.example. 600 DNAME target.example.",
                    "inside.inside.example. 600 CNAME inside.target.example.",
                ),
                authority=(SOA,),
                name=f"below-the-owner-{qtype}",
            )
            for qtype in ("DNAME", "ANY")
        ),
    ],
    ids=str,
)
def test_answers(responder: Responder, case: Case) -> None:
    case.check(responder)


def test_2_2_a_name_that_becomes_too_long_is_yxdomain(responder: Responder) -> None:
    reply = ask(responder, "e" * 30 + ".long.example.", via=TCP)
    assert reply.rcode() == 6
    assert [rrset.name for rrset in reply.answer] == [dns.name.from_text("long.example.")]


def test_2_2_the_longest_name_that_fits(responder: Responder) -> None:
    target = dns.name.from_text(f"{LONG}.example.")
    room = 255 - len(target.to_wire()) - 1
    reply = ask(responder, "e" * room + ".long.example.", via=TCP)
    assert reply.rcode() == 3
    assert len(reply.answer) == 2
    assert ask(responder, "e" * (room + 1) + ".long.example.", via=TCP).rcode() == 6


def test_the_case_of_the_query_is_kept_in_the_synthesized_name(responder: Responder) -> None:
    reply = ask(responder, "AbC.frobozz.example.", via=TCP)
    assert "AbC.frobozz.example. 600 CNAME AbC.frobozz.example.net." in texts_of(reply.answer)


def test_the_target_in_the_wire_is_not_compressed(responder: Responder) -> None:
    """RFC 6672 section 2.5: DNAME rdata must not be compressed."""
    query = dns.message.make_query("inside.example.", "DNAME")
    wire = responder.respond(query.to_wire(), b"\x7f\0\0\1", TCP)
    assert wire is not None
    assert wire.endswith(dns.name.from_text("target.example.").to_wire())


def test_a_growing_dname_ends(responder: Responder) -> None:
    reply = ask(responder, "n.grow.example.", via=TCP)
    assert sum(1 for rrset in reply.answer if rrset.rdtype == 39) == 1


@pytest.mark.parametrize("qtype", ["DNAME", "ANY"])
def test_a_chain_that_ends_at_a_dname_it_came_by_gives_it_once(qtype: str) -> None:
    """RFC 2181 section 5: one record set, once. The target is written in another case."""
    responder = responder_for({"example.": "@ 5 SOA a. b. 1 2 3 4 5\nd.e 60 DNAME E\n"})
    query = dns.message.make_query("d.d.e.example.", qtype)
    wire = responder.respond(query.to_wire(), b"\x7f\0\0\1", TCP)
    assert wire is not None
    reply = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert [str(rrset).lower() for rrset in reply.answer] == [
        "d.e.example. 60 in dname e.example.",
        "d.d.e.example. 60 in cname d.e.example.",
    ]


def test_2_4_what_a_dname_hides_is_no_address_for_others_either() -> None:
    """It is no data of the zone; BIND adds none of it, NSD and Knot refuse or answer it."""
    responder = responder_for(
        {
            "example.": """
            @        5 SOA a. b. 1 2 3 4 5
            hidden   60 DNAME target
            a.hidden 60 A  192.0.2.66
            x.target 60 A  192.0.2.1
            mail     60 MX 10 a.hidden
            mail     60 MX 20 x.target
            """
        }
    )
    Case(
        "mail.example.",
        "MX",
        answer=(
            "mail.example. 60 MX 10 a.hidden.example.",
            "mail.example. 60 MX 20 x.target.example.",
        ),
        additional=("x.target.example. 60 A 192.0.2.1",),
    ).check(responder)
