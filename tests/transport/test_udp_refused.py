"""Replies over UDP that are not sent, by choice or because the kernel refuses, for both forms."""

import asyncio
import ctypes
import errno
import os
import socket
import struct
from typing import Any

import pytest

from minidns.sockets.bind import bind_pair
from minidns.transport.udp import PACKET_OCTETS, REFLECTING_PORTS, UdpServer
from minidns.transport.udp_mmsg import SLOTS
from tests.transport.clients import FakeResponder, UdpClient, batched_or_not, run, udp_server, until

pytestmark = batched_or_not


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


def test_a_reply_that_is_too_long(batched: bool) -> None:
    """Dropped and counted: it touches neither the queries beside it nor the end of the buffer."""

    async def test() -> None:
        longest = b"x" * (PACKET_OCTETS - 2)
        answers = {b"hit:fits": longest, b"hit:long": longest + b"x"}
        bodies = (b"hit:long", b"big:4097", b"one", b"hit:fits", b"big:4096", b"big:70000")
        pair = bind_pair("127.0.0.1", 0)
        server = UdpServer(pair.udp, FakeResponder().respond, answers, batched=batched)
        with UdpClient() as client:
            for number in range(SLOTS):
                body = bodies[number] if number < len(bodies) else b"big:4097"
                client.send(b"%02d" % number + body, ("127.0.0.1", pair.port))
            server.start(asyncio.get_running_loop())
            got = [(await client.receive())[0] for _ in range(3)]
            assert got == [b"02reply:one", b"03" + longest, b"04" + bytes(4094)]
            await until(lambda: server.counters.queries == SLOTS)
        server.stop()
        pair.close()
        counters = server.counters
        assert (counters.replies, counters.dropped_send) == (3, SLOTS - 3)

    run(test())


def test_nothing_there_and_other_errors(batched: bool) -> None:
    pair = bind_pair("127.0.0.1", 0)
    server = UdpServer(pair.udp, FakeResponder().respond, {}, batched=batched)
    receive = server._form.receive
    receive()
    assert server.counters.receive_errors == 0
    pair.close()  # EBADF
    receive()
    assert server.counters.receive_errors == 1


@pytest.mark.parametrize(
    "error", [errno.EAGAIN, errno.EPERM, errno.ENOBUFS, errno.EMSGSIZE], ids=errno.errorcode.get
)
@pytest.mark.parametrize("after", [0, 2, 6])
def test_a_refusal_in_a_batch_loses_one_reply_alone(batched: bool, error: int, after: int) -> None:
    """L13: the kernel takes some replies of seven, then refuses one, then takes the others."""

    async def test() -> None:
        pair = bind_pair("127.0.0.1", 0)
        server = UdpServer(pair.udp, FakeResponder().respond, {}, batched=batched)
        with UdpClient() as client:
            for number in range(7):
                client.send(b"..%d" % number, ("127.0.0.1", pair.port))
            refuse_one_send(server, after, error)
            server.start(asyncio.get_running_loop())
            got = [(await client.receive())[0] for _ in range(6)]
            assert got == [b"..reply:%d" % number for number in range(7) if number != after]
        server.stop()
        pair.close()
        assert (server.counters.replies, server.counters.dropped_send) == (6, 1)

    run(test())


def refuse_one_send(server: UdpServer, after: int, error: int) -> None:
    """Have the system call of sending fail once, when `after` replies have gone."""
    form: Any = server._form
    if server.is_batched:
        send = form._send
        taken = [after]

        def sendmmsg(descriptor: int, headers: int, count: int, flags: int) -> int:
            if taken and taken[0] == 0:
                taken.clear()
                ctypes.set_errno(error)
                return -1
            sent: int = send(descriptor, headers, min(count, *taken or (count,)), flags)
            if taken:
                taken[0] -= sent
            return sent

        form._send = sendmmsg
    else:
        form._sock = RefusesOnce(server.sock, after, error)


class RefusesOnce:
    """A socket that refuses one reply."""

    def __init__(self, sock: socket.socket, after: int, error: int) -> None:
        self._sock = sock
        self._left = after
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendmsg(self, *arguments: Any) -> int:
        self._left -= 1
        if self._left == -1:
            raise OSError(self._error, os.strerror(self._error))
        return self._sock.sendmsg(*arguments)
