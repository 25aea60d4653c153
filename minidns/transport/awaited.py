"""Replies that come later: what UDP and TCP do alike with the awaitables of `respond`.

Each is delivered once, or given up with the client it was for. What is given up is counted down at
once and then cancelled, so that the counters are true whatever it does at its cancellation.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from minidns.errand import Errand, Later, Work
from minidns.transport import Reply


class AwaitedCounters(Protocol):
    """What is counted here."""

    in_flight: int
    failed: int


class AwaitedReplies:
    """The replies that one client, or one socket, waits for; `len()` says how many."""

    def __init__(self, counters: AwaitedCounters) -> None:
        self._counters = counters
        # To be counted; changed here alone.
        self.pending: dict[Work[Reply], Callable[[Reply], None]] = {}
        self._emptied: asyncio.Future[None] | None = None  # while somebody waits for it

    def __len__(self) -> int:
        return len(self.pending)

    def add(self, reply: Awaitable[Reply], deliver: Callable[[Reply], None]) -> None:
        """Call `deliver` when the reply is there, with None where there is none after all.

        Called on the event loop, and never calls `deliver` itself. The awaitable is this client's
        own: giving up cancels it.
        """
        work: Work[Reply]
        if isinstance(reply, Later):
            work = reply
            reply.begin()
        else:
            # What has `send` is a coroutine, a compiled one too; to ask collections.abc takes
            # longer.
            coroutine: Any = reply if hasattr(reply, "send") else _await(reply)
            work = Errand(coroutine)
        self.pending[work] = deliver
        self._counters.in_flight += 1
        if work.is_done:
            asyncio.get_running_loop().call_soon(self._finish, work)
        else:
            work.then(self._finish)

    async def wait(self, seconds: float) -> None:
        """Until none is awaited, or for so long."""
        if self.pending:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._emptied,), timeout=seconds)

    def give_up(self) -> None:
        """Nobody waits any more."""
        given_up, self.pending = self.pending, {}
        self._counters.in_flight -= len(given_up)
        for work in given_up:
            work.cancel()

    def _finish(self, work: Work[Reply]) -> None:
        wire = work.value
        if work.error is not None:
            wire = None
            if not work.is_cancelled:
                self._counters.failed += 1
                report(work.error)
        deliver = self.pending.pop(work, None)
        if deliver is not None:
            self._counters.in_flight -= 1
            if self._emptied is not None and not self.pending:
                self._emptied.set_result(None)
                self._emptied = None
            deliver(wire)


async def _await(reply: Awaitable[Reply]) -> Reply:
    return await reply


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
