"""A question on its way upstream: what is asked, and what of the outcome is kept.

Most questions are answered by the first attempt. So far it goes by plain calls, at a third of what
coroutines cost; whatever follows a failure is a coroutine.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from minidns.errand import Signal
from minidns.resolver.bounds import Bounds
from minidns.resolver.failures import Failures
from minidns.resolver.flights import Flight
from minidns.resolver.forwarder import Forwarder
from minidns.resolver.model import (
    Budget,
    Encoded,
    Failure,
    FailureKind,
    Group,
    Heard,
    Outcome,
    Question,
    Resolved,
    Segment,
)
from minidns.resolver.record_sets import MAX_TTL
from minidns.wire.plain_reply import AD, PlainReply


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


K = TypeVar("K", bound=Kept)
K_co = TypeVar("K_co", bound=Kept, covariant=True)


class Cache(Protocol[K_co]):
    """What is asked of a cache."""

    def get(self, group_number: int, question: Question, now: float) -> K_co | None:
        """The newest that is kept."""

    def add(
        self, group_number: int, question: Question, segment: Segment, now: float
    ) -> Encoded | None:
        """Keep it for its TTL, in place of what there was; None where it is not kept as it is."""

    def add_plain(self, group: Group, question: Question, reply: PlainReply, now: float) -> bool:
        """The same of a reply as it came; False where nothing was done."""


class Fetcher(Generic[K]):
    """An answer of more CNAME records than `bounds.links` is none."""

    def __init__(
        self,
        forwarder: Forwarder,
        cache: Cache[K],
        failures: Failures,
        clock: Callable[[], float],
        bounds: Bounds,
    ) -> None:
        self.forwarder = forwarder
        self._cache = cache
        self._failures = failures
        self.clock = clock
        self._links = bounds.links
        self._max_ttl = min(bounds.max_ttl, MAX_TTL)

    async def go_on(
        self,
        group: Group,
        question: Question,
        budget: Budget,
        first: Awaitable[Heard] | Failure | None,
        began: float,
    ) -> Resolved | Failure:
        """From the first attempt on, which has begun, or failed; None where it has not begun."""
        if first is not None and not isinstance(first, Failure):
            upstream = group.upstreams[0]
            heard = self.forwarder.hear(group, question, upstream, await first, began)
            if isinstance(heard, Segment):
                return self.keep(group, question, heard)
            first = heard
        result = await self.forwarder.ask(group, question, budget, first)
        return self.keep(group, question, result)

    def take_plain(
        self, group: Group, question: Question, reply: PlainReply, began: float
    ) -> Outcome:
        """Of the first upstream: the reply itself where it is kept as it came."""
        now = self.clock()
        self.forwarder.note_reply(group.upstreams[0], began, now)
        if 0 < reply.ttl <= self._max_ttl:
            reply.is_authentic = group.trust_ad and reply.flags & AD != 0
            if self._cache.add_plain(group, question, reply, now):
                if self._failures.entries:
                    self._failures.remove((group.number, question))
                return reply
        accepted = self.forwarder.accept(group, question, reply)
        return accepted if isinstance(accepted, Failure) else self.keep(group, question, accepted)

    def at_length(self, group: Group, question: Question, reply: PlainReply) -> Resolved | Failure:
        """What a reply says that is kept as it came."""
        accepted = self.forwarder.accept(group, question, reply)
        return accepted if isinstance(accepted, Failure) else Resolved(accepted)

    def keep(
        self, group: Group, question: Question, result: Segment | Failure
    ) -> Resolved | Failure:
        """Answers in the cache, failures so that they are not asked again at once."""
        now = self.clock()
        key = (group.number, question)
        if isinstance(result, Segment):
            if self._failures.entries:
                self._failures.remove(key)
            kept = self._cache.add(group.number, question, result, now)
            if result.target is not None or len(result.answer) > self._links:
                kept = None  # it is not the whole of the answer, or may be too long
            return Resolved(result, None, kept)
        if result.kind is not FailureKind.BUSY and not self.forwarder.is_down(group):
            hit = self._cache.get(group.number, question, now)
            is_stale = hit is not None and hit.is_stale
            self._failures.add(key, result, now, is_stale=is_stale)
        return result


class Fetch(Flight[Outcome], Generic[K]):
    """What becomes of a question, which is kept by then."""

    __slots__ = ("_began", "_budget", "_fetcher", "_group", "_question", "_wanted")

    def __init__(
        self, fetcher: Fetcher[K], group: Group, question: Question, budget: Budget
    ) -> None:
        Flight.__init__(self)  # super() takes longer than this
        self._fetcher = fetcher
        self._group = group
        self._question = question
        self._budget = budget
        self._wanted: Signal[Heard] | None = None
        self._began = 0.0

    def begin(self) -> None:
        """As `Flight` has it."""
        fetcher = self._fetcher
        self._began = fetcher.clock()
        try:
            wanted = fetcher.forwarder.begin(self._group, self._question, self._budget)
        except Exception as fault:  # of ours, to be told to whoever waits
            self._finish(None, fault)
            return
        if not isinstance(wanted, Signal):
            self._go_on(wanted)
        elif wanted.is_set:
            self._wanted = wanted
            self._hear()
        else:
            self._wanted = wanted
            wanted.call_when_set(self._hear)

    def _give_up(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            wanted.call_when_set(None)
            wanted.cancel()

    def _hear(self) -> None:
        wanted, self._wanted = self._wanted, None  # no cycle is left for a collector
        if wanted is None:
            return
        fetcher, group, question = self._fetcher, self._group, self._question
        heard: Outcome | Segment
        try:
            reply = wanted.result()
            if isinstance(reply, PlainReply):
                heard = fetcher.take_plain(group, question, reply, self._began)
            else:
                upstream = group.upstreams[0]
                heard = fetcher.forwarder.hear(group, question, upstream, reply, self._began)
                if isinstance(heard, Segment):
                    heard = fetcher.keep(group, question, heard)
        except Exception as fault:  # as above
            self._finish(None, fault)
            return
        if isinstance(heard, Failure):
            self._go_on(heard)
        else:
            self._finish(heard, None)

    def _go_on(self, first: Awaitable[Heard] | Failure | None) -> None:
        """By a coroutine."""
        self._go_on_by(
            self._fetcher.go_on(self._group, self._question, self._budget, first, self._began)
        )
