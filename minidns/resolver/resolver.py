"""Answers for names that no zone here holds: from the cache, from upstream, stale if need be.

RFC 8767 (stale answers after failure or 1.8 s), RFC 9520 (failures), RFC 1034 section 3.6.2 (a
chain is followed, over as many groups as it enters), RFC 8914 (what went wrong). A client has its
answer within 4.5 s and for at most 12 upstream queries, whatever happens.
"""

from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from minidns.resolver.bounds import DEFAULT_BOUNDS, Bounds
from minidns.resolver.chain import join, owners_of
from minidns.resolver.failures import Failures
from minidns.resolver.flights import Flights
from minidns.resolver.forwarder import Budget, Forwarder
from minidns.resolver.loops import Loops, upstream_at
from minidns.resolver.model import (
    Exchange,
    Failure,
    FailureKind,
    Group,
    Question,
    Resolved,
    Segment,
    Upstream,
)
from minidns.resolver.shorter_ttl import shorten
from minidns.resolver.upstream_state import UpstreamStates
from minidns.wire.codes import ExtendedError, Rcode, RRType
from minidns.wire.response import Body

_ERRORS = {
    FailureKind.TIMEOUT: ExtendedError.NO_REACHABLE_AUTHORITY,
    FailureKind.UNREACHABLE: ExtendedError.NETWORK_ERROR,
    FailureKind.UNUSABLE: ExtendedError.NETWORK_ERROR,
    FailureKind.RCODE: ExtendedError.NO_REACHABLE_AUTHORITY,
    FailureKind.TRUNCATED: ExtendedError.NETWORK_ERROR,
    FailureKind.BUSY: ExtendedError.OTHER,
}
# DO and CD, all that there can be.
_ALL_BITS = ((False, False), (False, True), (True, False), (True, True))
Error = tuple[ExtendedError, str]


class Kept(Protocol):
    """What a cache has for a question."""

    @property
    def is_fresh(self) -> bool:
        """Its TTL has not run out."""

    @property
    def is_stale(self) -> bool:
        """Its TTL ran out, less than a day ago."""

    @property
    def is_due(self) -> bool:
        """It is in the last tenth of its TTL."""

    def segment_at(self, now: float) -> Segment:
        """With the TTLs of that moment; 30 s where it is stale."""

    def body_as_kept(self, flags: int) -> Body:
        """As `resolver.model.Encoded` has it."""


K = TypeVar("K", bound=Kept)
K_co = TypeVar("K_co", bound=Kept, covariant=True)


class Cache(Protocol[K_co]):
    """What is asked of a cache."""

    def get(self, group_number: int, question: Question, now: float) -> K_co | None:
        """The newest that is kept."""

    def add(
        self, group_number: int, question: Question, segment: Segment, now: float
    ) -> K_co | None:
        """Keep it for its TTL, in place of what there was; None where it is not kept as it is."""


class Resolver(Generic[K]):
    """Of one event loop. `clock` gives seconds that never go back, `make_token` random octets.

    `is_ours` tells whether a name (lower-case wire) is to be asked of that group and not of a local
    zone or another group. It must say the same to all clients of a group: where networks see
    different zones, each has groups of its own number.
    """

    def __init__(
        self,
        cache: Cache[K],
        exchange: Exchange,
        clock: Callable[[], float],
        make_token: Callable[[int], bytes],
        is_ours: Callable[[Group, bytes], bool],
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._budget = partial(Budget, bounds.queries)
        self._cache = cache
        self._clock = clock
        self._is_ours = is_ours
        self._forwarder = Forwarder(
            exchange,
            clock,
            Loops(make_token),
            bounds.attempt,
            bounds.attempts,
            UpstreamStates(bounds.failures_in_row, bounds.first_probe, bounds.last_probe),
            lambda segment: shorten(segment, bounds.max_ttl, bounds.max_negative_ttl),
        )
        waiting = bounds.waiting, bounds.waiting_per_client, bounds.waiting_per_question
        self._flights: Flights[Resolved | Failure] = Flights(*waiting)
        self._loop_checks: Flights[bool] = Flights(*waiting)
        self._failures = Failures(bounds.first_failure, bounds.last_failure, bounds.stale_recheck)
        self._absent: Question | None = None  # what `find` has looked for last, in vain
        self._prefetched = 0
        self._stale = 0

    def find(self, group: Group, question: Question, now: float) -> K | None:
        """A fresh answer that is kept, which is fetched anew where it will soon run out."""
        hit = self._cache.get(group.number, question, now)
        if hit is None:
            self._absent = question
            return None
        if not hit.is_fresh:
            return None
        if hit.is_due:
            self._prefetch(group, question, now)
        return hit

    async def resolve(
        self, group_of: Callable[[bytes], Group | None], question: Question, client: bytes
    ) -> Resolved:
        """The answer for a client (packed address), within 4.5 s; SERVFAIL where there is none.

        The chain is followed as far as `group_of` gives a group for its next name (lower-case
        wire), which it must for the question's. Where it does not, `target` is set in the answer.
        """
        if self._forwarder.note_if_loop(question.qname):
            return _fail(Failure(FailureKind.UNUSABLE, "forwarding loop"))
        began = self._clock()
        budget = self._budget()
        group = group_of(question.qname)
        if group is None:
            return Resolved(Segment(Rcode.NOERROR, target=question.qname, ttl=2**31 - 1))
        part = await self._link(group, question, client, began, budget)
        if isinstance(part, Failure):
            return _fail(part)
        if part.segment.target is None and len(part.segment.answer) <= self._bounds.links:
            return part
        return await self._follow(part, group_of, question, client, began, budget)

    async def _follow(
        self,
        part: Resolved,
        group_of: Callable[[bytes], Group | None],
        question: Question,
        client: bytes,
        began: float,
        budget: Budget,
    ) -> Resolved:
        """A chain that the first part does not end, or that is long."""
        whole, error = part.segment, part.error
        seen = {question.qname}
        while True:
            if sum(records.rtype == RRType.CNAME for records in whole.answer) > self._bounds.links:
                return _fail(
                    _unusable(f"the chain has more than {self._bounds.links} CNAME records")
                )
            if whole.target is None:
                break
            name = whole.target.lower()
            if name in seen:
                return _fail(_unusable("the chain of CNAME records goes round in a circle"))
            group = group_of(name)
            if group is None:
                break
            seen.update(owners_of(whole.answer, question.qname), (name,))
            asked = question._replace(qname=name)
            link = await self._link(group, asked, client, began, budget)
            if isinstance(link, Failure):
                return _fail(link)
            error = error or link.error
            whole = join(whole, link.segment, question.qname)
        return Resolved(whole, error)

    def is_down(self, group: Group) -> bool:
        """Whether all upstreams of the group are known to be dead."""
        return self._forwarder.states.is_down(group.upstreams, self._clock())

    def forget_failures(self) -> None:
        """For a flush of the cache."""
        self._failures.clear()

    def stats(self) -> dict[str, int]:
        """Numbers since the start, and of this moment."""
        return {
            "waiting": self._flights.waiting,
            "in_flight": len(self._flights),
            "joined": self._flights.joined,
            "refused_busy": self._flights.refused,
            "upstream_queries": self._forwarder.queries,
            "upstream_probes": self._forwarder.probes,
            "prefetched": self._prefetched,
            "stale_answers": self._stale,
            "failures_kept": len(self._failures),
        }

    async def close(self) -> None:
        """Nothing is in flight afterwards; who waits gets SERVFAIL."""
        await self._flights.close()
        await self._loop_checks.close()
        await self._forwarder.close()

    async def _link(
        self, group: Group, question: Question, client: bytes, began: float, budget: Budget
    ) -> Resolved | Failure:
        """One name of a chain."""
        now = self._clock()
        # `find` has looked for the same query, at the same moment, where it is the same object.
        is_absent, self._absent = question is self._absent, None
        hit = None if is_absent else self._cache.get(group.number, question, now)
        if hit is not None and hit.is_fresh:
            if hit.is_due:
                self._prefetch(group, question, now)
            return Resolved(hit.segment_at(now))
        stale = hit if hit is not None and hit.is_stale else None
        key = (group.number, question)
        if (kept := self._kept_failure(group, key, now)) is not None:
            self._forwarder.start_probes(group)
            if stale is not None:
                return self._serve_stale(stale, kept)
            return kept._replace(text=f"failed a moment ago: {kept.text}")
        upstream = upstream_at(group, client)
        if upstream is not None and await self._is_loop(upstream, group, question, client, began):
            return _unusable("forwarding loop")
        bounds = self._bounds
        seconds = began + (bounds.whole if stale is None else bounds.stale_after) - self._clock()
        result = await self._flights.wait(
            key, client, lambda: self._fetch(group, question, budget), max(seconds, 0.0)
        )
        if isinstance(result, Resolved):
            return result
        if result is None:
            result = Failure(FailureKind.TIMEOUT, "no upstream has answered in time")
        return result if stale is None else self._serve_stale(stale, result)

    def _kept_failure(self, group: Group, key: tuple[int, Question], now: float) -> Failure | None:
        if not len(self._failures):
            return None
        revived_at = self._forwarder.states.revived_at(group.upstreams)
        return self._failures.find(key, now, revived_at)

    async def _is_loop(
        self, upstream: Upstream, group: Group, question: Question, client: bytes, began: float
    ) -> bool:
        """Whether this upstream asks us what we are asking the group at this moment."""
        if not self._is_in_flight(group, question):
            return False
        states = self._forwarder.states
        if upstream in self._loop_checks or states.take_loop_check(upstream, self._clock()):
            seconds = max(began + self._bounds.whole - self._clock(), 0.0)
            await self._loop_checks.wait(
                upstream, client, lambda: self._forwarder.probe(group, upstream), seconds
            )
            return states.is_looped(upstream, self._clock())
        return False

    def _is_in_flight(self, group: Group, question: Question) -> bool:
        """With whatever bits: another server sets its own."""
        flying, number = self._flights.keys, group.number
        qname, qtype, *_ = question
        for dnssec_ok, checking_disabled in _ALL_BITS:
            if (number, (qname, qtype, dnssec_ok, checking_disabled)) in flying:
                return True
        return False

    def _prefetch(self, group: Group, question: Question, now: float) -> None:
        key = (group.number, question)
        if self._failures.find(key, now, float("-inf")) is not None:
            return
        if self._flights.launch(key, lambda: self._fetch(group, question, self._budget())):
            self._prefetched += 1

    async def _fetch(self, group: Group, question: Question, budget: Budget) -> Resolved | Failure:
        """One flight: what it brings is kept."""
        result = await self._forwarder.ask(
            group, question, lambda name: self._is_ours(group, name), budget
        )
        now = self._clock()
        key = (group.number, question)
        if isinstance(result, Segment):
            self._failures.remove(key)
            return Resolved(result, None, self._cache.add(group.number, question, result, now))
        if result.kind is not FailureKind.BUSY and not self.is_down(group):
            hit = self._cache.get(group.number, question, now)
            is_stale = hit is not None and hit.is_stale
            self._failures.add(key, result, now, is_stale=is_stale)
        return result

    def _serve_stale(self, stale: K, failure: Failure) -> Resolved:
        """RFC 8767 section 4, RFC 8914 sections 4.4 and 4.20."""
        self._stale += 1
        segment = stale.segment_at(self._clock())
        code = ExtendedError.STALE_ANSWER
        if segment.rcode == Rcode.NXDOMAIN:
            code = ExtendedError.STALE_NXDOMAIN_ANSWER
        return Resolved(segment, (code, failure.text))


def _unusable(text: str) -> Failure:
    return Failure(FailureKind.UNUSABLE, text)


def _fail(failure: Failure) -> Resolved:
    """What a client is told instead of an answer: SERVFAIL and why."""
    segment = Segment(Rcode.SERVFAIL, is_truncated=failure.kind is FailureKind.TRUNCATED)
    return Resolved(segment, (_ERRORS[failure.kind], failure.text))
