"""A server inside a running event loop, as a test suite would start it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import dns.asyncquery
import dns.edns
import dns.message
import pytest

from minidns.config import ServeSettings
from minidns.responder.responder import Policy
from minidns.server import server as server_module
from minidns.server.listeners import open_listeners
from minidns.server.server import Server
from minidns.transport.tcp_limits import TcpLimits
from tests.server.loaded import COM, catalog_of

SECONDS = 5.0
CLIENT_COOKIE = bytes(range(8))


def run_server(
    use: Callable[[Server], Awaitable[Any]], listen: tuple[str, ...], **limits: Any
) -> Any:
    async def start_and_stop() -> Any:
        listeners = open_listeners(ServeSettings(listen=listen))
        catalog = catalog_of({"example.com.": COM})
        server = Server(catalog, listeners, Policy(), TcpLimits(**limits), lambda: 1_700_000_000)
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


def test_secret_of_cookies_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cookie is renewed in the moment its secret is (RFC 9018 section 5), and not before."""

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
        monkeypatch.setattr(server_module, "ROTATE_AFTER", 3600)
        server._rotate_secret(asyncio.get_running_loop())
        return [first, again, cookie_of(await ask(server, query(again)))]

    first, again, renewed = run_server(use, ("127.0.0.1:0",))
    assert first == again
    assert renewed != again
    assert renewed[:8] == CLIENT_COOKIE


def test_secret_has_its_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ROTATE_AFTER", 0)
    made: list[int] = []
    monkeypatch.setattr(
        server_module.secrets, "token_bytes", lambda count: made.append(count) or bytes(count)
    )

    async def use(server: Server) -> None:
        while len(made) < 3:
            await asyncio.sleep(0)

    run_server(use, ("127.0.0.1:0",))
    assert made[:3] == [16, 16, 16]


def test_stop_closes_everything() -> None:
    async def use(server: Server) -> Server:
        return server

    server = run_server(use, ("127.0.0.1:0",))
    assert [sock.fileno() for sock in server.listeners.udp + server.listeners.tcp] == [-1, -1]
