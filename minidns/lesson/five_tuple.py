"""Experiment 4: what tells connections apart: protocol, two addresses, two ports (RFC 9293)."""

from socket import AF_INET, SOCK_STREAM, SOL_SOCKET

from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.lab import LOOPBACK, SHARING, SHARING_NAME, Lab

_NAMES = (b"first", b"second", b"third")
_TAKEN = ("EADDRINUSE", "EADDRNOTAVAIL")


def run(lab: Lab) -> None:
    """Three clients of one port, then two connections that would be one."""
    lab.step("Step 1: three clients connect to one port")
    listener = lab.socket(AF_INET, SOCK_STREAM, "server")
    listener.bind((LOOPBACK, 0))
    address = listener.getsockname()
    listener.listen(16)
    clients, accepted, peers = [], [], []
    for _ in _NAMES:
        client = lab.socket(AF_INET, SOCK_STREAM, "client")
        client.connect(address)
        taken, peer = lab.accept(listener)
        clients.append(client)
        accepted.append(taken)
        peers.append(peer)
    lab.table()
    lab.rule(
        "the listener and all that it accepted have one local address and port. What differs is "
        "the remote end. The kernel finds the socket for a segment by all five: protocol, local "
        "address, local port, remote address, remote port."
    )
    lab.check("the three remote addresses differ", len(set(peers)) == len(peers))

    lab.step("Step 2: who gets what")
    for client, name in zip(reversed(clients), reversed(_NAMES), strict=True):
        client.write(name)
    read = [each.read() for each in accepted]
    lab.check("each descriptor read what its own client wrote", read == list(_NAMES))

    lab.step("Step 3: a connection, from an address that is chosen by hand")
    one = lab.socket(AF_INET, SOCK_STREAM, "one")
    one.setsockopt(SOL_SOCKET, SHARING, 1)
    one.bind((LOOPBACK, 0))
    chosen = one.getsockname()
    one.connect(address)
    twin = lab.socket(AF_INET, SOCK_STREAM, "twin")
    refused = lab.refusal(twin.bind, chosen)
    lab.check("a second socket may not bind that address: EADDRINUSE", refused == "EADDRINUSE")

    lab.step("Step 4: the same address all the same, and the same destination")
    twin.setsockopt(SOL_SOCKET, SHARING, 1)
    bound = lab.refusal(twin.bind, chosen)
    refused = lab.refusal(twin.connect, address)
    lab.say(
        f"With {SHARING_NAME} on both, bind() is content: two sockets, neither of which listens, "
        "may share a local address. But this connection would be equal to the other one in all "
        "five."
    )
    lab.check("bind() lets both have one local address", bound == "")
    lab.check(
        f"connect() refuses the second of two equal connections: {refused or 'no error'}",
        refused in _TAKEN,
    )

    lab.step("Step 5: a difference in one of the five is enough")
    other = lab.socket(AF_INET, SOCK_STREAM, "server")
    other.bind((LOOPBACK, 0))
    elsewhere = other.getsockname()
    other.listen(16)
    refused = lab.refusal(twin.connect, elsewhere)
    lab.table()
    lab.rule(
        "a port is not used up by a connection; a 5-tuple is. The same two ports and the same "
        "client address serve again for every other port or address of a server."
    )
    lab.check("to another port the same socket connects", refused == "")


EXPERIMENT = Experiment(
    number=4,
    title="The 5-tuple",
    shows="Several clients of one port, and how the kernel tells their connections apart. Then "
    "two connections that would be equal in all five parts.",
    in_minidns=(
        InMinidns("minidns/transport/tcp.py", "one listener, a connection for each remote end"),
        InMinidns("minidns/transport/tcp_limits.py", "how many connections one address may have"),
    ),
    run=run,
)
