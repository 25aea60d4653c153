"""The short way for replies says what the long one does, or nothing."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.wire.plain_reply import read_plain_reply
from minidns.wire.reply import BadReply, read_reply
from minidns.wire.upstream_query import Match, UpstreamQuery, draw_up_query, form_of, match_reply

NAME = dns.name.from_text("www.example.com.")
A, AAAA, TXT = 1, 28, 16
RDATA = {A: ("A", "192.0.2.%d"), AAAA: ("AAAA", "2001:db8::%d"), TXT: ("TXT", "text%d")}


def query(rtype: int = A) -> UpstreamQuery:
    return draw_up_query(form_of(rtype), NAME.to_wire(), b"\x12\x34", b"\x55" * len(NAME.to_wire()))


def reply(
    asked: UpstreamQuery, rtype: int = A, count: int = 1, edns: int = 0, more: str = "", **opt: int
) -> bytes:
    """By dnspython, with the name in the case in which it was asked."""
    message = dns.message.from_wire(asked.wire)
    answer = dns.message.make_response(message, recursion_available=True)
    kind, text = RDATA[rtype]
    name = message.question[0].name
    for number in range(count):
        answer.answer.append(dns.rrset.from_text(name, 300 + number, "IN", kind, text % number))
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
    assert found.is_plain
    assert found._replace(is_plain=False) == read_reply(message, asked.question)
    assert found.qname.lower() == NAME.to_wire()
    assert {(one.owner, one.rtype, one.rclass) for one in found.answer} == {
        (found.qname, found.qtype, 1)
    }
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
    asked = query()._replace(payload=59)
    assert not same(asked, reply(asked))


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
