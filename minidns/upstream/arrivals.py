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
_ONCE = select.EPOLLIN | select.EPOLLONESHOT if hasattr(select, "epoll") else 0


class Arrivals:
    """Of one event loop; to be closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.deadlines: Deadlines[Any] = Deadlines(loop)  # of those who wait
        self._calls: dict[int, Callable[[], bool]] = {}
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._take, self._epoll)

    def add(self, descriptor: int, call: Callable[[], bool]) -> None:
        """Call it when that socket can be read, until it returns True."""
        if self._epoll is None:
            self.loop.add_reader(descriptor, self._tell, descriptor, call)
            return
        self._epoll.register(descriptor, _ONCE)
        self._calls[descriptor] = call

    def remove(self, descriptor: int) -> None:
        """Before the socket is closed, whatever its call has returned."""
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
        calls = self._calls
        for descriptor, _ in arrived.poll(0, _MAX_EVENTS):
            call = calls.pop(descriptor, None)
            # Else a call before it in this turn has removed it. One that has had its say is not
            # told of anything more, and goes when its socket is closed: that saves a system call.
            if call is not None and not call():
                calls[descriptor] = call
                arrived.modify(descriptor, _ONCE)

    def _tell(self, descriptor: int, call: Callable[[], bool]) -> None:
        if call():
            self.loop.remove_reader(descriptor)
