"""RFC 8906 section 8: each check of the BCP, as the dig command there would send it.

Octets are made by dnspython; what must and must not be in the reply is the RFC's list.
"""

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from minidns.responder.responder import Responder
from minidns.responder.via import Via
from tests.harness import CLIENT, TCP, UDP, ask, responder_for

ZONE = """
@   3600 SOA ns1 hostmaster 1 7200 3600 1209600 300
@   3600 NS  ns1
ns1 3600 A   192.0.2.1
"""
NOREC = 0


@pytest.fixture(scope="module")
def responder() -> Responder:
    return responder_for({"example.com.": ZONE})


def expect_soa(reply: dns.message.Message) -> None:
    assert reply.rcode() == dns.rcode.NOERROR
    assert [rrset.rdtype for rrset in reply.answer] == [6]
    assert reply.flags & dns.flags.AA


def expect_badvers(reply: dns.message.Message) -> None:
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0
    assert not reply.answer
    assert not reply.flags & dns.flags.AA


def test_8_1_1_is_the_server_configured_for_the_zone(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=NOREC)
    expect_soa(reply)
    assert reply.edns == -1


def test_8_1_2_unknown_types(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "TYPE1000", flags=NOREC)
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert reply.flags & dns.flags.AA


def test_8_1_3_1_cd(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=dns.flags.CD)
    expect_soa(reply)
    assert not reply.flags & dns.flags.CD  # RFC 4035 section 3.1.6


def test_8_1_3_2_ad(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=dns.flags.AD)
    expect_soa(reply)
    assert not reply.flags & dns.flags.AD


def test_8_1_3_3_reserved_bit(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=0x0040)
    expect_soa(reply)
    assert not reply.flags & 0x0040


def test_8_1_3_4_recursive_queries(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=dns.flags.RD)
    expect_soa(reply)
    assert reply.flags & dns.flags.RD
    assert not reply.flags & dns.flags.RA


@pytest.mark.parametrize("opcode", range(1, 16))
@pytest.mark.parametrize("via", [UDP, TCP], ids=["udp", "tcp"])
def test_8_1_4_unknown_opcodes(responder: Responder, opcode: int, via: Via) -> None:
    header_only = b"\x12\x34" + bytes((opcode << 3, 0)) + bytes(8)
    wire = responder.respond(header_only, CLIENT, via)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert reply.id == 0x1234
    assert reply.opcode() == opcode
    assert reply.rcode() == dns.rcode.NOTIMP
    assert reply.flags & dns.flags.QR
    assert not reply.flags & dns.flags.AA
    assert len(wire) == 12


def test_8_1_5_tcp(responder: Responder) -> None:
    expect_soa(ask(responder, "example.com.", "SOA", via=TCP, flags=NOREC))


def test_8_2_1_minimal_edns(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=0)
    expect_soa(reply)
    assert reply.edns == 0
    assert reply.payload == 1232
    assert not reply.options


def test_8_2_2_edns_version_negotiation(responder: Responder) -> None:
    expect_badvers(ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=1))
    expect_badvers(ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=255))


def test_8_2_3_unknown_edns_options(responder: Responder) -> None:
    options = [dns.edns.GenericOption(100, b"")]
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=0, options=options)
    expect_soa(reply)
    assert reply.edns == 0
    assert not reply.options


def test_8_2_4_unknown_edns_flags(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=0, ednsflags=0x40)
    expect_soa(reply)
    assert reply.edns == 0
    assert not reply.ednsflags & 0x7FFF


def test_8_2_5_version_negotiation_with_unknown_flags(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=1, ednsflags=0x10040)
    expect_badvers(reply)
    assert not reply.ednsflags & 0x7FFF


def test_8_2_6_version_negotiation_with_unknown_options(responder: Responder) -> None:
    options = [dns.edns.GenericOption(100, b"")]
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=1, options=options)
    expect_badvers(reply)
    assert not reply.options


def test_8_2_8_do(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, want_dnssec=True, use_edns=0)
    expect_soa(reply)
    assert reply.edns == 0
    assert reply.ednsflags & dns.flags.DO  # copied, RFC 3225 section 3


def test_8_2_9_version_negotiation_with_do(responder: Responder) -> None:
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=1, ednsflags=0x18000)
    expect_badvers(reply)
    assert reply.ednsflags & dns.flags.DO


def test_8_2_10_multiple_defined_options(responder: Responder) -> None:
    options = [
        dns.edns.GenericOption(10, b"12345678"),
        dns.edns.GenericOption(3, b""),
        dns.edns.GenericOption(9, b""),
        dns.edns.GenericOption(8, b"\x00\x01\x00\x00"),
    ]
    reply = ask(responder, "example.com.", "SOA", flags=NOREC, use_edns=0, options=options)
    expect_soa(reply)
    assert reply.edns == 0
    assert [option.otype for option in reply.options] == [10]


@pytest.mark.parametrize("version", [0, 1])
def test_8_2_7_truncated_responses(version: int) -> None:
    """An OPT stays in a reply that is cut (RFC 6891 section 7)."""
    zone = ZONE + "".join(f'big 60 TXT "{number} {"x" * 200}"\n' for number in range(10))
    big = responder_for({"example.com.": zone})
    reply = ask(big, "big.example.com.", "TXT", flags=NOREC, use_edns=version, payload=512)
    assert reply.edns == 0
    assert bool(reply.flags & dns.flags.TC) == (version == 0)
    assert reply.rcode() == (dns.rcode.NOERROR if version == 0 else dns.rcode.BADVERS)
