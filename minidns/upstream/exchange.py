"""Asking an upstream one question: over UDP first, and over TCP where UDP leaves a doubt.

This is the `Exchange` of `resolver.model`: it never raises, bounds what is under way, and keeps in
mind which upstreams lose the case of letters, so that they are not asked in mixed case for ever.
"""

import asyncio
import logging
import secrets
import ssl
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from minidns.resolver.model import Failure, FailureKind, Protocol, Question, Upstream
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.datagram import Doubt, ask_by_datagram
from minidns.upstream.stream import IDLE_SECONDS, StreamUpstream
from minidns.wire.upstream_query import Match, make_query, match_reply

MAX_IN_FLIGHT = 1024  # queries, each with a socket where it is UDP
MAX_PER_UPSTREAM = 512
_IDS = 0x10000
_CASE_BITS = 255  # the octets of the longest name

log = logging.getLogger(__name__)


class Upstreams:
    """All upstreams that were ever asked; what is the same for all questions to one."""

    def __init__(
        self,
        ca_file: Path | None = None,
        trusted: Callable[[Upstream], bool] = lambda _: False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`ca_file`: authorities for TLS instead of the system's. `trusted`: for its AD bit."""
        self.counters = UpstreamCounters()
        self._ca_file = ca_file
        self._trusted = trusted
        self._idle_seconds = idle_seconds
        self._context: ssl.SSLContext | None = None
        self._streams: dict[Upstream, StreamUpstream] = {}
        self._in_flight: Counter[Upstream] = Counter()
        self._without_case: set[Upstream] = set()

    async def exchange(
        self, upstream: Upstream, question: Question, seconds: float
    ) -> bytes | Failure:
        """As `resolver.model.Exchange` has it."""
        counters, in_flight = self.counters, self._in_flight
        if counters.in_flight >= MAX_IN_FLIGHT or in_flight[upstream] >= MAX_PER_UPSTREAM:
            counters.refused_busy += 1
            return Failure(FailureKind.BUSY, "too many queries are under way")
        counters.in_flight += 1
        in_flight[upstream] += 1
        try:
            async with asyncio.timeout(seconds):
                result = await self._ask(upstream, question)
        except TimeoutError:
            counters.timed_out += 1
            return Failure(FailureKind.TIMEOUT, f"no answer within {seconds:g} s")
        finally:
            counters.in_flight -= 1
            in_flight[upstream] -= 1
        if not isinstance(result, Failure):
            counters.replies += 1
        elif result.kind is FailureKind.BUSY:
            counters.refused_busy += 1
        elif result.kind is FailureKind.TIMEOUT:
            counters.timed_out += 1
        else:
            counters.unreachable += 1
        return result

    async def close(self) -> None:
        """Close all connections; who waits for one is given a Failure."""
        for stream in self._streams.values():
            await stream.close()
        self._streams.clear()

    async def _ask(self, upstream: Upstream, question: Question) -> bytes | Failure:
        if upstream.protocol is not Protocol.UDP:
            return await self._ask_by_stream(upstream, question)
        query = self._make(upstream, question, secrets.randbelow(_IDS))
        result = await ask_by_datagram(upstream, query, self.counters)
        if not isinstance(result, Doubt):
            return result
        return await self._ask_by_stream(upstream, question)

    async def _ask_by_stream(self, upstream: Upstream, question: Question) -> bytes | Failure:
        stream = self._streams.get(upstream)
        if stream is None:
            stream = self._streams[upstream] = StreamUpstream(
                upstream, self.counters, self._make_context, self._idle_seconds
            )
        sent: list[bytes] = []

        def make(message_id: int) -> bytes:
            sent.append(self._make(upstream, question, message_id))
            return sent[-1]

        reply = await stream.ask(make)
        if isinstance(reply, bytes) and match_reply(sent[-1], reply) is Match.OTHER_CASE:
            self._note_case(upstream)
        return reply

    def _make(self, upstream: Upstream, question: Question, message_id: int) -> bytes:
        is_udp = upstream.protocol is Protocol.UDP
        is_mixed = is_udp and upstream not in self._without_case
        return make_query(
            question.qname,
            question.qtype,
            message_id,
            dnssec_ok=question.dnssec_ok,
            checking_disabled=question.checking_disabled,
            ask_ad=self._trusted(upstream),
            case=secrets.randbits(_CASE_BITS) if is_mixed else 0,
            pad=upstream.protocol is Protocol.TLS,
        )

    def _note_case(self, upstream: Upstream) -> None:
        """A reply over TCP, which cannot be forged, has lost it."""
        if upstream not in self._without_case:
            self._without_case.add(upstream)
            log.info(
                "upstream %s loses the case of names: from now on it is asked in lower case",
                upstream.address,
            )

    def _make_context(self) -> ssl.SSLContext:
        """Made once, since reading the system's certificates takes milliseconds. Raises OSError."""
        if self._context is None:
            context = ssl.create_default_context(cafile=self._ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._context = context
        return self._context
