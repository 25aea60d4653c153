"""Replies over UDP that come later: the query's address is kept until the answer is there.

Bounded, so that a slow upstream cannot fill memory: past the bound a query is dropped and counted,
as the network itself would. Replies of one turn of the loop are sent together at its end, since a
client that sleeps between two of them has to be woken for each; what the kernel refuses is dropped
and counted, never queued.
"""

import asyncio
import socket
from collections.abc import Awaitable, Sequence
from typing import Any

from minidns.sockets.pktinfo import ControlMessage
from minidns.transport import Reply
from minidns.transport.awaited import AwaitedReplies, discard, report
from minidns.transport.counters import UdpCounters

SocketAddress = tuple[Any, ...]  # as socket.recvmsg() gives it


class DeferredReplies:
    """The queries of one UDP socket that wait for their reply."""

    def __init__(self, sock: socket.socket, counters: UdpCounters, limit: int) -> None:
        self._sock = sock
        self._counters = counters
        self._limit = limit
        self._awaited = AwaitedReplies(counters)
        self._outgoing: list[tuple[bytes, SocketAddress, Sequence[ControlMessage]]] = []

    def add(
        self, reply: Awaitable[Reply], address: SocketAddress, control: Sequence[ControlMessage]
    ) -> None:
        """Send the reply to `address` when it is there. Called on the event loop."""
        if len(self._awaited) >= self._limit:
            self._counters.dropped_busy += 1
            discard(reply)
            return

        def send(wire: Reply) -> None:
            if wire is not None:
                outgoing = self._outgoing
                if not outgoing:
                    asyncio.get_running_loop().call_soon(self._send_all)
                outgoing.append((wire, address, control))

        self._awaited.add(reply, send)

    async def drain(self, grace: float) -> None:
        """Wait at most `grace` seconds for the replies in flight; what is left is given up."""
        await self._awaited.wait(grace)
        if len(self._awaited):
            self._awaited.give_up()
            await asyncio.sleep(0)  # a turn in which the cancelled ones end
        self._send_all()

    def _send_all(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        for wire, address, control in outgoing:
            try:
                self._send(wire, address, control)
            except Exception as error:  # a fault of ours with one of them
                self._counters.failed += 1
                report(error)

    def _send(self, wire: bytes, address: SocketAddress, control: Sequence[ControlMessage]) -> None:
        try:
            self._sock.sendmsg([wire], control, socket.MSG_DONTWAIT, address)
        except OSError:
            self._counters.dropped_send += 1
        else:
            self._counters.replies += 1
            self._counters.reply_octets += len(wire)
