"""What the kernel says of a UDP or TCP socket: its state, its peer, the options that matter here.

RFC 9293 section 3.3.2 has the states of TCP. Linux gives the number of one in the first octet of
struct tcp_info (include/net/tcp_states.h); elsewhere only what any system tells is known.
"""

import errno
import socket
from typing import Any

from minidns.sockets.linux import IS_LINUX
from minidns.sockets.pktinfo import is_wildcard_bound

# By the kernel's numbers, from 1.
_TCP_STATES = (
    "ESTABLISHED",
    "SYN-SENT",
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSED",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
    "SYN-RECEIVED",
)
# Of `minidns lesson`.
STREAM, DATAGRAM, TWO_PROTOCOLS, COLLISION, MOST_SPECIFIC = 1, 2, 3, 5, 6
REUSE_PORT, OPTIONS, DESCRIPTORS = 7, 8, 10


def peer_of(sock: socket.socket) -> tuple[Any, ...] | None:
    """The remote address; None where there is none. Raises OSError as getpeername(2)."""
    try:
        peer: tuple[Any, ...] = sock.getpeername()
    except OSError as error:
        # A listener, an unconnected datagram socket, a connection whose peer has reset it.
        if error.errno in (errno.ENOTCONN, errno.EINVAL):
            return None
        raise
    return peer


def state_of(sock: socket.socket) -> str:
    """A state of RFC 9293 in capitals; of UDP `connected` or `bound`. Raises OSError."""
    if sock.type == socket.SOCK_DGRAM:
        return "bound" if peer_of(sock) is None else "connected"
    if IS_LINUX:
        number = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return _TCP_STATES[number - 1] if 0 < number <= len(_TCP_STATES) else f"STATE-{number}"
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return "LISTEN"
    return "CLOSED" if peer_of(sock) is None else "ESTABLISHED"


def experiments_of(sock: socket.socket, is_listener: bool, is_starved: bool) -> list[int]:
    """The numbers of those that explain a socket that belongs to no client.

    `is_starved`: accept() has failed for want of descriptors. Raises OSError.
    """
    is_stream = sock.type == socket.SOCK_STREAM
    if not is_listener:
        return [STREAM] if is_stream else [DATAGRAM]
    found = [STREAM, TWO_PROTOCOLS, COLLISION] if is_stream else [DATAGRAM, TWO_PROTOCOLS]
    if is_wildcard_bound(sock):
        found += [MOST_SPECIFIC]
        if not is_stream:
            found += [OPTIONS]
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT):
        found += [REUSE_PORT]
    if is_stream and is_starved:
        found += [DESCRIPTORS]
    return sorted(found)
