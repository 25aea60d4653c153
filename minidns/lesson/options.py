"""Experiment 8: when an option counts, and minidns's hook for that moment (socket(7), ip(7))."""

import sys
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    SO_REUSEADDR,
    SOCK_DGRAM,
    SOCK_STREAM,
    SOL_SOCKET,
)

from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.ipv6 import find_absence
from minidns.lesson.lab import LOOPBACK, SHARING, Lab
from minidns.sockets.control import SocketOptions, control_for
from minidns.sockets.pktinfo import reply_control, request_pktinfo

_ALL = "0.0.0.0"  # noqa: S104 - a wildcard server is what the experiment is about
_SECOND = "127.0.0.2"


def run(lab: Lab) -> None:
    """Before, after, the hook, and what a wildcard server needs."""
    lab.step("Step 1: an option that bind() looks at")
    first = lab.socket(AF_INET, SOCK_DGRAM, "first")
    first.setsockopt(SOL_SOCKET, SHARING, 1)
    first.bind((LOOPBACK, 0))
    address = first.getsockname()
    second = lab.socket(AF_INET, SOCK_DGRAM, "second")
    too_early = lab.refusal(second.bind, address)
    second.setsockopt(SOL_SOCKET, SHARING, 1)
    in_time = lab.refusal(second.bind, address)
    lab.check("bind() before the option: EADDRINUSE", too_early == "EADDRINUSE")
    lab.check("bind() after the option: it ends well", in_time == "")
    lab.close()

    lab.step("Step 2: an option that is frozen by bind()")
    absence = find_absence(lab)
    if absence:
        lab.skip(f"IPV6_V6ONLY before and after bind(): there is no IPv6 here ({absence})")
    else:
        sock = lab.socket(AF_INET6, SOCK_DGRAM, "server")
        before = lab.refusal(sock.setsockopt, IPPROTO_IPV6, IPV6_V6ONLY, 1)
        sock.bind(("::1", 0))
        after = lab.refusal(sock.setsockopt, IPPROTO_IPV6, IPV6_V6ONLY, 0)
        lab.check("IPV6_V6ONLY before bind(): it is set", before == "")
        lab.check("IPV6_V6ONLY after bind(): EINVAL", after == "EINVAL")
        lab.close()
    lab.rule(
        "what a socket may be is settled by bind(). A library that makes a bound socket in one "
        "call needs a hook between socket() and bind(), or such options cannot be set at all."
    )

    _show_hook(lab)
    lab.close()
    if sys.platform == "linux":
        _show_pktinfo(lab)
    else:
        lab.skip("IP_PKTINFO, which needs a second loopback address to show")


def _show_hook(lab: Lab) -> None:
    lab.step("Step 3: the hook, in Go and here")
    lab.note("Go, net.ListenConfig: Control func(network, address string, c syscall.RawConn) error")
    lab.note("minidns: control(sock, network, address), which raises OSError")
    lab.say("The lines below are minidns's own hook at work on three sockets:")
    control = control_for(SocketOptions(udp_receive_buffer=None, udp_send_buffer=None))
    for kind, network, host in (
        (SOCK_DGRAM, "udp4", _ALL),
        (SOCK_DGRAM, "udp4", LOOPBACK),
        (SOCK_STREAM, "tcp4", LOOPBACK),
    ):
        lab.page.blank()
        sock = lab.socket(AF_INET, kind, network)
        control(sock, network, f"{host}:0")
        sock.bind((host, 0))
        is_reusing = bool(sock.get_option(SOL_SOCKET, SO_REUSEADDR))
        expected = kind == SOCK_STREAM
        lab.check(
            f"{network} on {host} has {'' if expected else 'no '}SO_REUSEADDR",
            is_reusing == expected,
        )


def _show_pktinfo(lab: Lab) -> None:
    lab.step("Step 4: a server on all addresses, asked at 127.0.0.2, answers without IP_PKTINFO")
    server = lab.socket(AF_INET, SOCK_DGRAM, "server")
    server.bind((_ALL, 0))
    port = server.getsockname()[1]
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    client.send_to(b"query", (_SECOND, port))
    _, source = server.receive_from()
    server.send_to(b"answer", source)
    _, answered_from = client.receive_from()
    lab.say(
        "recvfrom() does not say which address was asked, so the kernel picks the source of the "
        "answer by its routing table. A client that takes only answers from where it asked (RFC "
        "5452 section 9.1) never gets this one."
    )
    lab.check(
        "the answer comes from 127.0.0.1, which was not asked",
        answered_from == (LOOPBACK, port),
    )

    lab.step("Step 5: the same with IP_PKTINFO")
    request_pktinfo(server)
    client.send_to(b"query", (_SECOND, port))
    _, received, source = server.receive_message()
    server.send_message(b"answer", reply_control(received), source)
    _, answered_from = client.receive_from()
    lab.rule(
        "a UDP server on all addresses must learn with each datagram where it was sent to "
        "(recvmsg() with IP_PKTINFO), and answer from there. This option may come after bind(), "
        "since it is about datagrams and not about the address. TCP does not need it: an accepted "
        "socket has its local address."
    )
    lab.check("the answer comes from 127.0.0.2, which was asked", answered_from == (_SECOND, port))


EXPERIMENT = Experiment(
    number=8,
    title="The moment for options",
    shows="The same option before and after bind(); the hook that minidns sets its options in, "
    "which has the form of Go's; and what a UDP server on all addresses needs besides.",
    in_minidns=(
        InMinidns("minidns/sockets/control.py", "the hook, and every option that minidns sets"),
        InMinidns("minidns/sockets/bind.py", "calls it between socket() and bind()"),
        InMinidns("minidns/sockets/pktinfo.py", "answers from the address that was asked"),
    ),
    run=run,
)
