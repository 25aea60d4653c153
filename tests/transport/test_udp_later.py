"""Replies over UDP that are awaited, for both forms alike, and the end of a server."""

import asyncio
import socket
from contextlib import ExitStack
from typing import Any

from minidns.errand import Signal
from minidns.sockets.bind import bind_pair
from minidns.transport.udp import UdpServer
from minidns.transport.udp_mmsg import SLOTS
from tests.transport.clients import (
    FakeResponder,
    StubbornResponder,
    UdpClient,
    batched_or_not,
    needs_ipv6,
    run,
    udp_server,
    until,
)

pytestmark = batched_or_not


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
                assert server.counters.reply_octets == len(b"..reply:now..one..two")

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


def test_drain_does_not_wait_for_work_that_resists(batched: bool) -> None:
    """A task that catches its cancellation and goes on."""

    async def test() -> None:
        responder = StubbornResponder()
        async with udp_server(responder, batched=batched) as (server, pair):
            with UdpClient() as client:
                client.send(b"..q", ("127.0.0.1", pair.port))
                await until(lambda: server.counters.in_flight)
                server.stop()
                await server.drain(0.01)
                assert server.counters.in_flight == 0
                await responder.end()

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


def test_a_reply_that_came_in_the_turn_of_the_end_is_sent(batched: bool) -> None:
    async def test() -> None:
        pair = bind_pair("127.0.0.1", 0)
        reply: Signal[bytes] = Signal()

        async def wait() -> bytes:
            return await reply

        server = UdpServer(pair.udp, lambda *_: wait(), {}, batched=batched)
        server.start(asyncio.get_running_loop())
        with UdpClient() as client:
            client.send(b"..q", ("127.0.0.1", pair.port))
            await until(lambda: server.counters.in_flight)
            server.stop()
            reply.set(b"..last")
            await server.drain(0.0)
            pair.close()
            assert (await client.receive())[0] == b"..last"

    run(test())


def test_more_replies_than_one_call_takes_come_to_who_asked(batched: bool) -> None:
    """Of many sizes, in one turn of the loop, each from the address that was asked."""

    async def test() -> None:
        responder = FakeResponder()
        async with udp_server(responder, host="0.0.0.0", batched=batched) as (server, pair):
            count = SLOTS + 7
            with ExitStack() as stack:
                clients = [stack.enter_context(UdpClient("127.0.0.1")) for _ in range(count)]
                for number, client in enumerate(clients):
                    where = f"127.0.0.{2 + number % 3}", pair.port
                    client.send(b"..later%d" % number, where)
                await until(lambda: len(responder.waiting) == count)
                for number in range(count):
                    size = 65_000 if number == 1 else 7 * number
                    responder.release(b"..later%d" % number, b"..%d" % number + bytes(size))
                for number, client in enumerate(clients):
                    if number != 1:
                        reply = b"..%d" % number + bytes(7 * number)
                        where = f"127.0.0.{2 + number % 3}", pair.port
                        assert await client.receive() == (reply, where)
                assert (server.counters.replies, server.counters.dropped_send) == (count - 1, 1)

    run(test())


def test_a_reply_for_a_closed_socket_leaves_from_no_other(batched: bool) -> None:
    """The system gives the number of a closed descriptor to the next one that is opened."""

    async def test() -> None:
        reply: Signal[bytes] = Signal()

        async def wait() -> bytes:
            return await reply

        pair = bind_pair("127.0.0.1", 0)
        server = UdpServer(pair.udp, lambda *_: wait(), {}, batched=batched)
        server.start(asyncio.get_running_loop())
        with UdpClient() as client:
            client.send(b"..q", ("127.0.0.1", pair.port))
            await until(lambda: server.counters.in_flight == 1)
            server.stop()
            number = pair.udp.fileno()
            pair.close()
            with ExitStack() as stack:
                for _ in range(8):
                    other = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                    if other.fileno() == number:
                        break
                assert other.fileno() == number
                reply.set(b"..late")
                await until(lambda: server.counters.dropped_send == 1)
        assert server.counters.replies == 0

    run(test())


def test_a_reply_that_cannot_be_sent_takes_no_other_with_it(batched: bool) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        complaints: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, what: complaints.append(what))
        pair = bind_pair("127.0.0.1", 0)
        replies: list[Signal[Any]] = []

        async def wait() -> bytes:
            reply: Signal[bytes] = Signal()
            replies.append(reply)
            return await reply

        server = UdpServer(pair.udp, lambda *_: wait(), {}, batched=batched)
        server.start(loop)
        with UdpClient() as client:
            for _ in range(2):
                client.send(b"..q", ("127.0.0.1", pair.port))
            await until(lambda: len(replies) == 2)
            replies[0].set(1.5)  # no octets
            replies[1].set(b"..good")
            assert (await client.receive())[0] == b"..good"
        server.stop()
        pair.close()
        assert [type(one["exception"]) for one in complaints] == [TypeError]

    run(test())
