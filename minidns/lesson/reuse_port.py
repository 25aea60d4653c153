"""Experiment 7: SO_REUSEPORT, several sockets that share one address (socket(7))."""

import sys
from collections import Counter
from pathlib import Path
from socket import AF_INET, SO_REUSEPORT, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any

from minidns.lesson.arrival import find_readable
from minidns.lesson.calls import OpenSocket
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.lab import LOOPBACK, Lab

_SOCKETS = 4
_TUPLES = 400  # so many that a share below half of the fair one has odds of about 1 in 10^8
_REPEATS = 5  # datagrams of one tuple
_BAR = 40  # columns at most
_IS_LINUX = sys.platform == "linux"
_MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")  # Linux 5.14


def run(lab: Lab) -> None:
    """The group, its choice, its spread, and a member that goes."""
    lab.step(f"Step 1: {_SOCKETS} UDP sockets bind one address")
    first = _make(lab, SOCK_DGRAM, "server")
    first.bind((LOOPBACK, 0))
    address = first.getsockname()
    sockets = [first]
    refusals = []
    for _ in range(_SOCKETS - 1):
        sock = _make(lab, SOCK_DGRAM, "server")
        refusals.append(lab.refusal(sock.bind, address))
        sockets.append(sock)
    lab.table()
    stranger = lab.socket(AF_INET, SOCK_DGRAM, "stranger")
    refused = lab.refusal(stranger.bind, address)
    lab.close((stranger,))
    lab.check("all of them bind, since all set it before bind()", not any(refusals))
    lab.check("a socket without the option may not: EADDRINUSE", refused == "EADDRINUSE")

    if not _IS_LINUX:
        lab.skip(
            "how the group shares what arrives: on Linux by a hash of the tuple, on FreeBSD with "
            "SO_REUSEPORT_LB, on macOS not at all"
        )
        return
    lab.step("Step 2: the same tuple, again and again")
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    takers = set()
    for _ in range(_REPEATS):
        client.send_to(b"same tuple", address)
        got = find_readable(sockets)
        got.receive_from()
        takers.add(got.fileno())
    lab.close((client,))
    lab.check("the same tuple comes to the same socket each time", len(takers) == 1)

    lab.step(f"Step 3: {_TUPLES} tuples")
    lab.say(
        f"{_TUPLES} clients make the same three calls from ports of their own - socket(), sendto() "
        "and close() - and whoever has the datagram calls recvfrom(); none of these is printed."
    )
    shares = _count(sockets, address)
    _draw(lab, sockets, shares)
    lab.rule(
        "the tuple alone decides, by a hash, and neither turns nor load do: one client stays with "
        "one socket, many clients spread evenly."
    )
    fair = _TUPLES / _SOCKETS
    lab.check(
        "each socket has at least half of its fair share",
        all(shares[sock.fileno()] * 2 >= fair for sock in sockets),
    )
    lab.close()
    _show_closing(lab)


def _show_closing(lab: Lab) -> None:
    lab.step("Step 4: a listener closes while connections wait in its queue")
    leaving = _make(lab, SOCK_STREAM, "leaving")
    leaving.bind((LOOPBACK, 0))
    address = leaving.getsockname()
    leaving.listen(16)
    kept = lab.socket(AF_INET, SOCK_STREAM, "kept")
    kept.connect(address)
    accepted, _ = lab.accept(leaving)
    waiting = lab.socket(AF_INET, SOCK_STREAM, "waiting")
    waiting.connect(address)
    find_readable([leaving])
    staying = _make(lab, SOCK_STREAM, "staying")
    staying.bind(address)
    staying.listen(16)
    lab.say("Two listeners share the port now. The first one has a connection in its queue.")
    lab.table()
    lab.close((leaving,))
    if _MIGRATE.exists() and _MIGRATE.read_text().strip() != "0":
        lab.skip("the reset, since net.ipv4.tcp_migrate_req hands the queue on, on this machine")
    else:
        told = lab.refusal(waiting.read)
        lab.rule(
            "the queue belongs to one listener and dies with it, though another one stands beside "
            "it: who waited is reset (unless net.ipv4.tcp_migrate_req is set). A server that is "
            "replaced must empty its queue first, or hand on the listener itself."
        )
        lab.check("the client that waited is reset: ECONNRESET", told == "ECONNRESET")
    kept.write(b"still here")
    lab.check("what was accepted lives on without its listener", accepted.read() == b"still here")
    late = lab.socket(AF_INET, SOCK_STREAM, "late")
    late.connect(address)
    _, peer = lab.accept(staying)
    lab.check("new connections come to the listener that stays", peer == late.getsockname())


def _make(lab: Lab, kind: int, side: str) -> OpenSocket:
    sock = lab.socket(AF_INET, kind, side)
    sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    return sock


def _count(sockets: list[OpenSocket], address: Any) -> Counter[int]:
    """How many tuples each descriptor got; a port that comes up again is the same tuple."""
    taker_of: dict[int, int] = {}
    while len(taker_of) < _TUPLES:
        with socket(AF_INET, SOCK_DGRAM) as client:
            client.sendto(b"one of many", address)
            got = find_readable(sockets)
            _, source = socket.recvfrom(got, 512)
            taker_of[source[1]] = got.fileno()
    return Counter(taker_of.values())


def _draw(lab: Lab, sockets: list[OpenSocket], shares: Counter[int]) -> None:
    lab.page.blank()
    most = max(shares.values())
    columns = min(_BAR, lab.page.width - 16)
    for sock in sockets:
        share = shares[sock.fileno()]
        bar = "#" * round(share * columns / most)
        lab.page.copy(f"  fd {sock.fileno():>3} {share:>4} {bar}".rstrip())
    lab.page.blank()


EXPERIMENT = Experiment(
    number=7,
    title="SO_REUSEPORT",
    shows="Several sockets on one and the same address, as several processes of one server have "
    "them. Which of them gets what, and what becomes of connections when one closes.",
    in_minidns=(
        InMinidns("minidns/sockets/control.py", "SO_REUSEPORT before bind, where asked for"),
        InMinidns("minidns/server/listeners.py", "sockets of the same address for --workers"),
        InMinidns("minidns/server/supervisor.py", "keeps them open while a worker is replaced"),
    ),
    run=run,
)
