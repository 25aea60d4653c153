"""The sockets of this process with their 5-tuples, as the kernel lists them.

On Linux from /proc/net/{tcp,tcp6,udp,udp6} (proc_pid_net(5)), each found by the inode that
/proc/self/fd names; a row without an inode is a connection that no descriptor stands for: not
accepted yet, or closed and in TIME_WAIT. Elsewhere from getsockname(2) and getpeername(2).
"""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from minidns.sockets.host_port import join_host_port

PROC = Path("/proc")
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_WORD = 8  # hexadecimal digits of four octets, which /proc/net writes as the machine reads them
_NO_INODE = "0"
NOT_LISTED = "-"
TIME_WAIT = "TIME-WAIT"
LISTEN = "LISTEN"
ESTABLISHED = "ESTAB"
# include/net/tcp_states.h, in the words of ss(8)
_STATES = {
    "01": ESTABLISHED,
    "02": "SYN-SENT",
    "03": "SYN-RECV",
    "04": "FIN-WAIT-1",
    "05": "FIN-WAIT-2",
    "06": TIME_WAIT,
    "07": "UNCONN",  # TCP_CLOSE: what a datagram socket is that has no peer
    "08": "CLOSE-WAIT",
    "09": "LAST-ACK",
    "0A": LISTEN,
    "0B": "CLOSING",
}


class Row(NamedTuple):
    """A socket. `number` is its descriptor, None where none stands for it; addresses as text."""

    number: int | None
    protocol: str
    local: str
    remote: str
    state: str


def has_kernel_table() -> bool:
    """Whether the kernel's own table can be read."""
    return sys.platform == "linux" and (PROC / "net" / "tcp").exists()


def read_table(numbers: Iterable[int], remains: tuple[str, str] | None = None) -> list[Row]:
    """The sockets with these descriptors, then the connections that wait for the listeners of them.

    `remains` are the local and the remote address of one connection more, whatever its state.
    """
    numbers = list(numbers)
    if not has_kernel_table():
        return [_ask(number) for number in numbers]
    wanted = {_inode_of(number): number for number in numbers}
    found: dict[int, Row] = {}
    others: list[tuple[Row, int]] = []
    ports: set[int] = set()
    for row, port, inode in _read_all():
        if inode in wanted:
            found[wanted[inode]] = row._replace(number=wanted[inode])
            if row.state == LISTEN:
                ports.add(port)
        elif inode == _NO_INODE:
            others.append((row, port))
    waiting = [
        row
        for row, port in others
        if (row.local, row.remote) == remains or (port in ports and row.state != TIME_WAIT)
    ]
    return [found.get(number) or _ask(number) for number in numbers] + sorted(waiting)


def find_state(local: str, remote: str) -> str | None:
    """The state of the TCP connection with these addresses; None where the kernel lists none."""
    if not has_kernel_table():
        return None
    rows = (row for row, _, _ in _read_all())
    return next((row.state for row in rows if (row.local, row.remote) == (local, remote)), None)


def _read_all() -> Iterator[tuple[Row, int, str]]:
    for table in _TABLES:
        yield from _read(table)


def _read(table: str) -> Iterator[tuple[Row, int, str]]:
    """Each row with its local port and its inode."""
    try:
        lines = (PROC / "net" / table).read_text().splitlines()[1:]
    except OSError:  # tcp6 and udp6 where IPv6 is absent
        return
    for line in lines:
        fields = line.split()  # sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...
        (local, port), (remote, peer) = _split(fields[1]), _split(fields[2])
        row = Row(
            None,
            table,
            join_host_port(local, port),
            join_host_port(remote, peer),
            _STATES.get(fields[3], fields[3]),
        )
        yield row, port, fields[9]


def _split(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    words = (int(address[at : at + _WORD], 16) for at in range(0, len(address), _WORD))
    octets = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    if len(octets) == 16 and octets.startswith(bytes(10) + b"\xff\xff"):
        return f"::ffff:{ipaddress.IPv4Address(octets[12:])}", int(port, 16)
    return str(ipaddress.ip_address(octets)), int(port, 16)


def _inode_of(number: int) -> str:
    return os.readlink(f"/proc/self/fd/{number}").removeprefix("socket:[").removesuffix("]")


def _ask(number: int) -> Row:
    """What the socket says of itself: for what the kernel lists nowhere, or has no list for."""
    with socket.socket(fileno=os.dup(number)) as sock:
        protocol = "tcp" if sock.type == socket.SOCK_STREAM else "udp"
        local = _name(sock.getsockname())
        try:
            remote = _name(sock.getpeername())
        except OSError:
            remote = NOT_LISTED
        return Row(
            number, protocol + "6" * (sock.family == socket.AF_INET6), local, remote, NOT_LISTED
        )


def _name(address: tuple[str, int]) -> str:
    return join_host_port(address[0], address[1])
