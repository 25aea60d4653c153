"""A query for a name elsewhere is answered alike by plain calls and by coroutines, in whatever way.

Two servers are asked the same at the same virtual moments, and their upstreams do the same: one
answers as transports have it answer, the other one by the long way and one coroutine for each.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import dns.flags
import dns.message
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minidns.errand import Later
from minidns.resolver.cache import Cache
from minidns.resolver.model import Exchange, Failure, FailureKind, Group, Policy, Question, Upstream
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
from minidns.wire.reply import Reply
from minidns.zone.model import Catalog
from tests.resolver.scripted_exchange import Act, Asked, Script, ScriptedExchange, group
from tests.resolver.test_resolver import act
from tests.resolver.virtual_time import now, run

UDP = Via("udp", is_stream=False)
CLIENTS = (bytes((127, 0, 0, 1)), bytes((192, 168, 1, 7)), bytes((192, 0, 2, 1)))
Ask = Callable[[bytes, bytes], Awaitable[bytes | None]]


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
        asked = Asked(to, what, now())
        self.asked.append(asked)
        done = self.script(asked)
        wanted = Wanted(self, to, self._known, what, seconds, now() + seconds)
        self.in_flight += 1

        def end(outcome: Reply | Failure) -> None:
            self.in_flight -= 1
            wanted.end(outcome)

        loop = asyncio.get_running_loop()
        if done.result is None or done.after >= seconds:
            timer = loop.call_later(seconds, end, Failure(FailureKind.TIMEOUT, "no reply"))
        else:
            timer = loop.call_later(done.after, end, done.result)

        def give_up() -> None:
            self.in_flight -= 1
            timer.cancel()

        wanted.stop_by(give_up)
        return wanted


class World:
    """A server of one group."""

    def __init__(self, whom: Group, exchange: Exchange) -> None:
        cache = Cache(2**20)
        answers = PublicAnswers(cache, [whom], parse_networks(PRIVATE_NETWORKS), ())
        self.resolver = Resolver(answers, exchange, now, bytes, lambda *_: True)
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
        return act(acts[chance % len(acts)], asked)

    async def work() -> tuple[Told, list[Asked], dict[str, int]]:
        exchange = SignallingExchange(script) if is_short else ScriptedExchange(script)
        world = World(whom, exchange)
        ask: Ask = world.ask_as_transports if is_short else world.ask_at_length

        async def one(after: int, wire: bytes, client: int, leaves: bool) -> None:
            place = len(told)
            told.append((0.0, None))
            await asyncio.sleep(after / 4)
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
        stats = world.resolver.stats()
        await world.resolver.close()
        assert exchange.in_flight == 0
        return told, exchange.asked, stats

    return run(work())


def _query(name: str, rtype: str = "A", edns: int = -1, flags: int = dns.flags.RD) -> bytes:
    message = dns.message.make_query(name, rtype, use_edns=edns, id=7, flags=flags)
    return message.to_wire()


NAMES = st.sampled_from(["a.example.", "b.example.", "B.exAmple.", "c.d.example.", "e.f.example."])
QUERIES = st.builds(
    _query,
    NAMES,
    st.sampled_from(["A", "A", "A", "AAAA", "TXT"]),
    st.sampled_from([-1, 0]),
    st.sampled_from([dns.flags.RD, dns.flags.RD, dns.flags.RD | dns.flags.CD, 0]),
)
ACTS = st.sampled_from(
    ["answer", "answer", "slow", "silence", "refused", "servfail", "alias", "junk", "truncated"]
)


@settings(max_examples=60, deadline=None, derandomize=True)
@example(
    acts=["answer"],
    queries=[(number, _query(f"{number}.example."), 0, False) for number in range(4)],
    count=1,
    policy=Policy.IN_ORDER,
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
)
def test_both_ways_are_one(
    acts: list[str], queries: list[tuple[int, bytes, int, bool]], count: int, policy: Policy
) -> None:
    whom = group(count, policy)
    told, asked, stats = _run(acts, queries, whom, True)
    told_at_length, asked_at_length, stats_at_length = _run(acts, queries, whom, False)
    assert told == told_at_length
    assert asked == asked_at_length
    assert stats == stats_at_length


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
