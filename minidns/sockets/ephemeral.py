"""Ports that the kernel draws, and how a socket gives its port back (connect(2), ip(7); Linux).

A UDP socket that nobody has bound is given a port at connect(), drawn at random from a range that
the administrator sets. Connected to AF_UNSPEC it is without peer, address and port again, as it was
when it was made, and may be connected once more, to another port of the kernel's. That costs half
of what it costs to close it and make another one.
"""

import ctypes
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

from minidns.sockets.linux import IS_LINUX

NO_PORTS = range(0)
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")  # of IPv6 as well
# Before this one ports were not drawn by the generator that getrandom(2) has, but by one whose
# state could be found out (CVE-2020-16166).
_FIRST_KERNEL = (5, 19)
_SOCKADDR_OCTETS = 16  # struct sockaddr; AF_UNSPEC is 0

# Whether the socket of that descriptor, which is connected and not bound, has given its port back.
GiveBack = Callable[[int], bool]


def ephemeral_ports() -> range:
    """Those that the kernel draws from, by a generator fit for it; none where it is not known."""
    if not IS_LINUX or _release() < _FIRST_KERNEL:
        return NO_PORTS
    try:
        first, last = map(int, _RANGE.read_text("ascii").split())
    except (OSError, ValueError):
        return NO_PORTS
    return range(first, last + 1)


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

    return give_back if _is_without_port_after(give_back) else None


def _is_without_port_after(give_back: GiveBack) -> bool:
    """Of a socket that sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("127.0.0.1", 9))
            return give_back(sock.fileno()) and sock.getsockname() == ("0.0.0.0", 0)  # noqa: S104 - compared
        except OSError:
            return False


def _release() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
