"""The pair: one UDP and one TCP socket on the same address and port, both or neither.

DNS is served over both (RFC 7766 section 5), so a server with one of them is broken. The TCP socket
listens when it is handed over: with SO_REUSEADDR two sockets may bind one port, and only listen()
says which of them has it. Options are the control hook's business. Sockets are non-blocking.
"""

import errno
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minidns.sockets.bind_error import BindError, explain_bind_error
from minidns.sockets.control import Control, SocketOptions, control_for
from minidns.sockets.host_port import join_host_port
from minidns.sockets.listen_address import ListenAddress

# Connections that wait for accept(); the kernel lowers it to net.core.somaxconn. Knot uses 4096.
BACKLOG = 4096
# For port 0: how often another number is taken when a socket of the group finds it busy.
PORT_ATTEMPTS = 32

_DEFAULT_CONTROL = control_for(SocketOptions())
# A machine without IPv6 says so in one of these ways.
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


class BoundPair(NamedTuple):
    """Both sockets of one address. `tcp` listens already; `port` is the number they share."""

    udp: socket.socket
    tcp: socket.socket
    host: str
    port: int

    @property
    def address(self) -> str:
        """`host:port`, IPv6 in brackets."""
        return join_host_port(self.host, self.port)

    def close(self) -> None:
        """Close both sockets."""
        self.udp.close()
        self.tcp.close()


def bind_pair(
    host: str, port: int, control: Control = _DEFAULT_CONTROL, backlog: int = BACKLOG
) -> BoundPair:
    """UDP and TCP on an IP address (text). Port 0 gives one free number. Raises BindError."""
    return bind_group((host,), port, control, backlog)[0]


def bind_all(
    addresses: Iterable[ListenAddress],
    control: Control = _DEFAULT_CONTROL,
    backlog: int = BACKLOG,
) -> list[BoundPair]:
    """The pairs of all listen addresses, or BindError and nothing left open."""
    pairs: list[BoundPair] = []
    try:
        for address in addresses:
            pairs += bind_group(address.hosts, address.port, control, backlog)
    except BaseException:
        for pair in pairs:
            pair.close()
        raise
    return pairs


def bind_group(
    hosts: Sequence[str],
    port: int,
    control: Control = _DEFAULT_CONTROL,
    backlog: int = BACKLOG,
) -> list[BoundPair]:
    """A pair for each host, all on one port number. Raises BindError, nothing left open.

    For port 0 the kernel gives the first UDP socket a number and the others ask for the same; where
    one finds it taken the sockets so far stay open during the next attempt, so that the kernel has
    to give another number. An IPv6 host after an IPv4 host is left out on a machine without IPv6.
    """
    losers: list[socket.socket] = []
    try:
        for attempt in range(1, PORT_ATTEMPTS + 1):
            opened: list[socket.socket] = []
            try:
                return _bind_hosts(hosts, port, control, backlog, opened)
            except BaseException as error:
                losers += opened
                is_busy = isinstance(error, BindError) and error.errno == errno.EADDRINUSE
                if port != 0 or not is_busy or attempt == PORT_ATTEMPTS:
                    raise
    finally:
        for loser in losers:
            loser.close()
    raise AssertionError("the last attempt returns or raises")


def _bind_hosts(
    hosts: Sequence[str], port: int, control: Control, backlog: int, opened: list[socket.socket]
) -> list[BoundPair]:
    """One attempt. Every socket made is added to `opened`, also where the attempt fails."""
    pairs: list[BoundPair] = []
    for host in hosts:
        before = len(opened)
        try:
            pair = _open_pair(host, port, control, backlog, opened)
        except BindError as error:
            if not pairs or ":" not in host or error.errno not in _NO_SUCH_FAMILY:
                raise
            for half in opened[before:]:
                half.close()
            continue
        pairs.append(pair)
        port = pair.port
    return pairs


def _open_pair(
    host: str, port: int, control: Control, backlog: int, opened: list[socket.socket]
) -> BoundPair:
    udp = _open_socket("udp", host, port, control)
    opened.append(udp)
    port = udp.getsockname()[1]
    tcp = _open_socket("tcp", host, port, control, backlog)
    opened.append(tcp)
    return BoundPair(udp, tcp, host, port)


def _open_socket(
    protocol: str, host: str, port: int, control: Control, backlog: int | None = None
) -> socket.socket:
    """socket(), the hook, bind(), and listen() where there is a backlog. Raises BindError."""
    is_v6 = ":" in host
    network = protocol + ("6" if is_v6 else "4")
    address = join_host_port(host, port)
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    # The protocol is named, not 0: asyncio sets TCP_NODELAY only where it reads IPPROTO_TCP.
    kind, number = (
        (socket.SOCK_DGRAM, socket.IPPROTO_UDP)
        if protocol == "udp"
        else (socket.SOCK_STREAM, socket.IPPROTO_TCP)
    )
    try:
        sock = socket.socket(family, kind, number)
    except OSError as error:
        raise explain_bind_error(error, network, host, port, address) from error
    try:
        sock.setblocking(False)
        control(sock, network, address)
        sock.bind(_socket_address(host, port))
        if backlog is not None:
            sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise explain_bind_error(error, network, host, port, address) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _socket_address(host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """What bind() takes. A zone identifier is an interface's name or number (RFC 4007)."""
    if ":" not in host:
        return host, port
    zone = ipaddress.IPv6Address(host).scope_id
    if zone is None:
        return host, port, 0, 0
    index = int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    return host.partition("%")[0], port, 0, index
