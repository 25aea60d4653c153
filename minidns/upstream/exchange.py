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
from minidns.resolver.model import Failure, FailureKind, Heard, Protocol, Question, Upstream
from minidns.upstream.arrivals import Arrivals
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.datagram import PORT_OCTETS, DatagramQuery
from minidns.upstream.endpoint import endpoint_of, lasting_endpoint_of
from minidns.upstream.faults import explain
from minidns.upstream.stream import ID_OCTETS, IDLE_SECONDS, StreamUpstream, StreamUse
from minidns.upstream.wanted import Doubt, Known, Outcome, Wanted, knows_no_edns
from minidns.wire.reply import Reply
from minidns.wire.upstream_query import PAYLOAD, Form, UpstreamQuery, draw_up_query, form_of

log = logging.getLogger(__name__)


class Limits(NamedTuple):
    """What is bounded of all upstreams."""

    in_flight: int = 1024  # queries, each with a socket where it is UDP
    per_upstream: int = 512  # of these
    payload: int = PAYLOAD  # octets offered over UDP, RFC 9715
    idle: float = IDLE_SECONDS  # of a connection


_LIMITS = Limits()
_MAX_FORMS = 256  # kept for one upstream


class Upstreams:
    """All upstreams that were ever asked; what is the same for all questions to one.

    Of one event loop.
    """

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
        self._known: dict[Upstream, Known] = {}
        self._arrivals: Arrivals | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._tasks: set[asyncio.Task[Heard | None]] = set()

    def exchange(self, upstream: Upstream, question: Question, seconds: float) -> Awaitable[Heard]:
        """As `resolver.model.Exchange` has it. It is over when whoever waits is cancelled."""
        counters = self.counters
        known = self._known.get(upstream)
        if known is None:
            lasting = lasting_endpoint_of(upstream.address, upstream.port)
            known = self._known[upstream] = Known(self._trusted(upstream), lasting)
        bound = self._bound_reached(known)
        if bound is not None:
            counters.refused_busy += 1
            refused: Signal[Heard] = Signal()
            refused.set(Failure(FailureKind.BUSY, bound))
            return refused
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()  # a system call, each time
        deadline = loop.time() + seconds
        if upstream.protocol is Protocol.UDP:
            asked = DatagramQuery(self, upstream, known, question, seconds, deadline)
            self._send(asked)
            return asked
        wanted = Wanted(self, upstream, known, question, seconds, deadline)
        wanted.stop_by(self._spawn(self._ask_by_stream(wanted), wanted.hear))
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

    def _bound_reached(self, known: Known) -> str | None:
        if self._is_closed:
            return _STOPPING.text
        if known.in_flight >= self._limits.per_upstream:
            return f"{self._limits.per_upstream} queries to this upstream are under way already"
        if self.counters.in_flight >= self._limits.in_flight:
            return f"{self._limits.in_flight} queries to upstreams are under way already"
        return None

    def _send(self, asked: DatagramQuery) -> None:
        known, qname = asked.known, asked.question.qname
        try:
            # One draw for all that a forger has to guess.
            chance = os.urandom(ID_OCTETS + PORT_OCTETS + len(qname))
            case = b"" if known.loses_case else chance[4:]
            query = draw_up_query(self._form_of(asked), qname, chance[:2], case)
            endpoint = known.endpoint
            if endpoint is None:
                endpoint = endpoint_of(asked.upstream.address, asked.upstream.port)
            arrivals = self._arrivals
            if arrivals is None:  # another descriptor
                arrivals = self._arrivals = Arrivals(asyncio.get_running_loop())
            asked.send_by(arrivals, endpoint, chance[2:4], query)
        except OSError as error:
            asked.hear(explain(error))
        except BaseException:  # a fault of ours, which is not to count for ever
            asked.cancel()
            raise

    def _spawn(
        self,
        work: Coroutine[Any, Any, Heard | None],
        hear: Callable[[Heard | None], object],
    ) -> Callable[[], object]:
        """In a task, which streams need for their time-outs. What gives it up."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        self._tasks.add(task)

        def end(done: asyncio.Task[Heard | None]) -> None:
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

    def go_on(self, wanted: Wanted, outcome: Outcome) -> Callable[[], object]:
        """As `wanted.Owner` has it."""
        return self._spawn(self._go_on(wanted, outcome), wanted.end)

    async def _go_on(self, wanted: Wanted, outcome: Outcome) -> Heard | None:
        """From what was heard first: over TCP after a doubt, without EDNS after FORMERR."""
        result = await self._settle(wanted, outcome)
        if not wanted.has_edns or not knows_no_edns(result):
            return result
        upstream, known, question = wanted.upstream, wanted.known, wanted.question
        seconds, deadline = wanted.seconds, wanted.deadline
        if upstream.protocol is not Protocol.UDP:
            plain = Wanted(self, upstream, known, question, seconds, deadline, False)
            return await self._ask_by_stream(plain)
        asked = DatagramQuery(self, upstream, known, question, seconds, deadline, False)
        self._send(asked)
        return await asked

    async def _settle(self, wanted: Wanted, outcome: Outcome) -> Heard | None:
        if not isinstance(outcome, Doubt):
            return outcome
        reply = await self._ask_by_stream(wanted)
        if outcome is Doubt.TRUNCATED and not isinstance(reply, Reply):
            why = "no answer in time" if reply is None else reply.text
            return Failure(FailureKind.TRUNCATED, f"the reply is truncated, and over TCP: {why}")
        return reply

    async def _ask_by_stream(self, wanted: Wanted) -> Reply | Failure | None:
        """None where the time is over."""
        upstream, known, question = wanted.upstream, wanted.known, wanted.question
        stream = known.stream
        if stream is None:
            stream = known.stream = StreamUpstream(
                upstream, self.counters, self._make_context, self._limits.idle
            )
        sent: list[UpstreamQuery] = []

        def make(message_id: bytes) -> UpstreamQuery:
            is_mixed = upstream.protocol is Protocol.UDP and not known.loses_case
            case = os.urandom(len(question.qname)) if is_mixed else b""
            is_padded = upstream.protocol is Protocol.TLS
            form = self._form_of(wanted)
            sent.append(draw_up_query(form, question.qname, message_id, case, is_padded))
            return sent[-1]

        try:
            async with asyncio.timeout_at(wanted.deadline):
                reply = await stream.ask(make)
        except TimeoutError:
            return None
        if isinstance(reply, Reply) and not sent[-1].question.startswith(reply.qname):
            _note_case(upstream, known)
        return reply

    def _form_of(self, wanted: Wanted) -> Form:
        known, kind, has_edns = wanted.known, wanted.question[1:], wanted.has_edns
        form = known.forms.get(kind)
        if form is None or not has_edns:
            form = form_of(*kind, known.is_trusted, has_edns, self._limits.payload)
            if has_edns:
                if len(known.forms) >= _MAX_FORMS:
                    known.forms.clear()
                known.forms[kind] = form
        return form

    def _make_context(self) -> ssl.SSLContext:
        """Made once, since reading the system's certificates takes milliseconds. Raises OSError."""
        if self._context is None:
            context = ssl.create_default_context(cafile=self._ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._context = context
        return self._context


_STOPPING = Failure(FailureKind.BUSY, "the server is stopping")
_FAULT = Failure(FailureKind.BUSY, "a fault of this server, which its log tells")


def _note_case(upstream: Upstream, known: Known) -> None:
    """A reply over TCP, which cannot be forged, has lost it."""
    if not known.loses_case:
        known.loses_case = True
        log.info(
            "upstream %s loses the case of names: from now on it is asked in lower case",
            upstream.address,
        )
