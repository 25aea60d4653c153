"""Identical work in flight is one: who asks what is already being asked waits with the others.

Bounds on who waits, in all, per client and per question (RFC 5452 section 5: one query for each
question; BIND's clients-per-query), and on what flies. A flight goes to its end though all who
waited have left, so that what it brings is kept; its first client is charged for it until then.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from minidns.resolver.model import Failure, FailureKind

T = TypeVar("T")
Start = Callable[[], Coroutine[Any, Any, T]]

MAX_WAITING = 1024  # client queries; BIND's recursive-clients and Unbound: 1,000
MAX_PER_CLIENT = 200  # waiting, and flights begun
MAX_PER_QUESTION = 100  # waiting; BIND's max-clients-per-query
MAX_BACKGROUND = 64  # flights that nobody waits for when they begin


class _Flight(Generic[T]):
    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.waiters = 0


class Flights(Generic[T]):
    """Work by key. Of one event loop; nothing is in flight after `close`."""

    def __init__(self) -> None:
        self.waiting = 0
        self.background = 0
        self.joined = 0  # waits that began no flight, since the start
        self.refused = 0  # since the start
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._charges: Counter[bytes] = Counter()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    async def wait(
        self, key: Hashable, client: bytes, start: Start[T], seconds: float
    ) -> T | Failure | None:
        """What the flight brings, None where it takes longer, a Failure BUSY over a bound.

        `client` is whom to charge. Cancelling the wait leaves the flight in the air.
        """
        flight = self._flights.get(key)
        if (bound := self._bound_reached(flight, client)) is not None:
            self.refused += 1
            return Failure(FailureKind.BUSY, bound)
        self._charges[client] += 1
        if flight is None:
            flight = self._begin(key, start)
            flight.task.add_done_callback(lambda _: self._discharge(client))
            is_starter = True
        else:
            self.joined += 1
            is_starter = False
        self.waiting += 1
        flight.waiters += 1
        try:
            await asyncio.wait((flight.task,), timeout=seconds)
        finally:
            self.waiting -= 1
            flight.waiters -= 1
            if not is_starter:
                self._discharge(client)
        if not flight.task.done():
            return None
        if flight.task.cancelled():
            return Failure(FailureKind.BUSY, "the server is stopping")
        return flight.task.result()

    def launch(self, key: Hashable, start: Start[T]) -> bool:
        """Begin a flight that nobody waits for, unless it flies or there are too many."""
        if (
            self._is_closed
            or key in self._flights
            or self.background >= MAX_BACKGROUND
            or len(self._flights) >= MAX_WAITING
        ):
            return False
        self.background += 1
        self._begin(key, start).task.add_done_callback(self._end_background)
        return True

    async def close(self) -> None:
        """End all flights; who waits gets a Failure."""
        self._is_closed = True
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _bound_reached(self, flight: _Flight[T] | None, client: bytes) -> str | None:
        if self._is_closed:
            return "the server is stopping"
        if self.waiting >= MAX_WAITING or (flight is None and len(self._flights) >= MAX_WAITING):
            return f"{MAX_WAITING} queries wait for upstreams already"
        if self._charges[client] >= MAX_PER_CLIENT:
            return f"{MAX_PER_CLIENT} queries of this client wait for upstreams already"
        if flight is not None and flight.waiters >= MAX_PER_QUESTION:
            return f"{MAX_PER_QUESTION} clients wait for this answer already"
        return None

    def _begin(self, key: Hashable, start: Start[T]) -> _Flight[T]:
        flight = _Flight(asyncio.get_running_loop().create_task(start()))
        self._flights[key] = flight
        flight.task.add_done_callback(lambda _: self._flights.pop(key))
        return flight

    def _discharge(self, client: bytes) -> None:
        self._charges[client] -= 1
        if not self._charges[client]:
            del self._charges[client]

    def _end_background(self, _: asyncio.Task[T]) -> None:
        self.background -= 1
