"""Replies that are recalled, TTLs counted down, are those of the long way, octet for octet."""

import struct
from collections.abc import Awaitable, Callable
from math import floor

import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.resolver.cache import Cache
from minidns.resolver.cached_answer import Hit
from minidns.resolver.kept_reply import KeptReply
from minidns.resolver.model import Group, Question, Resolved, Segment, Upstream
from minidns.responder.answer_cache import AnswerCache
from minidns.responder.cookies import Cookies
from minidns.responder.outside import Outside
from minidns.responder.outside_query import OutsideQuery
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.responder import Policy, Responder
from minidns.responder.room import Room
from minidns.responder.routes import Routes
from minidns.wire.codes import RRType
from minidns.wire.response import Records
from minidns.zone.model import Catalog
from tests.harness import CLIENT, TCP, UDP

START = 1000.0
GROUP = Group(1, b"\0", (Upstream("192.0.2.53", 53),))
NAMES = ("www.example.", "mail.example.", "deep.www.example.")
A, TXT, SOA, CNAME = (int(rtype) for rtype in (RRType.A, RRType.TXT, RRType.SOA, RRType.CNAME))
SOA_RDATA = b"\x02ns\x07example\x00\x04host\x07example\x00" + struct.pack("!5I", 1, 2, 3, 4, 300)


class FromCache:
    """A resolver that only looks."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.looked = 0

    def find(self, group: Group, question: Question, now: float) -> Hit | None:
        self.looked += 1
        hit = self._cache.get(group.number, question, now)
        return hit if hit is not None and hit.is_fresh else None

    async def resolve(
        self, group_of: Callable[[bytes], Group | None], question: Question, client: bytes
    ) -> Resolved:
        raise AssertionError

    def ask(self, client: OutsideQuery) -> Awaitable[bytes]:
        return client.resolve()

    async def close(self) -> None:
        """There is nothing to end."""


class Subject:
    """A responder whose replies are kept, and one beside it that goes the long way each time."""

    def __init__(
        self, answer_cache: int = 2**20, cache_size: int = 2**20, resolves: bool = True
    ) -> None:
        self.now = START
        self.cache = Cache(cache_size)
        self.answers = PublicAnswers(self.cache, [GROUP], (), ())
        self.keeping = self._outside_of(answer_cache, resolves)
        self.looking = self._outside_of(0, resolves)

    def _outside_of(self, answer_cache: int, resolves: bool) -> tuple[Responder, FromCache]:
        resolver = FromCache(self.cache)
        everybody = (CLIENT,)
        routes = Routes([GROUP])
        outside = Outside(routes, resolver, self.answers, everybody, Catalog({}), lambda: self.now)
        policy = Policy(answer_cache=answer_cache)
        cookies = Cookies(b"k" * 16)
        return Responder(Catalog({}), policy, cookies, lambda: 0.0, outside, resolves), resolver

    def learn(self, question: Question, segment: Segment) -> None:
        """From now on, but where the first tier has the former answer for this second."""
        self.answers.add(GROUP.number, question, segment, self.now)
        self.keeping[0].forget_passing()

    def pass_time(self, seconds: float) -> None:
        second = floor(self.now)
        self.now += seconds
        if floor(self.now) != second:  # as the server does
            self.keeping[0].forget_passing()

    def ask(self, wire: bytes, is_tcp: bool = False) -> bytes | None:
        """The reply; None where there is none at once."""
        replies = []
        keeping, looking = self.keeping[0], self.looking[0]
        for responder, respond in (
            (keeping, keeping.respond),
            (looking, looking.respond_at_length),
        ):
            answers = responder.stream_answers if is_tcp else responder.datagram_answers
            tail = answers.replies.get(wire[2:])  # as a transport does
            if tail is not None:
                replies.append(wire[:2] + tail)
                continue
            reply = respond(wire, CLIENT, TCP if is_tcp else UDP)
            if not isinstance(reply, bytes):
                assert reply is not None
                reply.close()  # a coroutine that has not begun
                reply = None
            replies.append(reply)
        assert replies[0] == replies[1]
        return replies[0]


def question(name: str = NAMES[0], qtype: int = A, **bits: bool) -> Question:
    return Question(dns.name.from_text(name).to_wire(), qtype, **bits)


def query(
    name: str = NAMES[0], qtype: int = A, *, edns: int = -1, payload: int = 1232, flags: int = 0
) -> bytes:
    message = dns.message.make_query(name, qtype, use_edns=edns, payload=payload, ednsflags=flags)
    return message.to_wire()


def addresses(*ttls: int) -> Segment:
    """A set for each TTL."""
    sets = [
        Records(None if not at else b"\x01%c" % (97 + at) + NAME, A, ttl, (b"\xcb\0\x71%c" % at,))
        for at, ttl in enumerate(ttls)
    ]
    return Segment(0, tuple(sets), (), None, min(ttls))


NAME = question().qname
TWO = Records(None, A, 60, (b"\xcb\0\x71\1", b"\xcb\0\x71\2"))


def negative(rcode: int, ttl: int = 60) -> Segment:
    return Segment(rcode, (), (Records(b"\x07example\0", SOA, ttl, (SOA_RDATA,)),), None, ttl)


def ttls_of(reply: bytes | None) -> list[int]:
    assert reply is not None
    message = dns.message.from_wire(reply)
    return [rrset.ttl for rrset in message.answer + message.authority]


@pytest.mark.parametrize("is_tcp", [False, True])
@pytest.mark.parametrize(
    ("segment", "ttls"),
    [
        (addresses(60), [60]),
        (addresses(60, 90, 300), [60, 90, 300]),
        (Segment(0, (TWO,), (), None, 60), [60]),
        (negative(0), [60]),
        (negative(3), [60]),
    ],
)
def test_recalled_in_each_second_until_it_is_due(
    segment: Segment, ttls: list[int], is_tcp: bool
) -> None:
    """Nothing is looked for but by its octets, until the last tenth of the least TTL begins."""
    subject = Subject()
    subject.learn(question(), segment)
    assert ttls_of(subject.ask(query(), is_tcp)) == ttls
    for second in range(1, 54):
        subject.pass_time(1)
        for _ in range(3):
            assert ttls_of(subject.ask(query(), is_tcp)) == [ttl - second for ttl in ttls]
    assert subject.keeping[1].looked == 1
    subject.pass_time(1)
    subject.ask(query(), is_tcp)
    assert subject.keeping[1].looked == 2


def test_another_question_or_other_bits_are_not_recalled() -> None:
    subject = Subject()
    subject.learn(question(), addresses(60))
    subject.ask(query())
    subject.pass_time(1)
    asked = [
        query(NAMES[1]),
        query(qtype=TXT),
        query(edns=0),
        query(edns=0, flags=dns.flags.DO),
        query().replace(b"\x03www", b"\x03wWw"),
        query()[:3] + b"\x10" + query()[4:],  # CD
        query()[:2] + b"\0" + query()[3:],  # not RD
    ]
    for number, wire in enumerate(asked):
        subject.ask(wire)
        assert subject.keeping[1].looked == 2 + number - (number == len(asked) - 1)


def test_what_is_flushed_or_replaced_is_not_recalled() -> None:
    subject = Subject()
    subject.learn(question(), addresses(60))
    subject.ask(query())
    subject.pass_time(1)
    subject.learn(question(), addresses(50))
    assert ttls_of(subject.ask(query())) == [50]
    subject.pass_time(1)
    subject.learn(question(), negative(3))
    reply = subject.ask(query())
    assert reply is not None
    assert dns.message.from_wire(reply).rcode() == dns.rcode.NXDOMAIN
    subject.pass_time(1)
    subject.cache.flush(NAME)
    assert subject.ask(query()) is None


def test_recalling_is_a_use_that_a_flood_does_not_push_out() -> None:
    subject = Subject(cache_size=100_000)
    subject.learn(question(), addresses(86_400))
    for number in range(2_000):
        subject.pass_time(1)
        assert subject.ask(query()) is not None
        subject.learn(question(f"x{number}.example."), addresses(60))
    assert subject.keeping[1].looked == 1
    assert subject.cache.stats()["evicted"] > 1_000


def test_a_truncated_reply_is_not_kept() -> None:
    subject = Subject()
    many = Records(None, A, 60, tuple(b"\xcb\0\x71%c" % last for last in range(100)))
    subject.learn(question(), Segment(0, (many,), (), None, 60))
    for _ in range(3):
        reply = subject.ask(query())
        assert reply is not None
        assert dns.message.from_wire(reply).flags & dns.flags.TC
        subject.pass_time(1)
    assert len(subject.keeping[0].datagram_answers.kept) == 0
    assert ttls_of(subject.ask(query(), is_tcp=True)) == [57]


def test_nothing_is_kept_for_clients_that_may_not_all_ask() -> None:
    subject = Subject(resolves=False)
    responder = subject.keeping[0]
    subject.learn(question(), addresses(60))
    responder.respond(query(), CLIENT, UDP)
    assert not responder.datagram_answers.kept


SEGMENTS = st.sampled_from(
    [
        addresses(1),
        addresses(2),
        addresses(10),
        addresses(9, 3),
        addresses(4, 30),
        negative(0, 5),
        negative(3, 5),
        Segment(0, (TWO._replace(ttl=12),), (), None, 7, True),
        Segment(0, (Records(None, CNAME, 9, (NAME,)),), (), NAME, 9),  # no whole answer
    ]
)
ASKED = st.sampled_from((NAMES[0], NAMES[0], NAMES[0], NAMES[2])), st.sampled_from((A, A, A, TXT))
EVENTS = st.one_of(
    st.tuples(st.just("learn"), *ASKED, st.sampled_from((False, False, True)), SEGMENTS),
    st.tuples(st.just("pass"), st.sampled_from((0.0, 0.25, 0.5, 1.0, 1.25, 3.0))),
    st.tuples(st.just("flush"), st.sampled_from(NAMES)),
    st.tuples(st.just("ask"), *ASKED, st.sampled_from((-1, -1, 0)), st.booleans()),
    st.tuples(st.just("ask"), *ASKED, st.just(1232), st.booleans()),
)


@pytest.mark.no_cover
@settings(max_examples=300)
@given(st.lists(EVENTS, min_size=30, max_size=90), st.sampled_from((500, 1_000, 2**20)))
def test_as_by_the_long_way_whatever_comes_between(
    events: list[tuple[object, ...]], cache_size: int
) -> None:
    subject = Subject(cache_size=cache_size)
    for event in events:
        match event:
            case ("learn", str(name), int(qtype), bool(dnssec_ok), Segment() as segment):
                subject.learn(question(name, qtype, dnssec_ok=dnssec_ok), segment)
            case ("pass", float(seconds)):
                subject.pass_time(seconds)
            case ("flush", str(name)):
                subject.cache.flush(dns.name.from_text(name).to_wire())
                subject.keeping[0].forget_passing()  # as the server does
            case ("ask", str(name), int(qtype), int(edns), bool(is_tcp)):
                flags = dns.flags.DO if edns > 0 else 0
                for _ in range(2):
                    subject.ask(query(name, qtype, edns=min(edns, 0), flags=flags), is_tcp)


class Unchanged:
    """What is kept is as it was."""

    def clock(self) -> float:
        return 0.0

    def recall(self, kept: KeptReply, now: float) -> int:
        return 0


def test_kept_replies_go_before_answers_of_zones_and_count_to_the_bound() -> None:
    bound = 60_000
    room = Room(bound)
    cache, other = AnswerCache(room, Unchanged()), AnswerCache(room)
    cache.add(b"id zone", b"id answer")
    for number in range(20):
        other.add(b"id%6d" % number, b"id" + bytes(100))
    most = 0
    for number in range(1_000):
        wire = b"id%6d" % number
        cache.keep(wire, KeptReply(b"x" * 100, 0.0, 5, (), b"k" * 20, b"p" * 50))
        cache.keep(wire, KeptReply(b"y" * 90, 0.0, 5, (), b"k" * 20, b"p" * 50))
        most = max(most, len(cache.kept))
        assert len(cache.kept) * 250 + len(other.replies) * 100 < bound
        assert cache.replies.get(b" zone") == b" answer"
    assert most > 50
    assert len(other.replies) == 20
    assert cache.recall(b"%6d" % 999) == b"y" * 90
    cache.clear()
    assert cache.recall(b"%6d" % 999) is None
    assert room.octets == other.octets > 20 * 100
    other.clear()
    assert room.octets == 0


def test_what_is_kept_goes_before_all_others_have() -> None:
    """One client cannot push out what other networks ask for."""
    room = Room(100_000)
    zones, keeping = AnswerCache(room), AnswerCache(room, Unchanged())
    for number in range(300):
        zones.add(b"id%6d" % number, b"id" + bytes(100))
    for number in range(1_000):
        keeping.keep(b"id%6d" % number, KeptReply(b"x" * 100, 0.0, 5, (), b"k", b"p"))
    assert len(zones.replies) == 300
    assert keeping.kept


def test_what_finds_no_room_is_not_passing() -> None:
    room = Room(5_000)
    cache = AnswerCache(room)
    for _ in range(2 * Room.MAX_PASSING):
        cache.add_passing(b"idlarge", bytes(6_000))
    cache.add_passing(b"idlarge", bytes(100))
    assert cache.replies.get(b"large") == bytes(98)
    cache.forget_passing()
    assert (room.octets, room.passing) == (0, 0)


def test_what_passes_is_bounded_for_all_together() -> None:
    room = Room(10_000_000)
    caches = [AnswerCache(room) for _ in range(3)]
    for number in range(Room.MAX_PASSING):
        for cache in caches:
            cache.add_passing(b"id%6d" % number, b"id")
    assert sum(len(cache.replies) for cache in caches) == room.passing == Room.MAX_PASSING
    caches[0].clear()
    for cache in caches:
        cache.forget_passing()
    assert (room.octets, room.passing) == (0, 0)


def test_an_answer_that_is_held_is_counted_once() -> None:
    room = Room(10_000)
    cache = AnswerCache(room)
    for _ in range(100):
        cache.add(b"id", b"id" + bytes(100))
    assert 100 < room.octets < 400


def test_the_answer_cache_that_has_most_gives_up_where_nothing_is_kept() -> None:
    room = Room(60_000)
    large, small = AnswerCache(room), AnswerCache(room)
    for number in range(150):
        large.add(b"id%6d" % number, b"id" + bytes(100))
    seen = []
    for number in range(150):
        small.add(b"id%6d" % number, b"id" + bytes(100))
        seen.append((len(large.replies), len(small.replies)))
    assert (150, 40) in seen
    assert seen[-1] == (0, 150)


def test_without_room_nothing_is_held() -> None:
    switched_off = AnswerCache(Room(0), Unchanged())
    switched_off.keep(b"id", KeptReply(b"", 0.0, 5, (), b"", b""))
    switched_off.add(b"id", b"id")
    assert not switched_off.kept
    assert not len(switched_off.replies)
