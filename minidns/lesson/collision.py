"""Experiment 5: two sockets want one address, and what SO_REUSEADDR changes (socket(7), ip(7)).

On other systems the option means other things; what their manuals say is told, not tried.
"""

import sys
import time
from socket import AF_INET, MSG_DONTWAIT, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET
from typing import Any

from minidns.lesson.arrival import PATIENCE_SECONDS
from minidns.lesson.calls import OpenSocket
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.kernel_table import TIME_WAIT, find_state, has_kernel_table
from minidns.lesson.lab import LOOPBACK, NOTHING_THERE, Lab
from minidns.sockets.host_port import join_host_port

_PAUSE_SECONDS = 0.001
_IN_USE = "EADDRINUSE"
_ELSEWHERE = (
    "Linux, socket(7): SO_REUSEADDR lets a socket bind, except when there is a listening socket "
    "bound to the address; if that one is bound to all addresses, none of them is free on its "
    "port.",
    "FreeBSD and macOS, getsockopt(2): SO_REUSEADDR lets local addresses be reused; that several "
    "sockets bind one and the same address is SO_REUSEPORT there, which all of them must set "
    "first. FreeBSD shares what arrives among them only with SO_REUSEPORT_LB.",
    "Windows, Microsoft's 'Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE': SO_REUSEADDR lets a "
    "socket bind by force to a port that another socket uses, and which of them gets what is then "
    "not determined. SO_EXCLUSIVEADDRUSE is what a server sets there.",
)


def run(lab: Lab) -> None:
    """Plain collisions, then the option on UDP, on a listener and in TIME_WAIT."""
    lab.step("Step 1: without any option the second bind fails")
    for kind in (SOCK_DGRAM, SOCK_STREAM):
        first, address = _bind_free(lab, kind, "first", is_reusing=False)
        second = lab.socket(AF_INET, kind, "second")
        refused = lab.refusal(second.bind, address)
        name = "UDP" if kind == SOCK_DGRAM else "TCP"
        lab.check(f"{name}: EADDRINUSE", refused == _IN_USE)
        lab.close((first, second))

    lab.step("Step 2: SO_REUSEADDR on UDP")
    first, address = _bind_free(lab, SOCK_DGRAM, "first", is_reusing=True)
    second = _make(lab, SOCK_DGRAM, "second", is_reusing=True)
    refused = lab.refusal(second.bind, address)
    if sys.platform == "linux":
        lab.check("with the option on both, both bind", refused == "")
        if not refused:
            _show_thief(lab, first, second, address)
    else:
        lab.skip(f"a rule of Linux; here bind() says: {refused or '0'}")
    lab.close()

    lab.step("Step 3: SO_REUSEADDR on TCP, while the first one listens")
    first, address = _bind_free(lab, SOCK_STREAM, "first", is_reusing=True)
    first.listen(16)
    second = _make(lab, SOCK_STREAM, "second", is_reusing=True)
    refused = lab.refusal(second.bind, address)
    lab.rule("the option does not take a port away from a listener.")
    lab.check("the second bind fails: EADDRINUSE", refused == _IN_USE)
    lab.close()

    lab.step("Step 4: TIME_WAIT, what is left of a connection that the server closed first")
    refused = _restart(lab, was_reusing=False, is_reusing=False)
    lab.check("a server that starts again without the option: EADDRINUSE", refused == _IN_USE)
    lab.close()

    lab.step("Step 5: the same with SO_REUSEADDR on the old server and the new one")
    refused = _restart(lab, was_reusing=True, is_reusing=True)
    lab.rule(
        "the kernel keeps the 5-tuple of a connection for a while after its end, so that late "
        "segments meet no other one (RFC 9293 section 3.6.1). SO_REUSEADDR says that a listener "
        "need not wait for that."
    )
    lab.check("the new server binds at once", refused == "")
    lab.close()

    lab.step("Step 6: the option on the new server alone")
    refused = _restart(lab, was_reusing=False, is_reusing=True)
    if sys.platform == "linux":
        lab.rule(
            "on Linux what is left of a connection remembers whether its listener had the option; "
            "both must have it. So a server sets it always, not only when it starts again."
        )
        lab.check("the new server's option alone is not enough: EADDRINUSE", refused == _IN_USE)
    else:
        lab.skip(f"a rule of Linux; here bind() says: {refused or '0'}")
    lab.close()

    lab.step("Step 7: the same name on other systems (as their manuals have it, not tried here)")
    for each in _ELSEWHERE:
        lab.note(each)


def _make(lab: Lab, kind: int, side: str, is_reusing: bool) -> OpenSocket:
    sock = lab.socket(AF_INET, kind, side)
    if is_reusing:
        sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    return sock


def _bind_free(lab: Lab, kind: int, side: str, is_reusing: bool) -> tuple[OpenSocket, Any]:
    sock = _make(lab, kind, side, is_reusing)
    sock.bind((LOOPBACK, 0))
    return sock, sock.getsockname()


def _show_thief(lab: Lab, first: OpenSocket, second: OpenSocket, address: Any) -> None:
    lab.table()
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    client.send_to(b"for whom?", address)
    got, _ = second.receive_from()
    nothing = lab.refusal(first.receive_from, 512, MSG_DONTWAIT)
    lab.rule(
        "on UDP the option shares the port, and on Linux the last one bound gets all: the first "
        "server is silent from then on and is not told. minidns never sets it on UDP."
    )
    lab.check(
        "the second socket got the datagram, the first nothing",
        got == b"for whom?" and nothing in NOTHING_THERE,
    )


def _restart(lab: Lab, was_reusing: bool, is_reusing: bool) -> str:
    """A connection that its server closed first, then a new server's bind: its error, or ""."""
    old, address = _bind_free(lab, SOCK_STREAM, "old", was_reusing)
    old.listen(16)
    client = lab.socket(AF_INET, SOCK_STREAM, "client")
    client.connect(address)
    accepted, peer = lab.accept(old)
    remains = (join_host_port(*address), join_host_port(*peer))
    lab.close((accepted,))
    client.read()
    lab.close((client,))
    _wait_for_time_wait(remains)
    lab.close((old,))
    new = _make(lab, SOCK_STREAM, "new", is_reusing)
    refused = lab.refusal(new.bind, address)
    if not refused:
        new.listen(16)
    _show_remains(lab, remains)
    return refused


def _wait_for_time_wait(connection: tuple[str, str]) -> None:
    """The last segments of a connection are the kernel's work, and may take it a moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while has_kernel_table() and find_state(*connection) != TIME_WAIT:
        if time.monotonic() > deadline:
            return
        time.sleep(_PAUSE_SECONDS)


def _show_remains(lab: Lab, connection: tuple[str, str]) -> None:
    if not has_kernel_table():
        return
    lab.table(connection)
    lab.check(
        "the old connection is still there, in TIME-WAIT", find_state(*connection) == TIME_WAIT
    )


EXPERIMENT = Experiment(
    number=5,
    title="Collision, and SO_REUSEADDR",
    shows="Two sockets want one address. What the second one is told, and what SO_REUSEADDR "
    "changes about it: on UDP, on TCP while somebody listens, and after a connection has ended.",
    in_minidns=(
        InMinidns("minidns/sockets/control.py", "SO_REUSEADDR on TCP, and never on UDP"),
        InMinidns("minidns/sockets/bind_error.py", "what the user is told of a collision"),
        InMinidns("minidns/sockets/port_holder.py", "who has the port"),
    ),
    run=run,
)
