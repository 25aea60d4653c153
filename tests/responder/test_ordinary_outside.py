"""The short way for names elsewhere says what the long one does, or leaves it to that."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import dns.flags
import dns.message
import dns.name
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minidns.resolver.block_list import BlockList
from minidns.resolver.cache import Cache
from minidns.resolver.cached_answer import Hit
from minidns.resolver.hosts import Hosts
from minidns.resolver.model import Group, Question, Resolved, Segment, Upstream
from minidns.responder.cookies import Cookies
from minidns.responder.outside import Outside
from minidns.responder.outside_query import OutsideQuery
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.responder import Policy, Responder
from minidns.responder.routes import Routes
from minidns.responder.via import Via
from minidns.wire.name import name_from_text
from minidns.wire.response import Records
from minidns.zone.model import Catalog
from minidns.zone.special_use import special_use_zones
from tests.harness import zone_of

UDP, TCP = Via("udp", is_stream=False), Via("tcp", is_stream=True, keepalive=100)
FRIEND, STRANGER = bytes((10, 0, 0, 1)), bytes((192, 0, 2, 1))
# `deep.corp.example.` is below a group's domain, `sub.example.com.` a group below a zone.
ZONE = "@ 300 SOA ns host 1 2 3 4 300\n@ 300 NS ns\nns 300 A 192.0.2.1\nwww 300 A 192.0.2.2\n"
HERE = zone_of("example.com.", ZONE)
DEEP = zone_of("deep.corp.example.", ZONE)
FALLING = replace(zone_of("example.net.", ZONE), falls_through=True)
UPSTREAMS = (Upstream("192.0.2.53", 53),)
GROUPS = [
    Group(1, b"\0", UPSTREAMS),
    Group(2, name_from_text("corp.example."), UPSTREAMS),
    Group(3, name_from_text("sub.example.com."), UPSTREAMS),
    Group(4, name_from_text("never.example."), ()),
    Group(5, name_from_text("x.local."), UPSTREAMS),
]


class Asked:
    """In place of what waits for an upstream."""

    def __init__(self, client: OutsideQuery) -> None:
        self.client = client

    def __await__(self) -> Any:
        raise AssertionError


class OnlyFinds:
    """A resolver that looks, and asks nobody."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def find(self, group: Group, question: Question, now: float) -> Hit | None:
        hit = self._cache.get(group.number, question, now)
        return hit if hit is not None and hit.is_fresh else None

    def ask(self, client: OutsideQuery) -> Awaitable[bytes]:
        return Asked(client)

    async def resolve(self, *_: object) -> Resolved:
        raise AssertionError

    async def go_on(self, *_: object) -> Resolved:
        raise AssertionError

    async def close(self) -> None:
        """There is nothing to end."""


class Server:
    def __init__(self, resolves: bool) -> None:
        self.cache = Cache(2**20)
        answers = PublicAnswers(self.cache, GROUPS, (), ())
        resolver = OnlyFinds(self.cache)
        self.routes = Routes(GROUPS)
        self.outside = Outside(
            self.routes,
            resolver,
            answers,
            (FRIEND,),
            Catalog(special_use_zones()),
            lambda: 1000.0,
        )
        cookies = Cookies(b"k" * 16)
        self.responder = Responder(
            Catalog({}), Policy(), cookies, lambda: 0.0, self.outside, resolves
        )

    def change(self, what: str) -> None:
        """The zones, the lists or the upstreams."""
        if what == "zones":
            self.responder.swap(Catalog({HERE.origin: HERE, DEEP.origin: DEEP}))
        elif what == "falling":
            self.responder.swap(Catalog({HERE.origin: HERE, FALLING.origin: FALLING}))
        elif what == "no zones":
            self.responder.swap(Catalog({}))
        elif what == "lists":
            hosts, block = Hosts(), BlockList()
            hosts.add(b"192.0.2.9 a.example.\n")
            block.add(b"b.example\n")
            block.pack()
            self.outside.set_lists(hosts, block)
        elif what == "no lists":
            self.outside.set_lists(None, None)
        elif what == "nobody":
            self.routes.set_upstreams(b"\0", ())
        elif what == "others":
            self.routes.set_upstreams(b"\0", (Upstream("192.0.2.54", 53),))
        else:
            self.cache.add(
                1,
                Question(name_from_text(what), 1),
                Segment(0, (Records(None, 1, 60, (b"\1\2\3\4",)),), ttl=60),
                1000.0,
            )


def _describe(outcome: object) -> object:
    """What there is to see of a reply, or of one that comes later."""
    if outcome is None or isinstance(outcome, bytes):
        return outcome
    if isinstance(outcome, Coroutine):  # for a name that is blocked
        outcome.close()
        return "blocked"
    assert isinstance(outcome, Asked)
    client = outcome.client
    question = client.question
    segment = Segment(0, (Records(None, question.qtype, 60, (b"\1\2\3\4",)),), ttl=60)
    kept = Cache(2**20).add(1, question, segment, 1000.0)
    return client.group, question, client.address, client.say(Resolved(segment, None, kept))


NAMES = st.sampled_from(
    ["a.example.", "c.example."] * 8
    + ["b.example.", "B.Example.", "d.b.example.", "example.", "."]
    + ["www.example.com.", "lacks.example.com.", "example.com.", "sub.example.com.", "com."]
    + [
        "a.sub.example.com.",
        "a.corp.example.",
        "corp.example.",
        "b.corp.example.",
        "deep.corp.example.",
    ]
    + ["www.deep.corp.example.", "a.never.example."]
    + ["lacks.example.net.", "www.example.net.", "example.net.", "localhost.", "a.local."]
    + ["x.local.", "a.x.local.", "local.", "1.0.0.10.in-addr.arpa.", "a\\000b.example."]
)


def _query(name: str, rtype: str, edns: int, flags: int, ednsflags: int) -> bytes:
    message = dns.message.make_query(
        name, rtype, use_edns=edns, id=7, flags=flags, ednsflags=ednsflags
    )
    return message.to_wire()


QUERIES = st.builds(
    _query,
    NAMES,
    st.sampled_from(["A", "A", "AAAA", "DS", "ANY", "AXFR", "TYPE65280"]),
    st.sampled_from([-1, -1, 0, 1]),
    st.sampled_from([0x0100, 0x0100, 0x0110, 0x0120, 0x0000, 0x0500, 0x1100, 0x8100]),
    st.sampled_from([0, dns.flags.DO]),
)
DAMAGE = st.lists(st.tuples(st.integers(2, 60), st.integers(0, 255)), max_size=2)
CHANGES = st.sampled_from(
    ["zones", "falling", "no zones", "lists", "no lists", "c.example.", "a.example."]
    + ["nobody", "others"]
)
STEPS = st.lists(
    st.one_of(
        CHANGES,
        st.tuples(
            QUERIES,
            st.one_of(st.just([]), DAMAGE),
            st.sampled_from((FRIEND, STRANGER)),
            st.booleans(),
        ),
    ),
    min_size=1,
    max_size=30,
)
Step = str | tuple[bytes, list[tuple[int, int]], bytes, bool]


def _asked(name: str) -> Step:
    return _query(name, "A", -1, 0x0100, 0), [], FRIEND, False


@pytest.mark.no_cover
@settings(max_examples=300, derandomize=True, deadline=None)
@example([_asked("c.example."), _asked("a.example."), "lists", _asked("a.example.")], True)
@example([_asked("c.example."), _asked("b.example."), "lists", _asked("b.example.")], True)
@example([_asked("a.example.net."), "falling", _asked("www.example.net.")], True)
@example([_asked("a.example.com."), "zones", _asked("www.example.com.")], False)
@example([_asked("example."), _asked("local."), _asked("localhost.")], False)
@given(STEPS, st.booleans())
def test_both_ways_are_one(steps: list[Step], resolves: bool) -> None:
    short, long = Server(resolves), Server(resolves)
    for step in steps:
        if isinstance(step, str):
            short.change(step)
            long.change(step)
            continue
        query, damage, client, is_tcp = step
        wire = bytearray(query)
        for place, octet in damage:
            wire[place % len(wire)] = octet
        message, via = bytes(wire), TCP if is_tcp else UDP
        at_length: Callable[[bytes, bytes, Via], object] = long.responder.respond_at_length
        expected = None if message[2] & 0x80 else at_length(message, client, via)
        told = short.responder.respond(message, client, via)
        assert _describe(told) == _describe(expected)


def test_a_name_below_a_known_parent_goes_the_short_way() -> None:
    """Else the test above would compare the long way with itself."""
    server = Server(True)
    name = dns.name.from_text
    assert server.outside.ordinary_group_of(name("a.example.").to_wire()) is None
    server.responder.respond(_query("c.example.", "A", -1, 0x0100, 0), FRIEND, UDP)
    for text in ("a.example.", "b.example."):
        assert server.outside.ordinary_group_of(name(text).to_wire()) is GROUPS[0]
    for text in ("corp.example.", "a.corp.example.", "never.example.", "example.", "."):
        assert server.outside.ordinary_group_of(name(text).to_wire()) is None
