"""A client's query that waits for an upstream, from its beginning to its reply.

Most are answered by one flight: so far they go by plain calls. What is more than that (a chain
that leads on, a failure, an answer that is not kept) goes on by coroutines from there.
"""

from collections.abc import Coroutine, Generator
from typing import Any, Protocol

from minidns.errand import Later, Undertaking
from minidns.resolver.flights import Flight, Flights
from minidns.resolver.model import Budget, Failure, FailureKind, Group, Outcome, Question

TOO_LATE = Failure(FailureKind.TIMEOUT, "no upstream has answered in time")


class Client(Protocol):
    """Who asks, and how he is answered."""

    address: bytes  # packed
    group: Group
    question: Question

    def say(self, outcome: Outcome) -> bytes | None:
        """The reply where the outcome of one flight is all of it; else `go_on` is asked."""

    def go_on(self, outcome: Outcome, budget: Budget) -> Coroutine[Any, Any, bytes]:
        """The reply, from that outcome on."""

    def resolve(self) -> Coroutine[Any, Any, bytes]:
        """The reply, from the beginning on."""

    def fail(self) -> bytes:
        """The reply while a fault of ours is handled."""


class Airport(Protocol):
    """Where a query waits."""

    flights: Flights[Outcome]

    def board(self, asking: "Asking") -> bool:
        """Have it wait for what one flight brings; False where there is more to think of."""


class Asking(Later[bytes]):
    """May be awaited instead of begun, which comes to the same reply."""

    __slots__ = ("_airport", "budget", "charged", "client", "flight", "is_set")

    def __init__(self, client: Client, budget: Budget, airport: Airport) -> None:
        Undertaking.__init__(self)  # super() takes longer than this
        self.client = client
        self.budget = budget
        self._airport = airport
        # As `flights.Passenger` has them.
        self.charged = b""
        self.flight: Flight[Outcome] | None = None
        self.is_set = False

    def begin(self) -> None:
        """Ask, or wait with those who have asked."""
        try:
            is_boarded = self._airport.board(self)
        except Exception:  # the last resort
            self._finish(self.client.fail(), None)
            return
        if not is_boarded:
            self._go_on_by(self.client.resolve())

    def __await__(self) -> Generator[Any, Any, bytes]:
        return self.client.resolve().__await__()

    def set(self, value: None) -> None:
        """The flight is over, or the time; the first counts."""
        if self.is_set:
            return
        self.is_set = True
        client = self.client
        try:
            outcome = self._airport.flights.leave(self).outcome() or TOO_LATE
            reply = client.say(outcome)
        except Exception:  # the last resort
            reply = client.fail()
        if reply is not None:
            self._finish(reply, None)
        else:
            self._go_on_by(client.go_on(outcome, self.budget))

    @property
    def is_over(self) -> bool:
        """As `deadlines.Waiter` has it."""
        return self.is_set

    def expire(self) -> None:
        """The time is over."""
        self.set(None)

    def refuse(self, failure: Failure) -> None:
        """Instead of a flight."""
        self.is_set = True
        self._go_on_by(self.client.go_on(failure, self.budget))

    def _give_up(self) -> None:
        if self.flight is not None and not self.is_set:
            self.is_set = True
            self._airport.flights.leave(self)
