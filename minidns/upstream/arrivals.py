"""Who is called when a datagram has come: the sockets of queries, which live for one reply each.

On Linux they share one epoll that is itself a reader of the loop: to make each of them one costs
more than to ask. Elsewhere the loop watches them.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Any

from minidns.resolver.deadlines import Deadlines

_MAX_EVENTS = 256  # in one turn of the loop


class Arrivals:
    """Of one event loop; to be closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.deadlines: Deadlines[Any] = Deadlines(loop)  # of those who wait
        self._calls: dict[int, Callable[[], None]] = {}
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._take, self._epoll)

    def add(self, descriptor: int, call: Callable[[], None]) -> None:
        """Call it whenever that socket can be read."""
        if self._epoll is None:
            self.loop.add_reader(descriptor, call)
            return
        self._epoll.register(descriptor, select.EPOLLIN)
        self._calls[descriptor] = call

    def remove(self, descriptor: int) -> None:
        """Before the socket is closed."""
        if self._epoll is None:
            self.loop.remove_reader(descriptor)
        elif self._calls.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def close(self) -> None:
        """Nobody is called any more."""
        self._calls.clear()
        if self._epoll is not None and not self._epoll.closed:
            self.loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _take(self, arrived: "select.epoll") -> None:
        for descriptor, _ in arrived.poll(0, _MAX_EVENTS):
            call = self._calls.get(descriptor)
            if call is not None:  # else a call before it in this turn has removed it
                call()
