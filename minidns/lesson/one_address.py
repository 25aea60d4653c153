"""Experiment 3: UDP and TCP on one address and port, a DNS query to each (RFC 7766 section 5)."""

from socket import AF_INET, MSG_DONTWAIT, SOCK_DGRAM, SOCK_STREAM
from typing import Any

from minidns.lesson.arrival import find_readable
from minidns.lesson.calls import OpenSocket
from minidns.lesson.example_zone import (
    SMALL,
    TCP,
    UDP,
    answer,
    describe,
    make_plain_query,
    make_responder,
)
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.lab import LOOPBACK, Lab
from minidns.transport.tcp_framing import PREFIX, frame

_ATTEMPTS = 16  # the number that TCP got may be somebody's already in UDP
_OVER_UDP = 0x1111  # the IDs of the two queries
_OVER_TCP = 0x2222


def run(lab: Lab) -> None:
    """The pair, one query to each, and who got it."""
    lab.step("Step 1: two sockets bind the same address and the same port")
    datagrams, listener, address = _bind_pair(lab)
    listener.listen(16)
    lab.table()
    lab.rule(
        "the protocol is part of the address. Ports of UDP and ports of TCP are two sets of "
        "numbers, so two sockets can have one number without knowing of each other."
    )
    lab.check("both binds ended well, on one address and port", datagrams.getsockname() == address)

    lab.step("Step 2: a query over UDP")
    responder = make_responder()
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    client.send_to(make_plain_query(SMALL, _OVER_UDP), address)
    got = find_readable([datagrams, listener])
    query, source = datagrams.receive_from()
    datagrams.send_to(answer(responder, query, UDP), source)
    over_udp, _ = client.receive_from()
    lab.say(f"The question was {SMALL} A; minidns's own responder says: {describe(over_udp)}.")
    lab.check("the datagram came to the UDP socket", got is datagrams)

    lab.step("Step 3: the same question over TCP")
    stream = lab.socket(AF_INET, SOCK_STREAM, "client")
    stream.connect(address)
    stream.write(frame(make_plain_query(SMALL, _OVER_TCP)))
    got = find_readable([datagrams, listener])
    nothing = lab.refusal(datagrams.receive_from, 512, MSG_DONTWAIT)
    accepted, _ = lab.accept(listener)
    framed = accepted.read()
    accepted.write(frame(answer(responder, framed[PREFIX:], TCP)))
    over_tcp = stream.read()[PREFIX:]
    lab.say(f"Over TCP it says: {describe(over_tcp)}, and 2 octets of length before them.")
    lab.table()
    lab.check("the connection came to the listener", got is listener and nothing != "")
    lab.check(
        "both answers are the same but for the ID, which is each query's own",
        over_udp[2:] == over_tcp[2:] and over_udp[:2] != over_tcp[:2],
    )


def _bind_pair(lab: Lab) -> tuple[OpenSocket, OpenSocket, Any]:
    """TCP takes a free port, UDP the same number; where that is taken another one is tried.

    TCP first, since more numbers are taken there: those of connections that have ended, too.
    """
    losers = []
    for _ in range(_ATTEMPTS):
        listener = lab.socket(AF_INET, SOCK_STREAM, "server")
        datagrams = lab.socket(AF_INET, SOCK_DGRAM, "server")
        listener.bind((LOOPBACK, 0))
        address = listener.getsockname()
        if not lab.refusal(datagrams.bind, address):
            break
        lab.say("That number is somebody else's in UDP: another one.")
        losers += [datagrams, listener]  # open until the end, so that it is another one
    lab.close(losers)
    return datagrams, listener, address


EXPERIMENT = Experiment(
    number=3,
    title="Two protocols, one address",
    shows="DNS needs UDP and TCP on the same address and port. Two sockets take it, each gets a "
    "query for the same name, and minidns's own responder answers both.",
    in_minidns=(
        InMinidns("minidns/sockets/bind.py", "the UDP and TCP pair on one address"),
        InMinidns("minidns/responder/responder.py", "one answer for both, octets in, octets out"),
    ),
    run=run,
)
