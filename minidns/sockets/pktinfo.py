"""Packet information: the local address a datagram was sent to, so that its reply leaves from it.

A wildcard UDP socket is asked at any address of the machine; without this the kernel picks the
source of the reply by its routing table, and a client drops an answer from an address that it did
not ask. RFC 3542 section 6 (IPv6), ip(7) (IPv4). Structures:
  struct in_pktinfo  { int ipi_ifindex; in_addr ipi_spec_dst; in_addr ipi_addr; }   12 octets
  struct in6_pktinfo { in6_addr ipi6_addr; unsigned ipi6_ifindex; }                 20 octets
"""

import ipaddress
import socket
from collections.abc import Iterable

from minidns.sockets import darwin, linux

# The IPv4 option: 0 where the operating system has none that minidns knows.
IP_PKTINFO = linux.IP_PKTINFO if linux.IS_LINUX else darwin.IP_PKTINFO if darwin.IS_DARWIN else 0

IN_PKTINFO_OCTETS = 12
IN6_PKTINFO_OCTETS = 20
_NO_INTERFACE = bytes(4)

ControlMessage = tuple[int, int, bytes]  # level, type, data: as socket.recvmsg gives them


def request_pktinfo(sock: socket.socket) -> None:
    """Have recvmsg() deliver packet information on this UDP socket. Works after bind() too."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    elif IP_PKTINFO:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)


def is_wildcard_bound(sock: socket.socket) -> bool:
    """Whether the socket is bound to all addresses (0.0.0.0 or ::)."""
    return ipaddress.ip_address(sock.getsockname()[0]).is_unspecified


def reply_control(received: Iterable[ControlMessage]) -> list[ControlMessage]:
    """The control messages to send a reply with, from those that came with the query.

    The interface is cleared so that the routing table chooses it, as Unbound does: a query may come
    in by another interface than the one that leads back. Link-local IPv6 addresses mean nothing
    without their interface, and keep it.
    """
    return [
        (level, kind, _reply_data(level, data))
        for level, kind, data in received
        if (level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(data) == IN_PKTINFO_OCTETS)
        or (
            level == socket.IPPROTO_IPV6
            and kind == socket.IPV6_PKTINFO
            and len(data) == IN6_PKTINFO_OCTETS
        )
    ]


def _reply_data(level: int, data: bytes) -> bytes:
    if level == socket.IPPROTO_IP:
        return _NO_INTERFACE + data[4:]
    if data[0] == 0xFE and data[1] & 0xC0 == 0x80:  # fe80::/10, RFC 4291 section 2.5.6
        return data
    return data[:16] + _NO_INTERFACE
