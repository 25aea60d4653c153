"""Sockets that systemd passes: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES (sd_listen_fds(3)).

A unit with `ListenDatagram=` and `ListenStream=` binds port 53 for a server without privilege, and
keeps it over restarts. They are used instead of binding; what is usually set before bind() and can
be set after it is set here. The environment is cleared, so that no child takes them for its own.
"""

import os
import socket
from collections.abc import MutableMapping
from typing import NamedTuple

from minidns.sockets import linux
from minidns.sockets.control import ignore_path_mtu
from minidns.sockets.host_port import join_host_port
from minidns.sockets.pktinfo import is_wildcard_bound, request_pktinfo

FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START
_COUNT_DIGITS = 4  # more descriptors than that no unit passes
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


class BadPassedSocket(Exception):
    """A descriptor that was passed and cannot be served; the message says what would be right."""


class PassedSockets(NamedTuple):
    """What systemd passed, each list in the order of the unit file, sockets non-blocking."""

    udp: list[socket.socket]
    tcp: list[socket.socket]  # listening


def take_passed_sockets(
    environment: MutableMapping[str, str] = os.environ,
    first: int = FIRST_DESCRIPTOR,
) -> PassedSockets | None:
    """The sockets passed to this process, or None where there are none.

    The variables are removed in every case, as sd_listen_fds(3) does with `unset_environment`.
    Raises BadPassedSocket; all descriptors are closed then.
    """
    pid, count, names, _ = (environment.pop(name, "") for name in _VARIABLES)
    if pid != str(os.getpid()) or not count:
        return None
    if not (count.isascii() and count.isdigit() and len(count) <= _COUNT_DIGITS):
        raise BadPassedSocket(f"LISTEN_FDS is '{count}', a number of descriptors would be right")
    labels = names.split(":") if names else []
    passed = PassedSockets([], [])
    descriptors = range(first, first + int(count))
    try:
        for at, descriptor in enumerate(descriptors):
            label = f" ({labels[at]})" if at < len(labels) and labels[at] else ""
            _adopt(descriptor, label, passed)
    except BadPassedSocket:
        adopted = passed.udp + passed.tcp
        for sock in adopted:
            sock.close()
        _close_rest(descriptors[len(adopted) :])
        raise
    return passed if passed.udp or passed.tcp else None


def _adopt(descriptor: int, label: str, passed: PassedSockets) -> None:
    what = f"descriptor {descriptor}{label} from systemd"
    try:
        os.set_inheritable(descriptor, False)  # FD_CLOEXEC
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise BadPassedSocket(f"{what} is no socket ({error.strerror})") from None
    problem = _problem_of(sock)
    if problem:
        sock.detach()
        raise BadPassedSocket(f"{what} {problem}")
    sock.setblocking(False)
    if sock.type == socket.SOCK_STREAM:
        passed.tcp.append(sock)
        return
    _prepare_datagrams(sock)
    passed.udp.append(sock)


def _problem_of(sock: socket.socket) -> str | None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return "is neither IPv4 nor IPv6; give ListenDatagram= and ListenStream= a port"
    if sock.type not in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        return "is neither datagram nor stream; use ListenDatagram= and ListenStream="
    if sock.getsockname()[1] == 0:
        return "is not bound"
    if sock.type == socket.SOCK_STREAM and not sock.getsockopt(
        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
    ):
        address = join_host_port(*sock.getsockname()[:2])
        return f"at {address} is a connection and no listener; use Accept=no"
    return None


def _prepare_datagrams(sock: socket.socket) -> None:
    ignore_path_mtu(sock, sock.family)
    if is_wildcard_bound(sock):
        request_pktinfo(sock)
    for option in linux.CONTROL_MESSAGE_OPTIONS if linux.IS_LINUX else ():
        # `Timestamping=` and the like: control messages that would have to go back with a reply.
        sock.setsockopt(socket.SOL_SOCKET, option, 0)


def _close_rest(descriptors: range) -> None:
    for descriptor in descriptors:
        try:
            os.close(descriptor)
        except OSError:
            continue
