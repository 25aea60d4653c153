"""Experiment 2: datagrams (udp(7), RFC 768), and what connect() means to a socket of them."""

from socket import AF_INET, MSG_DONTWAIT, SOCK_DGRAM

from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.lab import LOOPBACK, NOTHING_THERE, Lab


def run(lab: Lab) -> None:
    """Send, lose, connect, and be told of a port where nobody is."""
    lab.step("Step 1: one socket on each side, and no connection")
    server = lab.socket(AF_INET, SOCK_DGRAM, "server")
    server.bind((LOOPBACK, 0))
    address = server.getsockname()
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    client.send_to(b"one", address)
    client.send_to(b"two, and longer", address)
    lab.say(
        "No listen(), no accept(), no connect(). The first sendto() also gave the client's socket "
        "a port of the kernel's choice, so that there is somewhere to answer to."
    )
    lab.table()

    lab.step("Step 2: the server receives")
    first, source = server.receive_from()
    second, _ = server.receive_from(4)
    rest = lab.refusal(server.receive_from, 512, MSG_DONTWAIT)
    server.send_to(b"and you too", source)
    answer, _ = client.receive_from()
    lab.rule(
        "each recvfrom() gives one datagram, whole, with the address that it came from. What does "
        "not fit into the buffer is lost. Nothing numbers datagrams: loopback keeps their order, "
        "a network need not, and may lose or double them. One descriptor serves all clients."
    )
    lab.check("two datagrams were two, though both were there to be read", first == b"one")
    lab.check(
        "a buffer of 4 octets got 4, and the rest is gone",
        second == b"two," and rest in NOTHING_THERE,
    )
    lab.check("the answer went where the question came from", answer == b"and you too")

    lab.step("Step 3: connect() on a datagram socket sends nothing")
    client.connect(address)
    lab.say("It sets the remote address, here and now; the server is not told.")
    lab.table()
    client.write(b"no address needed")
    data, source = server.receive_from()
    lab.check("write() now knows where to", data == b"no address needed")

    lab.step("Step 4: a connected socket takes nothing from strangers")
    stranger = lab.socket(AF_INET, SOCK_DGRAM, "stranger")
    stranger.send_to(b"forged", source)
    server.send_to(b"genuine", source)
    data = client.read()
    left = lab.refusal(client.receive_from, 512, MSG_DONTWAIT)
    lab.rule(
        "connect() on a datagram socket makes the kernel a filter: it delivers what comes from "
        "that one address and port, and nothing else. A resolver that asks its upstream through "
        "such a socket need not look at answers from elsewhere (RFC 5452 section 9.1)."
    )
    lab.check(
        "the stranger's datagram, sent first, was never delivered",
        data == b"genuine" and left in NOTHING_THERE,
    )

    lab.step("Step 5: nobody at the other end")
    server.close()
    sent = stranger.send_to(b"anybody?", address)
    quiet = lab.refusal(stranger.receive_from, 512, MSG_DONTWAIT)
    client.write(b"anybody?")
    told = lab.refusal(client.read)
    lab.rule(
        "a datagram to a port where nobody is goes off like any other. The ICMP message that comes "
        "back reaches a connected socket as ECONNREFUSED; one that is not connected hears nothing."
    )
    lab.check("sendto() to a closed port reports no fault", sent == len(b"anybody?"))
    lab.check("the socket without a peer hears nothing", quiet in NOTHING_THERE)
    lab.check("the connected one is told ECONNREFUSED", told == "ECONNREFUSED")


EXPERIMENT = Experiment(
    number=2,
    title="A datagram, and what connect() does to it",
    shows="The same with UDP: no connection, no order, boundaries kept. Then what changes when a "
    "datagram socket is connected all the same.",
    in_minidns=(
        InMinidns("minidns/transport/udp_portable.py", "a datagram in, a datagram out"),
        InMinidns("minidns/transport/udp_mmsg.py", "the same, hundreds of them in one call"),
        InMinidns("minidns/upstream/datagram.py", "a connected socket for each query upstream"),
    ),
    run=run,
)
