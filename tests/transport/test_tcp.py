"""DNS over TCP by RFC 7766, with real sockets on loopback and a fake responder."""

import asyncio
import errno
import os
import resource
import socket
import struct
from typing import Any

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

needs_ipv6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with 0 seconds, socket(7)


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_miss_and_hit(host: str) -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder, {b"cached": b"answer"}, host) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"\x00\x01hello"))
            assert await read_message(reader) == b"\x00\x01reply:hello"
            writer.write(framed(b"\xff\xfecached"))
            assert await read_message(reader) == b"\xff\xfeanswer"
            ((wire, client, via),) = responder.asked
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            assert (wire, client) == (b"\x00\x01hello", socket.inet_pton(family, host))
            assert (via.name, via.is_stream, via.keepalive) == ("tcp", True, 100)
            counters = server.counters
            assert (counters.queries, counters.replies, counters.from_cache) == (2, 2, 1)
            assert (counters.accepted, counters.connections) == (1, 1)
            assert (counters.octets_in, counters.octets_out) == (9 + 10, 15 + 10)
            (connection,) = server.connections
            assert connection.peer[:2] == writer.get_extra_info("sockname")[:2]
            assert (connection.queries, connection.octets_in) == (2, 19)

    run(test())


def test_octet_by_octet_and_trailing() -> None:
    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            for octet in framed(b"..one"):
                writer.write(bytes((octet,)))
                seen = server.counters.octets_in
                await until(lambda seen=seen: server.counters.octets_in > seen)
            assert await read_message(reader) == b"..reply:one"
            writer.write(framed(b"..two", b"..three") + b"\x00\x06..f")
            assert await read_message(reader) == b"..reply:two"
            assert await read_message(reader) == b"..reply:three"
            writer.write(b"our")
            assert await read_message(reader) == b"..reply:four"

    run(test())


def test_pipelining_keeps_the_order_and_writes_once() -> None:
    """RFC 7766 section 6.2.1.1."""

    async def test() -> None:
        async with (
            tcp_server(FakeResponder(), {b"hit": b"x"}) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            await until(lambda: any(each.transport for each in server.connections))
            (connection,) = server.connections
            writes: list[bytes] = []
            transport: Any = connection.transport
            write = transport.write
            transport.write = lambda octets: (writes.append(octets), write(octets))
            writer.write(framed(*[b"%02dhit" % n if n % 2 else b"%02dmiss" % n for n in range(40)]))
            got = [await read_message(reader) for _ in range(40)]
            assert got == [b"%02dx" % n if n % 2 else b"%02dreply:miss" % n for n in range(40)]
            assert len(writes) == 1

    run(test())


def test_out_of_order_where_that_is_quicker() -> None:
    """RFC 7766 section 7."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"01later", b"02later", b"03now"))
            assert await read_message(reader) == b"03reply:now"
            await until(lambda: len(responder.waiting) == 2)
            responder.release(b"02later", b"02two")
            assert await read_message(reader) == b"02two"
            responder.release(b"01later", b"01one")
            assert await read_message(reader) == b"01one"
            assert (server.counters.in_flight, server.counters.replies) == (0, 3)

    run(test())


def test_reading_stops_at_the_limit_in_flight() -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder, in_flight=3) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(*[b"%02dlater" % n for n in range(5)], b"05now"))
            await until(lambda: len(responder.waiting) == 3)
            (connection,) = server.connections
            assert connection.transport is not None
            assert not connection.transport.is_reading()
            responder.release(b"01later", b"01x")
            assert await read_message(reader) == b"01x"
            await until(lambda: len(responder.waiting) == 3)
            for ident in (b"00", b"02", b"03"):
                responder.release(ident + b"later", ident + b"x")
            got = {(await read_message(reader))[:2] for _ in range(4)}
            assert got == {b"00", b"02", b"03", b"05"}
            assert connection.transport.is_reading()
            responder.release(b"04later", b"04x")
            assert await read_message(reader) == b"04x"

    run(test())


@pytest.mark.parametrize("body", [b"none", b"later"])
def test_none_closes(body: bytes) -> None:
    """M01, M02: what came before is answered."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (_, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..before", b".." + body))
            assert await read_message(reader) == b"..reply:before"
            if body == b"later":
                await until(lambda: responder.waiting)
                responder.release(b"..later", None)
            assert await reader.read() == b""

    run(test())


def test_half_close_still_gets_its_answers() -> None:
    """L11."""

    async def test() -> None:
        responder = FakeResponder()
        async with (
            tcp_server(responder) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..later", b"..now") + b"\x00\x09cut")
            writer.write_eof()
            assert await read_message(reader) == b"..reply:now"
            await until(lambda: responder.waiting)
            responder.release(b"..later", b"..done")
            assert await read_message(reader) == b"..done"
            assert await reader.read() == b""
            await until(lambda: not server.counters.connections)

    run(test())


def test_half_close_without_a_query() -> None:
    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (_, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write_eof()
            assert await reader.read() == b""

    run(test())


def test_urgent_octet() -> None:
    """L11: out-of-band data is not part of the stream, and no crash."""

    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (_, address, _),
            tcp_client(address) as (reader, writer),
        ):
            sock = writer.get_extra_info("socket")
            sock._sock.send(b"!", socket.MSG_OOB)
            writer.write(framed(b"..after"))
            assert await read_message(reader) == b"..reply:after"

    run(test())


@pytest.mark.parametrize("how", ["close", "reset"])
def test_flood_then_gone(how: str) -> None:
    """L08: 10,000 pipelined queries, then the connection is gone; the server is not."""

    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder, in_flight=8) as (server, address, _):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                flood = framed(*[b"%05dlater" % n for n in range(8)])
                await loop.sock_sendall(sock, flood)
                await until(lambda: len(responder.waiting) == 8)
                flood = framed(*[b"..%05d" % n for n in range(10_000)])
                sender = asyncio.ensure_future(loop.sock_sendall(sock, flood))
                for wire in list(responder.waiting)[:2]:
                    responder.release(wire, wire)
                await until(lambda: server.counters.queries > 100)
                sender.cancel()
                if how == "reset":
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..alive"))
                assert await read_message(reader) == b"..reply:alive"
            for wire in list(responder.waiting):
                responder.release(wire, wire)
            await until(lambda: not server.counters.connections)
            assert server.counters.in_flight == 0

    run(test())


def test_pending_work_of_a_lost_connection_is_cancelled() -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with tcp_server(responder) as (server, address, _):
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                await loop.sock_sendall(sock, framed(b"..later"))
                await until(lambda: responder.waiting)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            await until(lambda: responder.cancelled)
            await until(lambda: not server.counters.connections)
            assert server.counters.in_flight == 0

    run(test())


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
                flood = framed(*[b"%04dbig:30000" % n for n in range(2000)])
                # The ID is the first two octets; `big` has to follow it.
                flood = framed(*[b"%c%cbig:30000" % (n >> 8, n & 255) for n in range(2000)])
                sender = asyncio.ensure_future(loop.sock_sendall(sock, flood))
                await until(lambda: connection._stalled_since is not None)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert connection.transport is not None
                assert not connection.transport.is_reading()
                asked = len(responder.asked)
                assert asked < 2000
                assert connection.transport.get_write_buffer_size() < 65536 + 17 * 30_002
                received = 0
                while received < 2000 * 30_002:
                    received += len(await loop.sock_recv(sock, 1 << 20))
                await sender
                assert received == 2000 * 30_002
                assert len(responder.asked) == 2000

    run(test())


def test_raising_responder_ends_one_connection_alone() -> None:
    async def test() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        async with tcp_server(FakeResponder()) as (server, address, _):
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..raise"))
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await read_message(reader)
            async with tcp_client(address) as (reader, writer):
                writer.write(framed(b"..alive"))
                assert await read_message(reader) == b"..reply:alive"
            assert server.counters.failed == 1
        assert [type(each["exception"]) for each in complaints] == [ZeroDivisionError]

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
        async with tcp_server(FakeResponder(), connections_per_address=2) as (server, address, _):
            async with (
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
        async with tcp_server(responder, connections=2) as (server, address, _):
            async with (
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


def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """EMFILE at accept(): an idle connection makes room, the log is not filled, service goes on."""
    monkeypatch.setattr(tcp_module, "ACCEPT_PAUSE_SECONDS", 0)

    async def test() -> None:
        async with tcp_server(FakeResponder()) as (server, address, _):
            async with tcp_client(address) as (reader1, writer1):
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
    try:
        while True:
            spare.append(os.dup(0))
    except OSError as error:
        assert error.errno == errno.EMFILE
    return spare


def test_no_delay_is_set() -> None:
    """Nagle's algorithm would hold back the second of two small writes."""

    async def test() -> None:
        async with (
            tcp_server(FakeResponder()) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            writer.write(framed(b"..q"))
            await read_message(reader)
            (connection,) = server.connections
            assert connection.transport is not None
            sock = connection.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    run(test())


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
