"""Queries on their way to upstreams: all are sent together, each is told when its reply has come.

Together, since an upstream that sleeps between two of them has to be woken for each, at the price
of a system call or more. Each socket lives for one reply. On Linux they share one epoll that is
itself a reader of the loop: to make each of them one costs more than to ask. Elsewhere the loop
watches them.
"""

import asyncio
import select
from typing import Protocol

from minidns.resolver.deadlines import Deadlines

_MAX_EVENTS = 256  # in one turn of the loop
_ONCE = select.EPOLLIN | select.EPOLLONESHOT if hasattr(select, "epoll") else 0


class OnItsWay(Protocol):
    """A query on its way."""

    is_over: bool

    def expire(self) -> None:
        """There is no reply, unless there was."""

    def send(self) -> None:
        """Once."""

    def receive(self) -> bool:
        """Its socket can be read. Whether that was all that it waits for."""


class Arrivals:
    """Of one event loop; to be closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.deadlines = Deadlines(loop)  # of those who wait
        self._unsent: list[OnItsWay] = []
        self._waiting: dict[int, OnItsWay] = {}  # by descriptor
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._take, self._epoll)

    def add(self, descriptor: int, query: OnItsWay) -> None:
        """Let it send in this turn of the loop, and tell it when that socket can be read.

        Raises OSError where the system can watch no more sockets.
        """
        if self._epoll is None:
            self.loop.add_reader(descriptor, self._tell, query)
        else:
            self._epoll.register(descriptor, _ONCE)
        self._waiting[descriptor] = query
        if not self._unsent:
            self.loop.call_soon(self._send)
        self._unsent.append(query)

    def remove(self, descriptor: int) -> None:
        """Before the socket is closed, which takes it out of the epoll as well."""
        del self._waiting[descriptor]
        if self._epoll is None:
            self.loop.remove_reader(descriptor)

    def close(self) -> None:
        """All that is under way has no reply."""
        for query in list(self._waiting.values()):
            query.expire()
        if self._epoll is not None and not self._epoll.closed:
            self.loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        for query in unsent:
            try:
                query.send()
            except Exception as fault:
                self._report(fault)

    def _take(self, arrived: "select.epoll") -> None:
        waiting = self._waiting
        for descriptor, _ in arrived.poll(0, _MAX_EVENTS):
            query = waiting.get(descriptor)
            # None: one before it in this turn has ended it. One that has its reply has closed its
            # socket, so that it costs no further system call.
            if query is not None and not self._tell(query):
                arrived.modify(descriptor, _ONCE)

    def _tell(self, query: OnItsWay) -> bool:
        try:
            return query.receive()
        except Exception as fault:
            self._report(fault)
            return True

    def _report(self, fault: Exception) -> None:
        """A fault of ours with one query, which is not that of the others."""
        self.loop.call_exception_handler({"message": "a query failed", "exception": fault})
