"""`minidns serve --trace`: transports that tell of each query, instead of those that do not.

They are other objects, chosen at the start, so that a server that is not traced pays nothing. They
leave the short ways out: no answer comes from a transport's own cache, and datagrams come one at a
time, since only their receiver knows the client's port. The microseconds are the responder's own,
and those of upstreams; the kernel's and the transport's are not in them.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from minidns.responder.via import Via
from minidns.server.listeners import Listeners
from minidns.server.trace_text import query_text, reply_text, time_of_day
from minidns.sockets.host_port import join_host_port
from minidns.sockets.pktinfo import IP_PKTINFO, ControlMessage
from minidns.transport import Reply, Respond
from minidns.transport.client_address import unmap
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_limits import TcpLimits
from minidns.transport.udp import UdpServer

Write = Callable[[str], None]
Outcome = Any  # Reply or Awaitable[Reply]; as `transport.Respond` gives it

_IPI_ADDR = slice(8, 12)  # of struct in_pktinfo, ip(7)
_IPI6_ADDR = slice(0, 16)  # of struct in6_pktinfo, RFC 3542 section 6
_NANOSECONDS = 1_000  # of a microsecond


def stderr_writer(worker: int = 0) -> Write:
    """Lines to standard error, with the number of the worker where there are several."""
    prefix = f"worker {worker}: " if worker else ""

    def write(line: str) -> None:
        with suppress(OSError):  # nobody reads it
            sys.stderr.write(f"{prefix}{line}\n")
            sys.stderr.flush()

    return write


def traced_transports(
    listeners: Listeners, respond: Respond, limits: TcpLimits, write: Write
) -> tuple[list[UdpServer], TcpServer]:
    """What answers on `listeners`, whose UDP sockets are replaced by traced ones."""
    tracer = Tracer(respond, write)
    datagrams = [TracedDatagrams(sock) for sock in listeners.udp]
    listeners.udp[:] = datagrams
    udp = [UdpServer(sock, tracer.over_udp(sock), {}, batched=False) for sock in datagrams]

    def find(client: bytes) -> "Route | None":
        for connection in tcp.connections:
            if connection.client is client:  # each connection hands on an object of its own
                return _route_of(connection.stream.sock, connection.peer)
        return None

    tcp = TcpServer(listeners.tcp, tracer.over_tcp(find), {}, limits=limits)
    return udp, tcp


class Route(NamedTuple):
    """The 5-tuple of a query, and the descriptor that it came by."""

    protocol: str
    remote: str
    local: str
    descriptor: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.remote} > {self.local} fd {self.descriptor}"


class TracedDatagrams(socket.socket):
    """Takes a UDP socket's place and descriptor; knows who sent the last datagram, and to where."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.setblocking(False)
        self._bound = self.getsockname()
        self.route: Route | None = None

    def recvmsg(
        self, bufsize: int, ancbufsize: int = 0, flags: int = 0, /
    ) -> tuple[bytes, list[ControlMessage], int, Any]:
        """As socket.recvmsg()."""
        received = super().recvmsg(bufsize, ancbufsize, flags)
        _, control, _, peer = received
        local = _asked_address(control) or self._bound[0]
        where = join_host_port(local, self._bound[1])
        self.route = Route("udp", join_host_port(*peer[:2]), where, self.fileno())
        return received


class Tracer:
    """Wraps `respond` so that `write` gets a line for each query. Clocks are given."""

    def __init__(
        self,
        respond: Respond,
        write: Write,
        unix_time: Callable[[], float] = time.time,
        nanoseconds: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._respond = respond
        self._write = write
        self._unix_time = unix_time
        self._nanoseconds = nanoseconds

    def over_udp(self, sock: TracedDatagrams) -> Respond:
        """For the queries of one socket, which is asked for each right after it came."""
        return lambda wire, client, via: self._answer(wire, client, via, sock.route)

    def over_tcp(self, find: Callable[[bytes], Route | None]) -> Respond:
        """`find` tells a connection by the object that it hands on as the client's address."""
        return lambda wire, client, via: self._answer(wire, client, via, find(client))

    def _answer(self, wire: bytes, client: bytes, via: Via, route: Route | None) -> Outcome:
        at = f"{time_of_day(self._unix_time())} {route or via.name} {query_text(wire)}"
        started = self._nanoseconds()
        outcome = self._respond(wire, client, via)
        if outcome is None or isinstance(outcome, bytes):
            self._tell(at, started, outcome)
            return outcome
        later = asyncio.ensure_future(outcome)
        later.add_done_callback(partial(self._tell_later, at, started))
        return later

    def _tell(self, at: str, started: int, reply: Reply) -> None:
        what = "no reply" if reply is None else reply_text(reply)
        self._end(at, started, what)

    def _tell_later(self, at: str, started: int, done: asyncio.Future[Reply]) -> None:
        if done.cancelled():
            self._end(at, started, "given up, the client has gone")
        elif done.exception() is not None:
            self._end(at, started, "failed")
        else:
            self._tell(at, started, done.result())

    def _end(self, at: str, started: int, what: str) -> None:
        microseconds = (self._nanoseconds() - started) // _NANOSECONDS
        self._write(f"{at} -> {what} {microseconds} us")


def _route_of(sock: socket.socket, peer: tuple[Any, ...]) -> Route | None:
    try:
        local = join_host_port(*sock.getsockname()[:2])
    except OSError:  # closed meanwhile
        return None
    return Route("tcp", join_host_port(*peer[:2]), local, sock.fileno())


def _asked_address(control: Iterable[ControlMessage]) -> str | None:
    """The local address that a datagram was sent to, where a wildcard socket tells."""
    for level, kind, data in control:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            return socket.inet_ntop(socket.AF_INET, data[_IPI_ADDR])
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            packed = unmap(data[_IPI6_ADDR])
            family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
            return socket.inet_ntop(family, packed)
    return None
