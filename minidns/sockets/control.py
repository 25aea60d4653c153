"""The hook between socket() and bind(), in the form of Go's `net.ListenConfig.Control`.

Every option of minidns goes through it, so that one place says what a socket is before it has an
address. A `Control` is given the socket, the network ("udp4", "udp6", "tcp4", "tcp6") and the
address as text ("127.0.0.1:53", "[::]:53"); it raises OSError where an option is refused.
"""

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from minidns.sockets import linux
from minidns.sockets.pktinfo import request_pktinfo

Control = Callable[[socket.socket, str, str], None]

UDP_RECEIVE_BUFFER = (
    1 << 20
)  # octets; NSD's receive-buffer-size, holds a burst while TCP has a turn
UDP_SEND_BUFFER = 1 << 20  # octets; NSD's send-buffer-size


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """What minidns sets on a socket before bind(). Buffers in octets; None leaves the kernel's."""

    reuse_port: bool = False  # SO_REUSEPORT, for several processes on one address
    udp_receive_buffer: int | None = UDP_RECEIVE_BUFFER
    udp_send_buffer: int | None = UDP_SEND_BUFFER


def control_for(options: SocketOptions) -> Control:
    """The control of minidns's own options."""

    def control(sock: socket.socket, network: str, address: str) -> None:
        if network.endswith("6"):
            # So that 0.0.0.0 and :: stand side by side, and no IPv4 client looks like IPv6.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if options.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if network.startswith("tcp"):
            # A restart must not wait for TIME_WAIT (RFC 9293 section 3.6.1). Never on UDP: there
            # it lets two processes share the port, and only one of them gets the datagrams.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return
        _set_buffers(sock, options)
        ignore_path_mtu(sock, sock.family)
        if is_wildcard(address):
            request_pktinfo(sock)

    return control


def compose(*controls: Control) -> Control:
    """One control that calls these in turn; a later one can overrule an earlier one."""

    def control(sock: socket.socket, network: str, address: str) -> None:
        for each in controls:
            each(sock, network, address)

    return control


def is_wildcard(address: str) -> bool:
    """Whether "host:port" means all addresses of its family."""
    return address.startswith(("0.0.0.0:", "[::]:"))


def ignore_path_mtu(sock: socket.SocketType, family: int) -> None:
    """Send UDP without DF and without heed to ICMP "fragmentation needed" (RFC 9715 section 3.1).

    A forged ICMP message can then make the kernel cut no answer into fragments. Linux only; other
    systems keep their default. `family` is the socket's, which takes a microsecond to tell it.
    """
    if not linux.IS_LINUX:
        return
    try:
        # An IPv6 socket sends IPv4 too where it is dual-stack, as systemd makes it.
        sock.setsockopt(socket.IPPROTO_IP, linux.IP_MTU_DISCOVER, linux.IP_PMTUDISC_OMIT)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, linux.IPV6_MTU_DISCOVER, linux.IPV6_PMTUDISC_OMIT)
    except OSError:  # a kernel older than 3.15, or another system's Linux emulation
        return


def _set_buffers(sock: socket.socket, options: SocketOptions) -> None:
    if options.udp_receive_buffer is not None:
        _set_buffer(sock, linux.SO_RCVBUFFORCE, socket.SO_RCVBUF, options.udp_receive_buffer)
    if options.udp_send_buffer is not None:
        _set_buffer(sock, linux.SO_SNDBUFFORCE, socket.SO_SNDBUF, options.udp_send_buffer)


def _set_buffer(sock: socket.socket, forced: int, plain: int, octets: int) -> None:
    """Past the system's maximum where allowed, else as much as it gives without an error."""
    if linux.IS_LINUX:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, forced, octets)
            return
    try:
        sock.setsockopt(socket.SOL_SOCKET, plain, octets)
    except OSError as error:
        if error.errno != errno.ENOBUFS:  # BSD: more than kern.ipc.maxsockbuf; its default serves
            raise
