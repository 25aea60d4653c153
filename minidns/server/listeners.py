"""The sockets that are served: bound here as pairs, or passed by systemd.

An address without its other half is served and warned of: DNS needs both (RFC 7766 section 5).
"""

import errno
import logging
import socket
from dataclasses import replace
from typing import NamedTuple

from minidns.config import DEFAULT_LISTEN, ServeSettings
from minidns.server.lower_settings import socket_options_of
from minidns.server.start_error import StartError
from minidns.sockets.bind import PORT_ATTEMPTS, BoundPair, bind_all
from minidns.sockets.bind_error import BindError
from minidns.sockets.control import SocketOptions, control_for
from minidns.sockets.host_port import join_host_port
from minidns.sockets.linux import IS_LINUX
from minidns.sockets.listen_address import BadListenAddress, ListenAddress, parse_listen_address
from minidns.sockets.systemd import BadPassedSocket, take_passed_sockets

log = logging.getLogger(__name__)


class Listeners(NamedTuple):
    """Bound sockets; those of `tcp` listen. Whoever holds this closes them."""

    udp: list[socket.socket]
    tcp: list[socket.socket]

    def close(self) -> None:
        """Close all; closed ones may be among them."""
        for sock in self.udp + self.tcp:
            sock.close()

    def __str__(self) -> str:
        """`127.0.0.1:53 and [::1]:53 (UDP and TCP)`, with the real port where 0 was asked for."""
        udp, tcp = _addresses_of(self.udp), _addresses_of(self.tcp)
        groups = (
            ([each for each in udp if each in tcp], "UDP and TCP"),
            ([each for each in udp if each not in tcp], "UDP"),
            ([each for each in tcp if each not in udp], "TCP"),
        )
        return ", ".join(f"{_enumerate(group)} ({kind})" for group, kind in groups if group)


def open_listeners(settings: ServeSettings) -> list[Listeners]:
    """For each worker the sockets that it serves. Raises StartError.

    Passed sockets where there are any, which all workers share; else sockets of its own, bound to
    the same addresses, among which the kernel divides the clients (SO_REUSEPORT, socket(7)). It
    does so on Linux; elsewhere bound sockets are shared, too.
    """
    try:
        addresses = _parse_all(settings.listen or DEFAULT_LISTEN)
        passed = take_passed_sockets()
        if passed is not None:
            listeners = Listeners(passed.udp, passed.tcp)
            _warn_of_passed(listeners, settings.listen)
            return [listeners] * settings.workers
        options = socket_options_of(settings)
        if settings.workers == 1 or not IS_LINUX:
            return [_listeners_of(bind_all(addresses, control_for(options)))] * settings.workers
        return _bind_groups(addresses, options, settings.workers)
    except (BadListenAddress, BadPassedSocket, BindError) as error:
        raise StartError(str(error)) from error


def _bind_groups(
    addresses: list[ListenAddress], options: SocketOptions, count: int
) -> list[Listeners]:
    """`count` times sockets on the same addresses. Raises BindError, nothing left open."""
    shared = replace(options, reuse_port=True)
    for attempt in range(1, PORT_ATTEMPTS + 1):
        # Without SO_REUSEPORT first: who has the port already is to be told of, not to be joined.
        # Port 0 becomes a number here.
        found = bind_all(addresses, control_for(options))
        numbered = [ListenAddress((pair.host,), pair.port) for pair in found]
        for pair in found:
            pair.close()
        groups: list[Listeners] = []
        try:
            for _ in range(count):
                groups.append(_listeners_of(bind_all(numbered, control_for(shared))))
        except BindError as error:
            for group in groups:
                group.close()
            is_lost = error.errno == errno.EADDRINUSE  # the number was taken by another meanwhile
            if not is_lost or attempt == PORT_ATTEMPTS or all(each.port for each in addresses):
                raise
        else:
            return groups
    raise AssertionError("the last attempt returns or raises")


def _listeners_of(pairs: list[BoundPair]) -> Listeners:
    return Listeners([pair.udp for pair in pairs], [pair.tcp for pair in pairs])


def _parse_all(texts: tuple[str, ...]) -> list[ListenAddress]:
    """An address that is written twice is bound once; each port 0 is another port."""
    addresses: list[ListenAddress] = []
    for text in texts:
        address = parse_listen_address(text)
        if address.port == 0 or address not in addresses:
            addresses.append(address)
    return addresses


def _warn_of_passed(listeners: Listeners, listen: tuple[str, ...]) -> None:
    if listen:
        log.warning("--listen is not used, since systemd passed sockets: %s", listeners)
    udp, tcp = _addresses_of(listeners.udp), _addresses_of(listeners.tcp)
    for address in udp:
        if address not in tcp:
            log.warning(
                "systemd passed no TCP for %s; add ListenStream= to its socket unit", address
            )
    for address in tcp:
        if address not in udp:
            log.warning(
                "systemd passed no UDP for %s; add ListenDatagram= to its socket unit", address
            )


def _addresses_of(sockets: list[socket.socket]) -> list[str]:
    return [join_host_port(*sock.getsockname()[:2]) for sock in sockets]


def _enumerate(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
