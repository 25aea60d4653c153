"""Queries on their way to upstreams: all are sent together, each is told when its reply has come.

Together, since an upstream that sleeps between two of them has to be woken for each, at the price
of a system call or more. On Linux their sockets share one epoll that is itself a reader of the
loop: to make each of them one costs more than to ask. Elsewhere the loop watches them.
"""

import asyncio
import select
import socket
from typing import Protocol

from minidns.resolver.deadlines import Deadlines
from minidns.sockets.ephemeral import load_give_back
from minidns.upstream.resting import RestingSockets

_MAX_EVENTS = 256  # in one turn of the loop


class OnItsWay(Protocol):
    """A query on its way."""

    is_over: bool

    def expire(self) -> None:
        """There is no reply, unless there was."""

    def send(self) -> None:
        """Once."""

    def receive(self) -> None:
        """Its socket can be read."""


class Arrivals:
    """Of one event loop; to be closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.deadlines = Deadlines(loop)  # of those who wait
        self._unsent: list[OnItsWay] = []
        self._waiting: dict[int, OnItsWay] = {}  # by descriptor
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        give_back = None if self._epoll is None else load_give_back()
        self.resting = RestingSockets(loop, self.close_socket, give_back)
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._take, self._epoll)

    def watch(self, sock: socket.SocketType, query: OnItsWay) -> socket.SocketType:
        """The same socket, for `add`. Those that rested are watched already.

        Raises OSError where the system can watch no more; then it is closed.
        """
        try:
            if self._epoll is None:
                self.loop.add_reader(sock.fileno(), self._tell, query)
            else:
                self._epoll.register(sock.fileno(), select.EPOLLIN)
        except BaseException:
            sock.close()
            raise
        return sock

    def add(self, sock: socket.SocketType, query: OnItsWay) -> None:
        """Let it send in this turn of the loop, and tell it when that socket can be read."""
        self._waiting[sock.fileno()] = query
        if not self._unsent:
            self.loop.call_soon(self._send)
        self._unsent.append(query)

    def remove(self, sock: socket.SocketType) -> None:
        """Nobody waits for it any more; it is to rest or to be closed by `close_socket`."""
        del self._waiting[sock.fileno()]

    def close_socket(self, sock: socket.SocketType) -> None:
        """One that is watched."""
        # Closing would do the same, unless another process has the socket as well.
        if self._epoll is None:
            self.loop.remove_reader(sock.fileno())
        else:
            self._epoll.unregister(sock.fileno())
        sock.close()

    def close(self) -> None:
        """All that is under way has no reply."""
        for query in list(self._waiting.values()):
            query.expire()
        self.resting.close()
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
        waiting, strays = self._waiting, []
        ready = arrived.poll(0, _MAX_EVENTS)
        for descriptor, _ in ready:
            if descriptor not in waiting:
                strays.append(descriptor)
        self.resting.look(strays, len(ready) < _MAX_EVENTS)
        for descriptor, _ in ready:
            query = waiting.get(descriptor)
            if query is not None:  # else one before it in this turn has ended it
                self._tell(query)

    def _tell(self, query: OnItsWay) -> None:
        try:
            query.receive()
        except Exception as fault:
            self._report(fault)
            query.expire()  # what it has not read would be told of again and again

    def _report(self, fault: Exception) -> None:
        """A fault of ours with one query, which is not that of the others."""
        self.loop.call_exception_handler({"message": "a query failed", "exception": fault})
