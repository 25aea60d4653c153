"""How C writes what a system call is given: constants by name, addresses, octets, errors.

The form is that of strace(1). Names are those of socket(7), ip(7), ipv6(7), udp(7) and tcp(7).
"""

import errno
import os
import socket
import sys
from typing import Any

from minidns.sockets import linux
from minidns.sockets.host_port import join_host_port
from minidns.sockets.pktinfo import IN_PKTINFO_OCTETS, IP_PKTINFO, ControlMessage

MAX_SHOWN = 32  # octets of a text that are shown
MAX_SHOWN_BINARY = 8
_ADDRESS_AT = 8  # of a struct in_pktinfo: ipi_addr, the destination in the packet's header

Address = tuple[Any, ...]

_FAMILIES = {socket.AF_INET: "AF_INET", socket.AF_INET6: "AF_INET6"}
_KINDS = {socket.SOCK_STREAM: "SOCK_STREAM", socket.SOCK_DGRAM: "SOCK_DGRAM"}
_PROTOCOLS = {socket.SOCK_STREAM: "IPPROTO_TCP", socket.SOCK_DGRAM: "IPPROTO_UDP"}
_ADDRESS_OCTETS = {socket.AF_INET: 16, socket.AF_INET6: 28}  # of sockaddr_in and sockaddr_in6
_LEVELS = {
    socket.SOL_SOCKET: "SOL_SOCKET",
    socket.IPPROTO_IP: "IPPROTO_IP",
    socket.IPPROTO_IPV6: "IPPROTO_IPV6",
    socket.IPPROTO_TCP: "IPPROTO_TCP",
}
_OPTIONS = {
    (socket.SOL_SOCKET, socket.SO_REUSEADDR): "SO_REUSEADDR",
    (socket.SOL_SOCKET, socket.SO_REUSEPORT): "SO_REUSEPORT",
    (socket.SOL_SOCKET, socket.SO_RCVBUF): "SO_RCVBUF",
    (socket.SOL_SOCKET, socket.SO_SNDBUF): "SO_SNDBUF",
    (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY): "IPV6_V6ONLY",
    (socket.IPPROTO_TCP, socket.TCP_NODELAY): "TCP_NODELAY",
}
if IP_PKTINFO:
    _OPTIONS[socket.IPPROTO_IP, IP_PKTINFO] = "IP_PKTINFO"
if linux.IS_LINUX:
    _OPTIONS[socket.SOL_SOCKET, linux.SO_RCVBUFFORCE] = "SO_RCVBUFFORCE"
    _OPTIONS[socket.SOL_SOCKET, linux.SO_SNDBUFFORCE] = "SO_SNDBUFFORCE"
    _OPTIONS[socket.IPPROTO_IP, linux.IP_MTU_DISCOVER] = "IP_MTU_DISCOVER"
    _OPTIONS[socket.IPPROTO_IPV6, linux.IPV6_MTU_DISCOVER] = "IPV6_MTU_DISCOVER"
_FLAGS = {0: "0", int(socket.MSG_DONTWAIT): "MSG_DONTWAIT"}

# Python closes what it opens in a program that is started; Linux takes that with the call itself.
_CLOEXEC = "|SOCK_CLOEXEC" if sys.platform == "linux" else ""
HAS_ACCEPT4 = sys.platform == "linux"


def family_name(family: int) -> str:
    """`AF_INET` and the like."""
    return _FAMILIES.get(socket.AddressFamily(family), str(family))


def socket_call(family: int, kind: int) -> str:
    """The call that makes a socket; Python asks for close-on-exec in it where the system can."""
    kind_name = _KINDS[socket.SocketKind(kind)]
    protocol = _PROTOCOLS[socket.SocketKind(kind)]
    return f"socket({family_name(family)}, {kind_name}{_CLOEXEC}, {protocol})"


def place(address: Address) -> str:
    """A socket address: `{127.0.0.1:53}`."""
    return "{" + join_host_port(address[0], address[1]) + "}"


def address_octets(family: int) -> int:
    """The size of a socket address of this family."""
    return _ADDRESS_OCTETS[socket.AddressFamily(family)]


def option(level: int, name: int) -> str:
    """`SOL_SOCKET, SO_REUSEADDR` and the like."""
    return f"{_LEVELS.get(level, str(level))}, {_OPTIONS.get((level, name), str(name))}"


def flags(value: int) -> str:
    """The flags of a call that receives."""
    return _FLAGS.get(value, hex(value))


def quote(octets: bytes) -> str:
    """A C string; what is long ends in dots, as strace has it."""
    is_text = all(0x20 <= octet < 0x7F for octet in octets)
    most = MAX_SHOWN if is_text else MAX_SHOWN_BINARY
    shown = octets[:most]
    text = (
        shown.decode().replace("\\", "\\\\").replace('"', '\\"')
        if is_text
        else "".join(f"\\x{octet:02x}" for octet in shown)
    )
    return f'"{text}"' + ("..." if len(octets) > most else "")


def message(data: bytes, control: list[ControlMessage], address: Address) -> str:
    """What recvmsg() and sendmsg() are given; of packet information the local address."""
    shown = ", ".join(_control(*each) for each in control)
    return f"{{name={place(address)}, data={quote(data)}, control=[{shown}]}}"


def errno_name(error: OSError) -> str:
    """`EADDRINUSE` and the like."""
    return errno.errorcode.get(error.errno or 0, "an error without a number")


def explain(error: OSError) -> str:
    """`EADDRINUSE (Address already in use)`."""
    return f"{errno_name(error)} ({os.strerror(error.errno or 0)})"


def _control(level: int, kind: int, data: bytes) -> str:
    name = _OPTIONS.get((level, kind), f"{level}/{kind}")
    if name == "IP_PKTINFO" and len(data) == IN_PKTINFO_OCTETS:
        name += f" {{{socket.inet_ntoa(data[_ADDRESS_AT:])}}}"
    return name
