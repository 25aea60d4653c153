"""What a stranger can make this server keep, and how much it works for one query.

L01, L05, L14, L15 and M06 of the robustness list, where they meet an authoritative server.
"""

import dataclasses
import struct
import tracemalloc
from collections.abc import Callable, Iterator

import dns.edns
import dns.message
import dns.name
import dns.rdatatype
import pytest

from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.via import Via
from minidns.wire.query import QueryReader
from minidns.zone.model import Catalog
from minidns.zone.nodes import Nodes
from tests.conformance.compiled import NOT_COMPILED
from tests.harness import CLIENT, NOW, TCP, UDP, responder_for, zone_of

SOA = "@ 60 SOA ns host 1 2 3 4 5\n"
MEBIBYTE = 2**20


def grown_by(work: Callable[[], None]) -> int:
    """Octets that are held after `work` and were not before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        work()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


def question_of(qname: str, qtype: int, edns: bytes = b"") -> bytes:
    """A query by hand, for types that dnspython would not ask for."""
    name = dns.name.from_text(qname).to_wire()
    counts = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 1 if edns else 0)
    return counts + name + struct.pack(">HH", qtype, 1) + edns


def opt_with(options: bytes) -> bytes:
    return b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00" + struct.pack(">H", len(options)) + options


def wide_zone() -> str:
    """A delegation whose referral has about 6,000 octets."""
    lines = [SOA]
    for number in range(100):
        lines += [f"cut 60 NS ns{number}.cut", f"ns{number}.cut 60 AAAA 2001:db8::{number}"]
    return "\n".join(lines) + "\n"


def test_a_referral_is_kept_once_whatever_type_is_asked_for() -> None:
    responder = responder_for({"example.": wide_zone()}, answer_cache=0)
    queries = [question_of("x.cut.example.", 1000 + number) for number in range(500)]

    def ask_all() -> None:
        for query in queries:
            responder.respond(query, CLIENT, UDP)

    assert grown_by(ask_all) < MEBIBYTE // 2


def test_encoded_answers_are_bounded_in_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minidns.responder.responder._BODY_CACHE", MEBIBYTE // 16)
    aliases = "".join(f"c{number} 60 CNAME c{number + 1}\n" for number in range(9))
    responder = responder_for({"example.": SOA + aliases}, answer_cache=0)
    queries = [
        question_of(f"c{number}.example.", rtype)
        for number in range(9)
        for rtype in range(300, 350)
    ]

    def ask_all() -> None:
        for query in queries:
            responder.respond(query, CLIENT, UDP)

    assert grown_by(ask_all) < MEBIBYTE // 12


def test_long_opt_records_are_not_remembered() -> None:
    reader = QueryReader()

    def read_all() -> None:
        for number in range(50):
            options = struct.pack(">HH", 65001, 60_000) + bytes((number,)) * 60_000
            assert reader.read(question_of("a.example.", 1, opt_with(options))).edns

    assert grown_by(read_all) < MEBIBYTE // 4


@pytest.mark.parametrize("cookie_octets", [8, 24])
def test_cookies_are_not_remembered(cookie_octets: int) -> None:
    reader = QueryReader()

    def read_all() -> None:
        for number in range(600):
            cookie = number.to_bytes(cookie_octets, "big")
            options = struct.pack(">HH", 10, cookie_octets) + cookie
            edns = reader.read(question_of("a.example.", 1, opt_with(options))).edns
            assert edns is not None
            assert edns.cookie == cookie

    assert grown_by(read_all) < 64 * 1024  # 600 of them would be three times that


def test_what_was_seen_around_a_cookie_does_not_excuse_what_follows_it() -> None:
    responder = responder_for({"example.": SOA})
    good = question_of("a.example.", 1, opt_with(b"\x00\x0a\x00\x0812345678"))
    for wire, rcode in ((good, 3), (good + b"x", 1), (good[:-1], 1), (good[:-8], 1), (good, 3)):
        reply = responder.respond(wire, CLIENT, UDP)
        assert reply is not None
        assert dns.message.from_wire(reply).rcode() == rcode


def test_options_and_random_names_do_not_enter_the_answer_cache() -> None:
    responder = responder_for({"example.": SOA + "www 60 A 192.0.2.1\n*.w 60 A 192.0.2.2\n"})
    queries = [
        question_of("www.example.", 1, opt_with(b"\xfe\x00\x00\x01x")),
        question_of("WWW.example.", 1),
        question_of("random.example.", 1),
        question_of("random.w.example.", 1),
    ]
    for query in queries:
        responder.respond(query, CLIENT, UDP)
    assert not responder.datagram_answers.replies
    responder.respond(question_of("www.example.", 1, opt_with(b"")), CLIENT, UDP)
    assert len(responder.datagram_answers.replies) == 1


class CountedNames(dict[bytes, bytes]):
    """Counts look-ups."""

    looked_up = 0

    def __contains__(self, key: object) -> bool:
        self.looked_up += 1
        return super().__contains__(key)


@NOT_COMPILED
@pytest.mark.parametrize("below", ["", "www.", "e.d."])
def test_a_name_of_127_labels_costs_no_more_look_ups_than_a_short_one(below: str) -> None:
    zone = zone_of("example.", SOA + "www 60 A 192.0.2.1\nx.e.d 60 A 192.0.2.1\n")
    names = CountedNames(zone.nodes.packed)
    nodes = Nodes(zone.origin, names, has_breaks=False)
    catalog = Catalog({zone.origin: dataclasses.replace(zone, nodes=nodes)})
    responder = Responder(catalog, Policy(), Cookies(b"k" * 16), lambda: NOW)
    labels = 127 - len(below.split(".")) - 1
    query = dns.message.make_query("a." * (labels - 4) + below + "example.", "A")
    reply = responder.respond(query.to_wire(), CLIENT, UDP)
    assert reply is not None
    assert dns.message.from_wire(reply).rcode() == 3
    assert 0 < names.looked_up < 12


def hostile_messages() -> Iterator[tuple[str, bytes]]:
    """Long messages whose counts and lengths promise much."""
    question = question_of("a.example.", 1)[12:]
    record = b"\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00"
    for name, opcode, counts, body in (
        ("records", 0, (1, 0, 0, 65535), question + record * 5000),
        ("records-notimp", 5, (1, 65535, 65535, 65535), question + record * 5000),
        ("questions", 0, (65535, 0, 0, 0), b"\x00\x00\x01\x00\x01" * 12_000),
        ("labels", 5, (1, 0, 0, 0), b"\x01a" * 32_000),
        ("labels-in-a-record", 0, (1, 0, 0, 2), question + b"\x01a" * 32_000),
        ("options", 0, (1, 0, 0, 1), question + opt_with(b"\x00\x63\x00\x00" * 16_000)),
        ("no-octets-at-all", 0, (1, 65535, 65535, 65535), question),
    ):
        yield name, struct.pack(">HHHHHH", 7, opcode << 11, *counts) + body


HOSTILE = dict(hostile_messages())


@pytest.mark.parametrize("name", HOSTILE)
def test_m06_nothing_is_allocated_by_a_count(name: str) -> None:
    wire = HOSTILE[name]
    responder = responder_for({"example.": SOA})
    responder.respond(wire, CLIENT, TCP)  # what is made once, by a measurement of coverage too
    tracemalloc.start()
    try:
        assert responder.respond(wire, CLIENT, TCP) is not None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 + 2 * len(wire)


@pytest.mark.parametrize("via", [UDP, TCP], ids=["udp", "tcp"])
def test_a_name_of_255_octets_with_every_option_stays_within_512(via: Via) -> None:
    """The longest question, the longest NSID, a cookie and an extended error: 512 octets."""
    label = "a" * 63
    origin = f"{'z' * 61}.{label}.{label}.{label}."
    assert len(dns.name.from_text(origin).to_wire()) == 255
    responder = responder_for({}, broken=[origin], nsid="n" * 128)
    options = [dns.edns.GenericOption(3, b""), dns.edns.GenericOption(10, b"12345678")]
    query = dns.message.make_query(origin, "A", use_edns=0, payload=512, options=list(options))
    wire = responder.respond(query.to_wire(), CLIENT, via)
    assert wire is not None
    assert len(wire) <= 512
    reply = dns.message.from_wire(wire)
    assert reply.rcode() == 2
    assert {int(one.otype) for one in reply.options} == {3, 10, 15}


def test_an_nsid_that_would_not_fit_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="129 octets long, at most 128 fit"):
        responder_for({}, nsid="n" * 129)
