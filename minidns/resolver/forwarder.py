"""One question put to the upstreams of a group until one of them answers it.

Attempts one after the other (or two at once), next upstream at a failure; what each does is noted,
and those put aside are probed. Nobody waits for a probe.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from minidns.resolver.accept import accept
from minidns.resolver.loops import Loops
from minidns.resolver.model import (
    Budget,
    Exchange,
    Failure,
    FailureKind,
    Group,
    Heard,
    Policy,
    Question,
    Segment,
    Upstream,
)
from minidns.resolver.upstream_state import UpstreamStates, describe
from minidns.wire.plain_reply import PlainReply
from minidns.wire.reply import Reply

T = TypeVar("T")

ATTEMPT_SECONDS = 1.0  # CoreDNS 2 s, PowerDNS 1.5 s
MAX_ATTEMPTS = 3  # within glibc's 5 s
_MAX_TASKS = 256  # probes and losers of races
_SILENCE = (FailureKind.TIMEOUT, FailureKind.UNREACHABLE)
_NO_REPLY = (*_SILENCE, FailureKind.BUSY)
_REPLIED = (FailureKind.RCODE, FailureKind.TRUNCATED)

log = logging.getLogger(__name__)


class Forwarder:
    """Asks upstreams. `clock` gives seconds that never go back."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Callable[[], float],
        loops: Loops,
        attempt_seconds: float = ATTEMPT_SECONDS,
        max_attempts: int = MAX_ATTEMPTS,
        states: UpstreamStates | None = None,
        shorten: Callable[[Segment], Segment] = lambda segment: segment,
        is_ours: Callable[[Group, bytes], bool] = lambda _group, _name: True,
    ) -> None:
        """`is_ours` as `resolver.Resolver` has it.

        What is accepted goes through `shorten`, which may lower its TTLs.
        """
        self.states = states or UpstreamStates()
        self._attempt_seconds = attempt_seconds
        self._max_attempts = max_attempts
        self._shorten = shorten
        self._is_ours = is_ours
        self.queries = 0  # since the start, without probes
        self.probes = 0
        self._exchange = exchange
        self._clock = clock
        self._loops = loops
        self._turn = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, group: Group, question: Question, budget: Budget) -> Awaitable[Heard] | None:
        """The first attempt, where nothing speaks against the first upstream; else None.

        Then comes `hear`, and after a failure `ask`.
        """
        if (
            not self.states.is_calm
            or group.policy is not Policy.IN_ORDER
            or not group.upstreams
            or budget.left <= 0
        ):
            return None
        self._turn += 1
        self.queries += 1
        budget.left -= 1
        return self._exchange(group.upstreams[0], question, self._attempt_seconds)

    async def ask(
        self,
        group: Group,
        question: Question,
        budget: Budget,
        first: Failure | None = None,
    ) -> Segment | Failure:
        """At most three attempts of a second each; a Failure at once where all are dead.

        `first` is what has become of the first one, where it has been made.
        """
        tries: dict[Upstream, int] = {}
        given_up: set[Upstream] = set()
        if first is None:
            self._turn += 1
            if not self.states.is_calm:
                self.start_probes(group)
            if group.policy is Policy.FASTEST:
                slower = self.states.to_measure(group, self._clock(), self._turn)
                if slower is not None and len(self._tasks) < _MAX_TASKS:
                    self._spawn(self._ask_one(group, question, slower))
        else:
            tries[group.upstreams[0]] = 1
            _give_up(group.upstreams[0], first, given_up)
        failure = first
        for _ in range(len(tries), self._max_attempts):
            chosen = self._choose(group, tries, given_up)[: budget.left]
            if not chosen:
                break
            budget.left -= len(chosen)
            for upstream in chosen:
                tries[upstream] = tries.get(upstream, 0) + 1
            if len(chosen) == 1:
                self.queries += 1
                began = self._clock()
                reply = await self._exchange(chosen[0], question, self._attempt_seconds)
                result = self.hear(group, question, chosen[0], reply, began)
                _give_up(chosen[0], result, given_up)
            else:
                result = await self._race(group, question, chosen, given_up)
            if isinstance(result, Segment):
                return result
            failure = _weightier(failure, result)
        if not budget.left:
            return Failure(FailureKind.BUSY, "its upstream queries were not enough")
        return failure or self._explain(group)

    def is_down(self, group: Group) -> bool:
        """Whether all upstreams of the group are known to be dead."""
        return self.states.is_down(group.upstreams, self._clock())

    def start_probes(self, group: Group) -> None:
        """In the background, those that are due; to be called whenever the group is wanted."""
        if len(self._tasks) < _MAX_TASKS:
            for upstream in self.states.take_probes(group, self._clock()):
                self._spawn(self.probe(group, upstream))

    async def probe(self, group: Group, upstream: Upstream) -> bool:
        """Ask for a random name. Whether the upstream sends it back to us."""
        self.probes += 1
        question = self._loops.begin(group, upstream)
        try:
            began = self._clock()
            reply = await self._exchange(upstream, question, self._attempt_seconds)
        finally:
            self._loops.end(question)
        now = self._clock()
        if self.states.is_looped(upstream, now):
            return True
        if isinstance(reply, Failure) and reply.kind in _NO_REPLY:
            if reply.kind is not FailureKind.BUSY:
                self.states.note_failure(upstream, now - began, now, is_probe=True)
        elif self.states.note_probe_reply(upstream, now):
            log.warning("upstream %s answers again", describe(upstream))
        return False

    def note_if_loop(self, qname: bytes) -> bool:
        """Whether a client asks for the name of one of our probes: its upstream is left alone."""
        upstream = self._loops.recognise(qname)
        if upstream is None:
            return False
        now = self._clock()
        if not self.states.is_looped(upstream, now):
            self.states.note_loop(upstream, now)
            log.error(
                "forwarding loop: upstream %s sends our queries back to this server; "
                "take one out of the other's upstreams",
                describe(upstream),
            )
        return True

    async def close(self) -> None:
        """End what runs in the background."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _choose(
        self, group: Group, tries: dict[Upstream, int], given_up: set[Upstream]
    ) -> list[Upstream]:
        """The next one, or two for a race: who was asked least, in the order of the policy."""
        order = self.states.order(group, self._clock())
        if tries:
            order = [upstream for upstream in order if upstream not in given_up]
            order.sort(key=lambda upstream: tries.get(upstream, 0))
        return order[: 2 if group.policy is Policy.RACE else 1]

    async def _race(
        self,
        group: Group,
        question: Question,
        chosen: list[Upstream],
        given_up: set[Upstream],
    ) -> Segment | Failure:
        racers = {
            self._spawn(self._ask_one(group, question, upstream)): upstream for upstream in chosen
        }
        pending = set(racers)
        failure: Failure | None = None
        while True:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                result = task.result()
                if isinstance(result, Segment):
                    if len(self._tasks) > _MAX_TASKS:
                        _cancel(pending)
                    return result  # the loser goes on, so that a dead one is noticed
                _give_up(racers[task], result, given_up)
                failure = _weightier(failure, result)
            if not pending and failure is not None:
                return failure

    async def _ask_one(
        self, group: Group, question: Question, upstream: Upstream
    ) -> Segment | Failure:
        self.queries += 1
        began = self._clock()
        reply = await self._exchange(upstream, question, self._attempt_seconds)
        return self.hear(group, question, upstream, reply, began)

    def hear(
        self,
        group: Group,
        question: Question,
        upstream: Upstream,
        reply: Heard,
        began: float,
    ) -> Segment | Failure:
        """What is to be believed of a reply, and what it says of the upstream."""
        now = self._clock()
        if isinstance(reply, Failure):
            if reply.kind in _SILENCE and self.states.note_failure(upstream, now - began, now):
                log.warning("upstream %s is put aside: %s", describe(upstream), reply.text)
                self.start_probes(group)
            if reply.kind not in _REPLIED:
                return reply
        self.note_reply(upstream, began, now)
        if isinstance(reply, Failure):
            return reply
        return self.accept(group, question, reply)

    def note_reply(self, upstream: Upstream, began: float, now: float) -> None:
        """The upstream has replied to what was asked at `began`."""
        if self.states.note_reply(upstream, now - began, now):
            log.warning("upstream %s answers again", describe(upstream))

    def accept(
        self, group: Group, question: Question, reply: Reply | PlainReply
    ) -> Segment | Failure:
        """What is to be believed of a reply."""
        if isinstance(reply, PlainReply):
            reply = reply.at_length()
        accepted = accept(question, reply, group, self._is_ours)
        return self._shorten(accepted) if isinstance(accepted, Segment) else accepted

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _explain(self, group: Group) -> Failure:
        now = self._clock()
        looped = [one for one in group.upstreams if self.states.is_looped(one, now)]
        if looped:
            text = f"forwarding loop: upstream {describe(looped[0])} sends our queries back"
            return Failure(FailureKind.UNUSABLE, text)
        return Failure(FailureKind.TIMEOUT, "no upstream answers")


def _give_up(upstream: Upstream, result: Segment | Failure, given_up: set[Upstream]) -> None:
    """Only silence is worth a second try of the same upstream (RFC 9520 section 3.2)."""
    if isinstance(result, Failure) and result.kind is not FailureKind.TIMEOUT:
        given_up.add(upstream)


def _weightier(known: Failure | None, new: Failure) -> Failure:
    """The newer one, but that a reply was truncated is not forgotten: the client can ask by TCP."""
    return known if known is not None and known.kind is FailureKind.TRUNCATED else new


def _cancel(tasks: set[asyncio.Task[Segment | Failure]]) -> None:
    for task in tasks:
        task.cancel()
