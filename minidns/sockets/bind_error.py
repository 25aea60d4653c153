"""What to tell a user whose address cannot be bound: what failed, why, and the ways out.

Only text is made here; the command prints it and exits 2. The errors are those of bind(2) and
listen(2). Knows nothing of who asked.
"""

import errno
import os
import socket

from minidns.sockets import linux
from minidns.sockets.port_holder import find_port_holders

_FIRST_UNPRIVILEGED = 1024  # net.ipv4.ip_unprivileged_port_start where nobody changed it
_HIGH_PORT = 5053
_DNS_PORT = 53  # RFC 1035 section 4.2


class BindError(Exception):
    """An address that cannot be bound. `str()` is the whole message, several lines long.

    `network` is "udp4", "udp6", "tcp4" or "tcp6", `address` "host:port", `errno` the kernel's.
    """

    def __init__(self, message: str, network: str, address: str, number: int) -> None:
        super().__init__(message)
        self.network = network
        self.address = address
        self.errno = number


def explain_bind_error(
    error: OSError, network: str, host: str, port: int, address: str
) -> BindError:
    """The BindError for what socket(), the control hook, bind() or listen() raised."""
    number = error.errno or 0
    protocol = "UDP" if network.startswith("udp") else "TCP"
    what = f"cannot listen on {address} over {protocol}: "
    if number == errno.EADDRINUSE:
        text = what + _explain_busy(network, host, port)
    elif number in (errno.EACCES, errno.EPERM) and 0 < port < _FIRST_UNPRIVILEGED:
        text = what + _explain_privileged(port)
    elif number == errno.EADDRNOTAVAIL:
        text = what + _explain_absent(host)
    elif number == errno.EAFNOSUPPORT:
        text = what + "this machine has no IPv6\nleave that address out"
    elif number in (errno.EMFILE, errno.ENFILE):
        text = what + "no file descriptor is left\nraise the limit, for example: ulimit -n 4096"
    else:
        text = what + f"{error.strerror or error}"
    return BindError(text, network, address, number)


def _explain_busy(network: str, host: str, port: int) -> str:
    holders = find_port_holders(network, host, port) if linux.IS_LINUX else []
    held = "the port is taken"
    if holders:
        held += " by " + ", ".join(str(holder) for holder in holders)
    if any(holder.pid == os.getpid() for holder in holders):
        held += ", which is this command: an address given before holds it, leave one of them out"
    free = "127.0.0.2" if host in ("127.0.0.1", "::1") else "127.0.0.1"
    high = _HIGH_PORT if port != _HIGH_PORT else _HIGH_PORT + 1000
    stop = "  stop what holds the port"
    another = f"  another port, --listen 127.0.0.1:{high}"
    if port == _DNS_PORT:
        stop += (
            "; systemd-resolved lets go of it with DNSStubListener=no in "
            "/etc/systemd/resolved.conf and systemctl restart systemd-resolved"
        )
        another += (
            ", and systemd-resolved asks it for your domain: resolvectl dns LINK "
            f"127.0.0.1:{high}; resolvectl domain LINK '~example.test' (LINK as resolvectl lists "
            "it, not lo)"
        )
    return "\n".join(
        (
            held,
            "three ways out:",
            f"  a specific address that is free, for example --listen {free}:{port}, where the "
            "other listens on one address and not on all",
            stop,
            another,
        )
    )


def _explain_privileged(port: int) -> str:
    return "\n".join(
        (
            f"port {port} is privileged and this process may not bind it",
            "three ways out:",
            "  give the capability: AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, "
            "--cap-add NET_BIND_SERVICE for a container",
            f"  let everyone bind it: sysctl net.ipv4.ip_unprivileged_port_start={port}",
            f"  a high port: --listen 127.0.0.1:{_HIGH_PORT}",
        )
    )


def _explain_absent(host: str) -> str:
    text = f"this machine does not have the address {host}"
    there = _own_addresses(":" in host)
    if there:
        text += f"; it has {', '.join(there)}"
    return text


def _own_addresses(is_v6: bool) -> list[str]:
    """Addresses that are easily found: loopback, and the source of a packet to a test network.

    connect() on a datagram socket sends nothing (udp(7)); 192.0.2.1 and 2001:db8::1 are addresses
    for documentation (RFC 5737, RFC 3849), so the answer is that of the default route.
    """
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    found = []
    for remote in ("::1", "2001:db8::1") if is_v6 else ("127.0.0.1", "192.0.2.1"):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((remote, 53))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return list(dict.fromkeys(found))
