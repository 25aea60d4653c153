"""Identical work in flight is one: who asks what is already being asked waits with the others.

Bounds on who waits, in all, per client and per question (RFC 5452 section 5: one query for each
question; BIND's clients-per-query), and on what flies. A flight goes to its end though all who
waited have left, so that what it brings is kept; its first client is charged for it until then.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, KeysView
from typing import Any, Generic, Protocol, TypeVar

from minidns.errand import Signal, Undertaking
from minidns.resolver.deadlines import Deadlines
from minidns.resolver.model import Failure, FailureKind

T = TypeVar("T")

MAX_WAITING = 1024  # client queries; BIND's recursive-clients and Unbound: 1,000
MAX_PER_CLIENT = 200  # waiting, and flights begun
MAX_PER_QUESTION = 100  # waiting; BIND's max-clients-per-query
MAX_BACKGROUND = 64  # flights that nobody waits for when they begin


class Flight(Undertaking[T]):
    """Work, and who waits for it."""

    __slots__ = ("charged", "is_left", "key", "waiters")

    def __init__(self) -> None:
        Undertaking.__init__(self)  # super() takes longer than this
        self.key: Hashable = None
        self.charged: bytes | None = None  # to its end; None for a flight in the background
        self.is_left = False  # by one who waited, at least
        self.waiters: list[Passenger[T]] = []

    def begin(self) -> None:
        """Once; it may be done before this returns."""
        raise NotImplementedError

    def outcome(self) -> T | Failure | None:
        """What it has brought; None where it is in the air still. Raises what the work raised."""
        if self.error is None:
            return self.value
        if self.is_cancelled:
            return Failure(FailureKind.BUSY, "the server is stopping")
        raise self.error


class _Charter(Flight[T]):
    """That of a coroutine."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        super().__init__()
        self._coroutine = coroutine

    def begin(self) -> None:
        """As `Flight` has it."""
        self._go_on_by(self._coroutine)

    def _give_up(self) -> None:
        """While it begins: its coroutine is running."""


# One that has not begun, or a coroutine.
Start = Callable[[], Coroutine[Any, Any, T] | Flight[T]]


class Passenger(Protocol[T]):
    """Who waits for a flight, and is set when that is over."""

    charged: bytes  # whom to charge for that wait; none who has begun the flight
    flight: Flight[T] | None

    @property
    def is_over(self) -> bool:
        """Whether he waits no more."""

    def set(self, value: None) -> None:
        """The first time counts."""

    def expire(self) -> None:
        """The same, for the time."""


class _Waiter(Signal[None], Generic[T]):
    __slots__ = ("charged", "flight")

    def __init__(self) -> None:
        super().__init__()
        self.charged = b""
        self.flight: Flight[T] | None = None

    @property
    def is_over(self) -> bool:
        """As `Passenger` has it."""
        return self.is_set

    def expire(self) -> None:
        """As `Passenger` has it."""
        self.set(None)


_IPV6_OCTETS, _PLACE_OCTETS = 16, 8


class Flights(Generic[T]):
    """Work by key. Of one event loop; nothing is in flight after `close`."""

    def __init__(
        self,
        max_waiting: int = MAX_WAITING,
        max_per_client: int = MAX_PER_CLIENT,
        max_per_question: int = MAX_PER_QUESTION,
    ) -> None:
        self._max_waiting = max_waiting
        self._max_per_client = max_per_client
        self._max_per_question = max_per_question
        self.waiting = 0
        self.background = 0
        self.joined = 0  # waits that began no flight, since the start
        self.refused = 0  # since the start
        self._flights: dict[Hashable, Flight[T]] = {}
        self.keys: KeysView[Hashable] = self._flights.keys()  # of what flies
        self._charges: dict[bytes, int] = {}
        self._is_closed = False
        self._deadlines: Deadlines | None = None
        self._emptied: list[Signal[None]] = []  # for each `close` that waits

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    async def wait(
        self, key: Hashable, client: bytes, start: Start[T], seconds: float
    ) -> T | Failure | None:
        """What the flight brings, None where it takes longer, a Failure BUSY over a bound.

        `client` is whom to charge (4 or 16 octets), of IPv6 its /64: one host may have all of that.
        Cancelling the wait leaves the flight in the air.
        """
        waiter: _Waiter[T] = _Waiter()
        refused = self.board(waiter, key, client, start, seconds)
        if refused is not None:
            return refused
        try:
            await waiter
        finally:
            waiter.expire()
            flight = self.leave(waiter)
        return flight.outcome()

    def board(
        self, waiter: Passenger[T], key: Hashable, client: bytes, start: Start[T], seconds: float
    ) -> Failure | None:
        """As `wait`, for who is told by a call; once that is made, `leave` is to be called."""
        if len(client) == _IPV6_OCTETS:
            client = client[:_PLACE_OCTETS]
        flight = self._flights.get(key)
        charges = self._charges.get(client, 0)
        if (bound := self._bound_reached(flight, charges)) is not None:
            self.refused += 1
            return Failure(FailureKind.BUSY, bound)
        if flight is None:
            flight = self._begin(key, start, client)
        else:
            self._charges[client] = charges + 1
            self.joined += 1
            waiter.charged = client
        waiter.flight = flight
        flight.waiters.append(waiter)
        deadlines = self._deadlines
        if deadlines is None:
            deadlines = self._deadlines = Deadlines(asyncio.get_running_loop())
        deadlines.add(waiter, deadlines.now() + seconds)
        self.waiting += 1
        if flight.is_done:
            waiter.set(None)
        return None

    def leave(self, waiter: Passenger[T]) -> Flight[T]:
        """Of a waiter that is over."""
        flight = waiter.flight
        assert flight is not None  # noqa: S101 - `board` has given it one
        self.waiting -= 1
        assert self._deadlines is not None  # noqa: S101 - as above
        self._deadlines.discard()
        if flight.waiters and waiter in flight.waiters:
            flight.waiters.remove(waiter)
            flight.is_left = True
        if waiter.charged:
            self._discharge(waiter.charged)
        return flight

    def launch(self, key: Hashable, start: Start[T]) -> bool:
        """Begin a flight that nobody waits for, unless it flies or there are too many."""
        if (
            self._is_closed
            or key in self._flights
            or self.background >= MAX_BACKGROUND
            or len(self._flights) >= self._max_waiting
        ):
            return False
        self._begin(key, start, None)
        return True

    async def close(self) -> None:
        """End all flights; who waits gets a Failure."""
        if not self._is_closed:
            self._is_closed = True
            for flight in list(self._flights.values()):
                flight.cancel()
        if self._flights:  # some end only after more turns of the loop
            emptied: Signal[None] = Signal()
            self._emptied.append(emptied)
            await emptied

    def _bound_reached(self, flight: Flight[T] | None, charges: int) -> str | None:
        """Of a client that has so many."""
        if self._is_closed:
            return "the server is stopping"
        most = self._max_waiting
        if self.waiting >= most or (flight is None and len(self._flights) >= most):
            return f"{most} queries wait for upstreams already"
        if charges >= self._max_per_client:
            return f"{self._max_per_client} queries of this client wait for upstreams already"
        if flight is not None and len(flight.waiters) >= self._max_per_question:
            return f"{self._max_per_question} clients wait for this answer already"
        return None

    def _begin(self, key: Hashable, start: Start[T], client: bytes | None) -> Flight[T]:
        """`client` is who is charged to the end; None for a flight in the background."""
        work = start()  # nothing is counted where it raises
        if client is None:
            self.background += 1
        else:
            self._charges[client] = self._charges.get(client, 0) + 1
        flight = work if isinstance(work, Flight) else _Charter(work)
        flight.key = key
        flight.charged = client
        self._flights[key] = flight
        flight.then(self._end)
        flight.begin()
        return flight

    def _end(self, flight: Flight[T]) -> None:
        client = flight.charged
        del self._flights[flight.key]
        if client is None:
            self.background -= 1
        else:
            self._discharge(client)
        waiters, flight.waiters = flight.waiters, []
        for waiter in waiters:
            waiter.set(None)
        if not waiters and (client is None or flight.is_left):
            _tell_fault(flight)
        if self._emptied and not self._flights:
            for emptied in self._emptied:
                emptied.set(None)

    def _discharge(self, client: bytes) -> None:
        left = self._charges[client] - 1
        if left:
            self._charges[client] = left
        else:
            del self._charges[client]


def _tell_fault(flight: Flight[T]) -> None:
    """Of one that nobody waits for."""
    if flight.error is not None and not flight.is_cancelled:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a query that nobody waits for failed", "exception": flight.error}
        )
