"""Ports that the kernel draws, and how a socket gives its port back (connect(2), ip(7); Linux).

A UDP socket that nobody has bound is given a port at connect(), drawn at random from a range that
the administrator sets, but for ports that he reserves. Connected to AF_UNSPEC it is without peer,
address and port again, as it was when it was made, and may be connected once more, to another port
of the kernel's. That costs half of what it costs to close it and make another one.
"""

import ctypes
import os
import re
import socket
from collections.abc import Callable, Collection
from pathlib import Path

from minidns.sockets.linux import IS_LINUX

FIRST_PORT = 1024  # of those that are not for services, RFC 6056 section 3.2
NO_PORTS = range(0)
_SETTINGS = Path("/proc/sys/net/ipv4")  # of IPv6 as well
# Before this one ports were not drawn by the generator that getrandom(2) has, but by one whose
# state could be found out (CVE-2020-16166).
_FIRST_KERNEL = (5, 19)
_SOCKADDR_OCTETS = 16  # struct sockaddr; AF_UNSPEC is 0

# Whether the socket of that descriptor, which is connected and not bound, has given its port back.
GiveBack = Callable[[int], bool]


def ephemeral_ports() -> Collection[int]:
    """Those that the kernel draws from, each as likely as any, as they are set at this moment.

    None where that is not known, and where it draws what is no port for a query.
    """
    if not IS_LINUX or _release() < _FIRST_KERNEL:
        return NO_PORTS
    try:
        first, last = map(int, (_SETTINGS / "ip_local_port_range").read_text("ascii").split())
        reserved = _read_ports((_SETTINGS / "ip_local_reserved_ports").read_text("ascii"))
    except (OSError, ValueError):
        return NO_PORTS
    if first < FIRST_PORT:
        return NO_PORTS
    ports = range(first, last + 1)
    return frozenset(ports) - reserved if any(port in ports for port in reserved) else ports


def load_give_back() -> GiveBack | None:
    """None where this system does not do it, which is tried: a sandbox may only look like Linux."""
    if not IS_LINUX:
        return None
    try:
        connect = ctypes.CDLL(None).connect
    except (OSError, AttributeError):
        return None
    connect.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    unspecified = bytes(_SOCKADDR_OCTETS)

    def give_back(descriptor: int) -> bool:
        result: int = connect(descriptor, unspecified, _SOCKADDR_OCTETS)
        return result == 0

    is_done = _is_without_port_after(give_back, socket.AF_INET, "127.0.0.1")
    if is_done is None:  # there may be IPv6 alone
        is_done = _is_without_port_after(give_back, socket.AF_INET6, "::1")
    return give_back if is_done else None


def _is_without_port_after(give_back: GiveBack, family: int, address: str) -> bool | None:
    """Of a socket that sends nothing; None where none can be had."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
            return give_back(sock.fileno()) and not sock.getsockname()[1]
    except OSError:
        return None


def _read_ports(text: str) -> frozenset[int]:
    """As `8080,30000-32767`. Raises ValueError."""
    ports: set[int] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        ports.update(range(int(first), int(last or first) + 1))
    return frozenset(ports)


def _release() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
