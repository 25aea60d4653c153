"""One question to one upstream: until when it waits, and what becomes of it.

Whoever waits is told once, a reply or a failure; what was under way is counted until then.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from minidns.errand import Signal
from minidns.resolver.model import Failure, FailureKind, Heard, Question, Upstream
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.endpoint import Endpoint
from minidns.upstream.stream import StreamUpstream
from minidns.wire.codes import Rcode
from minidns.wire.reply import Reply
from minidns.wire.upstream_query import Form

_FORMERR = int(Rcode.FORMERR)
_REPLIED = (FailureKind.RCODE, FailureKind.TRUNCATED)


class Doubt(Enum):
    """Why another transport has to tell."""

    MISMATCH = auto()
    OTHER_CASE = auto()
    TRUNCATED = auto()  # or longer than it may be


Outcome = Heard | Doubt | None  # None: the time is over


class Known:
    """What is known of one upstream."""

    __slots__ = ("endpoint", "forms", "in_flight", "is_trusted", "loses_case", "stream")

    def __init__(self, is_trusted: bool, endpoint: Endpoint | None = None) -> None:
        self.endpoint = endpoint  # None: it may be another one tomorrow
        self.forms: dict[object, Form] = {}  # by all of a question but its name, with EDNS
        self.in_flight = 0
        self.is_trusted = is_trusted
        self.loses_case = False
        self.stream: StreamUpstream | None = None


class Owner(Protocol):
    """Whose questions they are."""

    counters: UpstreamCounters

    def go_on(self, wanted: "Wanted", outcome: Outcome) -> Callable[[], object]:
        """An outcome that is not the last; `wanted.end` is to be called. What gives that up."""


class Wanted(Signal[Heard]):
    """Until it is set somebody waits. `is_over`: nothing is on its way over UDP."""

    __slots__ = (
        "_stop",
        "deadline",
        "has_edns",
        "is_over",
        "known",
        "owner",
        "question",
        "seconds",
        "upstream",
    )

    def __init__(
        self,
        owner: Owner,
        upstream: Upstream,
        known: Known,
        question: Question,
        seconds: float,
        deadline: float,
        has_edns: bool = True,
    ) -> None:
        """`deadline` is the moment by the loop's clock that is so many seconds ahead.

        One without EDNS follows another, which is counted.
        """
        Signal.__init__(self)  # super() takes longer than this
        self.owner = owner
        self.upstream = upstream
        self.known = known
        self.question = question
        self.seconds = seconds
        self.deadline = deadline
        self.has_edns = has_edns
        self.is_over = True
        self._stop: Callable[[], object] | None = None
        if has_edns:
            owner.counters.in_flight += 1
            known.in_flight += 1

    def stop_by(self, stop: Callable[[], object]) -> None:
        """To be called where nobody waits any more."""
        if not self.is_set:
            self._stop = stop

    def hear(self, outcome: Outcome) -> None:
        """What came first."""
        if self.is_set:  # given up
            return
        if isinstance(outcome, Doubt) or (self.has_edns and knows_no_edns(outcome)):
            self._stop = self.owner.go_on(self, outcome)
        else:
            self.end(outcome)

    def end(self, result: Heard | None) -> None:
        """None where the time is over."""
        self._stop = None  # no cycle is left for a collector
        if self.is_set:  # given up
            return
        if self.has_edns:
            counters = self.owner.counters
            counters.in_flight -= 1
            self.known.in_flight -= 1
            if result is None or isinstance(result, Failure):
                _count_failure(counters, result)
            else:
                counters.replies += 1
        if result is None:
            result = Failure(FailureKind.TIMEOUT, f"no answer within {self.seconds:g} s")
        self.set(result)

    def cancel(self, msg: object = None) -> bool:
        """Nobody waits any more."""
        is_given_up = super().cancel(msg)
        if is_given_up:
            if self.has_edns:
                self.owner.counters.in_flight -= 1
                self.known.in_flight -= 1
            self._give_up()
        return is_given_up

    def _give_up(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()


def _count_failure(counters: UpstreamCounters, failure: Failure | None) -> None:
    if failure is None or failure.kind is FailureKind.TIMEOUT:
        counters.timed_out += 1
    elif failure.kind in _REPLIED:
        counters.replies += 1
    elif failure.kind is FailureKind.BUSY:
        counters.refused_busy += 1
    else:
        counters.unreachable += 1


def knows_no_edns(result: Heard | None) -> bool:
    """FORMERR, and no OPT with it: with one it is the question that is not liked."""
    if isinstance(result, Reply):
        return result.rcode == _FORMERR and not result.payload
    return (
        isinstance(result, Failure)
        and result.kind is FailureKind.RCODE
        and result.rcode == _FORMERR
    )
