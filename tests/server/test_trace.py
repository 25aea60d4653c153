"""Lines of `--trace`: a server in this process, clients with known addresses."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import dns.asyncquery
import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.config import ServeSettings
from minidns.responder.responder import Policy
from minidns.responder.via import Via
from minidns.server.listeners import open_listeners
from minidns.server.server import Server
from minidns.server.trace import Tracer
from minidns.server.trace_text import query_text, reply_text
from minidns.transport.tcp_limits import TcpLimits
from tests.harness import ask, responder_for
from tests.server.loaded import COM, catalog_of

SECONDS = 5.0
UDP = Via("udp", is_stream=False)
QUERY = dns.message.make_query("www.example.com.", "A", id=4711)
TIME = r"\d\d:\d\d:\d\d\.\d{6}"
ANSWER = r"id 4711 www\.example\.com\. IN A -> NOERROR AA 2/0/0 65 octets \d+ us"


def traced(use: Callable[[Server], Awaitable[Any]], *listen: str) -> list[str]:
    """The lines that were written."""
    lines: list[str] = []

    async def start_and_stop() -> None:
        (listeners,) = open_listeners(ServeSettings(listen=listen))
        catalog = catalog_of({"example.com.": COM})
        server = Server(catalog, listeners, Policy(), TcpLimits(), trace=lines.append)
        server.start(asyncio.get_running_loop())
        try:
            await use(server)
        finally:
            await server.stop(grace=SECONDS)
        assert [sock.fileno() for sock in listeners.udp + listeners.tcp] == [-1, -1]

    asyncio.run(start_and_stop())
    return lines


async def exchange_udp(wire: bytes, host: str, port: int) -> int:
    """The port that was asked from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((host, port))
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, wire)
        async with asyncio.timeout(SECONDS):
            reply = await loop.sock_recv(sock, 4096)
        assert dns.message.from_wire(reply).answer
        return int(sock.getsockname()[1])


def test_datagrams() -> None:
    seen: list[tuple[int, int, int]] = []

    async def use(server: Server) -> None:
        sock = server.listeners.udp[0]
        host, port = sock.getsockname()
        for _ in range(2):  # the second is not answered without a line
            client = await exchange_udp(QUERY.to_wire(), host, port)
            seen.append((client, port, sock.fileno()))

    lines = traced(use, "127.0.0.1:0")
    assert len(lines) == 2
    for line, (client, port, descriptor) in zip(lines, seen, strict=True):
        route = rf"udp 127\.0\.0\.1:{client} > 127\.0\.0\.1:{port} fd {descriptor}"
        assert re.fullmatch(f"{TIME} {route} {ANSWER}", line), line


def test_wildcard_socket_tells_the_address_that_was_asked() -> None:
    async def use(server: Server) -> None:
        port = server.listeners.udp[0].getsockname()[1]
        await exchange_udp(QUERY.to_wire(), "127.0.0.9", port)

    (line,) = traced(use, "0.0.0.0:0")
    assert re.search(r" > 127\.0\.0\.9:\d+ fd ", line), line


def test_streams_of_one_client_are_told_apart() -> None:
    """Also where queries of several wait for their turn."""
    ports: list[int] = []

    async def use(server: Server) -> None:
        host, port = server.listeners.tcp[0].getsockname()
        streams = [await asyncio.open_connection(host, port) for _ in range(3)]
        for at, (_, writer) in enumerate(streams):
            ports.append(writer.get_extra_info("sockname")[1])
            for number in range(100):
                query = dns.message.make_query("www.example.com.", "A", id=1000 * at + number)
                wire = query.to_wire()
                writer.write(len(wire).to_bytes(2, "big") + wire)
        for reader, writer in streams:
            for _ in range(100):
                await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            writer.close()
            await writer.wait_closed()

    lines = traced(use, "127.0.0.1:0")
    assert len(lines) == 300
    for line in lines:
        found = re.search(r" tcp 127\.0\.0\.1:(\d+) > 127\.0\.0\.1:\d+ fd \d+ id (\d+) ", line)
        assert found is not None, line
        assert int(found[1]) == ports[int(found[2]) // 1000]


def test_silence_is_told() -> None:
    async def use(server: Server) -> None:
        host, port = server.listeners.udp[0].getsockname()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"abc", (host, port))
        await dns.asyncquery.udp(QUERY, host, SECONDS, port)  # so that the first is there, too

    first, _ = traced(use, "127.0.0.1:0")
    assert re.search(r" 3 octets, no message -> no reply \d+ us$", first), first


def trace_of(outcome: Any, use: Callable[[Any], Awaitable[None]]) -> list[str]:
    """What is written of a query whose reply comes later."""
    lines: list[str] = []
    times = iter((1_000, 36_000))

    async def run() -> None:
        tracer = Tracer(lambda *_: outcome, lines.append, lambda: 0.0, lambda: next(times))
        respond = tracer.over_tcp(lambda _: None)
        await use(respond(QUERY.to_wire(), bytes(4), UDP))
        await asyncio.sleep(0)

    asyncio.run(run())
    return lines


def test_awaited_reply() -> None:
    reply = dns.message.make_response(QUERY)

    async def later() -> bytes:
        return reply.to_wire()

    async def use(outcome: Any) -> None:
        assert await outcome == reply.to_wire()

    (line,) = trace_of(later(), use)
    assert line.endswith(" udp id 4711 www.example.com. IN A -> NOERROR 0/0/0 33 octets 35 us")


def test_awaited_reply_that_fails() -> None:
    async def later() -> bytes:
        raise ValueError("a fault")

    async def use(outcome: Any) -> None:
        with pytest.raises(ValueError, match="a fault"):
            await outcome

    (line,) = trace_of(later(), use)
    assert line.endswith(" -> failed 35 us")


def test_awaited_reply_that_is_given_up_before_it_begins() -> None:
    async def later() -> bytes:
        raise AssertionError("it has begun")

    async def use(outcome: Any) -> None:
        outcome.cancel()
        await asyncio.sleep(0)

    (line,) = trace_of(later(), use)
    assert line.endswith(" -> given up, the client has gone 35 us")


def test_without_it_transports_are_as_ever() -> None:
    (listeners,) = open_listeners(ServeSettings(listen=("127.0.0.1:0",)))
    before = list(listeners.udp)
    server = Server(catalog_of({"example.com.": COM}), listeners, Policy(), TcpLimits())
    try:
        assert listeners.udp == before
        assert server.udp[0].sock is before[0]
        assert type(before[0]) is socket.socket
    finally:
        listeners.close()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (QUERY, "id 4711 www.example.com. IN A"),
        (
            dns.message.make_query(r"we\032ird\010.example.", 731, 99, id=1),
            r"id 1 we\032ird\010.example. CLASS99 TYPE731",
        ),
        (dns.message.Message(id=5), "id 5 no readable question"),
    ],
)
def test_text_of_a_query(query: dns.message.Message, text: str) -> None:
    assert query_text(query.to_wire()) == text


def test_text_of_replies() -> None:
    responder = responder_for({"example.com.": COM})

    def text(qname: str, **more: Any) -> str:
        return reply_text(ask(responder, qname, **more).to_wire())

    assert text("www.example.com.").startswith("NOERROR AA 2/0/0 ")
    assert text("www.example.org.").startswith("REFUSED 0/0/0 ")
    assert text("www.example.com.", use_edns=1).startswith("BADVERS 0/0/1 ")
    assert reply_text(bytes((0, 0, 0x82, 0x0B, *bytes(8)))) == "RCODE11 TC 0/0/0 12 octets"


@given(st.binary(max_size=80))
def test_any_octets_have_a_text_without_control_characters(wire: bytes) -> None:
    assert query_text(wire).isprintable()


def test_any_answered_octets_have_a_text() -> None:
    responder = responder_for({"example.com.": COM})

    @given(st.binary(min_size=12, max_size=80))
    def check(wire: bytes) -> None:
        reply = responder.respond(wire, bytes(4), UDP)
        if isinstance(reply, bytes):
            assert reply_text(reply).isprintable()

    check()
