"""Load over TCP: peers that do not read, that take all turns, that are too many."""

import asyncio
import errno
import os
import resource
import socket
from contextlib import ExitStack

import pytest

from minidns.responder.via import Via
from minidns.sockets.bind import bind_pair
from minidns.transport import tcp as tcp_module
from minidns.transport import tcp_turns
from minidns.transport.tcp import TcpServer
from tests.transport.clients import (
    FakeResponder,
    UdpClient,
    framed,
    read_message,
    run,
    tcp_client,
    tcp_server,
    udp_server,
    until,
)

pytestmark = pytest.mark.usefixtures("watch")


def test_peer_that_does_not_read() -> None:
    """Reading stops while 64 KiB wait to be written, goes on when the peer reads."""

    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder, unsent_octets=65536) as (server, address, _):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                (connection,) = server.connections
                flood = framed(*[b"%c%cbig:30000" % (n >> 8, n & 255) for n in range(600)])
                sender = asyncio.ensure_future(loop.sock_sendall(sock, flood))
                await until(lambda: connection._stalled_since is not None)
                for _ in range(20):
                    await asyncio.sleep(0)
                    assert not connection.stream.is_reading
                asked = len(responder.asked)
                assert asked < 600
                assert connection.stream.unsent < 65536 + 9 * 30_002
                received = 0
                while received < 600 * 30_002:
                    received += len(await loop.sock_recv(sock, 1 << 20))
                await sender
                assert received == 600 * 30_002
                assert len(responder.asked) == 600

    run(test())


def test_one_connection_does_not_slow_udp(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much one client pipelines, between two turns of UDP there is a bounded part of it."""
    monkeypatch.setattr(tcp_turns, "MESSAGES_PER_TURN", 32)

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (_, address, _),
            udp_server(responder) as (_, pair),
            tcp_client(address) as (reader, writer),
        ):
            with UdpClient() as client:
                writer.write(framed(*[b"%04d" % n for n in range(3000)]))
                await until(lambda: len(responder.asked) > 100)
                for _ in range(10):
                    before = len(responder.asked)
                    await client.exchange(b"..udp", ("127.0.0.1", pair.port))
                    assert len(responder.asked) - before < 32 * 8
                for _ in range(3000):
                    await read_message(reader)

    run(test())


def test_connections_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_turns, "MESSAGES_PER_TURN", 8)

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, _),
            tcp_client(address) as (reader1, writer1),
            tcp_client(address) as (reader2, writer2),
        ):
            await until(lambda: len(list(server.connections)) == 2)
            writer1.write(framed(*[b"%04d" % n for n in range(1000)]))
            writer2.write(framed(*[b"%04d" % n for n in range(1000)]))
            for reader in (reader2, reader1):
                got = [await read_message(reader) for _ in range(1000)]
                assert got == [b"%02dreply:%02d" % divmod(n, 100) for n in range(1000)]

    run(test())


def test_limit_per_address() -> None:
    """L09: the 26th of an address is closed, the others are not."""

    async def test() -> None:
        async with (
            tcp_server(FakeResponder(), connections_per_address=2) as (server, address, _),
            tcp_client(address) as (reader, writer),
            tcp_client(address) as _,
            tcp_client(address) as (refused, _),
        ):
            assert await refused.read() == b""
            assert server.counters.refused == 1
            writer.write(framed(b"..q"))
            assert await read_message(reader) == b"..reply:q"

    run(test())


def test_limit_in_all() -> None:
    """L09: the 151st takes the place of the longest silent, or none where all are busy."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder, connections=2) as (server, address, _),
            tcp_client(address) as (reader1, writer1),
            tcp_client(address) as (reader2, writer2),
        ):
            for reader, writer in ((reader2, writer2), (reader1, writer1)):
                writer.write(framed(b"..q"))
                assert await read_message(reader) == b"..reply:q"
            async with tcp_client(address) as (reader3, writer3):
                assert await reader2.read() == b""
                for writer in (writer1, writer3):
                    writer.write(framed(b"..later"))
                await until(lambda: server.counters.in_flight == 2)
                async with tcp_client(address) as (reader4, _):
                    assert await reader4.read() == b""
                assert (server.counters.evicted, server.counters.refused) == (1, 1)
                assert server.counters.connections == 2
                assert reader3 is not None

    run(test())


def test_who_does_not_read_makes_room_where_nobody_is_idle() -> None:
    """Else a few addresses that read a little now and then keep all places for ever."""

    async def test() -> None:
        async with tcp_server(FakeResponder(), connections=1) as (server, address, _):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                (connection,) = server.connections
                flood = framed(*[b"..big:30000"] * 600)
                sender = asyncio.ensure_future(loop.sock_sendall(sock, flood))
                await until(lambda: connection._stalled_since is not None)
                async with tcp_client(address) as (reader, writer):
                    writer.write(framed(b"..q"))
                    assert await read_message(reader) == b"..reply:q"
                assert (server.counters.evicted, server.counters.refused) == (1, 0)
                await asyncio.wait((sender,))
                sender.exception()

    run(test())


def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """EMFILE at accept(): an idle connection makes room, the log is not filled, service goes on."""
    monkeypatch.setattr(tcp_module, "ACCEPT_PAUSE_SECONDS", 0)

    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (server, address, _),
            tcp_client(address) as (reader1, writer1),
        ):
            writer1.write(framed(b"..q"))
            await read_message(reader1)
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                resource.setrlimit(resource.RLIMIT_NOFILE, (sock.fileno() + 1, hard))
                try:
                    spare = fill_descriptors()
                    await loop.sock_connect(sock, address)
                    await loop.sock_sendall(sock, framed(b"..me"))
                    assert await loop.sock_recv(sock, 100) == framed(b"..reply:me")
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                    for descriptor in spare:
                        os.close(descriptor)
            assert server.counters.accept_failures >= 1
            assert server.counters.evicted == 1
            assert await reader1.read() == b""

    run(test())


def fill_descriptors() -> list[int]:
    """Use up what the limit leaves below the highest descriptor in use."""
    spare: list[int] = []

    def fill() -> None:
        while True:
            spare.append(os.dup(0))

    with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
        fill()
    return spare


def test_several_listeners_share_the_limits() -> None:
    async def test() -> None:
        pairs = [bind_pair("127.0.0.1", 0), bind_pair("127.0.0.2", 0)]
        via = Via("tcp", is_stream=True)
        server = TcpServer([pair.tcp for pair in pairs], FakeResponder().respond, {}, via)
        server.start(asyncio.get_running_loop())
        for pair in pairs:
            pair.udp.close()
            async with tcp_client((pair.host, pair.port)) as (reader, writer):
                writer.write(framed(b"..q"))
                assert await read_message(reader) == b"..reply:q"
        await server.drain(1)
        assert server.counters.accepted == 2
        assert all(pair.tcp.fileno() == -1 for pair in pairs)

    run(test())


def test_places_of_those_who_left_in_the_same_turn() -> None:
    async def test() -> None:
        async with tcp_server(FakeResponder(), connections_per_address=2) as (server, address, _):
            loop = asyncio.get_running_loop()
            with ExitStack() as opened:
                first = [opened.enter_context(socket.create_connection(address)) for _ in "ab"]
                await until(lambda: server.counters.connections == 2)
                second = [opened.enter_context(socket.create_connection(address)) for _ in "ab"]
                for sock in first:
                    sock.close()
                for sock in second:
                    sock.setblocking(False)
                    await loop.sock_sendall(sock, framed(b"..q"))
                    assert await loop.sock_recv(sock, 100) == framed(b"..reply:q")
            assert server.counters.refused == 0

    run(test())


def test_what_was_written_arrives_though_input_was_left_unread() -> None:
    """Closing with input unread would reset the connection, RFC 2525 section 2.17."""

    async def test() -> None:
        async with tcp_server(FakeResponder()) as (_, address, _):
            loop = asyncio.get_running_loop()
            with socket.create_connection(address) as sock:
                sock.setblocking(False)
                await loop.sock_sendall(sock, framed(b"..q", b"..none") + bytes(200_000))
                assert await loop.sock_recv(sock, 100) == framed(b"..reply:q")
                assert await loop.sock_recv(sock, 100) == b""

    run(test())
