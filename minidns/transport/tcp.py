"""DNS over TCP on listening sockets: accepts, refuses, watches the time, drains (RFC 7766).

accept() is called here and not by asyncio, so that the limits come before anything is made for a
connection, and so that want of descriptors neither fills the log nor keeps the loop busy. One sweep
looks after the time-outs of all connections; there is no timer for each.
"""

import asyncio
import errno
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence

from minidns.responder.via import Via
from minidns.transport import Answers, AnswersByClient, Respond
from minidns.transport.client_address import pack_client
from minidns.transport.counters import TcpCounters
from minidns.transport.tcp_connection import TcpConnection
from minidns.transport.tcp_limits import ConnectionTable, TcpLimits
from minidns.transport.tcp_service import TcpService
from minidns.transport.watch import make_watch

ACCEPTS_PER_TURN = 32  # connections a listener accepts before the loop looks at the others
SWEEP_SECONDS = 0.25  # between two looks at the time-outs: how late one may be
ACCEPT_PAUSE_SECONDS = 0.25  # after EMFILE and the like; the kernel keeps the newcomers so long

_NO_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class TcpServer:
    """Answers the queries of all connections to its listeners, which it closes at the end.

    The limits count over all listeners together. `via` is changed: its `keepalive` follows the
    pressure. `clock` gives seconds that only grow. With `by_client` the answers are those for each
    client, and `answers` are not looked at.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        respond: Respond,
        answers: Answers,
        via: Via | None = None,
        limits: TcpLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        by_client: AnswersByClient | None = None,
    ) -> None:
        limits = limits or TcpLimits()
        via = via or Via("tcp", is_stream=True)
        self._listeners = list(listeners)
        self._answers = answers
        self._by_client = by_client
        self._limits = limits
        self._table: ConnectionTable[TcpConnection] = ConnectionTable(limits, via)
        self._watch = make_watch()
        self._service = TcpService(respond, via, limits, clock, self._table, self._watch)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}

    @property
    def counters(self) -> TcpCounters:
        """Live; `connections` is brought up to date by reading this."""
        self._service.counters.connections = len(self._table)
        return self._service.counters

    @property
    def connections(self) -> Iterator[TcpConnection]:
        """Those open now."""
        return iter(self._table)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Accept from now on."""
        self._loop = loop
        self._watch.start(loop)
        for listener in self._listeners:
            listener.setblocking(False)
            # What accept() returns inherits it: small replies are not to wait for each other.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop.add_reader(listener.fileno(), self._accept, listener)

    def stop_accepting(self) -> None:
        """Close the listeners; connections go on."""
        for pause in self._pauses.values():
            pause.cancel()
        self._pauses.clear()
        for listener in self._listeners:
            if self._loop is not None:
                self._loop.remove_reader(listener.fileno())
            listener.close()
        self._listeners.clear()

    async def drain(self, grace: float) -> None:
        """Close idle connections now, the others once they are answered, all after `grace` seconds.

        Listeners are closed first if they are not yet.
        """
        self.stop_accepting()
        for _ in range(2):  # the loop looks at the sockets: what has arrived is no idle connection
            await asyncio.sleep(0)
        self._service.is_draining = True
        self._service.emptied.clear()
        for connection in self._table:
            connection.drain()
        try:
            if len(self._table):
                await asyncio.wait_for(self._service.emptied.wait(), grace)
        except TimeoutError:
            for connection in self._table:
                connection.abort()
        finally:
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
            if not len(self._table):
                self._watch.close()

    def sweep(self, now: float) -> None:
        """Close connections whose time is over. Called each `SWEEP_SECONDS` while there are any."""
        idle_seconds = self._table.idle_seconds
        for connection in self._table:
            connection.check(now, idle_seconds)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                sock, peer = listener.accept()
            except OSError as error:
                # Others are faults of one newcomer that has gone already (accept(2)).
                if error.errno in _NO_RESOURCES and _has_newcomer(listener):
                    self._pause(listener)
                return
            client = pack_client(sock.family, peer[0])
            if not self._make_room(client):
                self._service.counters.refused += 1
                sock.close()
                continue
            self._service.counters.accepted += 1
            answers = self._answers if self._by_client is None else self._by_client[client]
            connection = TcpConnection(self._service, sock, client, peer, answers)
            self._table.add(connection)
            connection.open()
            if self._sweeper is None:
                loop = asyncio.get_running_loop()
                self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep_again)

    def _make_room(self, client: bytes) -> bool:
        """Whether the newcomer may stay; where all places are taken another one goes."""
        if not self._table.has_room_for(client):
            self._watch.look()  # some may have ended in this turn of the loop
            if not self._table.has_room_for(client):
                return False
        return not self._table.is_full or self._evict()

    def _evict(self) -> bool:
        evicted = self._table.dispensable()
        if evicted is None:
            return False
        self._service.counters.evicted += 1
        evicted.abort()
        return True

    def _pause(self, listener: socket.socket) -> None:
        """No descriptor or memory for a newcomer: give up a connection, try again soon."""
        loop = asyncio.get_running_loop()
        self._service.counters.accept_failures += 1
        self._evict()
        loop.remove_reader(listener.fileno())
        self._pauses[listener] = loop.call_later(ACCEPT_PAUSE_SECONDS, self._accept_again, listener)

    def _accept_again(self, listener: socket.socket) -> None:
        self._pauses.pop(listener, None)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept, listener)

    def _sweep_again(self) -> None:
        self._sweeper = None
        self.sweep(self._service.clock())
        if len(self._table):
            loop = asyncio.get_running_loop()
            self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep_again)


def _has_newcomer(listener: socket.socket) -> bool:
    """Whether a connection waits; with no descriptor left accept() fails also where none does."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))
