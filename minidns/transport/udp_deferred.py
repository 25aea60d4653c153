"""Replies over UDP that come later: where the query came from is kept until the answer is there.

Bounded, so that a slow upstream cannot fill memory: past the bound a query is dropped and counted,
as the network itself would. Replies of one turn of the loop are sent together at its end, since a
client that sleeps between two of them has to be woken for each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from minidns.transport import Reply
from minidns.transport.awaited import AwaitedReplies, discard
from minidns.transport.counters import UdpCounters

W = TypeVar("W")  # where a reply goes to, and how


class DeferredReplies(Generic[W]):
    """The queries of one UDP socket that wait for their reply."""

    def __init__(
        self,
        counters: UdpCounters,
        limit: int,
        send_all: Callable[[Sequence[tuple[bytes, W]]], None],
    ) -> None:
        """`send_all` does not raise: what cannot be sent is dropped and counted, never queued."""
        self._counters = counters
        self._limit = limit
        self._send_all = send_all
        self._awaited = AwaitedReplies(counters)
        self._outgoing: list[tuple[bytes, W]] = []

    def add(self, reply: Awaitable[Reply], where: W) -> None:
        """Send the reply when it is there. Called on the event loop."""
        if len(self._awaited.pending) >= self._limit:
            self._counters.dropped_busy += 1
            discard(reply)
            return
        self._awaited.add(reply, partial(self._put, where))

    async def drain(self, grace: float) -> None:
        """Wait at most `grace` seconds for the replies in flight; what is left is given up."""
        await self._awaited.wait(grace)
        if len(self._awaited):
            self._awaited.give_up()
            await asyncio.sleep(0)  # a turn in which the cancelled ones end
        self._flush()

    def _put(self, where: W, wire: Reply) -> None:
        if wire is not None:
            if not self._outgoing:
                asyncio.get_running_loop().call_soon(self._flush)
            self._outgoing.append((wire, where))

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if outgoing:
            self._send_all(outgoing)
