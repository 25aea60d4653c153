"""Experiment 9: an answer too large for a datagram (RFC 1035 section 4.2.1, RFC 7766, RFC 9715)."""

from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM
from typing import Any

from minidns.lesson.calls import OpenSocket
from minidns.lesson.example_zone import (
    LARGE,
    LARGE_SIZE,
    MIDDLE,
    MIDDLE_SIZE,
    PAYLOAD,
    TC,
    TCP,
    UDP,
    answer,
    describe,
    make_edns_query,
    make_plain_query,
    make_responder,
)
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.lab import LOOPBACK, Lab
from minidns.responder.responder import Responder
from minidns.transport.tcp_framing import PREFIX, frame
from minidns.wire.reply import read_reply

_PLAIN_LIMIT = 512  # octets, RFC 1035 section 4.2.1
_BUFFER = 65_535  # octets


def run(lab: Lab) -> None:
    """Plain, with EDNS, and over TCP."""
    responder = make_responder()
    lab.step("Step 1: 40 addresses over UDP, without EDNS")
    server = lab.socket(AF_INET, SOCK_DGRAM, "server")
    server.bind((LOOPBACK, 0))
    address = server.getsockname()
    client = lab.socket(AF_INET, SOCK_DGRAM, "client")
    reply = _ask(lab, responder, client, server, make_plain_query(MIDDLE, 1), address)
    lab.check(
        f"the answer stays below {_PLAIN_LIMIT} octets by TC=1: there is more than this",
        len(reply) <= _PLAIN_LIMIT and _is_truncated(reply),
    )

    lab.step(f"Step 2: the same with EDNS, by which the client takes {PAYLOAD} octets")
    query = make_edns_query(MIDDLE, 2)
    reply = _ask(lab, responder, client, server, query, address)
    lab.check(
        f"all {MIDDLE_SIZE} addresses are there, TC=0",
        len(read_reply(reply).answer) == MIDDLE_SIZE and not _is_truncated(reply),
    )

    lab.step("Step 3: 100 addresses, with EDNS")
    query = make_edns_query(LARGE, 3)
    reply = _ask(lab, responder, client, server, query, address)
    lab.say(
        f"{PAYLOAD} octets fit into one packet on nearly every path. What is larger may be cut "
        "into fragments, which may get lost or be forged (RFC 9715): minidns goes no higher, "
        "whatever the client offers."
    )
    lab.check(
        f"the answer stays below {PAYLOAD} octets by TC=1",
        len(reply) <= PAYLOAD and _is_truncated(reply),
    )

    lab.step("Step 4: the same question over TCP")
    listener = lab.socket(AF_INET, SOCK_STREAM, "server")
    listener.bind((LOOPBACK, 0))
    listener.listen(16)
    stream = lab.socket(AF_INET, SOCK_STREAM, "client")
    stream.connect(listener.getsockname())
    accepted, _ = lab.accept(listener)
    stream.write(frame(query))
    framed = accepted.read()
    accepted.write(frame(answer(responder, framed[PREFIX:], TCP)))
    whole = _read_message(stream)
    lab.say(f"The answer: {describe(whole)}.")
    lab.rule(
        "UDP asks and answers in two packets, and keeps nothing of the client; TCP takes what is "
        "larger. TC=1 is how a server says 'come again over TCP', so who serves DNS needs both "
        "(RFC 7766 section 5)."
    )
    lab.check(
        f"all {LARGE_SIZE} addresses are there, TC=0",
        len(read_reply(whole).answer) == LARGE_SIZE and not _is_truncated(whole),
    )


def _ask(
    lab: Lab,
    responder: Responder,
    client: OpenSocket,
    server: OpenSocket,
    query: bytes,
    address: Any,
) -> bytes:
    """One question over UDP and its answer."""
    client.send_to(query, address)
    received, source = server.receive_from()
    server.send_to(answer(responder, received, UDP), source)
    reply, _ = client.receive_from(_BUFFER)
    lab.say(f"The answer: {describe(reply)}.")
    return reply


def _read_message(stream: OpenSocket) -> bytes:
    """The message behind its length, in as many reads as it takes."""
    octets = stream.read(_BUFFER)
    while len(octets) < PREFIX or len(octets) - PREFIX < int.from_bytes(octets[:PREFIX], "big"):
        octets += stream.read(_BUFFER)
    return octets[PREFIX:]


def _is_truncated(reply: bytes) -> bool:
    return bool(read_reply(reply).flags & TC)


EXPERIMENT = Experiment(
    number=9,
    title="Truncation, and why DNS needs both",
    shows="A question whose answer is too large for a datagram: over UDP, over UDP with EDNS, and "
    "over TCP. minidns's own responder answers.",
    in_minidns=(
        InMinidns("minidns/wire/response.py", "cuts what does not fit, and sets TC"),
        InMinidns("minidns/responder/reply_opt.py", "offers 1,232 octets over UDP"),
        InMinidns("minidns/transport/tcp_framing.py", "the length before each message"),
    ),
    run=run,
)
