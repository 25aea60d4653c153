"""Queries to upstreams, read by dnspython, and what counts as the reply to one."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.wire.upstream_query import Match, make_query, match_reply

NAME = dns.name.from_text("www.example.com.")
WIRE = NAME.to_wire()
A = 1


def test_a_query_of_its_own() -> None:
    query = dns.message.from_wire(make_query(WIRE, A, 0xABCD))
    assert query.id == 0xABCD
    assert query.flags == dns.flags.RD
    assert query.question[0].to_text() == "www.example.com. IN A"
    assert (query.edns, query.payload, query.ednsflags, query.options) == (0, 1232, 0, ())


def test_bits() -> None:
    wire = make_query(WIRE, A, 1, dnssec_ok=True, checking_disabled=True, ask_ad=True)
    query = dns.message.from_wire(wire)
    assert query.flags == dns.flags.RD | dns.flags.AD | dns.flags.CD
    assert query.ednsflags == dns.flags.DO


@given(st.integers(0, 2**255 - 1), st.binary(max_size=63).filter(bool))
def test_case_alone_is_mixed(case: int, label: bytes) -> None:
    name = dns.name.Name((label.lower(), b"example", b""))
    query = dns.message.from_wire(make_query(name.to_wire(), A, 1, case=case))
    assert query.question[0].name == name
    letters = "".join(chr(octet) for octet in make_query(WIRE, A, 1, case=2**255 - 1)[13:16])
    assert letters == "WWW"


@pytest.mark.parametrize("length", [1, 20, 50, 62, 63])
def test_padded_to_a_multiple(length: int) -> None:
    name = dns.name.Name((b"a" * length, b"example", b""))
    wire = make_query(name.to_wire(), A, 1, pad=True)
    assert len(wire) % 128 == 0
    (option,) = dns.message.from_wire(wire).options
    assert option.otype == dns.edns.OptionType.PADDING


def reply_to(query: bytes, **changes: object) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(query))
    for name, value in changes.items():
        setattr(reply, name, value)
    return reply.to_wire()


QUERY = make_query(WIRE, A, 77, case=0b1010_1010_1010_1010)


def test_the_reply() -> None:
    assert match_reply(QUERY, reply_to(QUERY)) is Match.REPLY
    servfail = reply_to(QUERY, flags=dns.flags.QR | int(dns.rcode.SERVFAIL))
    assert match_reply(QUERY, servfail) is Match.REPLY


def test_truncated() -> None:
    flags = dns.flags.QR | dns.flags.TC
    assert match_reply(QUERY, reply_to(QUERY, flags=flags)) is Match.TRUNCATED


def test_other_case() -> None:
    lower = make_query(WIRE, A, 77)
    assert match_reply(QUERY, reply_to(lower)) is Match.OTHER_CASE


@pytest.mark.parametrize(
    "message",
    [
        b"",
        QUERY,  # QR=0
        reply_to(QUERY)[:11],
        reply_to(QUERY, id=78),
        reply_to(QUERY, flags=dns.flags.QR | 4 << 11),  # NOTIFY
        reply_to(QUERY, question=[]),
        reply_to(make_query(WIRE, 28, 77, case=0b1010_1010_1010_1010)),
        reply_to(make_query(dns.name.from_text("xww.example.com.").to_wire(), A, 77)),
        reply_to(QUERY)[:20],
        reply_to(QUERY).replace(b"\x00\x01\x00\x01", b"\x00\x01\x00\x03", 1),  # class CHAOS
    ],
)
def test_no_reply_to_it(message: bytes) -> None:
    assert match_reply(QUERY, message) is Match.FOREIGN


@given(st.binary(max_size=80))
def test_any_octets(message: bytes) -> None:
    assert match_reply(QUERY, QUERY[:2] + message) in Match
