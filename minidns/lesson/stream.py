"""Experiment 1: a stream, call by call on both sides (socket(7), tcp(7), RFC 9293)."""

from socket import AF_INET, SOCK_STREAM

from minidns.lesson.arrival import wait_octets, wait_readable
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.kernel_table import has_kernel_table
from minidns.lesson.lab import LOOPBACK, Lab


def run(lab: Lab) -> None:
    """One listener, one client, five octets each way, and the end."""
    lab.step("Step 1: the server makes a socket that listens")
    listener = lab.socket(AF_INET, SOCK_STREAM, "server")
    listener.bind((LOOPBACK, 0))
    address = listener.getsockname()
    listener.listen(16)
    lab.say(
        "Port 0 asks the kernel for a free one; getsockname() tells which it chose. The listener "
        "has a local address and no remote one: nobody is at its other end, and never will be."
    )
    lab.table()

    lab.step("Step 2: the client connects")
    client = lab.socket(AF_INET, SOCK_STREAM, "client")
    client.connect(address)
    wait_readable(listener.fileno())
    lab.say(
        "connect() has ended well and the server has not moved: the kernel itself shook hands "
        "(SYN, SYN-ACK, ACK) and holds the connection in the listener's queue."
    )
    if has_kernel_table():
        lab.say("The row without a descriptor is the server's end of it.")
    lab.table()

    lab.step("Step 3: the server accepts")
    accepted, peer = lab.accept(listener)
    lab.say(
        "accept() took the connection from the queue and made a descriptor for it. The listener "
        "is what it was, ready for the next."
    )
    lab.table()
    lab.check(
        "accept() made a third descriptor, neither the listener's nor the client's",
        accepted.fileno() not in (listener.fileno(), client.fileno()),
    )
    lab.check(
        "what it returned has a remote address, and that is the client's local one",
        peer == client.getsockname(),
    )
    refused = lab.refusal(listener.read, is_patient=False)
    lab.check("the listener carries no octets: it has no other end to read from", refused != "")

    lab.step("Step 4: octets, both ways")
    client.write(b"who ")
    client.write(b"are you?")
    wait_octets(accepted.fileno(), 12)
    asked = accepted.read()
    accepted.write(b"a stream")
    answered = client.read()
    lab.rule(
        "a stream has order and no boundaries: what two write() sent one read() may get, and the "
        "other way round. So DNS over TCP puts the length of each message before it (RFC 1035 "
        "section 4.2.2)."
    )
    lab.check("one read() got both writes, in their order", asked == b"who are you?")
    lab.check("the other way goes through the same two descriptors", answered == b"a stream")

    lab.step("Step 5: the end")
    client.close()
    end = accepted.read()
    lab.say(
        "read() returned 0 octets: the other side has closed, and all that it wrote has been read."
    )
    accepted.close()
    listener.close()
    lab.rule(
        "the server has one descriptor for the address (from socket(), made to listen) and one for "
        "each connection (from accept()). The client has one, from socket()."
    )
    lab.check("the end of a stream is a read() of 0 octets", end == b"")


EXPERIMENT = Experiment(
    number=1,
    title="A stream, call by call on both sides",
    shows="A server and a client talk over TCP on this machine. Every call of both sides, which "
    "descriptor each made, and what accept() returned that listen() had not.",
    in_minidns=(
        InMinidns("minidns/sockets/bind.py", "socket(), bind() and listen() for each address"),
        InMinidns("minidns/transport/tcp.py", "accept(), and what comes before one is kept"),
        InMinidns("minidns/transport/tcp_framing.py", "the length before each message"),
    ),
    run=run,
)
