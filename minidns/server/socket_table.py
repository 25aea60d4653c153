"""The UDP and TCP sockets of this process: what the kernel says of each, and what was counted.

The list is the process's own descriptors (/dev/fd), so that sockets to upstreams are in it too,
which live for one query. States are those of RFC 9293 section 3.3.2, from TCP_INFO (tcp(7)) where
the system has it. Each row names the experiments of `minidns lesson` that explain it.
"""

import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Protocol

from minidns.server.control_socket import CommandError
from minidns.server.listeners import Listeners
from minidns.server.socket_state import experiments_of, peer_of, state_of
from minidns.sockets.host_port import join_host_port
from minidns.transport.counters import TcpCounters, UdpCounters

DESCRIPTORS = "/dev/fd"
_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6})
_PROTOCOLS = {socket.SOCK_DGRAM: "udp", socket.SOCK_STREAM: "tcp"}
LISTENER = "listener"
CLIENT = "client"
UPSTREAM = "upstream"


class HasSocket(Protocol):
    """Whoever owns a socket."""

    @property
    def sock(self) -> socket.socket:
        """It may be closed."""


class UdpSide(HasSocket, Protocol):
    """What the table has to know of a UDP socket that is served."""

    @property
    def counters(self) -> UdpCounters:
        """Live."""


class Connection(Protocol):
    """What the table has to know of a client's TCP connection. `opened` is monotonic seconds."""

    queries: int
    octets_in: int
    octets_out: int
    opened: float

    @property
    def stream(self) -> HasSocket:
        """With the socket."""


class UpstreamUse(Protocol):
    """What the table has to know of a connection to an upstream. `opened` is monotonic seconds."""

    descriptor: int
    opened: float
    queries: int
    octets_in: int
    octets_out: int


class TcpSide(Protocol):
    """What the table has to know of TCP."""

    @property
    def counters(self) -> TcpCounters:
        """Live, of all connections."""

    @property
    def connections(self) -> Iterator[Connection]:
        """Those open now."""


@dataclass(slots=True)
class Row:
    """One socket; the names are the keys of `minidns sockets --json`. None: nobody has counted.

    `age` is in seconds, `worker` 0 where there is one process.
    """

    worker: int
    pid: int
    descriptor: int
    protocol: str  # udp, tcp
    role: str  # listener, client, upstream
    local: str
    remote: str | None
    state: str  # as RFC 9293 has it; UDP: bound, connected
    age: float | None
    queries: int | None
    octets_in: int | None
    octets_out: int | None
    experiments: list[int]


class SocketTable:
    """The command `sockets` of a server's control socket: a row a line, as JSON."""

    def __init__(
        self,
        listeners: Listeners,
        udp: Sequence[UdpSide],
        tcp: TcpSide,
        started: float,
        worker: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
        uses: Callable[[], Iterable[UpstreamUse]] = tuple,
    ) -> None:
        """`started`: when the listeners began to be served, on the clock of `monotonic`.

        `uses` are of connections to upstreams.
        """
        self._listeners = listeners
        self._udp = udp
        self._tcp = tcp
        self._worker = worker
        self._monotonic = monotonic
        self._started = started
        self._uses = uses

    def __call__(self, words: Sequence[str]) -> Iterable[str]:
        """As `control_socket.Command`: `sockets`, or `sockets totals` for `name number` lines."""
        if not words:
            return [json.dumps(asdict(row)) for row in self.rows()]
        if list(words) == ["totals"]:
            return [f"{name} {number}" for name, number in self.totals().items()]
        raise CommandError("there are: sockets, sockets totals")

    def rows(self) -> list[Row]:
        """In the order of the descriptors."""
        udp = {each.sock.fileno(): each.counters for each in self._udp}
        tcp = {each.stream.sock.fileno(): each for each in self._tcp.connections}
        is_starved = self._tcp.counters.accept_failures > 0
        uses = {each.descriptor: each for each in self._uses()}
        now = self._monotonic()
        rows = []
        served = {sock.fileno() for sock in self._listeners.udp + self._listeners.tcp}
        for descriptor in _descriptors() or sorted(served | tcp.keys()):
            row = self._describe(descriptor, is_starved)
            if row is None:
                continue
            if (connection := tcp.get(descriptor)) is not None:
                row.role = CLIENT
                row.experiments = [4]
                row.age = now - connection.opened
                row.queries = connection.queries
                row.octets_in = connection.octets_in
                row.octets_out = connection.octets_out
            elif (use := uses.get(descriptor)) is not None:
                row.age = now - use.opened
                row.queries, row.octets_in, row.octets_out = (
                    use.queries,
                    use.octets_in,
                    use.octets_out,
                )
            elif row.role == UPSTREAM and row.protocol == "udp":
                row.queries = 1  # each has a socket of its own (RFC 5452 section 9.2)
            elif row.role == LISTENER:
                row.age = now - self._started
                if (counters := udp.get(descriptor)) is not None:
                    row.queries = counters.queries
                    row.octets_in = counters.query_octets
                    row.octets_out = counters.reply_octets
            if row.age is not None:
                row.age = round(row.age, 3)
            rows.append(row)
        return rows

    def totals(self) -> dict[str, int]:
        """Of this process since its start, sockets that are closed included."""
        tcp = self._tcp.counters
        udp = [each.counters for each in self._udp]
        return {
            "udp_queries": sum(each.queries for each in udp),
            "udp_replies": sum(each.replies for each in udp),
            "udp_octets_in": sum(each.query_octets for each in udp),
            "udp_octets_out": sum(each.reply_octets for each in udp),
            "tcp_accepted": tcp.accepted,
            "tcp_refused": tcp.refused,
            "tcp_connections": tcp.connections,
            "tcp_queries": tcp.queries,
            "tcp_replies": tcp.replies,
            "tcp_octets_in": tcp.octets_in,
            "tcp_octets_out": tcp.octets_out,
        }

    def _describe(self, descriptor: int, is_starved: bool) -> Row | None:
        """What the kernel knows; None where it is no UDP or TCP socket, or closed meanwhile."""
        try:
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return None
            sock = socket.socket(fileno=descriptor)
        except OSError:
            return None
        try:
            protocol = _PROTOCOLS.get(sock.type)
            if sock.family not in _FAMILIES or protocol is None:
                return None
            peer, state = peer_of(sock), state_of(sock)
            role = LISTENER if state in ("LISTEN", "bound") else UPSTREAM
            return Row(
                self._worker,
                os.getpid(),
                descriptor,
                protocol,
                role,
                join_host_port(*sock.getsockname()[:2]),
                None if peer is None else join_host_port(*peer[:2]),
                state,
                None,
                None,
                None,
                None,
                experiments_of(sock, role == LISTENER, is_starved),
            )
        except OSError:
            return None
        finally:
            sock.detach()  # it is the server's


def _descriptors() -> list[int]:
    """None where there is no /proc, or no descriptor left to look with."""
    with suppress(OSError):
        return sorted(map(int, os.listdir(DESCRIPTORS)))
    return []
