"""What is believed of an upstream's reply: the P rows on poisoning, TTLs and chains."""

from contextlib import suppress
from itertools import pairwise
from typing import Any
from unittest import mock

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.resolver import accept as accept_module
from minidns.resolver.accept import accept
from minidns.resolver.model import Failure, FailureKind, Group, Question, Segment
from minidns.wire.codes import Rcode
from minidns.wire.reply import BadReply, read_reply

SOA = "example. {} IN SOA ns.example. admin.example. 1 2 3 4 {}"
EVERYWHERE = Group(1, b"\x00", ())
SIGNED = "{} 300 IN RRSIG {} 8 2 300 20300101000000 20200101000000 1 example. AAAA"


def wire(name: str) -> bytes:
    return dns.name.from_text(name).to_wire().lower()


def reply(
    answer: str = "",
    authority: str = "",
    *,
    qname: str = "www.example.",
    qtype: str = "A",
    rcode: str = "NOERROR",
    flags: str = "QR RD RA",
) -> bytes:
    """By dnspython, one record to a line."""
    message = dns.message.make_response(dns.message.make_query(qname, qtype))
    message.flags = dns.flags.from_text(flags)
    message.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in ((message.answer, answer), (message.authority, authority)):
        for line in filter(str.strip, lines.splitlines()):
            owner, ttl, rdclass, rtype, rdata = line.split(None, 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rdclass, rtype, rdata))
    return message.to_wire(max_size=65_535)


def judge(
    octets: bytes,
    *,
    qname: str = "www.example.",
    qtype: str = "A",
    dnssec_ok: bool = False,
    group: Group = EVERYWHERE,
    local: str = "local.zone.",
) -> Segment | Failure:
    question = Question(wire(qname), int(dns.rdatatype.from_text(qtype)), dnssec_ok)
    return accept(
        question, read_reply(octets), group, lambda _, name: not name.endswith(wire(local))
    )


def accepted(octets: bytes, **options: Any) -> Segment:
    result = judge(octets, **options)
    assert isinstance(result, Segment), result
    return result


def refused(octets: bytes, **options: Any) -> Failure:
    result = judge(octets, **options)
    assert isinstance(result, Failure), result
    assert "\n" not in result.text
    return result


def lines(segment: Segment, section: str = "answer") -> list[str]:
    """`owner TTL type rdata` by dnspython; the question's name is `@`."""
    shown = []
    for records in getattr(segment, section):
        owner = records.owner and dns.name.from_wire(records.owner, 0)[0]
        rtype = dns.rdatatype.to_text(records.rtype)
        for octets in records.rdatas:
            rdata = dns.rdata.from_wire("IN", records.rtype, octets, 0, len(octets))
            shown.append(f"{owner or '@'} {records.ttl} {rtype} {rdata}")
    return shown


def test_an_ordinary_answer() -> None:
    segment = accepted(reply("www.example. 300 IN A 192.0.2.1\nwww.example. 300 IN A 192.0.2.2"))
    assert lines(segment) == ["@ 300 A 192.0.2.1", "@ 300 A 192.0.2.2"]
    assert segment._replace(answer=()) == Segment(Rcode.NOERROR, ttl=300)


def test_p09_records_beside_the_chain_are_dropped() -> None:
    segment = accepted(
        reply(
            "bank.example. 300 IN A 192.0.2.66\nwww.example. 300 IN A 192.0.2.1\n"
            "www.example. 300 IN TXT x",
            "example. 300 IN NS ns.evil.\ncom. 300 IN NS ns.evil.\n" + SOA.format(1, 1),
        )
    )
    assert lines(segment) == ["@ 300 A 192.0.2.1"]
    assert (segment.authority, segment.ttl) == ((), 300)


def test_p09_other_records_alone_are_no_answer() -> None:
    assert refused(reply("bank.example. 300 IN A 192.0.2.66")).kind is FailureKind.UNUSABLE


def test_p10_a_chain_into_a_local_zone_is_cut_there() -> None:
    octets = reply(
        "www.example. 300 IN CNAME Host.local.zone.\nhost.local.zone. 300 IN A 192.0.2.66"
    )
    segment = accepted(octets)
    assert lines(segment) == ["@ 300 CNAME Host.local.zone."]
    assert segment.target == dns.name.from_text("Host.local.zone.").to_wire()


def test_a_chain_out_of_the_groups_domain_is_cut_there() -> None:
    octets = reply("www.example. 300 IN CNAME www.test.\nwww.test. 300 IN A 192.0.2.66")
    segment = accepted(octets, group=Group(2, wire("example."), ()))
    assert lines(segment) == ["@ 300 CNAME www.test."]
    assert segment.target == wire("www.test.")


def test_a_cname_stands_before_its_target() -> None:
    octets = reply(
        "b.example. 30 IN A 192.0.2.1\na.example. 20 IN CNAME b.example.\n"
        "www.example. 10 IN CNAME a.example."
    )
    segment = accepted(octets)
    assert lines(segment) == [
        "@ 10 CNAME a.example.",
        "a.example. 20 CNAME b.example.",
        "b.example. 30 A 192.0.2.1",
    ]
    assert (segment.ttl, segment.target) == (10, None)


@pytest.mark.parametrize("dnssec_ok", [False, True])
def test_p11_a_dname_comes_with_the_cname_made_from_it(dnssec_ok: bool) -> None:
    """And nothing else of that name. RFC 6672 section 3.1; as BIND and Unbound pass it on."""
    octets = reply(
        "example. 300 IN DNAME test.\nwww.example. 300 IN CNAME www.test.\n"
        "www.test. 300 IN A 192.0.2.1\n*.example. 300 IN A 192.0.2.66"
    )
    segment = accepted(octets, dnssec_ok=dnssec_ok)
    dname = "example. 300 DNAME test."
    assert lines(segment) == [dname, "@ 300 CNAME www.test.", "www.test. 300 A 192.0.2.1"]


@pytest.mark.parametrize(("ttl", "kept"), [(0, 0), (1, 1), (86_401, 86_400), (2**31 - 1, 86_400)])
def test_p14_ttl(ttl: int, kept: int) -> None:
    assert accepted(reply(f"www.example. {ttl} IN A 192.0.2.1")).ttl == kept


@pytest.mark.parametrize("ttl", [2**31, 2**32 - 1])
def test_p14_a_ttl_with_the_top_bit_is_large(ttl: int) -> None:
    octets = reply("www.example. 74565 IN A 192.0.2.1")
    segment = accepted(octets.replace((74565).to_bytes(4, "big"), ttl.to_bytes(4, "big")))
    assert (segment.ttl, segment.answer[0].ttl) == (86_400, 86_400)


def test_p14_a_set_has_the_least_ttl() -> None:
    octets = reply("www.example. 30 IN A 192.0.2.1\nwww.example. 20 IN A 192.0.2.2")
    assert lines(accepted(octets)) == ["@ 20 A 192.0.2.1", "@ 20 A 192.0.2.2"]


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
@pytest.mark.parametrize(
    ("ttl", "minimum", "kept"), [(10, 86_400, 10), (86_400, 10, 10), (999_999, 999_999, 3_600)]
)
def test_p15_negative_ttl(rcode: str, ttl: int, minimum: int, kept: int) -> None:
    segment = accepted(reply(authority=SOA.format(ttl, minimum), rcode=rcode))
    assert (segment.ttl, segment.authority[0].ttl) == (kept, kept)
    assert segment.rcode == Rcode[rcode]


def test_an_soa_is_of_an_ancestor() -> None:
    """RFC 2308 section 5; without one nothing is kept."""
    soa = SOA.format(60, 60).replace("example.", "test.")
    segment = accepted(reply(authority=soa, rcode="NXDOMAIN"))
    assert (segment.authority, segment.ttl, segment.rcode) == ((), 0, Rcode.NXDOMAIN)


def test_a_chain_with_a_negative_end() -> None:
    octets = reply("www.example. 9 IN CNAME a.example.", SOA.format(60, 60), rcode="NXDOMAIN")
    segment = accepted(octets)
    assert (segment.rcode, segment.ttl, segment.target) == (Rcode.NXDOMAIN, 9, None)
    assert len(segment.authority) == 1


def test_a_chain_without_an_end_has_a_target() -> None:
    segment = accepted(reply("www.example. 9 IN CNAME a.example."))
    assert (segment.target, segment.ttl) == (wire("a.example."), 9)


def test_a_question_for_cname_is_not_followed() -> None:
    octets = reply("www.example. 9 IN CNAME a.example.", qtype="CNAME")
    segment = accepted(octets, qtype="CNAME")
    assert (lines(segment), segment.target) == (["@ 9 CNAME a.example."], None)


def test_any_gets_all_sets_of_the_name() -> None:
    text = "www.example. 9 IN A 192.0.2.1\nwww.example. 9 IN TXT x\nb.example. 9 IN A 192.0.2.2"
    segment = accepted(reply(text, qtype="ANY"), qtype="ANY")
    assert lines(segment) == ["@ 9 A 192.0.2.1", '@ 9 TXT "x"']


@pytest.mark.parametrize("trust_ad", [False, True])
def test_p18_ad_needs_trust(trust_ad: bool) -> None:
    octets = reply("www.example. 9 IN A 192.0.2.1", flags="QR RD RA AD")
    group = EVERYWHERE._replace(trust_ad=trust_ad)
    assert accepted(octets, group=group).is_authentic is trust_ad
    plain = reply("www.example. 9 IN A 192.0.2.1")
    assert not accepted(plain, group=group).is_authentic


def chain(names: list[str]) -> str:
    return "\n".join(f"{one} 9 IN CNAME {other}" for one, other in pairwise(names))


@pytest.mark.parametrize("links", [1, 2, 5])
def test_p23_a_loop_is_unusable(links: int) -> None:
    names = ["www.example.", *(f"n{number}.example." for number in range(links - 1))]
    assert "circle" in refused(reply(chain([*names, names[0]]))).text


@pytest.mark.parametrize(("links", "is_good"), [(11, True), (12, False), (100, False)])
def test_p23_eleven_links_at_most(links: int, is_good: bool) -> None:
    names = ["www.example.", *(f"n{number}.example." for number in range(links))]
    octets = reply(chain(names) + f"\n{names[-1]} 9 IN A 192.0.2.1")
    if is_good:
        assert len(accepted(octets).answer) == links + 1
    else:
        assert "11" in refused(octets).text


def test_two_different_cnames_at_a_name_are_unusable() -> None:
    octets = reply("www.example. 9 IN CNAME a.test.\nwww.example. 9 IN CNAME b.test.")
    assert refused(octets).kind is FailureKind.UNUSABLE


@pytest.mark.parametrize(
    ("octets", "word"),
    [
        (reply(authority="example. 9 IN NS ns.example.", flags="QR"), "referral"),
        (reply("www.example. 9 IN A 192.0.2.1", rcode="NXDOMAIN"), "NXDOMAIN"),
        (reply("www.example. 9 IN A 192.0.2.1", flags="QR TC"), "truncated"),
        (reply(qname="other.example."), "another question"),
        (reply(qtype="AAAA"), "another question"),
    ],
    ids=["referral", "NXDOMAIN", "TC", "another QNAME", "another QTYPE"],
)
def test_unusable(octets: bytes, word: str) -> None:
    failure = refused(octets)
    assert failure.kind is FailureKind.UNUSABLE
    assert word in failure.text


@pytest.mark.parametrize("rcode", ["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED", "YXDOMAIN"])
def test_other_rcodes_are_failures(rcode: str) -> None:
    failure = refused(reply(rcode=rcode))
    assert failure == Failure(FailureKind.RCODE, rcode, int(dns.rcode.from_text(rcode)))


def test_an_upstreams_words_are_fit_for_a_log() -> None:
    message = dns.message.from_wire(reply(rcode="SERVFAIL"))
    error = dns.edns.EDEOption(dns.edns.EDECode(6), "bad\nkey \x1b[31m" + "x" * 200)
    message.use_edns(0, options=[error])
    failure = refused(message.to_wire())
    assert failure.text.startswith("SERVFAIL, extended error 6 (badkey [31mxxx")
    assert len(failure.text) < 100


def test_nodata_without_soa_is_not_kept() -> None:
    segment = accepted(reply())
    assert segment == Segment(Rcode.NOERROR)


def test_signatures_and_proofs_come_with_do() -> None:
    answer = "www.example. 300 IN A 192.0.2.1\n" + SIGNED.format("www.example.", "A")
    answer += "\n" + SIGNED.format("www.example.", "TXT")
    proof = "a.example. 300 IN NSEC z.example. A\n" + SIGNED.format("a.example.", "NSEC")
    octets = reply(answer, proof)
    assert len(lines(accepted(octets))) == 1
    segment = accepted(octets, dnssec_ok=True)
    assert [dns.rdatatype.to_text(one.rtype) for one in segment.answer] == ["A", "RRSIG"]
    assert [dns.rdatatype.to_text(one.rtype) for one in segment.authority] == ["NSEC", "RRSIG"]
    negative = reply("", f"{SOA.format(60, 60)}\n{SIGNED.format('example.', 'SOA')}\n{proof}")
    kept = accepted(negative, dnssec_ok=True).authority
    assert [dns.rdatatype.to_text(one.rtype) for one in kept] == ["SOA", "RRSIG", "NSEC", "RRSIG"]
    assert {one.ttl for one in kept} == {60}
    assert len(accepted(negative).authority) == 1


_RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["www.example.", "WWW.example.", "other.example."]),
        st.sampled_from([0, 300, 86_401, 2**31 - 1]),
        st.sampled_from(
            ["IN A 192.0.2.1", "IN A 192.0.2.2", "IN TXT x", "IN CNAME other.example."]
        ),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(_RECORDS, st.sampled_from(["A", "TXT", "CNAME", "ANY"]), st.booleans(), st.booleans())
def test_the_short_way_says_what_the_long_one_does(
    records: list[tuple[str, int, str]], qtype: str, dnssec_ok: bool, trust_ad: bool
) -> None:
    group = EVERYWHERE._replace(trust_ad=trust_ad)
    octets = reply(
        "\n".join("{} {} {}".format(*one) for one in records), qtype=qtype, flags="QR AD"
    )
    short = judge(octets, qtype=qtype, dnssec_ok=dnssec_ok, group=group)
    with mock.patch.object(accept_module, "_plain", return_value=None):
        assert judge(octets, qtype=qtype, dnssec_ok=dnssec_ok, group=group) == short


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8), st.booleans())
def test_any_damage_is_judged(damage: list[tuple[int, int]], dnssec_ok: bool) -> None:
    octets = bytearray(
        reply(
            "www.example. 300 IN CNAME a.example.\n" + SIGNED.format("www.example.", "CNAME"),
            SOA.format(9, 9) + "\na.example. 300 IN NSEC z.example. A",
        )
    )
    for at, octet in damage:
        octets[at % len(octets)] = octet
    with suppress(BadReply):
        judge(bytes(octets), dnssec_ok=dnssec_ok)
