"""A server inside a running event loop, as a test suite would start it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import dns.asyncquery
import dns.edns
import dns.message

from minidns.config import ServeSettings
from minidns.responder.cookies import ROTATE_AFTER
from minidns.responder.responder import Policy
from minidns.responder.via import Via
from minidns.server.cookie_secrets import CookieSecrets
from minidns.server.listeners import Listeners, open_listeners
from minidns.server.server import Server
from minidns.transport.tcp_limits import TcpLimits
from minidns.zone.model import Catalog
from tests.server.loaded import COM, catalog_of

SECONDS = 5.0
CLIENT_COOKIE = bytes(range(8))


def run_server(
    use: Callable[[Server], Awaitable[Any]],
    listen: tuple[str, ...],
    monotonic: Sequence[float] = (0.0,),
    **limits: Any,
) -> Any:
    """`monotonic` holds the time; it may be changed."""

    async def start_and_stop() -> Any:
        (listeners,) = open_listeners(ServeSettings(listen=listen))
        catalog = catalog_of({"example.com.": COM})
        server = Server(
            catalog,
            listeners,
            Policy(),
            TcpLimits(**limits),
            CookieSecrets(b"k" * 32, 0.0),
            unix_time=lambda: 1_700_000_000,
            monotonic=lambda: monotonic[0],
        )
        server.start(asyncio.get_running_loop())
        try:
            return await use(server)
        finally:
            await server.stop(grace=SECONDS)

    return asyncio.run(start_and_stop())


def where(server: Server, at: int = 0) -> tuple[str, int]:
    host, port = server.listeners.udp[at].getsockname()[:2]
    return host, port


async def ask(server: Server, query: dns.message.Message, at: int = 0) -> dns.message.Message:
    host, port = where(server, at)
    return await dns.asyncquery.udp(query, host, SECONDS, port)


def test_answers_on_every_listener() -> None:
    async def use(server: Server) -> list[list[str]]:
        answers = []
        for at in range(2):
            host, port = where(server, at)
            for exchange in (dns.asyncquery.udp, dns.asyncquery.tcp):
                query = dns.message.make_query("www.example.com.", "A")
                reply = await exchange(query, host, SECONDS, port)
                answers.append(sorted(rdata.to_text() for rdata in reply.answer[0]))
        return answers

    answers = run_server(use, ("127.0.0.1:0", "127.0.0.1:0"))
    assert answers == [["192.0.2.10", "192.0.2.11"]] * 4


def test_limits_count_over_all_listeners() -> None:
    async def use(server: Server) -> tuple[int, int]:
        query = dns.message.make_query("www.example.com.", "A").to_wire()
        wire = len(query).to_bytes(2, "big") + query
        kept = []
        for at in (0, 1, 0):  # the third is one too many for one address
            reader, writer = await asyncio.open_connection(*where(server, at))
            writer.write(wire)
            kept.append(writer)
            assert len(await reader.read(2)) == (0 if len(kept) == 3 else 2)
        counters = server.tcp.counters
        seen = counters.accepted, counters.refused
        for writer in kept:
            writer.close()
        return seen

    listen = ("127.0.0.1:0", "127.0.0.1:0")
    assert run_server(use, listen, connections_per_address=2) == (2, 1)


def test_secret_of_cookies_is_replaced() -> None:
    """A cookie is renewed in the moment its secret is (RFC 9018 section 5), and not before."""
    monotonic = [ROTATE_AFTER - 0.001]  # so that the timer rings in a moment

    def cookie_of(reply: dns.message.Message) -> bytes:
        (value,) = (each.to_wire() for each in reply.options if each.otype == dns.edns.COOKIE)
        assert value is not None
        return value

    def query(cookie: bytes) -> dns.message.Message:
        option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
        return dns.message.make_query("www.example.com.", "A", use_edns=0, options=[option])

    async def use(server: Server) -> list[bytes]:
        first = cookie_of(await ask(server, query(CLIENT_COOKIE)))
        again = cookie_of(await ask(server, query(first)))
        monotonic[0] = ROTATE_AFTER
        renewed = again
        while renewed == again:
            renewed = cookie_of(await ask(server, query(again)))
        return [first, again, renewed, cookie_of(await ask(server, query(renewed)))]

    first, again, renewed, kept = run_server(use, ("127.0.0.1:0",), monotonic)
    assert first == again
    assert renewed[:8] == CLIENT_COOKIE
    assert kept == renewed


def test_without_secrets_it_makes_its_own() -> None:
    first, second = (
        Server(Catalog({}), Listeners([], []), Policy(), TcpLimits(), unix_time=lambda: 0)
        for _ in range(2)
    )
    query = dns.message.make_query("www.example.com.", "A", use_edns=0)
    query.use_edns(options=[dns.edns.GenericOption(dns.edns.OptionType.COOKIE, CLIENT_COOKIE)])
    replies = [
        server.responder.respond(query.to_wire(), bytes(4), Via("udp", is_stream=False))
        for server in (first, second)
    ]
    assert replies[0] != replies[1]


def test_stop_closes_everything() -> None:
    async def use(server: Server) -> Server:
        return server

    server = run_server(use, ("127.0.0.1:0",))
    assert [sock.fileno() for sock in server.listeners.udp + server.listeners.tcp] == [-1, -1]
