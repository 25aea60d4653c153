"""The judge itself: a planted fault is seen, whichever peer it is compared with."""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from dns.rdatatype import RdataType

from tests.differential.compare import Case, Verdict, faults_of_cut, judge
from tests.differential.explained import ALL, REASONS
from tests.differential.questions import PLAIN, TCP, Form, Question
from tests.differential.reply import Reply, faults_of
from tests.differential.world import ZONES, World

WORLD = World(ZONES / "main")

REFERRAL = """id 1
opcode QUERY
rcode NOERROR
flags QR
;QUESTION
www.in.deleg.test. IN A
;ANSWER
;AUTHORITY
in.deleg.test. 600 IN NS ns1.in.deleg.test.
in.deleg.test. 600 IN NS ns2.in.deleg.test.
;ADDITIONAL
ns1.in.deleg.test. 600 IN A 192.0.2.51
ns1.in.deleg.test. 600 IN AAAA 2001:db8::51
ns2.in.deleg.test. 600 IN A 192.0.2.52
"""
ANSWER = """id 1
opcode QUERY
rcode NOERROR
flags QR AA
;QUESTION
two.chain.test. IN A
;ANSWER
two.chain.test. 600 IN CNAME one.chain.test.
one.chain.test. 600 IN CNAME www.chain.test.
www.chain.test. 600 IN A 192.0.2.90
"""
NEGATIVE = """id 1
opcode QUERY
rcode NXDOMAIN
flags QR AA
;QUESTION
none.chain.test. IN A
;AUTHORITY
chain.test. 300 IN SOA ns1.targets.test. hostmaster.targets.test. 1 7200 3600 1209600 300
"""


def _lose(section: str, at: int = -1) -> Callable[[dns.message.Message], None]:
    return lambda message: getattr(message, section).pop(at)


def _longer_ttl(message: dns.message.Message) -> None:
    message.sections[1][0].ttl += 1


def _flip(flag: dns.flags.Flag) -> Callable[[dns.message.Message], None]:
    def flip(message: dns.message.Message) -> None:
        message.flags ^= flag

    return flip


@pytest.mark.parametrize("peer", sorted(ALL))
@pytest.mark.parametrize(
    ("text", "plant", "aspect"),
    [
        (REFERRAL, _lose("additional"), "additional"),
        (REFERRAL, _lose("authority"), "authority"),
        (REFERRAL, _flip(dns.flags.AA), "AA"),
        (ANSWER, _lose("answer"), "answer"),
        (ANSWER, _longer_ttl, "answer"),
        (ANSWER, _flip(dns.flags.RA), "RA"),
        (ANSWER, _flip(dns.flags.TC), "TC"),
        (NEGATIVE, _lose("authority"), "authority"),
        (NEGATIVE, lambda message: message.set_rcode(dns.rcode.NOERROR), "rcode"),
        (NEGATIVE, _flip(dns.flags.AD), "AD"),
    ],
)
def test_planted_fault_is_unexplained(
    peer: str, text: str, plant: Callable[[dns.message.Message], None], aspect: str
) -> None:
    assert _judge(peer, text, lambda message: None).unexplained == frozenset()
    assert aspect in _judge(peer, text, plant).unexplained


def test_cut_record_set_is_a_fault() -> None:
    """RFC 2181 section 9: a part of a record set is not sent."""
    whole = _reply(REFERRAL)
    half = _reply(REFERRAL, _lose("authority"), _flip(dns.flags.TC))
    assert "a record set in the authority section is cut (RFC 2181 section 9)" in faults_of_cut(
        half, whole
    )


def test_missing_glue_needs_tc() -> None:
    """RFC 9471 section 3.1."""
    whole = _reply(REFERRAL)
    fault = "required records are missing, and TC is clear"
    assert fault in faults_of_cut(_reply(REFERRAL, _lose("additional")), whole)
    cut = _reply(REFERRAL, _lose("additional"), _flip(dns.flags.TC))
    assert fault not in faults_of_cut(cut, whole)


def test_malformed_replies_have_faults() -> None:
    """Order of a chain, a repeated record, a changed question, a reply over the limit."""
    question = _question(ANSWER, TCP)
    query = question.message().to_wire()
    assert faults_of(question, query, _reply(ANSWER)) == []

    def reverse(message: dns.message.Message) -> None:
        message.answer.reverse()

    assert len(faults_of(question, query, _reply(ANSWER, reverse))) == 1
    shouted = _reply(ANSWER.replace("two.chain.test. IN A", "TWO.chain.test. IN A"))
    assert len(faults_of(question, query, shouted)) == 1

    def repeat(message: dns.message.Message) -> None:
        message.answer.append(message.answer[-1])

    assert len(faults_of(question, query, _reply(ANSWER, repeat))) == 1

    def pad(message: dns.message.Message) -> None:
        strings = " ".join(['"' + "x" * 255 + '"'] * 2)
        message.additional.append(dns.rrset.from_text("x.", 0, "IN", "TXT", strings))

    assert len(faults_of(_question(ANSWER, PLAIN), query, _reply(ANSWER, pad))) == 1


def _judge(peer: str, text: str, plant: Callable[[dns.message.Message], None]) -> Verdict:
    ours, theirs = _reply(text, plant), _reply(text)
    return judge(Case(_question(text, TCP), WORLD, peer, ours, theirs, ours, theirs), REASONS)


def _question(text: str, form: Form) -> Question:
    asked = dns.message.from_text(text).question[0]
    return Question(1, asked.name, RdataType.make(asked.rdtype), form)


def _reply(text: str, *plants: Callable[[dns.message.Message], None]) -> Reply:
    message = dns.message.from_text(text, one_rr_per_rrset=True)
    for plant in plants:
        plant(message)
    return Reply(message.to_wire())
