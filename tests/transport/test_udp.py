"""Both forms of UDP behave alike: the same tests for recvmmsg/sendmmsg and for recvmsg/sendmsg."""

import asyncio
import socket
import struct

import pytest

from minidns.transport import udp_mmsg, udp_portable
from minidns.transport.udp import PACKET_OCTETS, UdpServer
from minidns.transport.udp_mmsg import SLOTS
from tests.transport.clients import (
    FakeResponder,
    UdpClient,
    batched_or_not,
    needs_ipv6,
    run,
    udp_server,
    until,
)

pytestmark = batched_or_not


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_miss_then_hit(batched: bool, host: str) -> None:
    async def test() -> None:
        responder = FakeResponder()
        answers = {b"cached": b"the answer"}
        async with udp_server(responder, answers, host, batched=batched) as (server, pair):
            with UdpClient(host) as client:
                to = (host, pair.port)
                assert await client.exchange(b"\x00\x01hello", to) == b"\x00\x01reply:hello"
                assert await client.exchange(b"\xff\xfecached", to) == b"\xff\xfethe answer"
                packed = socket.inet_pton(pair.udp.family, host)
                ((wire, asker, via),) = responder.asked
                assert (wire, asker, via.name, via.is_stream) == (
                    b"\x00\x01hello",
                    packed,
                    "udp",
                    False,
                )
                counters = server.counters
                assert (counters.queries, counters.replies, counters.from_cache) == (2, 2, 1)
                assert counters.query_octets == 7 + 8
                assert counters.reply_octets == 2 + len(b"reply:hello") + 2 + len(b"the answer")
                assert server.is_batched is batched

    run(test())


def test_answers_added_and_emptied_later_count(batched: bool) -> None:
    async def test() -> None:
        answers = {b"q": b"one"}
        async with udp_server(FakeResponder(), answers, batched=batched) as (_, pair):
            with UdpClient() as client:
                to = ("127.0.0.1", pair.port)
                assert await client.exchange(b"..q", to) == b"..one"
                answers.clear()
                assert await client.exchange(b"..q", to) == b"..reply:q"
                answers[b"q"] = b"two"
                assert await client.exchange(b"..q", to) == b"..two"

    run(test())


def test_many_at_once_with_gaps(batched: bool) -> None:
    """Hits, misses, queries without reply and of all sizes in the same batches, then again."""

    async def test() -> None:
        responder = FakeResponder()
        answers = {b"hit%d" % n: b"h" * n for n in range(50)}
        async with udp_server(responder, answers, batched=batched) as (server, pair):
            with UdpClient() as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                for _ in range(2):
                    expected = set()
                    for number in range(2 * SLOTS + 7):
                        ident = struct.pack("!H", number)
                        body = (
                            b"none"
                            if number % 3 == 0
                            else b"hit%d" % (number % 50)
                            if number % 3 == 1
                            else b"big:%d" % (number * 9)
                        )
                        client.send(ident + body, ("127.0.0.1", pair.port))
                        if body in answers:
                            expected.add(ident + answers[body])
                        elif body != b"none":
                            expected.add(ident + bytes(number * 9 - 2))
                    got = {(await client.receive())[0] for _ in expected}
                    assert got == expected
                assert server.counters.queries == 2 * (2 * SLOTS + 7)
                assert server.counters.replies == 2 * len(expected)

    run(test())


def test_more_than_one_turn_takes(batched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_mmsg, "BATCHES_PER_TURN", 1)
    monkeypatch.setattr(udp_portable, "DATAGRAMS_PER_TURN", 1)

    async def test() -> None:
        async with udp_server(FakeResponder(), batched=batched) as (_, pair):
            with UdpClient() as client:
                for number in range(100):
                    client.send(b"%02d" % number, ("127.0.0.1", pair.port))
                got = {(await client.receive())[0][:2] for _ in range(100)}
                assert got == {b"%02d" % number for number in range(100)}

    run(test())


def test_short_and_empty_datagrams(batched: bool) -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with udp_server(responder, batched=batched) as (_, pair):
            with UdpClient() as client:
                for length in range(12):
                    client.send(bytes(length), ("127.0.0.1", pair.port))
                client.send(b"..end", ("127.0.0.1", pair.port))
                await until(lambda: len(responder.asked) == 13)
        assert [wire for wire, _, _ in responder.asked] == [bytes(n) for n in range(12)] + [
            b"..end"
        ]

    run(test())


def test_what_may_be_cut_short_is_never_whole(batched: bool) -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with udp_server(responder, batched=batched) as (_, pair):
            with UdpClient() as client:
                for octets in (PACKET_OCTETS - 1, PACKET_OCTETS, PACKET_OCTETS + 1, 65_507):
                    client.send(b"..none" + bytes(octets - 6), ("127.0.0.1", pair.port))
                    await until(lambda: responder.asked)
                    wire = responder.asked.pop()[0]
                    kept = min(octets, PACKET_OCTETS + 1)
                    assert len(wire) == (kept if octets < PACKET_OCTETS else PACKET_OCTETS + 1)

    run(test())


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.2", "127.9.8.7"])
def test_reply_leaves_from_the_address_that_was_asked(batched: bool, asked: str) -> None:
    async def test() -> None:
        async with udp_server(FakeResponder(), {b"q": b"a"}, "0.0.0.0", batched=batched) as (
            _,
            pair,
        ):
            with UdpClient("127.0.0.1") as client:
                for body in (b"q", b"miss"):
                    client.send(b".." + body, (asked, pair.port))
                    assert (await client.receive())[1] == (asked, pair.port)

    run(test())


@needs_ipv6
def test_reply_over_wildcard_ipv6(batched: bool) -> None:
    async def test() -> None:
        async with udp_server(FakeResponder(), {b"q": b"a"}, "::", batched=batched) as (_, pair):
            with UdpClient("::1") as client:
                for body in (b"q", b"miss"):
                    client.send(b".." + body, ("::1", pair.port))
                    assert (await client.receive())[1] == ("::1", pair.port)

    run(test())


@needs_ipv6
def test_ipv4_client_of_a_dual_stack_socket(batched: bool) -> None:
    """X07: as systemd passes it, where BindIPv6Only is at its default."""

    async def test() -> None:
        responder = FakeResponder()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            sock.bind(("::", 0))
            server = UdpServer(sock, responder.respond, {}, batched=batched)
            server.start(asyncio.get_running_loop())
            with UdpClient("127.0.0.1") as client:
                client.send(b"..q", ("127.0.0.3", sock.getsockname()[1]))
                assert (await client.receive())[1] == ("127.0.0.3", sock.getsockname()[1])
            server.stop()
        assert responder.asked[0][1] == bytes((127, 0, 0, 1))

    run(test())
