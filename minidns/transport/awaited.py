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
        self._errands: set[Work[Reply]] = set()
        self._emptied: asyncio.Future[None] | None = None  # while somebody waits for it

    def __len__(self) -> int:
        return len(self._errands)

    def add(self, reply: Awaitable[Reply], deliver: Callable[[Reply], None]) -> None:
        """Call `deliver` when the reply is there, with None where there is none after all.

        Called on the event loop, and never calls `deliver` itself. The awaitable is this client's
        own: giving up cancels it.
        """
        errand: Work[Reply]
        if isinstance(reply, Later):
            errand = reply
            reply.begin()
        else:
            # What has `send` is a coroutine, a compiled one too; to ask collections.abc takes
            # longer.
            coroutine: Any = reply if hasattr(reply, "send") else _await(reply)
            errand = Errand(coroutine)
        self._errands.add(errand)
        self._counters.in_flight += 1

        def finish() -> None:
            try:
                wire = errand.result()
            except asyncio.CancelledError:  # given up
                wire = None
            except Exception as error:
                self._counters.failed += 1
                report(error)
                wire = None
            errands = self._errands
            if errand in errands:
                errands.remove(errand)
                self._counters.in_flight -= 1
                if self._emptied is not None and not errands:
                    self._emptied.set_result(None)
                    self._emptied = None
                deliver(wire)

        if errand.is_done:
            asyncio.get_running_loop().call_soon(finish)
        else:
            errand.then(finish)

    async def wait(self, seconds: float) -> None:
        """Until none is awaited, or for so long."""
        if self._errands:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._emptied,), timeout=seconds)

    def give_up(self) -> None:
        """Nobody waits any more."""
        given_up, self._errands = self._errands, set()
        self._counters.in_flight -= len(given_up)
        for errand in given_up:
            errand.cancel()


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
