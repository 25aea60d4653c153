"""EDNS and its options: RFC 6891, 5001 (NSID), 7828, 7830, 7873 with 9018, 8914."""

import dns.edns
import dns.message
import pytest

from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.via import Via
from minidns.zone.model import Catalog
from tests.harness import CLIENT, NOW, TCP, UDP, ask, responder_for, zone_of

ZONE = "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\nwww 60 A 192.0.2.1\n"
TLS = Via("tls", is_stream=True, is_encrypted=True, keepalive=100)


def option(code: int, value: bytes = b"") -> dns.edns.GenericOption:
    return dns.edns.GenericOption(code, value)


def options_of(reply: dns.message.Message) -> dict[int, bytes]:
    return {int(one.otype): one.to_wire() or b"" for one in reply.options}


def ask_with(
    responder: Responder, *options: dns.edns.Option, via: Via = UDP, client: bytes = CLIENT
) -> dns.message.Message:
    return ask(responder, "www.example.", use_edns=0, options=list(options), via=via, client=client)


def test_nsid_is_told_where_asked_and_configured() -> None:
    named = responder_for({"example.": ZONE}, nsid="ns1.example")
    assert options_of(ask_with(named, option(3))) == {3: b"ns1.example"}
    assert not ask_with(named).options
    assert not ask_with(responder_for({"example.": ZONE}), option(3)).options


@pytest.mark.parametrize(
    ("qname", "text"),
    [
        ("version.bind.", "minidns 1"),
        ("VERSION.server.", "minidns 1"),
        ("id.server.", "here"),
        ("hostname.bind.", "here"),
    ],
)
def test_chaos_is_answered_where_configured(qname: str, text: str) -> None:
    responder = responder_for({"example.": ZONE}, chaos_version="minidns 1", chaos_identity="here")
    reply = ask(responder, qname, "TXT", rdclass="CH")
    assert reply.rcode() == 0
    assert [rdata.strings for rrset in reply.answer for rdata in rrset] == [(text.encode(),)]
    assert ask(responder, qname, "A", rdclass="CH").rcode() == 5
    assert ask(responder, qname, "TXT", rdclass="IN").rcode() == 5
    assert ask(responder_for({}), qname, "TXT", rdclass="CH").rcode() == 5


def test_rfc7828_keepalive_only_on_streams_and_only_when_asked() -> None:
    responder = responder_for({"example.": ZONE})
    assert options_of(ask_with(responder, option(11), via=TCP)) == {11: b"\x00\x64"}
    assert not ask_with(responder, via=TCP).options
    assert not ask_with(responder, option(11), via=UDP).options
    pressed = Via("tcp", is_stream=True, keepalive=0)
    assert options_of(ask_with(responder, option(11), via=pressed)) == {11: b"\x00\x00"}


def test_rfc7830_padding_only_where_encrypted() -> None:
    responder = responder_for({"example.": ZONE})
    query = dns.message.make_query(
        "www.example.", "A", use_edns=0, options=[option(12, bytes(20))]
    ).to_wire()
    wire = responder.respond(query, CLIENT, TLS)
    assert wire is not None
    assert len(wire) == 468  # RFC 8467 section 4.1
    assert 12 in options_of(dns.message.from_wire(wire))
    assert not ask_with(responder, option(12, bytes(20)), via=TCP).options
    assert not ask_with(responder, option(12, bytes(20)), via=UDP).options
    assert not ask_with(responder, via=TLS).options


def test_rfc8914_extended_errors_only_with_edns() -> None:
    responder = responder_for({"example.": ZONE})
    with_edns = ask(responder, "www.example.org.", use_edns=0)
    assert with_edns.rcode() == 5
    assert with_edns.extended_errors()[0].code == 20  # Not Authoritative
    without = ask(responder, "www.example.org.")
    assert without.rcode() == 5
    assert without.edns == -1


# RFC 9018 appendix A: vectors for SipHash-2-4 server cookies.
A1_SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
A4_OLD = bytes.fromhex("dd3bdf9344b678b185a6f5cb60fca715")
A4_NEW = bytes.fromhex("445536bcd2513298075a5d379663c962")


def ipv4(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def test_rfc9018_a1_learning_a_new_server_cookie() -> None:
    made = Cookies(A1_SECRET).cookie_for(
        bytes.fromhex("2464c4abcf10c957"), ipv4("198.51.100.100"), 1559731985
    )
    assert made.hex() == "2464c4abcf10c957010000005cf79f111f8130c3eee29480"


def test_rfc9018_a2_the_same_client_later() -> None:
    """The cookie of A.1 is over half an hour old and is replaced."""
    made = Cookies(A1_SECRET).cookie_for(
        bytes.fromhex("2464c4abcf10c957010000005cf79f111f8130c3eee29480"),
        ipv4("198.51.100.100"),
        1559734385,
    )
    assert made.hex() == "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"


def test_rfc9018_a3_another_client_that_renews() -> None:
    made = Cookies(A1_SECRET).cookie_for(
        bytes.fromhex("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5"),
        ipv4("203.0.113.203"),
        1559734700,
    )
    assert made.hex() == "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"


def test_rfc9018_a4_ipv6_and_a_rotated_secret() -> None:
    client = bytes.fromhex("20010db80220000159ded0f4876982b8")
    cookies = Cookies(A4_NEW, previous=A4_OLD)
    made = cookies.cookie_for(
        bytes.fromhex("22681ab97d52c298010000005cf7c57926556bd0934c72f8"), client, 1559741961
    )
    assert made.hex() == "22681ab97d52c298010000005cf7c609a6bb79d16625507a"
    assert cookies.is_good(
        bytes.fromhex("22681ab97d52c298010000005cf7c57926556bd0934c72f8"), client, 1559741961
    )


def test_cookies_over_the_wire() -> None:
    responder = responder_for({"example.": ZONE})
    first = options_of(ask_with(responder, option(10, b"12345678")))[10]
    assert first[:8] == b"12345678"
    assert len(first) == 24
    # A young and good cookie comes back as it is, a forged one is replaced.
    assert options_of(ask_with(responder, option(10, first)))[10] == first
    forged = first[:-1] + bytes((first[-1] ^ 1,))
    assert options_of(ask_with(responder, option(10, forged)))[10] == first
    # Bound to the address.
    other = options_of(ask_with(responder, option(10, first), client=bytes((127, 0, 0, 2))))[10]
    assert other != first


def test_a_rotation_accepts_the_cookies_of_the_secret_before() -> None:
    cookies = Cookies(b"a" * 16)
    made = cookies.cookie_for(b"12345678", CLIENT, NOW)
    cookies.rotate(b"b" * 16)
    assert cookies.is_good(made, CLIENT, NOW)
    cookies.rotate(b"c" * 16)
    assert not cookies.is_good(made, CLIENT, NOW)


@pytest.mark.parametrize(
    ("age", "good"), [(-301, False), (-300, True), (3600, True), (3601, False)]
)
def test_rfc9018_4_3_the_age_of_a_cookie(age: int, good: bool) -> None:
    cookies = Cookies(b"a" * 16)
    made = cookies.cookie_for(b"12345678", CLIENT, NOW)
    assert cookies.is_good(made, CLIENT, NOW + age) is good


def test_rfc7873_5_4_a_query_without_question_for_a_cookie() -> None:
    query = dns.message.Message(id=99)
    query.use_edns(0, options=[option(10, b"12345678")])
    wire = responder_for({}).respond(query.to_wire(), CLIENT, UDP)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert reply.rcode() == 0
    assert not reply.question
    assert len(options_of(reply)[10]) == 24


def test_a_reply_with_a_cookie_is_never_remembered() -> None:
    zone = zone_of("example.", ZONE)
    responder = Responder(Catalog({zone.origin: zone}), Policy(), Cookies(b"k" * 16), lambda: NOW)
    ask_with(responder, option(10, b"12345678"))
    assert not responder.datagram_answers.replies
    ask_with(responder)
    assert len(responder.datagram_answers.replies) == 1


def test_rfc7873_5_4_a_server_cookie_sent_alone_is_confirmed_or_refused() -> None:
    responder = responder_for({"example.": ZONE})
    good = options_of(ask_with(responder, option(10, b"12345678")))[10]
    forged = good[:-1] + bytes((good[-1] ^ 1,))
    expired = Cookies(b"k" * 16).cookie_for(b"12345678", CLIENT, NOW - 4000)
    for cookie, rcode in ((good, 0), (forged, 23), (expired, 23), (b"12345678" + b"x" * 8, 23)):
        query = dns.message.Message(id=99)
        query.use_edns(0, options=[option(10, cookie)])
        wire = responder.respond(query.to_wire(), CLIENT, UDP)
        assert wire is not None
        reply = dns.message.from_wire(wire)
        assert reply.rcode() == rcode
        assert options_of(reply)[10] == good


@pytest.mark.parametrize(
    "options",
    [
        b"\x00\x0a\x00\x01x",
        b"\x00\x64\x00\x05x",
        b"\x00\x64",
        b"\x00\x0a\x00\x0812345678\x00",
    ],
    ids=["cookie", "too-long", "cut-off", "after-a-cookie"],
)
def test_rfc6891_6_1_3_another_version_is_badvers_whatever_its_options_look_like(
    options: bytes,
) -> None:
    query = dns.message.make_query("www.example.", "A").to_wire()
    opt = b"\x00\x00\x29\x04\xd0\x00\x01\x80\x00" + bytes((0, len(options))) + options
    wire = responder_for({"example.": ZONE}).respond(
        query[:11] + b"\x01" + query[12:] + opt, CLIENT, UDP
    )
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert reply.rcode() == 16
    assert reply.edns == 0
    assert reply.ednsflags & 0x8000


def test_rfc8467_4_1_padding_never_makes_a_reply_too_long_for_a_stream() -> None:
    """140 blocks of 468 octets are 65,520: what is longer is padded to 65,535 at most."""
    responder = responder_for(
        {"example.": ZONE + f"*.big 60 TYPE65280 \\# 65419 {'00' * 65_419}\n"}
    )
    sizes = set()
    for letters in range(1, 64):
        query = dns.message.make_query(
            "n" * letters + ".big.example.", "TYPE65280", use_edns=0, options=[option(12)]
        )
        wire = responder.respond(query.to_wire(), CLIENT, TLS)
        assert wire is not None
        assert not wire[2] & 2  # TC
        sizes.add(len(wire))
    assert sizes == {65_520, *range(65_532, 65_536)}


def test_an_unserved_opcode_is_refused_with_the_clients_cookie_and_do() -> None:
    """RFC 7873 section 5.2 and RFC 3225 section 3 make no exception for it."""
    query = dns.message.make_query(
        "www.example.", "SOA", want_dnssec=True, options=[option(10, b"12345678")]
    ).to_wire()
    wire = responder_for({"example.": ZONE}).respond(query[:2] + b"\x20" + query[3:], CLIENT, UDP)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert reply.rcode() == 4
    assert reply.ednsflags & 0x8000
    assert options_of(reply)[10][:8] == b"12345678"
