"""Both forms of UDP behave alike: the same tests for recvmmsg/sendmmsg and for recvmsg/sendmsg."""

import asyncio
import ctypes
import errno
import os
import socket
import struct
from typing import Any

import pytest

from minidns.sockets.bind import bind_pair
from minidns.transport import udp_mmsg, udp_portable
from minidns.transport.udp import PACKET_OCTETS, REFLECTING_PORTS, UdpServer
from minidns.transport.udp_mmsg import SLOTS, load_calls
from tests.transport.clients import FakeResponder, UdpClient, run, udp_server, until

HAS_IPV6 = os.path.exists("/proc/net/if_inet6")
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="no IPv6 here")

batched_or_not = pytest.mark.parametrize(
    "batched",
    [
        pytest.param(
            True, id="mmsg", marks=pytest.mark.skipif(load_calls() is None, reason="no recvmmsg")
        ),
        pytest.param(False, id="portable"),
    ],
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
        async with udp_server(responder, {b"": b"x"}, batched=batched) as (_, pair):
            with UdpClient() as client:
                for length in range(12):
                    client.send(bytes(length), ("127.0.0.1", pair.port))
                assert await client.exchange(b"..end", ("127.0.0.1", pair.port))
        assert {wire for wire, _, _ in responder.asked} <= {bytes(n) for n in range(12)} | {
            b"..end"
        }

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


def test_reply_that_comes_later(batched: bool) -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with udp_server(responder, host="0.0.0.0", batched=batched) as (server, pair):
            with UdpClient("127.0.0.1") as client:
                client.send(b"..later1", ("127.0.0.2", pair.port))
                client.send(b"..later2", ("127.0.0.3", pair.port))
                await until(lambda: len(responder.waiting) == 2)
                assert await client.exchange(b"..now", ("127.0.0.1", pair.port)) == b"..reply:now"
                assert server.counters.in_flight == 2
                responder.release(b"..later2", b"..two")
                assert await client.receive() == (b"..two", ("127.0.0.3", pair.port))
                responder.release(b"..later1", b"..one")
                assert await client.receive() == (b"..one", ("127.0.0.2", pair.port))
                assert (server.counters.in_flight, server.counters.replies) == (0, 3)

    run(test())


@needs_ipv6
def test_reply_that_comes_later_over_ipv6(batched: bool) -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with udp_server(responder, host="::", batched=batched) as (_, pair):
            with UdpClient("::1") as client:
                client.send(b"..later", ("::1", pair.port))
                await until(lambda: responder.waiting)
                responder.release(b"..later", b"..done")
                assert await client.receive() == (b"..done", ("::1", pair.port))

    run(test())


def test_replies_in_flight_are_bounded(batched: bool) -> None:
    async def test() -> None:
        responder = FakeResponder()
        async with udp_server(responder, batched=batched, in_flight=2) as (server, pair):
            with UdpClient() as client:
                for number in range(5):
                    client.send(b"..later%d" % number, ("127.0.0.1", pair.port))
                await until(lambda: server.counters.dropped_busy == 3)
                await until(lambda: len(responder.waiting) == 2)
                responder.release(b"..later0", None)  # no reply after all
                responder.release(b"..later1", b"..one")
                assert (await client.receive())[0] == b"..one"
                assert server.counters.replies == 1

    run(test())


def test_awaitable_that_raises(batched: bool) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        complaints: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, what: complaints.append(what))

        async def fail() -> bytes:
            raise ZeroDivisionError

        pair = bind_pair("127.0.0.1", 0)
        server = UdpServer(pair.udp, lambda *_: fail(), {}, batched=batched)
        server.start(loop)
        with UdpClient() as client:
            client.send(b"..q", ("127.0.0.1", pair.port))
            await until(lambda: server.counters.failed)
        server.stop()
        pair.close()
        assert isinstance(complaints[0]["exception"], ZeroDivisionError)

    run(test())


def test_stop_answers_what_waits_and_drain_what_is_in_flight(batched: bool) -> None:
    """O03."""

    async def test() -> None:
        responder = FakeResponder()
        pair = bind_pair("127.0.0.1", 0)
        server = UdpServer(pair.udp, responder.respond, {}, batched=batched)
        server.start(asyncio.get_running_loop())
        with UdpClient() as client:
            client.send(b"..waiting", ("127.0.0.1", pair.port))
            client.send(b"..later", ("127.0.0.1", pair.port))
            client.send(b"..later for ever", ("127.0.0.1", pair.port))
            server.stop()
            server.stop()
            assert (await client.receive())[0] == b"..reply:waiting"
            await until(lambda: len(responder.waiting) == 2)
            responder.release(b"..later", b"..late")
            await server.drain(0.01)
            assert (await client.receive())[0] == b"..late"
        assert responder.cancelled == [b"..later for ever"]
        pair.close()

    run(test())


def test_reflecting_ports_get_nothing(batched: bool) -> None:
    """X02, with a client's own port in the place of the well-known ones."""

    async def test() -> None:
        with UdpClient() as reflector, UdpClient() as client:
            responder = FakeResponder()
            refused = frozenset({reflector.port})
            async with udp_server(
                responder, {b"hit": b"x"}, batched=batched, refused_ports=refused
            ) as (server, pair):
                to = ("127.0.0.1", pair.port)
                for body in (b"hit", b"miss", b"", b"big:500"):
                    reflector.send(b".." + body, to)
                    client.send(b".." + body, to)
                for _ in range(3):
                    await client.receive()
                assert server.counters.dropped_port == 4
                assert all(len(wire) for wire, _, _ in responder.asked)
                with pytest.raises(BlockingIOError):
                    reflector.sock.recv(512)

    run(test())


def test_replies_that_the_kernel_refuses(batched: bool) -> None:
    """X02, L13: forged datagrams from port 0, to which sending fails with EINVAL. Theirs alone are
    lost, those around them in the same batch go."""
    assert {0, 7, 13, 17, 19, 37} <= REFLECTING_PORTS
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except PermissionError:
        pytest.skip("a forged source port wants CAP_NET_RAW")

    async def test(refused_ports: frozenset[int]) -> None:
        pair = bind_pair("127.0.0.1", 0)
        answers = {b"hit": b"x"}
        server = UdpServer(
            pair.udp,
            FakeResponder().respond,
            answers,
            batched=batched,
            refused_ports=refused_ports,
        )
        to = ("127.0.0.1", pair.port)
        with UdpClient() as client:
            for body in (b"hit", b"forged", b"forged", b"miss", b"forged", b"hit", b"forged"):
                if body == b"forged":
                    # RFC 768: source port, destination port, length, checksum (0: none).
                    header = struct.pack("!4H", 0, pair.port, 8 + 5, 0)
                    raw.sendto(header + b"..hit", ("127.0.0.1", 0))
                else:
                    client.send(b".." + body, to)
            server.start(asyncio.get_running_loop())
            got = [(await client.receive())[0] for _ in range(3)]
            assert got == [b"..x", b"..reply:miss", b"..x"]
            assert await client.exchange(b"..again", to) == b"..reply:again"
        server.stop()
        pair.close()
        counters = server.counters
        assert (counters.queries, counters.replies) == (8, 4)
        expected = (4, 0) if refused_ports else (0, 4)
        assert (counters.dropped_port, counters.dropped_send) == expected

    with raw:
        run(test(REFLECTING_PORTS))
        run(test(frozenset()))


def test_nothing_there_and_other_errors(batched: bool) -> None:
    pair = bind_pair("127.0.0.1", 0)
    server = UdpServer(pair.udp, FakeResponder().respond, {}, batched=batched)
    receive = server._form.receive
    receive()
    assert server.counters.receive_errors == 0
    pair.close()  # EBADF
    receive()
    assert server.counters.receive_errors == 1


def test_a_full_send_buffer_loses_replies_and_queues_none(batched: bool) -> None:
    """L13: the kernel takes two replies of seven, then says EAGAIN, then takes the others."""

    async def test() -> None:
        pair = bind_pair("127.0.0.1", 0)
        server = UdpServer(pair.udp, FakeResponder().respond, {}, batched=batched)
        with UdpClient() as client:
            for number in range(7):
                client.send(b"..%d" % number, ("127.0.0.1", pair.port))
            refuse_one_send(server, after=2)
            server.start(asyncio.get_running_loop())
            got = [(await client.receive())[0] for _ in range(6)]
            assert got == [b"..reply:%d" % number for number in (0, 1, 3, 4, 5, 6)]
        server.stop()
        pair.close()
        assert (server.counters.replies, server.counters.dropped_send) == (6, 1)

    run(test())


def refuse_one_send(server: UdpServer, after: int) -> None:
    """Have the system call of sending fail once with EAGAIN, when `after` replies have gone."""
    form: Any = server._form
    if server.is_batched:
        send = form._send
        taken = [after]

        def sendmmsg(descriptor: int, headers: int, count: int, flags: int) -> int:
            if taken and taken[0] == 0:
                taken.clear()
                ctypes.set_errno(errno.EAGAIN)
                return -1
            sent: int = send(descriptor, headers, min(count, *taken or (count,)), flags)
            if taken:
                taken[0] -= sent
            return sent

        form._send = sendmmsg
    else:
        form._sock = FullOnce(server.sock, after)


class FullOnce:
    """A socket whose buffer is full for one reply."""

    def __init__(self, sock: socket.socket, after: int) -> None:
        self._sock = sock
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendmsg(self, *arguments: Any) -> int:
        self._left -= 1
        if self._left == -1:
            raise BlockingIOError(errno.EAGAIN, "full")
        return self._sock.sendmsg(*arguments)
