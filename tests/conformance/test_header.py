"""Malformed and unusual messages: the ladder of the responder, rung by rung.

RFC 1035 section 4.1, RFC 6891 section 6.1, RFC 7873 section 5.2, RFC 9619.
"""

import struct

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.responder.via import Via
from tests.harness import CLIENT, TCP, UDP, ask, responder_for

ZONE = """
@    3600 SOA ns1 hostmaster 1 7200 3600 1209600 300
@    3600 NS  ns1
ns1  3600 A   192.0.2.1
*.w  3600 TXT "wild"
d    3600 DNAME e
c    3600 CNAME ns1
sub  3600 NS  ns.sub
ns.sub 60 A   192.0.2.9
"""
RESPONDER = responder_for({"example.com.": ZONE})
PLAIN = dns.message.make_query("ns1.example.com.", "A", id=0x1234).to_wire()
QUESTION = PLAIN[12:]
OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"


def message(
    counts: tuple[int, int, int, int], body: bytes, flags: int = dns.flags.RD, ident: int = 0x1234
) -> bytes:
    return struct.pack(">HHHHHH", ident, flags, *counts) + body


def error(wire: bytes, via: Via = UDP) -> dns.message.Message:
    reply = RESPONDER.respond(wire, CLIENT, via)
    assert reply is not None
    assert reply[:2] == wire[:2]
    parsed = dns.message.from_wire(reply)
    assert parsed.flags & dns.flags.QR
    assert not parsed.flags & dns.flags.AA
    assert not parsed.answer + parsed.authority + parsed.additional
    return parsed


@pytest.mark.parametrize("length", range(12))
@pytest.mark.parametrize("via", [UDP, TCP], ids=["udp", "tcp"])
def test_m01_shorter_than_a_header_gets_no_reply(length: int, via: Via) -> None:
    assert RESPONDER.respond(PLAIN[:length], CLIENT, via) is None


def test_m02_a_response_gets_no_reply() -> None:
    assert RESPONDER.respond(message((1, 0, 0, 0), QUESTION, 0x8000), CLIENT, UDP) is None


@pytest.mark.parametrize("opcode", range(1, 16))
def test_m03_an_opcode_that_is_not_served(opcode: int) -> None:
    soa = QUESTION[:-4] + b"\x00\x06\x00\x01"  # what an UPDATE has there, RFC 2136 section 2.3
    for counts, body in (((1, 0, 0, 0), soa), ((0, 0, 0, 0), b""), ((9, 9, 9, 9), b"\xff")):
        reply = error(message(counts, body, opcode << 11))
        assert reply.rcode() == dns.rcode.NOTIMP
        assert reply.opcode() == opcode
    with_edns = error(message((1, 0, 0, 1), soa + OPT, opcode << 11))
    assert with_edns.edns == 0


@pytest.mark.parametrize(
    ("counts", "body"),
    [
        ((0, 0, 0, 0), b""),
        ((2, 0, 0, 0), QUESTION * 2),
        ((2, 0, 0, 0), QUESTION + b"\x03abc\x00\x00\x01\x00\x01"),
        ((65535, 0, 0, 0), QUESTION),
        ((0, 0, 0, 0), b"garbage"),
    ],
    ids=["none", "twice", "two-names", "65535", "garbage"],
)
def test_m04_not_exactly_one_question(counts: tuple[int, int, int, int], body: bytes) -> None:
    reply = error(message(counts, body))
    assert reply.rcode() == dns.rcode.FORMERR
    assert not reply.question


@pytest.mark.parametrize("section", [1, 2])
def test_m05_records_before_the_additional_section(section: int) -> None:
    counts = (1, 1, 0, 0) if section == 1 else (1, 0, 1, 0)
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"
    reply = error(message(counts, QUESTION + record))
    assert reply.rcode() == dns.rcode.FORMERR
    assert reply.question


def test_m06_counts_that_the_octets_do_not_bear_out() -> None:
    reply = error(message((1, 65535, 65535, 65535), QUESTION))
    assert reply.rcode() == dns.rcode.FORMERR
    reply = error(message((1, 0, 0, 65535), QUESTION + OPT))
    assert reply.rcode() == dns.rcode.FORMERR


@pytest.mark.parametrize("octet", [64, 65, 127, 128, 191, 192, 255])
def test_m08_label_types_that_are_none(octet: int) -> None:
    reply = error(message((1, 0, 0, 0), bytes((octet,)) + b"a" * 70 + b"\x00\x00\x01\x00\x01"))
    assert reply.rcode() == dns.rcode.FORMERR


def test_m08_a_pointer_in_the_question() -> None:
    """It points to the header or to itself: there is nothing before it."""
    for target in (0, 12, 14):
        body = b"\x01a\xc0" + bytes((target,)) + b"\x00\x01\x00\x01"
        assert error(message((1, 0, 0, 0), body)).rcode() == dns.rcode.FORMERR


def test_a_name_of_255_octets_is_read_and_one_of_256_is_not() -> None:
    longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\x00"
    assert len(longest) == 255
    assert error(message((1, 0, 0, 0), longest + b"\x00\x01\x00\x01")).rcode() == 5
    too_long = (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\x00"
    assert error(message((1, 0, 0, 0), too_long + b"\x00\x01\x00\x01")).rcode() == 1


@pytest.mark.parametrize("cut", range(12, 12 + len(QUESTION)))
def test_m10_a_question_cut_off_at_each_octet(cut: int) -> None:
    assert error(PLAIN[:cut]).rcode() == dns.rcode.FORMERR


@pytest.mark.parametrize("rdclass", ["CH", "HS", "NONE", "ANY", "CLASS0", "CLASS77"])
def test_m11_other_classes_are_refused(rdclass: str) -> None:
    for qname in ("version.bind.", "ns1.example.com."):
        reply = ask(RESPONDER, qname, "TXT", rdclass=rdclass, use_edns=0)
        assert reply.rcode() == dns.rcode.REFUSED
        assert reply.extended_errors()[0].code == 21  # Not Supported


@pytest.mark.parametrize(
    ("qtype", "rcode"),
    [
        ("TYPE0", dns.rcode.FORMERR),
        ("OPT", dns.rcode.FORMERR),
        ("TSIG", dns.rcode.FORMERR),
        ("TKEY", dns.rcode.REFUSED),
        ("AXFR", dns.rcode.REFUSED),
        ("IXFR", dns.rcode.REFUSED),
        ("MAILA", dns.rcode.REFUSED),
        ("MAILB", dns.rcode.REFUSED),
    ],
)
@pytest.mark.parametrize("via", [UDP, TCP], ids=["udp", "tcp"])
def test_m12_meta_types(qtype: str, rcode: dns.rcode.Rcode, via: Via) -> None:
    assert ask(RESPONDER, "example.com.", qtype, via=via).rcode() == rcode


def test_m12_ixfr_as_secondaries_send_it() -> None:
    """With the client's SOA in the authority section (RFC 1995 section 3)."""
    query = dns.message.make_query("example.com.", "IXFR")
    query.authority = [
        dns.rrset.from_text("example.com.", 0, "IN", "SOA", ". . 1 0 0 0 0"),
    ]
    assert error(query.to_wire()).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("qtype", ["TYPE65280", "TYPE32769", "HTTPS", "SVCB", "CAA", "TYPE65401"])
def test_m13_types_that_are_not_there_are_nodata(qtype: str) -> None:
    reply = ask(RESPONDER, "ns1.example.com.", qtype)
    assert reply.rcode() == 0
    assert reply.flags & dns.flags.AA
    assert [rrset.rdtype for rrset in reply.authority] == [6]


@pytest.mark.parametrize("bit", [0x0040, dns.flags.AD, dns.flags.CD, dns.flags.RA, dns.flags.TC])
def test_m14_header_bits_of_the_query_are_not_copied(bit: int) -> None:
    reply = ask(RESPONDER, "ns1.example.com.", flags=bit)
    assert reply.flags == dns.flags.QR | dns.flags.AA
    assert reply.answer


@pytest.mark.parametrize("extra", [1, 2, 100, 65_000])
def test_m15_octets_after_the_message(extra: int) -> None:
    assert error(PLAIN + bytes(extra)).rcode() == dns.rcode.FORMERR
    assert error(message((1, 0, 0, 1), QUESTION + OPT + bytes(extra))).rcode() == 1


@pytest.mark.parametrize("octet", [0x00, 0x0A, 0x1B, 0x2E, 0x5C, 0x40, 0xFF])
def test_m16_any_octet_in_a_label_is_echoed(octet: int) -> None:
    question = b"\x03a" + bytes((octet,)) + b"b\x07example\x03com\x00\x00\x01\x00\x01"
    wire = RESPONDER.respond(message((1, 0, 0, 0), question), CLIENT, UDP)
    assert wire is not None
    assert wire[12 : 12 + len(question)] == question
    assert wire[3] & 15 == dns.rcode.NXDOMAIN


def test_e02_two_opts() -> None:
    reply = error(message((1, 0, 0, 2), QUESTION + OPT * 2))
    assert reply.rcode() == dns.rcode.FORMERR
    assert reply.edns == 0


def test_e03_an_opt_that_is_not_at_the_root() -> None:
    assert error(message((1, 0, 0, 1), QUESTION + b"\x01a" + OPT)).rcode() == dns.rcode.FORMERR
    assert error(message((1, 0, 0, 1), QUESTION + b"\xc0\x0c" + OPT[1:])).rcode() == 1
    assert error(message((1, 1, 0, 0), QUESTION + OPT)).rcode() == dns.rcode.FORMERR
    assert error(message((1, 0, 1, 0), QUESTION + OPT)).rcode() == dns.rcode.FORMERR


def opt_with(options: bytes, rdlength: int | None = None) -> bytes:
    length = len(options) if rdlength is None else rdlength
    return OPT[:-2] + struct.pack(">H", length) + options


@pytest.mark.parametrize(
    "opt",
    [
        opt_with(b"\x00\x64\x00\x05abcd"),
        opt_with(b"\x00\x64\x00"),
        opt_with(b"", rdlength=1),
        opt_with(b"", rdlength=65535),
        *(opt_with(b"\x00\x0a" + struct.pack(">H", n) + bytes(n)) for n in range(8)),
        *(opt_with(b"\x00\x0a" + struct.pack(">H", n) + bytes(n)) for n in range(9, 16)),
        opt_with(b"\x00\x0a\x00\x29" + bytes(41)),
    ],
)
def test_e04_malformed_options(opt: bytes) -> None:
    reply = error(message((1, 0, 0, 1), QUESTION + opt))
    assert reply.rcode() == dns.rcode.FORMERR
    assert reply.edns == 0


def test_other_records_in_the_additional_section_are_skipped() -> None:
    record = b"\x01x\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"
    for body in (record + OPT, OPT + record):
        reply = RESPONDER.respond(message((1, 0, 0, 2), QUESTION + body), CLIENT, UDP)
        assert reply is not None
        parsed = dns.message.from_wire(reply)
        assert parsed.rcode() == 0
        assert parsed.edns == 0


def check_readable(wire: bytes, via: Via) -> None:
    before = RESPONDER.failures
    reply = RESPONDER.respond(wire, CLIENT, via)
    assert RESPONDER.failures == before
    if reply is None:
        assert len(wire) < 12 or wire[2] & 0x80
        return
    assert reply[:2] == wire[:2]
    assert reply[2] & 0x80
    assert len(reply) <= (65_535 if via.is_stream else 1232)
    assert reply[2] & 0x78 == wire[2] & 0x78
    # Read as a QUERY: of an UPDATE dnspython wants a zone section, which is for the client to send.
    dns.message.from_wire(reply[:2] + bytes((reply[2] & 0x87,)) + reply[3:])


@given(st.binary(max_size=600), st.sampled_from([UDP, TCP]))
def test_any_octets_give_nothing_or_a_readable_reply(wire: bytes, via: Via) -> None:
    check_readable(wire, via)


@given(
    st.tuples(*[st.integers(0, 2)] * 4),
    st.integers(0, 0x7FFF),
    st.lists(
        st.sampled_from(
            [b"\x03ns1", b"\x01*", b"\x01w", b"\x01d", b"\x03sub", b"\x01c", b"\x3f", b"\x00"]
            + [
                b"\x07example\x03com\x00",
                b"\x00\x01\x00\x01",
                b"\x00\xff\x00\x01",
                OPT,
                b"\xc0\x0c",
            ]
        ),
        max_size=8,
    ),
    st.binary(max_size=20),
)
def test_nearly_valid_messages(
    counts: tuple[int, int, int, int], flags: int, parts: list[bytes], tail: bytes
) -> None:
    check_readable(message(counts, b"".join(parts) + tail, flags), UDP)
    check_readable(message((1, 0, 0, 1), b"".join(parts) + tail, flags & 0x87FF), TCP)
