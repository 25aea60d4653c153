"""The same octets whichever way a query is answered: from the answer cache, by the short way of
`responder.ordinary`, by the long way, over UDP and TCP, with a body that was kept or made anew.
"""

import struct

import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.responder.responder import Responder
from minidns.responder.via import Via
from tests.harness import CLIENT, TCP, UDP, responder_for

ZONES = {
    "example.": """
@ 3600 SOA ns1 host 1 7200 3600 1209600 300
@ 3600 NS ns1
@ 3600 MX 10 Mail
ns1 60 A 192.0.2.1
Mail 60 A 192.0.2.2
Mail 60 AAAA 2001:db8::2
many 60 A 192.0.2.1
"""
    + "".join(f"many 60 A 198.51.100.{last}\n" for last in range(30))
    + "".join(f"large 60 TXT {'x' * 99}{last}\n" for last in range(12))
    + """
*.w 60 TXT wild
*.w 60 A 192.0.2.3
below.here.w 60 A 192.0.2.4
*.c 60 CNAME Mail
alias 60 CNAME alias2
alias2 60 CNAME mail.child
outside 60 CNAME elsewhere.invalid.
loop 60 CNAME loop
d 60 DNAME Child
d 60 A 192.0.2.9
sub 60 NS ns.sub
sub 60 NS ns1
ns.sub 60 A 192.0.2.5
sub 60 DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
deep.empty.terminal 60 A 192.0.2.6
child 60 NS ns1
child 60 DS 2 8 2 1111111111111111111111111111111111111111111111111111111111111111
""",
    "child.example.": """
@ 60 SOA ns1.example. host 1 7200 3600 1209600 300
@ 60 NS ns1.example.
mail 60 A 192.0.2.7
svc 60 HTTPS 1 . alpn=h2
svc 60 A 192.0.2.8
""",
}
LONG_ORIGIN = f"{'o' * 60}.{'p' * 60}.example."
ZONES[LONG_ORIGIN] = "@ 60 SOA ns1.example. host 1 2 3 4 5\n@ 60 NS ns1.example.\n"
BROKEN = ["broken.example."]
NAMES = [
    ".",
    "example.",
    "EXAMPLE.",
    "ns1.example.",
    "mail.example.",
    "mAiL.eXample.",
    "many.example.",
    "large.example.",
    "w.example.",
    "x.w.example.",
    "y.x.w.example.",
    "below.here.w.example.",
    "here.w.example.",
    "x.here.w.example.",
    "x.c.example.",
    "alias.example.",
    "outside.example.",
    "loop.example.",
    "d.example.",
    "x.d.example.",
    "mail.d.example.",
    "sub.example.",
    "x.sub.example.",
    "ns.sub.example.",
    "empty.terminal.example.",
    "x.empty.terminal.example.",
    "child.example.",
    "mail.child.example.",
    "svc.child.example.",
    "no.child.example.",
    "broken.example.",
    "x.broken.example.",
    "nothing.example.",
    "other.test.",
    "\\000.example.",
    "a\\000b.example.",
    "\\000\\007example.",
    "x\\.y.example.",
    "*.w.example.",
]
LONGEST = b"\x3f" + b"a" * 63 + (b"\x3f" + b"b" * 63) * 2 + b"\x35" + b"c" * 53
TYPES = (0, 1, 2, 5, 6, 15, 16, 28, 39, 41, 43, 65, 249, 250, 251, 252, 253, 254, 255, 256, 65535)
OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
COOKIE = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x08" + b"client!!"
OPTS = (
    b"",
    OPT,
    b"\x00\x00\x29\x00\x00\x00\x00\x00\x00\x00\x00",  # 0 octets taken, which counts as 512
    b"\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00",  # DO, 4,096 octets
    b"\x00\x00\x29\x04\xd0\x00\x01\x00\x00\x00\x00",  # version 1
    COOKIE,
    COOKIE[:-2],
    COOKIE[:10] + b"\x1c\x00\x0a\x00\x18" + b"client!!" + bytes(16),
    OPT[:-1] + b"\x04\x00\x03\x00\x00",  # NSID
    OPT[:-1] + b"\x04\x00\x0b\x00\x00",  # keepalive
    OPT[:-1] + b"\x06\xff\xff\x00\x02ab",  # an option that nobody knows
    OPT + OPT,
    b"\x01x" + OPT,
    OPT[:-1],
    OPT + b"\x00",
    b"\x00",
)


NASTY = (
    LONGEST + b"\x07example\x00",
    LONGEST + b"\x08xexample\x00",  # 256 octets
    LONGEST[:-54] + b"\x36" + b"c" * 54 + b"\x07example\x00",  # 256 octets, in the zone
    b"\x40" + b"a" * 64 + b"\x07example\x00",
    b"\xc0\x0c",
    b"\xc0\x07example\x00",
    b"\x01\xc0\x07example\x00",
    b"\x07example",
    b"\x0f\x07example\x00",
    b"\xff" * 300 + b"\x07example\x00",
    b"\x01a" * 123 + b"\x07example\x00",
    b"\x01a" * 124 + b"\x07example\x00",
    b"",
)


def names() -> st.SearchStrategy[bytes]:
    known = st.sampled_from([dns.name.from_text(name).to_wire() for name in NAMES])
    nasty = st.sampled_from(NASTY)
    label = st.binary(min_size=1, max_size=8).map(lambda one: bytes((len(one),)) + one)
    below = st.tuples(label, known).map(b"".join)
    return st.one_of(known, below, nasty)


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    opt = draw(st.sampled_from(OPTS))
    counts = draw(st.sampled_from([(1, 0, 0, 0), (1, 0, 0, 1)] * 4 + [(1, 0, 0, 2), (0, 0, 0, 1)]))
    flags = draw(st.sampled_from([0, 0x100, 0x110, 0x130, 0x2FF, 0x40, 0x0800, 0x7800]))
    question = draw(names()) + struct.pack(
        ">HH", draw(st.sampled_from(TYPES)), draw(st.sampled_from([1, 1, 1, 1, 3, 255]))
    )
    return struct.pack(">HHHHHH", 7, flags, *counts) + question + opt


def subject(answer_cache: int = 2**20) -> Responder:
    return responder_for(ZONES, broken=BROKEN, nsid="here", answer_cache=answer_cache)


KEPT, UNCACHED, LONG = subject(), subject(0), subject(0)


def check_all_ways(wire: bytes, via: Via) -> None:
    cached = (KEPT.stream_answers if via.is_stream else KEPT.datagram_answers).replies
    first = KEPT.respond(wire, CLIENT, via)
    body = cached.get(wire[2:])
    assert body is None or first == wire[:2] + body
    assert KEPT.respond(wire, CLIENT, via) == first
    assert UNCACHED.respond(wire, CLIENT, via) == first
    assert UNCACHED.respond(wire, CLIENT, via) == first
    assert LONG.respond_at_length(wire, CLIENT, via) == first
    assert not KEPT.failures
    assert not UNCACHED.failures
    assert not LONG.failures


@given(queries(), st.sampled_from([UDP, TCP]))
def test_every_way_gives_the_same_octets(wire: bytes, via: Via) -> None:
    check_all_ways(wire, via)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_and_type(name: str) -> None:
    question = dns.name.from_text(name).to_wire()
    for qtype in TYPES:
        for opt in OPTS[:6]:
            head = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 1 if opt else 0)
            wire = head + question + struct.pack(">HH", qtype, 1) + opt
            check_all_ways(wire, UDP)
            check_all_ways(wire, TCP)


@pytest.mark.parametrize("flags", [0x100, 0x800, 0x2000])
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_nasty_names(number: int, flags: int) -> None:
    for qtype in (1, 6, 43, 255):
        for opt in (b"", OPT):
            head = struct.pack(">HHHHHH", 7, flags, 1, 0, 0, 1 if opt else 0)
            wire = head + NASTY[number] + struct.pack(">HH", qtype, 1) + opt
            check_all_ways(wire, UDP)


def test_opcodes_by_every_way() -> None:
    question = dns.name.from_text("ns1.example.").to_wire() + b"\x00\x01\x00\x01"
    for opcode in range(16):
        check_all_ways(struct.pack(">HHHHHH", 7, opcode << 11, 1, 0, 0, 0) + question, UDP)


def test_what_is_kept_is_what_will_be_asked_again() -> None:
    """Neither random names nor mixed case push others out of the answer cache."""
    responder = subject()
    head = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0)
    for name, is_kept in (
        ("ns1.example.", True),
        ("w.example.", True),
        ("nS1.example.", False),
        ("x.w.example.", False),
        ("y.w.example.", False),
        ("no.example.", False),
        ("x.sub.example.", False),
        ("x.d.example.", False),
    ):
        wire = head + dns.name.from_text(name).to_wire() + b"\x00\x01\x00\x01"
        responder.respond(wire, CLIENT, UDP)
        assert (wire[2:] in responder.datagram_answers.replies) is is_kept


@pytest.mark.parametrize("opt", [b"", OPT, COOKIE], ids=["plain", "edns", "cookie"])
def test_the_short_way_is_taken(opt: bytes) -> None:
    """What nobody takes is not tested by what comes out."""
    responder = subject(0)
    head = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 1 if opt else 0)
    for name in ("ns1.example.", "x.w.example.", "nothing.example.", "x.d.example."):
        wire = head + dns.name.from_text(name).to_wire() + b"\x00\x01\x00\x01" + opt
        responder.respond(wire, CLIENT, UDP)
        assert responder.ordinary.answer(wire, CLIENT, UDP) is not None
    wire = head + dns.name.from_text("other.test.").to_wire() + b"\x00\x01\x00\x01" + opt
    assert responder.ordinary.answer(wire, CLIENT, UDP) is None
