"""Sizes: RFC 1035 section 4.2.1, 2181 section 9, 6891 section 6.2, 8482, 9471, 9715."""

from typing import Any

import dns.flags
import dns.message
import pytest

from minidns.responder.responder import Responder
from minidns.responder.via import Via
from tests.harness import CLIENT, TCP, UDP, ask, responder_for, texts_of

SIZES = (600, 1200, 1300, 4000)


def big_zone() -> str:
    lines = ["@ 60 SOA ns hostmaster 1 2 3 4 5", "@ 60 NS ns", "ns 60 A 192.0.2.1"]
    for size in SIZES:
        lines += [f'big{size} 60 TXT "{number:03d}{"x" * 97}"' for number in range(size // 113)]
    # A delegation with eight in-domain and eight sibling name servers, IPv4 and IPv6.
    for number in range(8):
        lines += [
            f"cut 60 NS ns{number}.cut",
            f"ns{number}.cut 60 A 192.0.2.{number}",
            f"ns{number}.cut 60 AAAA 2001:db8::{number}",
        ]
    lines += ["sib 60 NS ns0.sib"]
    for number in range(16):
        lines += [
            f"wide 60 NS server{number}.sib",
            f"server{number}.sib 60 A 192.0.2.{number}",
            f"server{number}.sib 60 AAAA 2001:db8::{number}",
        ]
    lines += ["mixed 60 NS ns.mixed", "ns.mixed 60 A 192.0.2.77"]
    lines += [f"mixed 60 NS server{number}.sib" for number in range(16)]
    lines += ["many 60 MX 10 m0"]
    for number in range(30):
        lines += [f"many 60 MX 10 m{number}", f"m{number} 60 A 192.0.2.{number}"]
    # An apex with many record sets, for ANY.
    lines += [f"@ 60 TYPE{65280 + number} \\# 3 0a0b0c" for number in range(20)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for({"example.": big_zone()})


def wire_of(responder: Responder, qname: str, payload: int | None) -> bytes:
    edns: dict[str, Any] = {} if payload is None else {"use_edns": 0, "payload": payload}
    query = dns.message.make_query(qname, "TXT", **edns)
    wire = responder.respond(query.to_wire(), CLIENT, UDP)
    assert wire is not None
    return wire


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("payload", [None, 0, 1, 511, 512, 1232, 4096, 65535])
def test_e08_no_udp_reply_is_over_the_smaller_of_two_limits(
    responder: Responder, size: int, payload: int | None
) -> None:
    limit = 512 if payload is None else min(max(payload, 512), 1232)
    wire = wire_of(responder, f"big{size}.example.", payload)
    assert len(wire) <= limit
    reply = dns.message.from_wire(wire)
    full = ask(responder, f"big{size}.example.", "TXT", via=TCP)
    assert not full.flags & dns.flags.TC
    assert len(texts_of(full.answer)) == size // 113
    if reply.flags & dns.flags.TC:
        assert not reply.answer  # whole record sets only
    else:
        assert texts_of(reply.answer) == texts_of(full.answer)
    assert (reply.edns == 0) == (payload is not None)


def test_tc_is_set_exactly_when_the_answer_does_not_fit(responder: Responder) -> None:
    full = responder.respond(
        dns.message.make_query("big1200.example.", "TXT", use_edns=0).to_wire(), CLIENT, TCP
    )
    assert full is not None
    for payload in (len(full) - 1, len(full)):
        wire = wire_of(responder, "big1200.example.", payload)
        is_cut = bool(dns.message.from_wire(wire).flags & dns.flags.TC)
        assert is_cut == (payload < len(full))


def test_rfc9471_3_1_in_domain_glue_that_does_not_fit_sets_tc(responder: Responder) -> None:
    for payload in range(512, 1233, 8):
        reply = ask(responder, "x.cut.example.", use_edns=0, payload=payload)
        glue = texts_of(reply.additional)
        assert bool(reply.flags & dns.flags.TC) == (len(glue) < 16)
        assert reply.authority or reply.flags & dns.flags.TC


def test_rfc9471_3_2_sibling_glue_may_be_left_out_in_silence(responder: Responder) -> None:
    reply = ask(responder, "x.wide.example.", use_edns=0, payload=600)
    assert not reply.flags & dns.flags.TC
    assert len(texts_of(reply.authority)) == 16
    assert len(texts_of(reply.additional)) < 32
    assert len(texts_of(ask(responder, "x.wide.example.", via=TCP).additional)) == 32


def test_rfc9471_in_domain_glue_comes_first(responder: Responder) -> None:
    reply = ask(responder, "x.mixed.example.", use_edns=0, payload=600)
    assert not reply.flags & dns.flags.TC
    assert "ns.mixed.example. 60 A 192.0.2.77" in texts_of(reply.additional)


def test_addresses_that_are_not_glue_are_given_up_first(responder: Responder) -> None:
    reply = ask(responder, "many.example.", "MX", use_edns=0, payload=1232)
    assert not reply.flags & dns.flags.TC
    assert len(texts_of(reply.answer)) == 30
    small = ask(responder, "many.example.", "MX", use_edns=0, payload=700)
    assert not small.flags & dns.flags.TC
    assert len(texts_of(small.answer)) == 30
    assert 0 < len(texts_of(small.additional)) < 30


@pytest.mark.parametrize("via", [UDP, TCP], ids=["udp", "tcp"])
def test_x01_any_gives_one_record_set(responder: Responder, via: Via) -> None:
    """RFC 8482 section 4.1."""
    query = dns.message.make_query("example.", "ANY")
    wire = responder.respond(query.to_wire(), CLIENT, via)
    assert wire is not None
    assert len(wire) <= 512
    reply = dns.message.from_wire(wire)
    assert len(reply.answer) == 1
    assert not reply.additional
    assert not reply.flags & dns.flags.TC


def test_any_where_there_is_nothing(responder: Responder) -> None:
    assert ask(responder, "sibs.example.", "ANY").rcode() == 3
    reply = ask(responder, "x.cut.example.", "ANY", via=TCP)
    assert not reply.flags & dns.flags.AA
    assert reply.authority[0].rdtype == 2


def test_names_in_a_referral_are_compressed(responder: Responder) -> None:
    """dnspython's own encoding of the same message is not shorter."""
    query = dns.message.make_query("x.cut.example.", "A")
    wire = responder.respond(query.to_wire(), CLIENT, TCP)
    assert wire is not None
    assert len(wire) <= len(dns.message.from_wire(wire).to_wire())


def test_no_pointer_leads_beyond_16_kib() -> None:
    """RFC 1035 section 4.1.4: an offset has 14 bits. Targets of SRV are not compressed."""
    targets = [f"s{number}.{'n' * 60}{number:03d}.{'o' * 50}" for number in range(100)]
    lines = ["@ 60 SOA a. b. 1 2 3 4 5"]
    for number, target in enumerate(targets):
        lines += [
            f"srv 60 SRV 1 1 1 {target}",
            f"{target} 60 A 192.0.2.{number}",
            f"{target} 60 AAAA 2001:db8::{number + 1:x}",
        ]
    responder = responder_for({"example.": "\n".join(lines) + "\n"})
    query = dns.message.make_query("SRV.example.", "SRV")
    wire = responder.respond(query.to_wire(), CLIENT, TCP)
    assert wire is not None
    assert len(wire) > 0x4000 + 2000
    reply = dns.message.from_wire(wire)
    assert {str(rdata.target) for rdata in reply.answer[0]} == {
        f"{one}.example." for one in targets
    }
    assert texts_of(reply.additional) == {
        line.replace(" 60 ", ".example. 60 ", 1) for line in lines if " A" in line
    }


def test_more_than_a_stream_can_carry_is_cut() -> None:
    """65,400 octets of rdata fit alone, but not behind a chain of aliases with long names."""
    label = "n" * 63
    zone = "@ 60 SOA a. b. 1 2 3 4 5\n" + f"big 60 TYPE65280 \\# 65400 {'00' * 65_400}\n"
    zone += f"c 60 CNAME {label}.{label}.a\n{label}.{label}.a 60 CNAME big\n"
    responder = responder_for({"example.": zone})
    alone = ask(responder, "big.example.", "TYPE65280", via=TCP)
    assert not alone.flags & dns.flags.TC
    assert len(alone.answer) == 1
    reply = ask(responder, "c.example.", "TYPE65280", via=TCP, use_edns=0)
    assert reply.flags & dns.flags.TC
    assert [rrset.rdtype for rrset in reply.answer] == [5, 5]
    assert reply.edns == 0


def test_rotation_turns_the_records_of_a_set() -> None:
    zone = "@ 60 SOA a. b. 1 2 3 4 5\n" + "".join(f"w 60 A 192.0.2.{n}\n" for n in range(1, 4))
    responder = responder_for({"example.": zone}, rotate=True)
    first = {next(iter(ask(responder, "w.example.").answer[0])).to_text() for _ in range(6)}
    assert first == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    fixed = responder_for({"example.": zone})
    assert len({next(iter(ask(fixed, "w.example.").answer[0])).to_text() for _ in range(6)}) == 1


def test_rotation_reaches_who_asks_for_two_types_in_turn() -> None:
    """As every host does that asks for A and AAAA: its questions for A are every second one."""
    zone = "@ 60 SOA a. b. 1 2 3 4 5\n"
    for number in (1, 2):
        zone += f"w 60 A 192.0.2.{number}\nw 60 AAAA 2001:db8::{number}\n"
    responder = responder_for({"example.": zone}, rotate=True)
    first: dict[str, set[str]] = {"A": set(), "AAAA": set()}
    for _ in range(4):
        for qtype in ("A", "AAAA"):
            answer = ask(responder, "w.example.", qtype).answer[0]
            first[qtype].add(next(iter(answer)).to_text())
    assert first == {"A": {"192.0.2.1", "192.0.2.2"}, "AAAA": {"2001:db8::1", "2001:db8::2"}}
