"""The transports with the responder behind them: what reaches a client, by bytes and dnspython."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.edns
import dns.message
import dns.rcode
import pytest

from minidns.responder.via import Via
from minidns.sockets.bind import BoundPair, bind_pair
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_limits import TcpLimits
from minidns.transport.udp import PACKET_OCTETS, UdpServer
from tests.harness import responder_for
from tests.transport.clients import (
    UdpClient,
    batched_or_not,
    framed,
    read_message,
    run,
    tcp_client,
    until,
)

ZONE = """
@ 3600 SOA ns hostmaster 1 3600 600 86400 300
@ 3600 NS ns
ns 3600 A 192.0.2.1
"""
QUERY = dns.message.make_query("ns.example.", "A", id=4711)
HEADER = 12  # octets, RFC 1035 section 4.1.1


@asynccontextmanager
async def server_pair(
    batched: bool = True, **limits: int
) -> AsyncIterator[tuple[UdpServer, TcpServer, BoundPair]]:
    responder = responder_for({"example.": ZONE})
    pair = bind_pair("127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    udp = UdpServer(
        pair.udp, responder.respond, responder.datagram_answers.replies, batched=batched
    )
    tcp = TcpServer(
        [pair.tcp],
        responder.respond,
        responder.stream_answers.replies,
        Via("tcp", is_stream=True),
        TcpLimits(**limits),
    )
    udp.start(loop)
    tcp.start(loop)
    try:
        yield udp, tcp, pair
    finally:
        udp.stop()
        await tcp.drain(0)
        pair.close()


@batched_or_not
def test_datagrams_shorter_than_a_header(batched: bool) -> None:
    """M01, from none to eleven octets: no reply, and the query after them has its own."""

    async def test() -> None:
        async with server_pair(batched) as (udp, _, pair):
            with UdpClient() as client:
                for octets in range(HEADER):
                    client.send(QUERY.to_wire()[:octets], (pair.host, pair.port))
                reply = await client.exchange(QUERY.to_wire(), (pair.host, pair.port))
                assert QUERY.is_response(dns.message.from_wire(reply))
                assert (udp.counters.queries, udp.counters.replies) == (HEADER + 1, 1)

    run(test())


@batched_or_not
@pytest.mark.parametrize("octets", [PACKET_OCTETS, PACKET_OCTETS + 1, 65_507])
def test_datagrams_that_are_too_long(batched: bool, octets: int) -> None:
    """FORMERR as for any trailing octets, of the same message each time."""

    async def test() -> None:
        async with server_pair(batched) as (_, _, pair):
            wire = QUERY.to_wire()
            with UdpClient() as client:
                for _ in range(2):
                    reply = await client.exchange(
                        wire + bytes(octets - len(wire)), (pair.host, pair.port)
                    )
                    message = dns.message.from_wire(reply)
                    assert (message.id, message.rcode()) == (4711, dns.rcode.FORMERR)
                    reply = await client.exchange(wire, (pair.host, pair.port))
                    assert dns.message.from_wire(reply).rcode() == dns.rcode.NOERROR

    run(test())


@pytest.mark.parametrize("octets", range(HEADER))
def test_frames_shorter_than_a_header(octets: int) -> None:
    """M01: what came before is answered, then the connection is closed."""

    async def test() -> None:
        async with (
            server_pair() as (_, tcp, pair),
            tcp_client((pair.host, pair.port)) as (reader, writer),
        ):
            wire = QUERY.to_wire()
            writer.write(framed(wire, wire[:octets], wire))
            assert QUERY.is_response(dns.message.from_wire(await read_message(reader)))
            assert await reader.read() == b""
            await until(lambda: not tcp.counters.connections)

    run(test())


def test_keepalive_is_announced_and_zero_under_pressure() -> None:
    """RFC 7828 sections 3.2.2 and 3.3.2."""
    query = dns.message.make_query(
        "ns.example.", "A", options=[dns.edns.GenericOption(dns.edns.OptionType(11), b"")]
    )

    async def announced(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(framed(query.to_wire()))
        reply = dns.message.from_wire(await read_message(reader))
        (option,) = (each for each in reply.options if each.otype == 11)
        return option.to_wire() or b""

    async def test() -> None:
        async with server_pair(connections=2) as (_, tcp, pair):
            address = (pair.host, pair.port)
            async with tcp_client(address) as (reader, writer):
                assert await announced(reader, writer) == (100).to_bytes(2, "big")
                async with tcp_client(address) as (second, second_writer):
                    assert await announced(second, second_writer) == bytes(2)
                    assert await announced(reader, writer) == bytes(2)
                await until(lambda: tcp.counters.connections == 1)
                assert await announced(reader, writer) == (100).to_bytes(2, "big")

    run(test())
