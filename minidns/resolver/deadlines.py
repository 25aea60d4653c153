"""Time-outs of many who wait under one timer of the loop.

A timer for each costs more than most of what it watches over, since few ever go off: here one costs
an entry in a heap. Of one event loop; no timer is left when nobody waits.
"""

import asyncio
from heapq import heapify, heappop, heappush
from typing import Protocol

_NEVER = float("inf")
_SWEEP = 64  # of so many that are over one looks whether more entries are theirs than of others


class Waiter(Protocol):
    """A signal, or what waits otherwise."""

    @property
    def is_over(self) -> bool:
        """Whether it waits no more."""

    def expire(self) -> None:
        """The time is over, unless it was."""


class Deadlines:
    """Waiters that are told when their time is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.now = loop.time  # in seconds
        self._entries: list[tuple[float, int, Waiter]] = []
        self._added = 0
        self._discarded = 0
        self._timer: asyncio.TimerHandle | None = None
        self._armed = _NEVER  # the moment of the timer

    def add(self, waiter: Waiter, moment: float) -> None:
        """`moment` is one of the loop's clock. `discard` is to follow, once it is over."""
        self._added += 1
        heappush(self._entries, (moment, self._added, waiter))
        if moment < self._armed:
            self._arm(moment)

    def discard(self) -> None:
        """One of the waiters is over."""
        self._discarded = discarded = self._discarded + 1
        if discarded == self._added:
            self._entries.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
                self._armed = _NEVER
        elif not discarded % _SWEEP:
            entries = self._entries
            if len(entries) > 2 * (self._added - discarded):
                entries[:] = [entry for entry in entries if not entry[2].is_over]
                heapify(entries)

    def _arm(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(moment, self._expire)
        self._armed = moment

    def _expire(self) -> None:
        self._timer = None
        self._armed = _NEVER
        now = self._loop.time()
        entries = self._entries
        try:
            while entries and (entries[0][0] <= now or entries[0][2].is_over):
                _, _, waiter = heappop(entries)
                waiter.expire()  # who waited goes on here, and may add and discard
        finally:
            if entries:
                self._arm(entries[0][0])
