"""Asking an upstream one question: over UDP first, and over TCP where UDP leaves a doubt.

This is the `Exchange` of `resolver.model`: it never raises, bounds what is under way, and keeps in
mind which upstreams lose the case of letters, so that they are not asked in mixed case for ever.
Who says FORMERR to EDNS is asked once more without it (RFC 6891 section 7), at each question, since
a forged one must not take EDNS away. A truncated reply stays one where TCP does not help (RFC 5625
section 4.4).
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from minidns.errand import Signal
from minidns.resolver.model import Failure, FailureKind, Protocol, Question, Upstream
from minidns.upstream.arrivals import Arrivals
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.datagram import PORT_OCTETS, DatagramQuery, Doubt, Outcome, explain
from minidns.upstream.endpoint import endpoint_of
from minidns.upstream.stream import ID_OCTETS, IDLE_SECONDS, StreamUpstream, StreamUse
from minidns.wire.codes import Rcode
from minidns.wire.reply import Reply
from minidns.wire.upstream_query import PAYLOAD, UpstreamQuery, draw_up_query

_FORMERR = int(Rcode.FORMERR)

log = logging.getLogger(__name__)


class Limits(NamedTuple):
    """What is bounded of all upstreams."""

    in_flight: int = 1024  # queries, each with a socket where it is UDP
    per_upstream: int = 512  # of these
    payload: int = PAYLOAD  # octets offered over UDP, RFC 9715
    idle: float = IDLE_SECONDS  # of a connection


_LIMITS = Limits()


class _Known:
    """What is known of one upstream."""

    __slots__ = ("in_flight", "is_trusted", "loses_case", "stream")

    def __init__(self, is_trusted: bool) -> None:
        self.in_flight = 0
        self.is_trusted = is_trusted
        self.loses_case = False
        self.stream: StreamUpstream | None = None


class _Wanted(Signal[Reply | Failure]):
    """One question to one upstream, until when; what became of it is what whoever waits is told."""

    __slots__ = (
        "counters",
        "deadline",
        "go_on",
        "known",
        "question",
        "seconds",
        "stop",
        "upstream",
    )

    def __init__(
        self,
        upstream: Upstream,
        known: _Known,
        question: Question,
        seconds: float,
        counters: UpstreamCounters,
        go_on: "Callable[[_Wanted, Outcome], Callable[[], object]]",
    ) -> None:
        """`go_on` is called where the first outcome is not the last."""
        super().__init__()
        self.upstream = upstream
        self.known = known
        self.question = question
        self.seconds = seconds
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.counters = counters
        self.go_on = go_on
        self.stop: Callable[[], object] = _nothing
        self.on_cancel = self.give_up
        counters.in_flight += 1
        known.in_flight += 1

    def hear(self, outcome: Outcome) -> None:
        """What came first."""
        if self.is_set:  # given up
            self.end(None)
        elif isinstance(outcome, Doubt) or _knows_no_edns(outcome):
            self.stop = self.go_on(self, outcome)
        else:
            self.end(outcome)

    def end(self, result: Reply | Failure | None) -> None:
        """None where the time is over."""
        self.on_cancel = None  # no cycle is left for a collector
        self.stop = _nothing
        if self.is_set:  # given up
            return
        counters = self.counters
        counters.in_flight -= 1
        self.known.in_flight -= 1
        if result is None:
            counters.timed_out += 1
            result = Failure(FailureKind.TIMEOUT, f"no answer within {self.seconds:g} s")
        else:
            _count(counters, result)
        self.set(result)

    def give_up(self) -> None:
        """Nobody waits any more."""
        self.counters.in_flight -= 1
        self.known.in_flight -= 1
        stop, self.stop = self.stop, _nothing
        stop()


class Upstreams:
    """All upstreams that were ever asked; what is the same for all questions to one."""

    def __init__(
        self,
        ca_file: Path | None = None,
        trusted: Callable[[Upstream], bool] = lambda _: False,
        limits: Limits = _LIMITS,
    ) -> None:
        """`ca_file`: authorities for TLS instead of the system's. `trusted`: for its AD bit."""
        self.counters = UpstreamCounters()
        self._ca_file = ca_file
        self._trusted = trusted
        self._limits = limits
        self._context: ssl.SSLContext | None = None
        self._known: dict[Upstream, _Known] = {}
        self._arrivals: Arrivals | None = None
        self._is_closed = False
        self._tasks: set[asyncio.Task[Reply | Failure | None]] = set()

    def exchange(
        self, upstream: Upstream, question: Question, seconds: float
    ) -> Awaitable[Reply | Failure]:
        """As `resolver.model.Exchange` has it. It is over when whoever waits is cancelled."""
        counters = self.counters
        known = self._known.get(upstream)
        if known is None:
            known = self._known[upstream] = _Known(self._trusted(upstream))
        bound = _STOPPING.text if self._is_closed else self._bound_reached(known)
        if bound is not None:
            counters.refused_busy += 1
            refused: Signal[Reply | Failure] = Signal()
            refused.set(Failure(FailureKind.BUSY, bound))
            return refused
        wanted = _Wanted(upstream, known, question, seconds, counters, self._spawn_rest)
        try:
            if upstream.protocol is Protocol.UDP:
                stop = self._begin_datagram(wanted, True, wanted.hear)
            else:
                stop = self._spawn(self._ask_by_stream(wanted, True), wanted.hear)
        except BaseException:  # a fault of ours, which is not to count for ever
            wanted.cancel()
            raise
        if not wanted.is_set:
            wanted.stop = stop
        return wanted

    def uses(self) -> Iterator[StreamUse]:
        """Of the connections that are open."""
        for known in self._known.values():
            if known.stream is not None and (use := known.stream.use) is not None:
                yield use

    async def close(self) -> None:
        """Close all that is open; who waits, or asks from now on, is given a Failure."""
        self._is_closed = True
        for known in self._known.values():
            if known.stream is not None:
                await known.stream.close()
        self._known.clear()
        if self._arrivals is not None:
            self._arrivals.close()
            self._arrivals = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _bound_reached(self, known: _Known) -> str | None:
        in_flight, per_upstream, *_ = self._limits
        if known.in_flight >= per_upstream:
            return f"{per_upstream} queries to this upstream are under way already"
        if self.counters.in_flight >= in_flight:
            return f"{in_flight} queries to upstreams are under way already"
        return None

    def _begin_datagram(
        self, wanted: _Wanted, has_edns: bool, hear: Callable[[Outcome], object]
    ) -> Callable[[], object]:
        """What gives it up."""
        upstream, known, question = wanted.upstream, wanted.known, wanted.question
        # One draw for all that a forger has to guess.
        chance = os.urandom(ID_OCTETS + PORT_OCTETS + len(question.qname))
        query = self._make(upstream, known, question, has_edns, chance[:2], chance[4:])
        try:
            endpoint = endpoint_of(upstream.address, upstream.port)
            arrivals = self._arrivals
            if arrivals is None:  # another descriptor
                arrivals = self._arrivals = Arrivals(asyncio.get_running_loop())
        except OSError as error:
            hear(explain(error))
            return _nothing
        asking = DatagramQuery(
            arrivals, endpoint, chance[2:4], query, self.counters, wanted.deadline, hear
        )
        return asking.give_up

    def _spawn(
        self,
        work: Coroutine[Any, Any, Reply | Failure | None],
        hear: Callable[[Reply | Failure | None], object],
    ) -> Callable[[], object]:
        """In a task, which streams need for their time-outs. What gives it up."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        self._tasks.add(task)

        def end(done: asyncio.Task[Reply | Failure | None]) -> None:
            self._tasks.discard(done)
            if done.cancelled():
                hear(_STOPPING)
            elif (fault := done.exception()) is not None:
                loop.call_exception_handler({"message": "a query failed", "exception": fault})
                hear(_FAULT)
            else:
                hear(done.result())

        task.add_done_callback(end)
        return task.cancel

    def _spawn_rest(self, wanted: _Wanted, outcome: Outcome) -> Callable[[], object]:
        return self._spawn(self._go_on(wanted, outcome), wanted.end)

    async def _go_on(self, wanted: _Wanted, outcome: Outcome) -> Reply | Failure | None:
        """From what was heard first: over TCP after a doubt, without EDNS after FORMERR."""
        result = await self._settle(wanted, True, outcome)
        if not _knows_no_edns(result):
            return result
        if wanted.upstream.protocol is not Protocol.UDP:
            return await self._ask_by_stream(wanted, False)
        heard: Signal[Outcome] = Signal()
        heard.on_cancel = self._begin_datagram(wanted, False, heard.set)
        return await self._settle(wanted, False, await heard)

    async def _settle(
        self, wanted: _Wanted, has_edns: bool, outcome: Outcome
    ) -> Reply | Failure | None:
        if not isinstance(outcome, Doubt):
            return outcome
        reply = await self._ask_by_stream(wanted, has_edns)
        if outcome is Doubt.TRUNCATED and not isinstance(reply, Reply):
            why = "no answer in time" if reply is None else reply.text
            return Failure(FailureKind.TRUNCATED, f"the reply is truncated, and over TCP: {why}")
        return reply

    async def _ask_by_stream(self, wanted: _Wanted, has_edns: bool) -> Reply | Failure | None:
        """None where the time is over."""
        upstream, known, question = wanted.upstream, wanted.known, wanted.question
        stream = known.stream
        if stream is None:
            stream = known.stream = StreamUpstream(
                upstream, self.counters, self._make_context, self._limits.idle
            )
        sent: list[UpstreamQuery] = []

        def make(message_id: bytes) -> UpstreamQuery:
            case = os.urandom(len(question.qname))
            sent.append(self._make(upstream, known, question, has_edns, message_id, case))
            return sent[-1]

        try:
            async with asyncio.timeout_at(wanted.deadline):
                reply = await stream.ask(make)
        except TimeoutError:
            return None
        if isinstance(reply, Reply) and not sent[-1].question.startswith(reply.qname):
            _note_case(upstream, known)
        return reply

    def _make(
        self,
        upstream: Upstream,
        known: _Known,
        question: Question,
        has_edns: bool,
        message_id: bytes,
        case: bytes,
    ) -> UpstreamQuery:
        is_mixed = upstream.protocol is Protocol.UDP and not known.loses_case
        return draw_up_query(
            question.qname,
            question.qtype,
            message_id,
            dnssec_ok=question.dnssec_ok,
            checking_disabled=question.checking_disabled,
            ask_ad=known.is_trusted,
            case=case if is_mixed else b"",
            pad=upstream.protocol is Protocol.TLS,
            has_edns=has_edns,
            payload=self._limits.payload,
        )

    def _make_context(self) -> ssl.SSLContext:
        """Made once, since reading the system's certificates takes milliseconds. Raises OSError."""
        if self._context is None:
            context = ssl.create_default_context(cafile=self._ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._context = context
        return self._context


_REPLIED = (FailureKind.RCODE, FailureKind.TRUNCATED)
_STOPPING = Failure(FailureKind.BUSY, "the server is stopping")
_FAULT = Failure(FailureKind.BUSY, "a fault of this server, which its log tells")


def _count(counters: UpstreamCounters, result: Reply | Failure) -> None:
    if not isinstance(result, Failure) or result.kind in _REPLIED:
        counters.replies += 1
    elif result.kind is FailureKind.BUSY:
        counters.refused_busy += 1
    elif result.kind is FailureKind.TIMEOUT:
        counters.timed_out += 1
    else:
        counters.unreachable += 1


def _nothing() -> None:
    """There is nothing to give up."""


def _knows_no_edns(result: Reply | Failure | None) -> bool:
    """FORMERR, and no OPT with it: with one it is the question that is not liked."""
    if isinstance(result, Reply):
        return result.rcode == _FORMERR and not result.payload
    return result is not None and result.kind is FailureKind.RCODE and result.rcode == _FORMERR


def _note_case(upstream: Upstream, known: _Known) -> None:
    """A reply over TCP, which cannot be forged, has lost it."""
    if not known.loses_case:
        known.loses_case = True
        log.info(
            "upstream %s loses the case of names: from now on it is asked in lower case",
            upstream.address,
        )
