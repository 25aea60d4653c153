"""Experiment 6: several sockets on one port; the kernel picks the one that fits best (ip(7)).

IPv6 sockets besides, with and without IPV6_V6ONLY (ipv6(7), RFC 3493 section 5.3).
"""

import sys
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    SO_REUSEADDR,
    SO_REUSEPORT,
    SOCK_DGRAM,
    SOCK_STREAM,
    SOL_SOCKET,
)
from typing import Any

from minidns.lesson.arrival import find_readable
from minidns.lesson.calls import OpenSocket
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.ipv6 import find_absence
from minidns.lesson.lab import LOOPBACK, SHARING, SHARING_NAME, Lab

_ALL = "0.0.0.0"  # noqa: S104 - what the experiment is about, on a free port and for a moment
_SECOND = "127.0.0.2"  # on Linux all of 127.0.0.0/8 is this machine
_HAS_SECOND = sys.platform == "linux"


def run(lab: Lab) -> None:
    """Datagrams, then listeners, then IPv6."""
    _show_datagrams(lab)
    lab.close()
    _show_listeners(lab)
    lab.close()
    _show_ipv6(lab)


def _show_datagrams(lab: Lab) -> None:
    lab.step("Step 1: three UDP sockets on one port")
    peer = lab.socket(AF_INET, SOCK_DGRAM, "peer")
    peer.bind((LOOPBACK, 0))
    wide = _make(lab, SOCK_DGRAM, "wide", SHARING)
    wide.bind((_ALL, 0))
    port = wide.getsockname()[1]
    narrow = _make(lab, SOCK_DGRAM, "narrow", SHARING)
    narrow.bind((LOOPBACK, port))
    connected = _make(lab, SOCK_DGRAM, "connected", SHARING)
    connected.bind((LOOPBACK, port))
    connected.connect(peer.getsockname())
    lab.say(
        f"All three need {SHARING_NAME} for that. Wide has the port on all addresses, narrow on "
        "one, connected on one address and for one peer."
    )
    lab.table()

    lab.step("Step 2: who gets which datagram")
    stranger = lab.socket(AF_INET, SOCK_DGRAM, "stranger")
    sockets = [wide, narrow, connected]
    got = _send(peer, b"from the peer", (LOOPBACK, port), sockets)
    lab.check("from the peer: the connected socket gets it", got is connected)
    got = _send(stranger, b"from a stranger", (LOOPBACK, port), sockets)
    lab.check("from a stranger: the socket bound to 127.0.0.1 gets it", got is narrow)
    if _HAS_SECOND:
        got = _send(stranger, b"to 127.0.0.2", (_SECOND, port), sockets)
        lab.check("to another address of the machine: the one on 0.0.0.0 gets it", got is wide)
    else:
        lab.skip("a datagram to 127.0.0.2, which is no address of this machine")

    lab.step("Step 3: the best one is closed")
    lab.close((connected,))
    got = _send(peer, b"from the peer", (LOOPBACK, port), [wide, narrow])
    lab.check("now narrow gets what the peer sends", got is narrow)
    lab.close((narrow,))
    got = _send(peer, b"from the peer", (LOOPBACK, port), [wide])
    lab.check("and then wide", got is wide)
    lab.rule(
        "the most specific socket wins: one with the remote end set before one with the local "
        "address set before one on all addresses. The order of bind() does not count for that."
    )


def _show_listeners(lab: Lab) -> None:
    lab.step("Step 4: TCP listeners")
    wide = _make(lab, SOCK_STREAM, "wide", SO_REUSEADDR)
    wide.bind((_ALL, 0))
    port = wide.getsockname()[1]
    wide.listen(16)
    narrow = _make(lab, SOCK_STREAM, "narrow", SO_REUSEADDR)
    refused = lab.refusal(narrow.bind, (LOOPBACK, port))
    lab.close((wide, narrow))
    if sys.platform == "linux":
        lab.check(
            "SO_REUSEADDR puts no listener beside one on all addresses: EADDRINUSE",
            refused == "EADDRINUSE",
        )
        lab.say("On Linux both need SO_REUSEPORT for that.")

    lab.step("Step 5: the same with SO_REUSEPORT on both")
    wide = _make(lab, SOCK_STREAM, "wide", SO_REUSEPORT)
    wide.bind((_ALL, 0))
    port = wide.getsockname()[1]
    wide.listen(16)
    narrow = _make(lab, SOCK_STREAM, "narrow", SO_REUSEPORT)
    narrow.bind((LOOPBACK, port))
    narrow.listen(16)
    got, taken = _connect(lab, (LOOPBACK, port), [wide, narrow])
    lab.check("a connection to 127.0.0.1: the listener there gets it", got is narrow)
    if _HAS_SECOND:
        got, _ = _connect(lab, (_SECOND, port), [wide, narrow])
        lab.check("a connection to 127.0.0.2: the listener on 0.0.0.0 gets it", got is wide)
    else:
        lab.skip("a connection to 127.0.0.2, which is no address of this machine")
    lab.table()
    taken[0].write(b"octets of a connection")
    lab.check(
        "what the client writes comes to the accepted socket, the most specific of all",
        taken[1].read() == b"octets of a connection",
    )


def _show_ipv6(lab: Lab) -> None:
    lab.step("Step 6: :: without IPV6_V6ONLY")
    absence = find_absence(lab)
    if absence:
        lab.skip(f"IPv6, which this machine does not have ({absence})")
        return
    dual, port = _bind_v6(lab, only=0)
    beside = lab.socket(AF_INET, SOCK_DGRAM, "beside")
    refused = lab.refusal(beside.bind, (_ALL, port))
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    client.send_to(b"by IPv4", (LOOPBACK, port))
    _, source = dual.receive_from()
    lab.table()
    lab.check(
        "it gets what is sent by IPv4, from ::ffff:127.0.0.1", source[0] == "::ffff:127.0.0.1"
    )
    if sys.platform == "linux":
        lab.check("it has the port of 0.0.0.0 as well: EADDRINUSE", refused == "EADDRINUSE")
    lab.close()

    lab.step("Step 7: :: with IPV6_V6ONLY")
    only, port = _bind_v6(lab, only=1)
    beside = lab.socket(AF_INET, SOCK_DGRAM, "beside")
    refused = lab.refusal(beside.bind, (_ALL, port))
    lab.check("0.0.0.0 and :: stand side by side on one port", refused == "")
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    got = _send(client, b"by IPv4", (LOOPBACK, port), [only, beside])
    lab.check("what is sent by IPv4 comes to the IPv4 socket", got is beside)
    client = lab.socket(AF_INET6, SOCK_DGRAM, "client")
    got = _send(client, b"by IPv6", ("::1", port), [only, beside])
    lab.table()
    lab.rule(
        "a socket on :: takes IPv4 as well unless IPV6_V6ONLY is set; what it does without the "
        "option is the system's default. minidns sets it, so that each client's address is what "
        "it is."
    )
    lab.check("and what is sent by IPv6 to the IPv6 one", got is only)


def _make(lab: Lab, kind: int, side: str, option: int) -> OpenSocket:
    sock = lab.socket(AF_INET, kind, side)
    sock.setsockopt(SOL_SOCKET, option, 1)
    return sock


def _bind_v6(lab: Lab, only: int) -> tuple[OpenSocket, int]:
    sock = lab.socket(AF_INET6, SOCK_DGRAM, "v6only" if only else "dual")
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, only)
    sock.bind(("::", 0))
    return sock, sock.getsockname()[1]


def _send(sender: OpenSocket, data: bytes, address: Any, sockets: list[OpenSocket]) -> OpenSocket:
    """Send one datagram; which of the sockets got it."""
    sender.send_to(data, address)
    got = find_readable(sockets)
    got.receive_from()
    return got


def _connect(lab: Lab, address: Any, listeners: list[OpenSocket]) -> tuple[OpenSocket, Any]:
    """Connect; which listener got it, and both ends."""
    client = lab.socket(AF_INET, SOCK_STREAM, "client")
    client.connect(address)
    got = find_readable(listeners)
    accepted, _ = lab.accept(got)
    return got, (client, accepted)


EXPERIMENT = Experiment(
    number=6,
    title="The most specific wins",
    shows="Several sockets on one port: on all addresses, on one, and on one for a single peer. "
    "Who gets each datagram and each connection; then :: and what it has to do "
    "with IPv4. (Some of these sockets are open to other machines, for the moment it takes.)",
    in_minidns=(
        InMinidns("minidns/sockets/control.py", "IPV6_V6ONLY on every IPv6 socket"),
        InMinidns("minidns/sockets/listen_address.py", "':53' is 0.0.0.0 and ::, a pair for each"),
        InMinidns("minidns/sockets/port_holder.py", "which socket is in the way of which address"),
    ),
    run=run,
)
