"""What the tests of the transports share: a fake responder, servers on loopback, a fake clock."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from minidns.responder.via import Via
from minidns.sockets.bind import BoundPair, bind_pair
from minidns.transport import Reply
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_limits import TcpLimits
from minidns.transport.udp import UdpServer
from minidns.transport.udp_mmsg import load_calls

needs_ipv6 = pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
# For the argument `batched`: recvmmsg/sendmmsg, and recvmsg/sendmsg.
batched_or_not = pytest.mark.parametrize(
    "batched",
    [
        pytest.param(
            True, id="mmsg", marks=pytest.mark.skipif(load_calls() is None, reason="no recvmmsg")
        ),
        pytest.param(False, id="portable"),
    ],
)
RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with 0 seconds, socket(7)
PATIENCE = 10.0  # seconds until a test that waits in vain fails


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test on an event loop of its own; what the loop's exception handler gets fails it."""
    complaints: list[dict[str, Any]] = []

    async def guarded() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        await asyncio.wait_for(test, PATIENCE)

    asyncio.run(guarded())
    assert complaints == []


class FakeResponder:
    """Answers with the query's ID and `reply:` before what followed it, and keeps who asked.

    The octets after the ID steer it: `none` gives None, `raise` raises, `later...` gives an
    awaitable that ends when `release()` is called, `big:N` a reply of N octets.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes, Via]] = []
        self.waiting: dict[bytes, asyncio.Future[Reply]] = {}
        self.cancelled: list[bytes] = []

    def respond(self, wire: bytes, client: bytes, via: Via) -> Reply | Awaitable[Reply]:
        self.asked.append((wire, client, via))
        body = wire[2:]
        if body == b"none":
            return None
        if body == b"raise":
            raise ZeroDivisionError
        if body.startswith(b"later"):
            return self._later(wire)
        if body.startswith(b"big:"):
            return wire[:2] + bytes(int(body[4:]) - 2)
        return wire[:2] + b"reply:" + body

    def release(self, wire: bytes, reply: Reply) -> None:
        self.waiting.pop(wire).set_result(reply)

    async def _later(self, wire: bytes) -> Reply:
        self.waiting[wire] = asyncio.get_running_loop().create_future()
        try:
            return await self.waiting[wire]
        except asyncio.CancelledError:
            self.cancelled.append(wire)
            raise


class StubbornResponder(FakeResponder):
    """Its replies are awaited, and go on when they are cancelled, until `end()`."""

    def __init__(self) -> None:
        super().__init__()
        self._ended = asyncio.Event()
        self._left = 0

    def respond(self, wire: bytes, client: bytes, via: Via) -> Awaitable[Reply]:
        return self._resist()

    async def end(self) -> None:
        self._ended.set()
        await until(lambda: not self._left)

    async def _resist(self) -> Reply:
        self._left += 1
        while not self._ended.is_set():
            with suppress(asyncio.CancelledError):
                await self._ended.wait()
        self._left -= 1
        return None


class FakeClock:
    """Seconds, standing still until told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds; `run()` ends it when that never comes."""
    while not condition():
        await asyncio.sleep(0)


@asynccontextmanager
async def udp_server(
    responder: FakeResponder,
    answers: dict[bytes, bytes] | None = None,
    host: str = "127.0.0.1",
    **options: Any,
) -> AsyncIterator[tuple[UdpServer, BoundPair]]:
    pair = bind_pair(host, 0)
    server = UdpServer(pair.udp, responder.respond, answers or {}, **options)
    server.start(asyncio.get_running_loop())
    try:
        yield server, pair
    finally:
        server.stop()
        await server.drain(0)
        pair.close()


@asynccontextmanager
async def tcp_server(
    responder: FakeResponder,
    answers: dict[bytes, bytes] | None = None,
    host: str = "127.0.0.1",
    **limits: Any,
) -> AsyncIterator[tuple[TcpServer, tuple[str, int], FakeClock]]:
    clock = FakeClock()
    pair = bind_pair(host, 0)
    pair.udp.close()
    server = TcpServer(
        [pair.tcp], responder.respond, answers or {}, limits=TcpLimits(**limits), clock=clock
    )
    server.start(asyncio.get_running_loop())
    try:
        yield server, (host, pair.port), clock
    finally:
        await server.drain(0)


class UdpClient:
    """A non-blocking socket; `exchange` sends and waits for one datagram."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((host, 0))

    def __enter__(self) -> "UdpClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    def send(self, wire: bytes, to: tuple[str, int]) -> None:
        self.sock.sendto(wire, to)

    async def receive(self) -> tuple[bytes, tuple[str, int]]:
        wire, source = await asyncio.get_running_loop().sock_recvfrom(self.sock, 65535)
        return wire, source[:2]

    async def exchange(self, wire: bytes, to: tuple[str, int]) -> bytes:
        self.send(wire, to)
        return (await self.receive())[0]


@asynccontextmanager
async def tcp_client(
    address: tuple[str, int],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def framed(*messages: bytes) -> bytes:
    """As RFC 1035 section 4.2.2 has it, written apart from the module under test."""
    return b"".join(bytes((len(each) >> 8, len(each) & 255)) + each for each in messages)


async def read_message(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(2)
    return await reader.readexactly(length[0] << 8 | length[1])
