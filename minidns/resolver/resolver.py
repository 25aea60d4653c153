"""Answers for names that no zone here holds: from the cache, from upstream, stale if need be.

RFC 8767 (stale answers after failure or 1.8 s), RFC 9520 (failures), RFC 1034 section 3.6.2 (a
chain is followed, over as many groups as it enters), RFC 8914 (what went wrong). A client has its
answer within 4.5 s and for at most 12 upstream queries, whatever happens.
"""

from collections.abc import Callable
from functools import partial
from typing import Generic

from minidns.errand import Later
from minidns.resolver.asking import TOO_LATE, Asking, Client
from minidns.resolver.bounds import DEFAULT_BOUNDS, Bounds
from minidns.resolver.chain import join, owners_of
from minidns.resolver.failures import Failures
from minidns.resolver.fetch import Cache, Fetch, Fetcher, K
from minidns.resolver.flights import Flights
from minidns.resolver.forwarder import Forwarder
from minidns.resolver.loops import Loops, upstream_at
from minidns.resolver.model import (
    Budget,
    Exchange,
    Failure,
    FailureKind,
    Group,
    Outcome,
    Question,
    Resolved,
    Segment,
    Upstream,
)
from minidns.resolver.shorter_ttl import shorten
from minidns.resolver.upstream_state import UpstreamStates
from minidns.wire.codes import ExtendedError, Rcode, RRType
from minidns.wire.plain_reply import PlainReply

_ERRORS = {
    FailureKind.TIMEOUT: ExtendedError.NO_REACHABLE_AUTHORITY,
    FailureKind.UNREACHABLE: ExtendedError.NETWORK_ERROR,
    FailureKind.UNUSABLE: ExtendedError.NETWORK_ERROR,
    FailureKind.RCODE: ExtendedError.NO_REACHABLE_AUTHORITY,
    FailureKind.TRUNCATED: ExtendedError.NETWORK_ERROR,
    FailureKind.BUSY: ExtendedError.OTHER,
}
Error = tuple[ExtendedError, str]


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
        self._cache = cache
        self._clock = clock
        loops = Loops(make_token)
        self._probed = loops.probed
        self._forwarder = Forwarder(
            exchange,
            clock,
            loops,
            bounds.attempt,
            bounds.attempts,
            UpstreamStates(bounds.failures_in_row, bounds.first_probe, bounds.last_probe),
            lambda segment: shorten(segment, bounds.max_ttl, bounds.max_negative_ttl),
            is_ours,
        )
        self._failures = Failures(bounds.first_failure, bounds.last_failure, bounds.stale_recheck)
        self._fetcher = Fetcher(self._forwarder, cache, self._failures, clock, bounds)
        waiting = bounds.waiting, bounds.waiting_per_client, bounds.waiting_per_question
        self.flights: Flights[Outcome] = Flights(*waiting)
        self._loop_checks: Flights[bool] = Flights(*waiting)
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
        budget = self._budget()
        group = group_of(question.qname)
        if group is None:
            return Resolved(Segment(Rcode.NOERROR, target=question.qname, ttl=2**31 - 1))
        part = await self._link(group, question, client, budget)
        return await self.go_on(part, group_of, question, client, budget)

    def ask(self, client: Client) -> Later[bytes]:
        """The reply to a client whose question `find` has just looked for in vain."""
        return Asking(client, Budget(self._bounds.queries, self._clock()), self)

    async def go_on(
        self,
        part: Resolved | Failure,
        group_of: Callable[[bytes], Group | None],
        question: Question,
        client: bytes,
        budget: Budget,
    ) -> Resolved:
        """As `resolve`, from the first part of the chain on."""
        if isinstance(part, Failure):
            return _fail(part)
        segment = part.segment
        if segment.target is None and len(segment.answer) <= self._bounds.links:
            return part
        return await self._follow(part, group_of, question, client, budget)

    def board(self, asking: Asking) -> bool:
        """Have it wait for what one flight brings; False where there is more to think of."""
        client, budget = asking.client, asking.budget
        group, question, address = client.group, client.question, client.address
        if question is not self._absent:
            return False
        if question.qname in self._probed and self._forwarder.note_if_loop(question.qname):
            return False
        key = (group.number, question)
        if self._failures.entries and self._kept_failure(group, key, budget.began) is not None:
            return False
        if upstream_at(group, address) and self._is_in_flight(group, question):
            return False
        self._absent = None
        refused = self.flights.board(
            asking,
            key,
            address,
            partial(Fetch, self._fetcher, group, question, budget),
            self._bounds.whole,
        )
        if refused is not None:
            asking.refuse(refused)
        return True

    async def _follow(
        self,
        part: Resolved,
        group_of: Callable[[bytes], Group | None],
        question: Question,
        client: bytes,
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
            link = await self._link(group, asked, client, budget)
            if isinstance(link, Failure):
                return _fail(link)
            error = error or link.error
            whole = join(whole, link.segment, question.qname)
        return Resolved(whole, error)

    def _budget(self) -> Budget:
        return Budget(self._bounds.queries, self._clock())

    def is_down(self, group: Group) -> bool:
        """Whether all upstreams of the group are known to be dead."""
        return self._forwarder.is_down(group)

    def forget_failures(self) -> None:
        """For a flush of the cache."""
        self._failures.clear()

    def stats(self) -> dict[str, int]:
        """Numbers since the start, and of this moment."""
        return {
            "waiting": self.flights.waiting,
            "in_flight": len(self.flights),
            "joined": self.flights.joined,
            "refused_busy": self.flights.refused,
            "upstream_queries": self._forwarder.queries,
            "upstream_probes": self._forwarder.probes,
            "prefetched": self._prefetched,
            "stale_answers": self._stale,
            "failures_kept": len(self._failures),
        }

    async def close(self) -> None:
        """Nothing is in flight afterwards; who waits gets SERVFAIL."""
        await self.flights.close()
        await self._loop_checks.close()
        await self._forwarder.close()

    async def _link(
        self, group: Group, question: Question, client: bytes, budget: Budget
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
        if upstream is not None and await self._is_loop(upstream, group, question, client, budget):
            return _unusable("forwarding loop")
        bounds = self._bounds
        seconds = (
            budget.began + (bounds.whole if stale is None else bounds.stale_after) - self._clock()
        )
        result = await self.flights.wait(
            key, client, partial(Fetch, self._fetcher, group, question, budget), max(seconds, 0.0)
        )
        if isinstance(result, PlainReply):
            return self._fetcher.at_length(group, question, result)
        if isinstance(result, Resolved):
            return result
        if result is None:
            result = TOO_LATE
        return result if stale is None else self._serve_stale(stale, result)

    def _kept_failure(self, group: Group, key: tuple[int, Question], now: float) -> Failure | None:
        if not self._failures.entries:
            return None
        revived_at = self._forwarder.states.revived_at(group.upstreams)
        return self._failures.find(key, now, revived_at)

    async def _is_loop(
        self, upstream: Upstream, group: Group, question: Question, client: bytes, budget: Budget
    ) -> bool:
        """Whether this upstream asks us what we are asking the group at this moment."""
        if not self._is_in_flight(group, question):
            return False
        states = self._forwarder.states
        if upstream in self._loop_checks or states.take_loop_check(upstream, self._clock()):
            seconds = max(budget.began + self._bounds.whole - self._clock(), 0.0)
            await self._loop_checks.wait(
                upstream, client, lambda: self._forwarder.probe(group, upstream), seconds
            )
            return states.is_looped(upstream, self._clock())
        return False

    def _is_in_flight(self, group: Group, question: Question) -> bool:
        """With whatever bits: another server sets its own."""
        flying, number = self.flights.keys, group.number
        qname, qtype, _, _ = question
        return (
            (number, (qname, qtype, False, False)) in flying
            or (number, (qname, qtype, True, False)) in flying
            or (number, (qname, qtype, False, True)) in flying
            or (number, (qname, qtype, True, True)) in flying
        )

    def _prefetch(self, group: Group, question: Question, now: float) -> None:
        key = (group.number, question)
        if self._failures.find(key, now, float("-inf")) is not None:
            return
        if self.flights.launch(key, partial(Fetch, self._fetcher, group, question, self._budget())):
            self._prefetched += 1

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
