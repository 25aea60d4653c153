"""Time-outs of TCP, with a clock that stands still until the test moves it, and the drain."""

import asyncio
import socket
from typing import Any

import pytest

from minidns.transport.tcp_limits import PRESSED_IDLE_SECONDS
from tests.transport.clients import (
    FakeResponder,
    StubbornResponder,
    framed,
    read_message,
    run,
    tcp_client,
    tcp_server,
    until,
)

pytestmark = pytest.mark.usefixtures("watch")


def test_first_message() -> None:
    async def test() -> None:
        async with (
            tcp_server(FakeResponder(), first_message_seconds=7) as (server, address, clock),
            tcp_client(address) as (reader, _),
        ):
            await until(lambda: server.counters.connections)
            server.sweep(clock.now + 6.9)
            assert server.counters.timed_out == 0
            server.sweep(clock.now + 7)
            assert server.counters.timed_out == 1
            assert await reader.read() == b""

    run(test())


def test_idle_counts_from_the_last_activity() -> None:
    async def test() -> None:
        async with (
            tcp_server(FakeResponder(), first_message_seconds=3) as (server, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            for _ in range(3):
                clock.now += 2
                writer.write(framed(b"..q"))
                await read_message(reader)
            server.sweep(clock.now + 9.9)
            assert server.counters.timed_out == 0
            server.sweep(clock.now + 10)
            assert await reader.read() == b""
            assert server.counters.timed_out == 1

    run(test())


def test_a_message_has_two_seconds() -> None:
    """L06: an octet a second keeps no connection."""

    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (server, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            for octet in framed(b"..q")[:-1]:
                writer.write(bytes((octet,)))
                seen = server.counters.octets_in
                await until(lambda seen=seen: server.counters.octets_in > seen)
                server.sweep(clock.now)
                if server.counters.timed_out:
                    break
                clock.now += 1
            assert clock.now == 1002
            assert await reader.read() == b""

    run(test())


def test_each_message_has_its_own_two_seconds() -> None:
    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (server, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            # Each write ends one message and begins the next.
            writer.write(framed(b"..q")[:3])
            for _ in range(5):
                seen = server.counters.octets_in
                await until(lambda seen=seen: server.counters.octets_in == seen)
                clock.now += 1.5
                server.sweep(clock.now)
                writer.write(framed(b"..q")[3:] + framed(b"..q")[:3])
                assert await read_message(reader) == b"..reply:q"
            assert server.counters.timed_out == 0
            server.sweep(clock.now + 2)
            assert await reader.read() == b""

    run(test())


def test_awaited_replies_are_no_idleness() -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..later"))
            await until(lambda: responder.waiting)
            clock.now += 60
            server.sweep(clock.now)
            responder.release(b"..later", b"..done")
            assert await read_message(reader) == b"..done"
            server.sweep(clock.now + 9.9)
            assert server.counters.timed_out == 0
            server.sweep(clock.now + 10)
            assert await reader.read() == b""

    run(test())


def test_peer_that_reads_nothing_is_dropped() -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder) as (server, address, clock):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                flood = framed(*[b"..big:60000"] * 500)
                sender = asyncio.ensure_future(loop.sock_sendall(sock, flood))
                (connection,) = server.connections
                await until(lambda: connection._stalled_since is not None)
                for seconds in (0, 4.9):
                    server.sweep(clock.now + seconds)
                    assert server.counters.stalled == 0
                server.sweep(clock.now + 5)
                assert server.counters.stalled == 1
                await until(lambda: not server.counters.connections)
                sender.cancel()
                await asyncio.wait([sender])

    run(test())


def test_peer_that_reads_slowly_is_not() -> None:
    """Five seconds without a single octet taken, and not five seconds for all that is unsent."""

    async def test() -> None:
        limits: Any = {"unsent_octets": 1 << 20}
        async with tcp_server(FakeResponder(), **limits) as (server, address, clock):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                await until(lambda: any(True for _ in server.connections))
                (connection,) = server.connections
                stream = connection.stream
                # A little at a time goes from minidns's buffer to the kernel's.
                stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                await loop.sock_sendall(sock, framed(*[b"..big:60000"] * 40))
                await until(lambda: connection._stalled_since is not None)
                for seconds in (0, 4.9):
                    server.sweep(clock.now + seconds)
                unsent = stream.unsent
                while stream.unsent == unsent:
                    await loop.sock_recv(sock, 4096)
                assert connection._stalled_since is not None
                for seconds in (5, 9.9):
                    server.sweep(clock.now + seconds)
                    assert server.counters.stalled == 0
                server.sweep(clock.now + 10)
                assert server.counters.stalled == 1
                await until(lambda: not server.counters.connections)

    run(test())


def test_closing_does_not_wait_for_ever() -> None:
    """A reply that the peer never reads, smaller than what stops reading."""

    async def test() -> None:
        async with tcp_server(FakeResponder(), unsent_octets=1 << 26) as (server, address, clock):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                await loop.sock_sendall(sock, framed(*[b"..big:60000"] * 300))
                sock.shutdown(socket.SHUT_WR)
                (connection,) = server.connections
                await until(lambda: connection._closing_since is not None)
                for seconds in (0, 4.9):
                    server.sweep(clock.now + seconds)
                    assert server.counters.connections == 1
                server.sweep(clock.now + 5)
                await until(lambda: not server.counters.connections)

    run(test())


def test_half_close_in_the_middle_of_a_message() -> None:
    """The rest will never come, so it is not waited for; the reply before it is."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..later") + b"\x00\x09cut")
            writer.write_eof()
            (connection,) = server.connections
            await until(lambda: connection._has_ended and responder.waiting)
            server.sweep(clock.now + 60)
            assert server.counters.timed_out == 0
            responder.release(b"..later", b"..done")
            assert await read_message(reader) == b"..done"
            assert await reader.read() == b""

    run(test())


def test_under_pressure_idle_connections_go_soon() -> None:
    async def test() -> None:
        async with (
            tcp_server(FakeResponder(), connections=1) as (server, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..q"))
            await read_message(reader)
            server.sweep(clock.now + PRESSED_IDLE_SECONDS - 0.1)
            assert server.counters.timed_out == 0
            server.sweep(clock.now + PRESSED_IDLE_SECONDS)
            assert await reader.read() == b""

    run(test())


def test_the_sweep_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minidns.transport.tcp.SWEEP_SECONDS", 0.001)

    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (_, address, clock),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..q"))
            await read_message(reader)
            clock.now += 10
            assert await reader.read() == b""

    run(test())


def test_drain() -> None:
    """O03: idle connections are closed at once, queries that have arrived are answered first."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, _),
            tcp_client(address) as (idle, _),
            tcp_client(address) as (waiting, writer),
            tcp_client(address) as (fresh, fresh_writer),
        ):
            await until(lambda: server.counters.connections == 3)
            writer.write(framed(b"..later"))
            await until(lambda: responder.waiting)
            fresh_writer.write(framed(b"..fresh"))
            drain = asyncio.ensure_future(server.drain(5))
            assert await idle.read() == b""
            assert await read_message(fresh) == b"..reply:fresh"
            assert await fresh.read() == b""
            assert not drain.done()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*address)
            responder.release(b"..later", b"..done")
            assert await read_message(waiting) == b"..done"
            assert await waiting.read() == b""
            await drain

    run(test())


def test_drain_does_not_wait_for_work_that_resists() -> None:
    """A task that catches its cancellation and goes on."""

    async def test() -> None:
        responder = StubbornResponder()
        async with (
            tcp_server(responder) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..q"))
            await until(lambda: server.counters.in_flight)
            await server.drain(0.01)
            assert await reader.read() == b""
            assert (server.counters.connections, server.counters.in_flight) == (0, 0)
            await responder.end()

    run(test())


def test_drain_ends_with_its_grace() -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..later"))
            await until(lambda: responder.waiting)
            await server.drain(0.01)
            assert await reader.read() == b""
            assert responder.cancelled == [b"..later"]
            assert server.counters.connections == 0

    run(test())
