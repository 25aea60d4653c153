"""The short way for replies says what the long one does, or nothing."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.resolver.accept import accept
from minidns.resolver.cached_answer import pack_answer, pack_plain
from minidns.resolver.model import Group, Question, Segment
from minidns.wire.name import ROOT
from minidns.wire.plain_reply import read_plain_reply
from minidns.wire.reply import BadReply, read_reply
from minidns.wire.response import Sections, encode
from minidns.wire.upstream_query import Match, UpstreamQuery, draw_up_query, form_of, match_reply

NAME = dns.name.from_text("www.example.com.")
A, AAAA, TXT = 1, 28, 16
RDATA = {A: ("A", "192.0.2.%d"), AAAA: ("AAAA", "2001:db8::%d"), TXT: ("TXT", "text%d")}


def query(rtype: int = A) -> UpstreamQuery:
    return draw_up_query(form_of(rtype), NAME.to_wire(), b"\x12\x34", b"\x55" * len(NAME.to_wire()))


def reply(
    asked: UpstreamQuery,
    rtype: int = A,
    count: int = 1,
    edns: int = 0,
    more: str = "",
    slower: int = 0,
    distinct: int = 99,
    **opt: int,
) -> bytes:
    """By dnspython, with the name in the case in which it was asked.

    `slower`: by so many seconds each TTL is longer than that before it.
    """
    message = dns.message.from_wire(asked.wire)
    answer = dns.message.make_response(message, recursion_available=True)
    kind, text = RDATA[rtype]
    name = message.question[0].name
    for number in range(count):
        answer.answer.append(
            dns.rrset.from_text(name, 300 + number * slower, "IN", kind, text % (number % distinct))
        )
    if more:
        answer.authority.append(dns.rrset.from_text(NAME, 60, "IN", "NS", more))
    answer.use_edns(edns, payload=1232, **opt)
    return answer.to_wire()


def same(asked: UpstreamQuery, message: bytes) -> bool:
    """Whether it is read the short way; then it must be what the long way makes of it."""
    found = read_plain_reply(asked, message)
    if found is None:
        return False
    assert match_reply(asked, message) is Match.REPLY
    assert len(message) <= asked.payload
    long = read_reply(message, asked.question)
    assert found.at_length() == long
    assert (found.flags, 0, (), ()) == (long.flags, long.rcode, long.authority, long.errors)
    assert {(one.owner, one.rtype, one.rclass, one.ttl) for one in long.answer} == {
        (long.qname, long.qtype, 1, found.ttl)
    }
    assert found.addresses() == [one.rdata for one in long.answer]
    # As it is accepted and written at length.
    everybody = Group(1, ROOT, ())
    segment = accept(Question(NAME.to_wire(), long.qtype), long, everybody, lambda *_: True)
    assert isinstance(segment, Segment)
    if found.ttl <= 86_400:
        body = encode(0, Sections(segment.answer, (), ()), len(long.qname), NAME.to_wire())
        assert body.wire == found.records
        assert body.ends == ((len(found.records), found.count, 0, 0),)
        question = Question(NAME.to_wire(), long.qtype)
        for is_authentic in (False, True):
            kept = pack_answer(question, segment._replace(is_authentic=is_authentic), 7.0)
            assert kept is not None
            found.is_authentic = is_authentic
            assert pack_plain(found, 7.0) == kept.packed
    return True


@pytest.mark.parametrize("rtype", [A, AAAA])
@pytest.mark.parametrize("count", [1, 2, 16])
@pytest.mark.parametrize("edns", [-1, 0])
def test_addresses_alone_are_plain(rtype: int, count: int, edns: int) -> None:
    asked = query(rtype)
    assert same(asked, reply(asked, rtype, count, edns))


def test_flags_that_make_no_difference() -> None:
    asked = query()
    for flags in ("AA", "RA", "AD", "CD"):
        message = dns.message.from_wire(reply(asked))
        message.flags ^= dns.flags.from_text(flags)
        assert same(asked, message.to_wire())


@pytest.mark.parametrize(
    "change",
    [
        {"count": 0},
        {"count": 17},
        {"more": "ns.example.com."},
        {"rtype": TXT},
        {"count": 2, "slower": 1},  # RFC 2181 section 5.2
        {"count": 2, "distinct": 1},  # RFC 2181 section 5
        {"options": [dns.edns.EDEOption(22)]},
    ],
)
def test_what_is_more_goes_the_long_way(change: dict[str, int]) -> None:
    rtype = change.pop("rtype", A)
    asked = query(rtype)
    assert not same(asked, reply(asked, rtype, **change))


def test_truncated_errors_and_extended_errors_go_the_long_way() -> None:
    asked = query()
    for octet, value in ((2, 0x02), (3, 0x02), (3, 0x05)):  # TC, SERVFAIL, REFUSED
        message = bytearray(reply(asked))
        message[octet] |= value
        assert not same(asked, bytes(message))
    extended = bytearray(reply(asked))
    extended[-6] = 1  # BADVERS
    assert not same(asked, bytes(extended))


def test_more_than_was_offered_goes_the_long_way() -> None:
    asked = query()
    message = reply(asked)
    for payload, is_plain in ((len(message), True), (len(message) - 1, False)):
        offered = UpstreamQuery(asked.wire, asked.question, payload)
        assert same(offered, message) is is_plain


@settings(max_examples=400, derandomize=True, deadline=None)
@given(
    rtype=st.sampled_from((A, AAAA)),
    count=st.integers(1, 3),
    edns=st.sampled_from((-1, 0)),
    damage=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 12),
    added=st.binary(max_size=3),
)
def test_any_damage_is_the_long_ways_or_makes_no_difference(
    rtype: int, count: int, edns: int, damage: list[tuple[int, int]], cut: int, added: bytes
) -> None:
    asked = query(rtype)
    message = bytearray(reply(asked, rtype, count, edns))
    for place, octet in damage:
        message[place % len(message)] = octet
    octets = bytes(message[: len(message) - cut]) + added
    try:
        read_reply(octets)
    except BadReply:
        assert not same(asked, octets)
    else:
        same(asked, octets)
