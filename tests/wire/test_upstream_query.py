"""Queries to upstreams, read by dnspython, and what counts as the reply to one."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.wire.upstream_query import Match, UpstreamQuery, draw_up_query, form_of, match_reply

NAME = dns.name.from_text("www.example.com.")
WIRE = NAME.to_wire()
A = 1
ID = b"\x00\x4d"


def test_a_query_of_its_own() -> None:
    query = dns.message.from_wire(draw_up_query(form_of(A), WIRE, b"\xab\xcd").wire)
    assert query.id == 0xABCD
    assert query.flags == dns.flags.RD
    assert query.question[0].to_text() == "www.example.com. IN A"
    assert (query.edns, query.payload, query.ednsflags, query.options) == (0, 1232, 0, ())
    drawn = draw_up_query(form_of(A, True, payload=512), WIRE, b"\xab\xcd")
    query = dns.message.from_wire(drawn.wire)
    assert (query.payload, query.ednsflags, drawn.payload) == (512, dns.flags.DO, 512)


def test_bits() -> None:
    wire = draw_up_query(form_of(A, True, True, True), WIRE, b"\0\1")
    query = dns.message.from_wire(wire.wire)
    assert query.flags == dns.flags.RD | dns.flags.AD | dns.flags.CD
    assert query.ednsflags == dns.flags.DO


@given(st.binary(min_size=255, max_size=255), st.binary(max_size=63).filter(bool))
def test_case_alone_is_mixed(chance: bytes, label: bytes) -> None:
    name = dns.name.Name((label.lower(), b"example", b""))
    wire = name.to_wire()
    query = draw_up_query(form_of(A), wire, ID, case=chance[: len(wire)])
    assert query.question[:-4].lower() == wire
    assert dns.message.from_wire(query.wire).question[0].name == name


def test_a_bit_makes_a_letter_large() -> None:
    assert (
        draw_up_query(form_of(A), WIRE, ID, case=b"\xff" * len(WIRE)).question[:8]
        == b"\x03WWW\x07EXA"
    )
    case = bytes([0, 0x20, 0, 0x20]) + bytes(len(WIRE) - 4)
    assert draw_up_query(form_of(A), WIRE, ID, case=case).question[:8] == b"\x03WwW\x07exa"


def test_without_edns() -> None:
    query = draw_up_query(form_of(A, True, has_edns=False), WIRE, ID, pad=True)
    message = dns.message.from_wire(query.wire)
    assert (message.edns, query.payload) == (-1, 512)


@pytest.mark.parametrize("length", [1, 20, 50, 62, 63])
def test_padded_to_a_multiple(length: int) -> None:
    name = dns.name.Name((b"a" * length, b"example", b""))
    wire = draw_up_query(form_of(A), name.to_wire(), ID, pad=True).wire
    assert len(wire) % 128 == 0
    (option,) = dns.message.from_wire(wire).options
    assert option.otype == dns.edns.OptionType.PADDING


def reply_to(query: UpstreamQuery, **changes: object) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(query.wire))
    for name, value in changes.items():
        setattr(reply, name, value)
    return reply.to_wire()


MIXED = bytes([0x20, 0] * 9)[: len(WIRE)]
QUERY = draw_up_query(form_of(A), WIRE, ID, case=MIXED)


def test_the_reply() -> None:
    assert match_reply(QUERY, reply_to(QUERY)) is Match.REPLY
    servfail = reply_to(QUERY, flags=dns.flags.QR | int(dns.rcode.SERVFAIL))
    assert match_reply(QUERY, servfail) is Match.REPLY


def test_truncated() -> None:
    flags = dns.flags.QR | dns.flags.TC
    assert match_reply(QUERY, reply_to(QUERY, flags=flags)) is Match.TRUNCATED


def test_other_case() -> None:
    lower = draw_up_query(form_of(A), WIRE, ID)
    assert match_reply(QUERY, reply_to(lower)) is Match.OTHER_CASE


@pytest.mark.parametrize(
    "message",
    [
        b"",
        QUERY.wire,  # QR=0
        reply_to(QUERY)[:11],
        reply_to(QUERY, id=78),
        reply_to(QUERY, flags=dns.flags.QR | 4 << 11),  # NOTIFY
        reply_to(QUERY, question=[]),
        reply_to(QUERY, question=[])[:12],  # a header without an error
        reply_to(draw_up_query(form_of(28), WIRE, ID, case=MIXED)),
        reply_to(draw_up_query(form_of(A), dns.name.from_text("xww.example.com.").to_wire(), ID)),
        reply_to(QUERY)[:20],
        reply_to(QUERY).replace(b"\x00\x01\x00\x01", b"\x00\x01\x00\x03", 1),  # class CHAOS
    ],
)
def test_no_reply_to_it(message: bytes) -> None:
    assert match_reply(QUERY, message) is Match.FOREIGN


def test_an_octet_of_zero_ends_no_name() -> None:
    name, other = (dns.name.Name((b"a", b"\x00" + end, b"example", b"")) for end in (b"x", b"y"))
    query, reply = (draw_up_query(form_of(A), each.to_wire(), ID) for each in (name, other))
    assert match_reply(query, reply_to(reply)) is Match.FOREIGN


@pytest.mark.parametrize("rcode", range(16))
def test_a_header_alone(rcode: int) -> None:
    for counts in (bytes(8), b"\x00\x01" + bytes(6)):  # some leave the counts of the query
        bare = ID + bytes([0x81, 0x80 | rcode]) + counts
        assert match_reply(QUERY, bare) is (Match.BARE_ERROR if rcode else Match.FOREIGN)
        assert match_reply(QUERY, b"\x00\x4e" + bare[2:]) is Match.FOREIGN
        assert match_reply(QUERY, ID + b"\x01" + bare[3:]) is Match.FOREIGN  # QR=0


@given(st.binary(max_size=80))
def test_any_octets(message: bytes) -> None:
    assert match_reply(QUERY, ID + message) in Match
