"""Replies as dnspython builds them are read equal; other octets are refused."""

from contextlib import suppress

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

from minidns.wire.codes import ExtendedError
from minidns.wire.reply import MAX_RECORDS, BadReply, Reply, ReplyRecord, read_reply

HEAD = bytes.fromhex("000084000001")
RDATA = (
    "A 192.0.2.1",
    "AAAA 2001:db8::1",
    "NS ns.Example.com.",
    "CNAME Other.example.com.",
    "SOA ns.example.com. admin.example.com. 1 2 3 4 5",
    "PTR host.example.com.",
    "MX 10 mail.example.com.",
    'TXT "some text" "more"',
    "RP admin.example.com. text.example.com.",
    "AFSDB 1 db.example.com.",
    "RT 10 relay.example.com.",
    "PX 10 a.example.com. b.example.com.",
    "SRV 1 2 80 www.example.com.",
    'NAPTR 100 50 "s" "z3950+I2L" "" _z3950._tcp.example.com.',
    "KX 10 kx.example.com.",
    "DNAME other.example.com.",
    "HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1",
    "DS 1 8 2 " + "00" * 32,
    "NSEC b.example.com. A RRSIG",
    "CAA 0 issue ca.example",
)
NAMES = ("example.com.", "www.example.com.", "WWW.Example.COM.", "a.b.example.", ".")


def response(*answer: str, authority: tuple[str, ...] = ()) -> dns.message.Message:
    """A reply to www.example.com with these records: `owner TTL type rdata`."""
    message = dns.message.make_response(dns.message.make_query("wWw.example.com.", "A"))
    for section, lines in ((message.answer, answer), (message.authority, authority)):
        for line in lines:
            owner, ttl, rtype, rdata = line.split(" ", 3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata))
    return message


def records_of(section: list[dns.rrset.RRset]) -> tuple[ReplyRecord, ...]:
    return tuple(
        ReplyRecord(
            rrset.name.to_wire(), int(rrset.rdtype), int(rrset.rdclass), rrset.ttl, rdata.to_wire()
        )
        for rrset in section
        for rdata in rrset
    )


def check(message: dns.message.Message) -> Reply:
    """Read what dnspython wrote, and compare with what dnspython reads of it."""
    wire = message.to_wire(max_size=65_535)
    seen = dns.message.from_wire(wire, one_rr_per_rrset=True)
    reply = read_reply(wire)
    question = seen.question[0]
    assert (reply.qname, reply.qtype, reply.qclass) == (
        question.name.to_wire(),
        int(question.rdtype),
        int(question.rdclass),
    )
    assert reply.rcode == seen.rcode()
    assert reply.answer == records_of(seen.answer)
    assert reply.authority == records_of(seen.authority)
    assert read_reply(wire, wire[12 : 12 + len(reply.qname) + 4]) == reply
    return reply


@pytest.mark.parametrize("rdata", RDATA)
def test_each_type_that_may_be_compressed(rdata: str) -> None:
    line = f"www.example.com. 300 {rdata}"
    check(response(line, authority=(f"ns.example.com. 5 {rdata}",)))


def test_case_of_question_and_owner_is_kept() -> None:
    reply = check(response("wwW.exAmple.com. 300 A 192.0.2.1"))
    assert reply.qname == b"\x03wWw\x07example\x03com\x00"


LINES = st.lists(
    st.builds(
        "{} {} {}".format, st.sampled_from(NAMES), st.integers(0, 2**31 - 1), st.sampled_from(RDATA)
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(LINES, LINES)
def test_any_message_of_dnspython_is_read_equal(answer: list[str], authority: list[str]) -> None:
    check(response(*answer, authority=tuple(authority)))


def test_opt_gives_payload_upper_rcode_and_extended_errors() -> None:
    message = response()
    error = dns.edns.EDEOption(dns.edns.EDECode(ExtendedError.STALE_ANSWER), "old")
    message.use_edns(0, payload=1400, options=[error])
    message.set_rcode(dns.rcode.BADVERS)
    reply = read_reply(message.to_wire())
    assert (reply.payload, reply.rcode) == (1400, int(dns.rcode.BADVERS))
    assert reply.errors == ((int(ExtendedError.STALE_ANSWER), b"old"),)


def test_octets_after_the_message_are_not_read() -> None:
    wire = response("www.example.com. 300 A 192.0.2.1").to_wire()
    assert read_reply(wire + b"\xff" * 20) == read_reply(wire)


def test_every_shorter_message_is_refused() -> None:
    message = response("www.example.com. 300 MX 1 mail.example.com.")
    message.use_edns(0)
    wire = message.to_wire()
    for size in range(len(wire)):
        with pytest.raises(BadReply):
            read_reply(wire[:size])


def test_at_most_256_records() -> None:
    lines = [f"n{number}.example.com. 1 A 192.0.2.1" for number in range(MAX_RECORDS)]
    assert len(check(response(*lines)).answer) == MAX_RECORDS
    with pytest.raises(BadReply, match="256"):
        read_reply(response(*lines, "x.example.com. 1 A 192.0.2.1").to_wire())


ONE_ANSWER = HEAD + b"\x00\x01\x00\x00\x00\x00" + b"\x01a\x00\x00\x01\x00\x01"
A_RECORD = b"\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\x01\x02\x03\x04"
OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(HEAD[:4] + bytes(8), id="no question"),
        pytest.param(HEAD[:4] + b"\x00\x02" + bytes(6) + b"\x00\x00\x01\x00\x01" * 2, id="two"),
        pytest.param(ONE_ANSWER + b"\xc0\x13" + A_RECORD, id="pointer to itself"),
        pytest.param(ONE_ANSWER + b"\xc0\x30" + A_RECORD, id="pointer forwards"),
        pytest.param(ONE_ANSWER + b"\xc0\x00" + A_RECORD, id="pointer into the header"),
        pytest.param(ONE_ANSWER + b"\x41a\x00" + A_RECORD, id="label type 01"),
        pytest.param(ONE_ANSWER + b"\x01a" * 128 + b"\x00" + A_RECORD, id="name of 257 octets"),
        pytest.param(
            ONE_ANSWER + b"\x01a" * 127 + b"\xc0\x0c" + A_RECORD, id="257 octets by a pointer"
        ),
        pytest.param(ONE_ANSWER + b"\xc0\x0c" + A_RECORD[:9] + b"\x03abc", id="A of 3 octets"),
        pytest.param(
            ONE_ANSWER + b"\xc0\x0c\x00\x05" + A_RECORD[2:8] + b"\x00\x01\xc0\x0c", id="short name"
        ),
        pytest.param(
            ONE_ANSWER + b"\xc0\x0c\x00\x05" + A_RECORD[2:8] + b"\x00\x03\xc0\x0c\x00", id="long"
        ),
        pytest.param(HEAD + bytes(5) + b"\x02" + ONE_ANSWER[12:] + OPT * 2, id="two OPT"),
        pytest.param(HEAD + bytes(5) + b"\x01" + ONE_ANSWER[12:] + b"\x01a" + OPT, id="OPT below"),
        pytest.param(
            HEAD + bytes(5) + b"\x01" + ONE_ANSWER[12:] + OPT[:-1] + b"\x04\x00\x0f\x00\x01",
            id="option cut off",
        ),
    ],
)
def test_malformed_is_refused(wire: bytes) -> None:
    with pytest.raises(BadReply):
        read_reply(wire)


def pointer_chain(length: int) -> bytes:
    """A reply whose second owner is a pointer to a pointer and so on, to the question's name."""
    start = len(ONE_ANSWER) + 12
    targets = [12, *range(start, start + 2 * (length - 1), 2)]
    *inside, last = (bytes((0xC0 | target >> 8, target & 0xFF)) for target in targets)
    opaque = b"".join(inside)
    first = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x05" + len(opaque).to_bytes(2, "big") + opaque
    return HEAD + b"\x00\x02\x00\x00\x00\x00" + ONE_ANSWER[12:] + first + last + A_RECORD


def test_a_chain_of_pointers_has_an_end() -> None:
    """RFC 1035 section 4.1.4 sets none; a name has at most 127 labels to point to."""
    assert read_reply(pointer_chain(126)).answer[1].owner == b"\x01a\x00"
    for length in (127, 4000):
        with pytest.raises(BadReply, match="label"):
            read_reply(pointer_chain(length))


def survives(wire: bytes) -> None:
    with suppress(BadReply):
        read_reply(wire)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    for wire in (octets, ONE_ANSWER + octets, HEAD + b"\x00\x02\x00\x03\x00\x02" + octets):
        survives(wire)


@settings(max_examples=60, deadline=None)
@given(LINES, st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8))
def test_a_damaged_message_is_read_or_refused(
    lines: list[str], damage: list[tuple[int, int]]
) -> None:
    wire = bytearray(response(*lines).to_wire())
    for at, octet in damage:
        wire[at % len(wire)] = octet
    survives(bytes(wire))
