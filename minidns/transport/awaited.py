"""Replies that come later: what UDP and TCP do alike with the awaitables of `respond`.

Each is delivered once, or given up with the client it was for. What is given up is counted down at
once and then cancelled, so that the counters are true whatever a task does at its cancellation.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from minidns.transport import Reply


class AwaitedCounters(Protocol):
    """What is counted here."""

    in_flight: int
    failed: int


class AwaitedReplies:
    """The replies that one client, or one socket, waits for; `len()` says how many."""

    def __init__(self, counters: AwaitedCounters) -> None:
        self._counters = counters
        self._tasks: set[asyncio.Future[Reply]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, reply: Awaitable[Reply], deliver: Callable[[Reply], None]) -> None:
        """Call `deliver` when the reply is there, with None where there is none after all.

        Called on the event loop. The awaitable is this client's own: giving up cancels it.
        """
        task = asyncio.ensure_future(reply)
        self._tasks.add(task)
        self._counters.in_flight += 1

        def finish(done: asyncio.Future[Reply]) -> None:
            wire = self._result_of(done)
            if done in self._tasks:
                self._tasks.remove(done)
                self._counters.in_flight -= 1
                deliver(wire)

        task.add_done_callback(finish)

    async def wait(self, seconds: float) -> None:
        """Until none is awaited, or for so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def give_up(self) -> None:
        """Nobody waits any more."""
        given_up, self._tasks = self._tasks, set()
        self._counters.in_flight -= len(given_up)
        for task in given_up:
            task.cancel()

    def _result_of(self, done: asyncio.Future[Reply]) -> Reply:
        if done.cancelled():
            return None
        if (error := done.exception()) is not None:
            self._counters.failed += 1
            report(error)
            return None
        return done.result()


def discard(reply: Awaitable[Reply]) -> None:
    """Drop an awaitable that nobody will await, without a warning that nobody did."""
    if isinstance(reply, asyncio.Future):
        reply.cancel()
    elif (close := getattr(reply, "close", None)) is not None:  # a coroutine, compiled ones too
        close()


def report(error: BaseException) -> None:
    """Give what responding raised to the event loop's exception handler, which owns the log."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": "no reply: responding failed", "exception": error}
    )
