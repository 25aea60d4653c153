"""Peers that go away and responders that fail: one connection ends, nothing is left behind."""

import asyncio
import errno
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from minidns.sockets.bind import bind_pair
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_connection import TcpConnection
from tests.transport.clients import (
    RST_ON_CLOSE,
    FakeResponder,
    framed,
    read_message,
    run,
    tcp_client,
    tcp_server,
    until,
)

pytestmark = pytest.mark.usefixtures("watch")


@asynccontextmanager
async def raw_client(address: tuple[str, int]) -> AsyncIterator[socket.socket]:
    """A socket of its own, so that it can be reset."""
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
        yield sock


def reset(sock: socket.socket) -> None:
    """The peer gets an RST instead of a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
    sock.close()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_flood_then_gone(how: str) -> None:
    """L08: 10,000 pipelined queries, then the connection is gone; the server is not."""

    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder, in_flight=8) as (server, address, _):
            loop = asyncio.get_running_loop()
            async with raw_client(address) as sock:
                await loop.sock_sendall(sock, framed(*[b"%02dlater" % n for n in range(8)]))
                await until(lambda: len(responder.waiting) == 8)
                flood = framed(*[b"..%05d" % n for n in range(10_000)])
                sender = asyncio.ensure_future(loop.sock_sendall(sock, flood))
                for wire in list(responder.waiting)[:2]:
                    responder.release(wire, wire)
                await until(lambda: server.counters.queries > 100)
                sender.cancel()
                await asyncio.wait([sender])
                if how == "reset":
                    reset(sock)
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..alive"))
                assert await read_message(reader) == b"..reply:alive"
            await until(lambda: not server.counters.connections)
            assert server.counters.in_flight == 0
            await until(lambda: len(responder.cancelled) == 6)

    run(test())


def test_pending_work_of_a_lost_connection_is_cancelled() -> None:
    """What is counted is true as soon as the connection is gone."""

    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder) as (server, address, _):
            async with raw_client(address) as sock:
                await asyncio.get_running_loop().sock_sendall(sock, framed(b"..later", b"-1later"))
                await until(lambda: len(responder.waiting) == 2)
                reset(sock)
            await until(lambda: not server.counters.connections)
            assert server.counters.in_flight == 0
            await until(lambda: sorted(responder.cancelled) == [b"-1later", b"..later"])

    run(test())


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("query", [b"..now", b"..later"])
def test_a_connection_leaves_nothing_for_a_collector(how: str, query: bytes) -> None:
    """It is switched off while queries come."""

    async def test() -> None:
        async with tcp_server(FakeResponder()) as (server, address, _):
            gc.collect()
            gc.disable()
            try:
                for _ in range(10):
                    async with raw_client(address) as sock:
                        loop = asyncio.get_running_loop()
                        before = server.counters.queries
                        await loop.sock_sendall(sock, framed(query))
                        await until(lambda: server.counters.queries > before)  # noqa: B023
                        if query == b"..now":
                            await loop.sock_recv(sock, 100)
                        if how == "reset":
                            reset(sock)
                    if query == b"..now" or how == "reset":
                        await until(lambda: not server.counters.connections)
                await server.drain(0)
                await asyncio.sleep(0)
                left = [one for one in gc.get_objects() if isinstance(one, TcpConnection)]
                assert not left
            finally:
                gc.enable()

    run(test())


def test_reset_while_reading_is_paused() -> None:
    """Too many replies are awaited, so nothing is read; the sweep sees that the peer is gone."""

    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder, in_flight=2) as (server, address, clock):
            async with raw_client(address) as sock:
                queries = framed(*[b"%02dlater" % n for n in range(5)])
                await asyncio.get_running_loop().sock_sendall(sock, queries)
                await until(lambda: len(responder.waiting) == 2)
                server.sweep(clock.now)
                assert server.counters.connections == 1
                reset(sock)
            server.sweep(clock.now)
            assert server.counters.in_flight == 0
            await until(lambda: not server.counters.connections)
            await until(lambda: sorted(responder.cancelled) == [b"00later", b"01later"])
            assert server.counters.timed_out == 0

    run(test())


def test_reset_after_a_half_close() -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder) as (server, address, clock):
            async with raw_client(address) as sock:
                await asyncio.get_running_loop().sock_sendall(sock, framed(b"..later"))
                sock.shutdown(socket.SHUT_WR)
                (connection,) = server.connections
                await until(lambda: connection._has_ended and responder.waiting)
                server.sweep(clock.now)
                assert server.counters.in_flight == 1
                reset(sock)
            server.sweep(clock.now)
            assert server.counters.in_flight == 0
            await until(lambda: not server.counters.connections)

    run(test())


def test_replies_for_a_peer_that_has_just_gone(caplog: pytest.LogCaptureFixture) -> None:
    """Many in one turn: asyncio warns of each write to a lost connection after the fifth."""

    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder, in_flight=32) as (server, address, _):
            async with raw_client(address) as sock:
                queries = framed(*[b"%02dlater" % n for n in range(32)])
                await asyncio.get_running_loop().sock_sendall(sock, queries)
                await until(lambda: len(responder.waiting) == 32)
                reset(sock)
            for wire in list(responder.waiting):
                responder.release(wire, wire)
            await until(lambda: not server.counters.connections)
            assert server.counters.in_flight == 0

    run(test())
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("body", "fault"), [(b"raise", ZeroDivisionError), (b"big:65536", OverflowError)]
)
def test_a_failing_responder_ends_one_connection_alone(body: bytes, fault: type[Exception]) -> None:
    """It raises, or its reply fits into no frame: what was answered before is still sent."""

    async def test() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        async with tcp_server(FakeResponder()) as (server, address, _):
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..big:65535", b".." + body, b"..after"))
                assert len(await read_message(reader)) == 65535
                assert await reader.read() == b""
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..alive"))
                assert await read_message(reader) == b"..reply:alive"
            counters = server.counters
            assert (counters.failed, counters.queries, counters.replies) == (1, 2, 2)
        assert [type(each["exception"]) for each in complaints] == [fault]

    run(test())


def test_awaited_reply_that_fits_into_no_frame() -> None:
    async def test() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        responder = FakeResponder()
        async with tcp_server(responder) as (server, address, _):
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..later"))
                await until(lambda: responder.waiting)
                responder.release(b"..later", bytes(65536))
                assert await reader.read() == b""
            assert (server.counters.failed, server.counters.in_flight) == (1, 0)
        assert [type(each["exception"]) for each in complaints] == [OverflowError]

    run(test())


def test_reply_that_the_responder_cancels_itself() -> None:
    """No reply will come, so the connection is not kept waiting for one."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder, in_flight=1) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..later"))
            await until(lambda: responder.waiting)
            responder.waiting[b"..later"].cancel()
            assert await reader.read() == b""
            assert server.counters.in_flight == 0

    run(test())


def test_raising_awaitable_closes() -> None:
    async def test() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))

        async def fail() -> bytes:
            raise ZeroDivisionError

        pair = bind_pair("127.0.0.1", 0)
        pair.udp.close()
        server = TcpServer([pair.tcp], lambda *_: fail(), {})
        server.start(asyncio.get_running_loop())
        async with tcp_client(("127.0.0.1", pair.port)) as (reader, writer):
            writer.write(framed(b"..q"))
            assert await reader.read() == b""
        await server.drain(0)
        assert [type(each["exception"]) for each in complaints] == [ZeroDivisionError]

    run(test())


def test_reading_that_cannot_go_on_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC of epoll_ctl(2): nobody would ever look at the descriptor again."""

    def add(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no more descriptors are watched")

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder, in_flight=1) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"01later"))
            await until(lambda: responder.waiting)
            (connection,) = server.connections
            assert not connection.stream.is_reading
            monkeypatch.setattr(server._watch, "add", add)
            responder.release(b"01later", b"01reply")
            assert await read_message(reader) == b"01reply"
            assert await reader.read() == b""
            assert server.counters.connections == 0

    run(test())
