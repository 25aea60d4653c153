"""Linux only: which process holds a port, read from /proc (proc(5), proc_pid_net(5)).

/proc/net/{udp,udp6,tcp,tcp6} give the inode of each socket on a port, /proc/PID/fd the process
that has it open. Other users' processes can be read by root alone; what cannot be read is left
out. Elsewhere there is no /proc and nothing is found.
"""

import ipaddress
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
_TCP_LISTEN = "0A"  # include/net/tcp_states.h
_WORD = 8  # hexadecimal digits of four octets, which /proc/net writes as the machine reads them
_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Holder(NamedTuple):
    """A process with a socket on the port; both fields None where /proc does not tell."""

    pid: int | None
    command: str | None

    def __str__(self) -> str:
        if self.pid is None:
            return "a process that only root may see"
        return f"{self.command or 'a process'} (pid {self.pid})"


def find_port_holders(network: str, host: str, port: int, proc: Path = PROC) -> list[Holder]:
    """The processes whose socket keeps `host` (an IP address) from being bound on `port`.

    `network` is "udp4", "udp6", "tcp4" or "tcp6"; an IPv6 socket can be in the way of IPv4.
    One `Holder(None, None)` where the port is taken by processes that cannot be read.
    """
    kind = network[:3]
    wanted = ipaddress.ip_address(host.partition("%")[0])
    inodes = {
        inode
        for table in (kind, f"{kind}6")
        for local, inode in _sockets_on_port(proc / "net" / table, port, listening=kind == "tcp")
        if _is_in_the_way(local, wanted)
    }
    if not inodes:
        return []
    found = sorted(set(_processes_with(inodes, proc)))
    return found or [Holder(None, None)]


def _sockets_on_port(table: Path, port: int, listening: bool) -> Iterator[tuple[Address, str]]:
    """The local address and the inode of each."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()  # sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...
        address, _, number = fields[1].partition(":")
        if int(number, 16) == port and (not listening or fields[3] == _TCP_LISTEN):
            yield _read_address(address), fields[9]


def _read_address(text: str) -> Address:
    words = (int(text[at : at + _WORD], 16) for at in range(0, len(text), _WORD))
    address = ipaddress.ip_address(b"".join(word.to_bytes(4, sys.byteorder) for word in words))
    return getattr(address, "ipv4_mapped", None) or address


def _is_in_the_way(local: Address, wanted: Address) -> bool:
    """Whether two sockets at these addresses cannot have one port. `::` may hold IPv4 as well."""
    if local.is_unspecified:
        return local.version == 6 or wanted.version == 4
    return local == wanted or (wanted.is_unspecified and local.version == wanted.version)


def _processes_with(inodes: set[str], proc: Path) -> Iterator[Holder]:
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        if not inodes.isdisjoint(_sockets_of(entry)):
            yield Holder(int(entry.name), _command_of(entry))


def _sockets_of(process: Path) -> Iterator[str]:
    """Inodes of the sockets that a process has open."""
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:  # gone meanwhile, or another user's
        return
    for descriptor in descriptors:
        try:
            match = _SOCKET_LINK.fullmatch(os.readlink(descriptor))
        except OSError:  # closed meanwhile
            continue
        if match:
            yield match[1]


def _command_of(process: Path) -> str | None:
    try:
        return (process / "comm").read_text().strip() or None
    except OSError:
        return None
