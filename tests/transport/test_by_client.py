"""Answers that are not the same for all clients: over UDP in one batch, and over TCP."""

import asyncio
import socket
from collections import defaultdict
from contextlib import ExitStack

import pytest

from minidns.sockets.bind import bind_pair
from minidns.transport.tcp import TcpServer
from minidns.transport.udp import UdpServer
from tests.transport.clients import (
    FakeResponder,
    UdpClient,
    batched_or_not,
    framed,
    needs_ipv6,
    run,
)

FOUR = socket.AF_INET
FIRST, SECOND = socket.inet_aton("127.0.0.1"), socket.inet_aton("127.0.0.2")


@batched_or_not
@pytest.mark.parametrize(
    "family", [socket.AF_INET, pytest.param(socket.AF_INET6, marks=needs_ipv6)]
)
def test_each_client_of_a_batch_gets_its_own(batched: bool, family: int) -> None:
    """Of a dual-stack socket, too, where IPv4 clients are not taken for IPv6 ones."""

    async def test() -> None:
        by_client = defaultdict[bytes, dict[bytes, bytes]](dict)
        by_client[FIRST] = {b"q": b"one"}
        by_client[SECOND] = {b"q": b"two"}
        responder = FakeResponder()
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("", 0))
        sock.setblocking(False)
        answers = {b"q": b"wrong"}
        server = UdpServer(sock, responder.respond, answers, by_client=by_client, batched=batched)
        loop = asyncio.get_running_loop()
        server.start(loop)
        with ExitStack() as opened:
            opened.enter_context(sock)
            clients = [opened.enter_context(UdpClient(f"127.0.0.{n}")) for n in (1, 2, 3)]
            for client in clients * 2:
                client.send(b"..q", ("127.0.0.1", sock.getsockname()[1]))
            got = [(await client.receive())[0] for client in clients * 2]
            assert got == [b"..one", b"..two", b"..reply:q"] * 2
            assert server.counters.from_cache == 4
            assert [client for _, client, _ in responder.asked] == [b"\x7f\x00\x00\x03"] * 2
            server.stop()

    run(test())


@pytest.mark.usefixtures("watch")
def test_each_connection_gets_its_own() -> None:
    async def test() -> None:
        by_client = defaultdict[bytes, dict[bytes, bytes]](dict)
        by_client[FIRST] = {b"q": b"one"}
        by_client[SECOND] = {b"q": b"two"}
        pair = bind_pair("127.0.0.1", 0)
        pair.udp.close()
        server = TcpServer(
            [pair.tcp], FakeResponder().respond, {b"q": b"wrong"}, by_client=by_client
        )
        loop = asyncio.get_running_loop()
        server.start(loop)
        for source, reply in (("127.0.0.2", b"..two"), ("127.0.0.1", b"..one")):
            with socket.create_connection(
                ("127.0.0.1", pair.port), source_address=(source, 0)
            ) as sock:
                sock.setblocking(False)
                await loop.sock_sendall(sock, framed(b"..q"))
                assert await loop.sock_recv(sock, 100) == framed(reply)
        await server.drain(0)

    run(test())
