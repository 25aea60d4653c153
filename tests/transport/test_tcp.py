"""DNS over TCP by RFC 7766, with real sockets on loopback and a fake responder."""

import socket

import pytest

from minidns.transport.tcp_stream import TcpStream
from tests.transport.clients import (
    FakeResponder,
    framed,
    needs_ipv6,
    read_message,
    run,
    tcp_client,
    tcp_server,
    until,
)

pytestmark = pytest.mark.usefixtures("watch")


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


def test_pipelining_keeps_the_order_and_writes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7766 section 6.2.1.1."""

    async def test() -> None:
        async with (
            tcp_server(FakeResponder(), {b"hit": b"x"}) as (server, address, _),
            tcp_client(address) as (reader, writer),
        ):
            await until(lambda: any(True for _ in server.connections))
            writes: list[bytes] = []
            write = TcpStream.write

            def record(stream: TcpStream, octets: bytes) -> None:
                writes.append(octets)
                write(stream, octets)

            monkeypatch.setattr(TcpStream, "write", record)
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
            assert not connection.stream.is_reading
            responder.release(b"01later", b"01x")
            assert await read_message(reader) == b"01x"
            await until(lambda: len(responder.waiting) == 3)
            for ident in (b"00", b"02", b"03"):
                responder.release(ident + b"later", ident + b"x")
            got = {(await read_message(reader))[:2] for _ in range(4)}
            assert got == {b"00", b"02", b"03", b"05"}
            assert connection.stream.is_reading
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
            sock = connection.stream.sock
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    run(test())
