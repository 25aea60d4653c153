"""A query for a name elsewhere is answered alike by plain calls and by coroutines, in whatever way.

Two servers are asked the same at the same virtual moments, and their upstreams do the same: one
answers as transports have it answer, the other one by the long way and one coroutine for each.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import replace

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minidns.errand import Later
from minidns.resolver.bounds import Bounds
from minidns.resolver.cache import Cache
from minidns.resolver.model import (
    Exchange,
    Failure,
    FailureKind,
    Group,
    Heard,
    Policy,
    Question,
    Upstream,
)
from minidns.resolver.networks import PRIVATE_NETWORKS, parse_networks
from minidns.resolver.resolver import Resolver
from minidns.responder.cookies import Cookies
from minidns.responder.outside import Outside
from minidns.responder.outside_query import OutsideQuery
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.responder import Policy as Words
from minidns.responder.responder import Responder
from minidns.responder.routes import Routes
from minidns.responder.via import Via
from minidns.transport.awaited import AwaitedReplies
from minidns.transport.counters import UdpCounters
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.wanted import Known, Wanted
from minidns.wire.plain_reply import PlainReply, read_plain_reply
from minidns.wire.reply import Reply
from minidns.wire.upstream_query import UpstreamQuery
from minidns.zone.model import Catalog
from tests.resolver.scripted_exchange import (
    Act,
    Asked,
    Script,
    ScriptedExchange,
    group,
    question,
    upstream,
)
from tests.resolver.test_resolver import act
from tests.resolver.virtual_time import now, run

UDP = Via("udp", is_stream=False)
CLIENTS = (bytes((127, 0, 0, 1)), bytes((192, 168, 1, 7)), bytes((192, 0, 2, 1)))
IN = b"\x00\x01"
A, AAAA = 1, 28
HINFO = 13  # what probes ask for
Ask = Callable[[bytes, bytes], Awaitable[bytes | None]]


def _patience(what: Question, seconds: float) -> float:
    """Less for a probe, so that it does not end with what was asked in the same moment."""
    return seconds - (what.qtype == HINFO) / 4999


class CoroutineExchange(ScriptedExchange):
    """One coroutine for each question."""

    async def __call__(self, to: Upstream, what: Question, seconds: float) -> Reply | Failure:
        return await super().__call__(to, what, _patience(what, seconds))


def _as_it_comes(done: Act, what: Question) -> Heard | None:
    """As over UDP."""
    told, message = done.result, done.message
    if not isinstance(told, Reply):
        return told
    query = UpstreamQuery(message[:2], what.qname + what.qtype.to_bytes(2) + IN, 1232)
    return read_plain_reply(query, message) or told


class SignallingExchange(ScriptedExchange):
    """The same, by what `upstream.exchange` gives."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.counters = UpstreamCounters()
        self._known = Known(False)

    def go_on(self, wanted: Wanted, outcome: object) -> Callable[[], object]:
        raise AssertionError

    def __call__(  # type: ignore[override]  # an awaitable, too
        self, to: Upstream, what: Question, seconds: float
    ) -> Wanted:
        seconds = _patience(what, seconds)
        asked = Asked(to, what, now())
        self.asked.append(asked)
        done = self.script(asked)
        told = _as_it_comes(done, what)
        wanted = Wanted(self, to, self._known, what, seconds, now() + seconds)
        self.in_flight += 1

        def end(outcome: Heard) -> None:
            self.in_flight -= 1
            wanted.end(outcome)

        loop = asyncio.get_running_loop()
        if told is None or done.after >= seconds:
            timer = loop.call_later(seconds, end, Failure(FailureKind.TIMEOUT, "no reply"))
        else:
            timer = loop.call_later(done.after, end, told)

        def give_up() -> None:
            self.in_flight -= 1
            timer.cancel()

        wanted.stop_by(give_up)
        return wanted


class World:
    """A server of one group."""

    def __init__(self, whom: Group, exchange: Exchange) -> None:
        self.cache = cache = Cache(2**20)
        answers = PublicAnswers(cache, [whom], parse_networks(PRIVATE_NETWORKS), ())
        bounds = Bounds(max_ttl=3600)
        self.resolver = Resolver(answers, exchange, now, bytes, lambda *_: True, bounds)
        outside = Outside(Routes([whom]), self.resolver, answers, CLIENTS, Catalog({}), now)
        self.responder = Responder(
            Catalog({}), Words(), Cookies(b"k" * 16), lambda: 0.0, outside, True
        )
        self.awaited = AwaitedReplies(UdpCounters())

    async def ask_as_transports(self, wire: bytes, client: bytes) -> bytes | None:
        """Cancelling it gives the query up."""
        reply = self.responder.respond(wire, client, UDP)
        if reply is None or isinstance(reply, bytes):
            return reply
        assert isinstance(reply, Later)
        came: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        awaited = AwaitedReplies(UdpCounters())
        awaited.add(reply, lambda told: None if came.done() else came.set_result(told))
        try:
            return await came
        finally:
            awaited.give_up()

    async def ask_at_length(self, wire: bytes, client: bytes) -> bytes | None:
        """By coroutines alone."""
        reply = self.responder.respond_at_length(wire, client, UDP)
        return reply if isinstance(reply, bytes) else await reply


Told = list[tuple[float, bytes | None]]


def _run(
    acts: list[str], queries: list[tuple[int, bytes, int, bool]], whom: Group, is_short: bool
) -> tuple[Told, list[Asked], dict[str, int]]:
    """What each was told and when, what upstreams were asked, what is counted."""

    def script(asked: Asked) -> Act:
        chance = sum(asked.question.qname) + asked.number + int(asked.at * 4)
        done = act(acts[chance % len(acts)], asked)
        return replace(done, after=done.after + asked.is_probe / 4999)  # as `_patience`

    async def work() -> tuple[Told, list[Asked], dict[str, int]]:
        exchange = SignallingExchange(script) if is_short else CoroutineExchange(script)
        world = World(whom, exchange)
        ask: Ask = world.ask_as_transports if is_short else world.ask_at_length

        async def one(after: int, wire: bytes, client: int, leaves: bool) -> None:
            place = len(told)
            told.append((0.0, None))
            # No two at one moment: which of them comes first is nobody's to say.
            await asyncio.sleep(after / 4 + place / 999)
            task = asyncio.ensure_future(ask(wire, CLIENTS[client]))
            if leaves:
                await asyncio.wait((task,), timeout=0.3)
                task.cancel()
                await asyncio.wait((task,))
            else:
                reply = await task
                told[place] = (round(now(), 6), reply)

        told: Told = []
        await asyncio.gather(*(one(*each) for each in queries))
        stats = world.resolver.stats() | world.cache.stats()
        await world.resolver.close()
        assert exchange.in_flight == 0
        return told, exchange.asked, stats

    return run(work())


def _query(name: str, rtype: str = "A", edns: int = -1, flags: int = dns.flags.RD) -> bytes:
    message = dns.message.make_query(name, rtype, use_edns=edns, id=7, flags=flags)
    return message.to_wire()


RD_AD = dns.flags.RD | dns.flags.AD
NAMES = st.sampled_from(["a.example.", "b.example.", "B.exAmple.", "c.d.example.", "e.f.example."])
QUERIES = st.builds(
    _query,
    NAMES,
    st.sampled_from(["A", "A", "A", "AAAA", "TXT"]),
    st.sampled_from([-1, 0]),
    st.sampled_from(
        [dns.flags.RD, dns.flags.RD, RD_AD, RD_AD, dns.flags.RD | dns.flags.CD, 0],
    ),
)
ACTS = st.sampled_from(
    ["answer", "several", "private", "brief", "lasting", "signed", "signed"]
    + ["slow", "silence", "refused", "servfail", "alias", "junk", "truncated"]
)


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None, derandomize=True)
@example(
    acts=["answer"],
    queries=[(number, _query(f"{number}.example."), 0, False) for number in range(4)],
    count=1,
    policy=Policy.IN_ORDER,
    trusts=False,
)
@given(
    acts=st.lists(ACTS, min_size=1, max_size=8),
    queries=st.lists(
        st.tuples(st.integers(0, 40), QUERIES, st.integers(0, 2), st.booleans()),
        min_size=1,
        max_size=20,
    ),
    count=st.integers(1, 3),
    policy=st.sampled_from((Policy.IN_ORDER, Policy.IN_ORDER, Policy.FASTEST)),
    trusts=st.booleans(),
)
def test_both_ways_are_one(
    acts: list[str],
    queries: list[tuple[int, bytes, int, bool]],
    count: int,
    policy: Policy,
    trusts: bool,
) -> None:
    _compare(acts, queries, group(count, policy)._replace(trust_ad=trusts))


@pytest.mark.parametrize(
    ("kind", "rtype"),
    [
        ("answer", A),
        ("several", A),
        ("private", A),
        ("brief", A),
        ("longer", A),
        ("lasting", A),
        ("signed", A),
        ("embedded", AAAA),
        ("many", AAAA),
    ],
)
@pytest.mark.parametrize("trusts", [False, True])
@pytest.mark.parametrize("edns", [-1, 0])
def test_each_kind_of_addresses(kind: str, rtype: int, trusts: bool, edns: int) -> None:
    """Of a new name, of one whose parent is known, of a kept one, together and later."""
    asked = Asked(upstream(1), question("a.example.", rtype), 0.0)
    assert isinstance(_as_it_comes(act(kind, asked), asked.question), PlainReply)
    queries = [
        (after, _query(f"{name}.example.", dns.rdatatype.to_text(rtype), edns, flags), 0, False)
        for name in ("a" * 60, "b" * 60)  # so long that many addresses need more than 512 octets
        for flags in (dns.flags.RD, RD_AD)
        for after in (0, 0, 8, 30)
    ]
    _compare([kind], queries, group(1)._replace(trust_ad=trusts))


@pytest.mark.parametrize("acts", [["servfail", "answer"], ["answer", "servfail"]])
def test_what_has_failed_is_forgotten_once_it_is_answered(acts: list[str]) -> None:
    """So that it does not fail for longer next time. They take turns, by quarters of a second."""
    queries = [(after, _query("a.example."), 0, False) for after in (0, 21)]
    kept = _compare(acts, queries, group(1))["failures_kept"]
    assert kept == (0 if acts == ["servfail", "answer"] else 1)


def _compare(
    acts: list[str], queries: list[tuple[int, bytes, int, bool]], whom: Group
) -> dict[str, int]:
    """What is counted."""
    told, asked, stats = _run(acts, queries, whom, True)
    told_at_length, asked_at_length, stats_at_length = _run(acts, queries, whom, False)
    assert told == told_at_length
    assert asked == asked_at_length
    assert stats == stats_at_length
    return stats


@pytest.mark.parametrize("acts", [["silence"], ["answer"], ["alias"], ["servfail"]])
@pytest.mark.parametrize("seconds", [0.0, 0.015, 5.0])
def test_nothing_is_left_for_a_collector(acts: list[str], seconds: float) -> None:
    """It is switched off while queries come: also of those that are given up."""

    async def work() -> int:
        exchange = SignallingExchange(lambda asked: act(acts[0], asked))
        world = World(group(1), exchange)
        gc.collect()
        gc.disable()
        try:
            for number in range(20):
                wire = _query(f"{number}.example.")
                reply = world.responder.respond(wire, CLIENTS[0], UDP)
                assert isinstance(reply, Later)
                awaited = AwaitedReplies(UdpCounters())
                awaited.add(reply, lambda _: None)
                await asyncio.sleep(seconds)
                awaited.give_up()
                del reply, awaited
            await world.resolver.close()
            await asyncio.sleep(0)
            return sum(isinstance(one, (Later, OutsideQuery)) for one in gc.get_objects())
        finally:
            gc.enable()

    assert run(work()) == 0
