"""The table of a server's sockets, against what Python's socket module says of the same ones."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dns.asyncquery
import dns.message
import dns.name
import pytest

from minidns.config import ServeSettings
from minidns.resolver.model import Protocol, Question
from minidns.responder.responder import Policy
from minidns.server import socket_table
from minidns.server.control_socket import CommandError
from minidns.server.listeners import open_listeners
from minidns.server.server import Server
from minidns.server.socket_state import experiments_of, peer_of, state_of
from minidns.server.socket_table import Row, SocketTable
from minidns.sockets.linux import IS_LINUX
from minidns.transport.tcp_limits import TcpLimits
from minidns.upstream.exchange import Upstreams
from minidns.wire.reply import Reply
from tests.server.loaded import COM, catalog_of
from tests.upstream.fake_upstream import answer_all, fake_upstream

SECONDS = 5.0
QUERY = dns.message.make_query("www.example.com.", "A")
WIRE = QUERY.to_wire()
FRAME = len(WIRE).to_bytes(2, "big") + WIRE


def with_server(use: Callable[[Server], Awaitable[Any]], *listen: str, **settings: Any) -> Any:
    async def start_and_stop() -> Any:
        (listeners,) = open_listeners(ServeSettings(listen=listen, **settings))
        server = Server(catalog_of({"example.com.": COM}), listeners, Policy(), TcpLimits())
        server.start(asyncio.get_running_loop())
        try:
            return await use(server)
        finally:
            await server.stop(grace=SECONDS)

    return asyncio.run(start_and_stop())


def table_of(server: Server, worker: int = 0) -> SocketTable:
    return SocketTable(server.listeners, server.udp, server.tcp, time.monotonic(), worker)


def row_of(table: SocketTable, sock: socket.socket) -> Row:
    """Other tests' sockets may be among the rows."""
    (row,) = [row for row in table.rows() if row.descriptor == sock.fileno()]
    return row


def text_of(address: Any) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextmanager
def connected_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as accepted,
    ):
        yield client, accepted


def test_listeners() -> None:
    async def use(server: Server) -> None:
        host, port = server.listeners.udp[0].getsockname()
        reply = await dns.asyncquery.udp(QUERY, host, SECONDS, port)
        udp, tcp = server.listeners.udp[0], server.listeners.tcp[0]
        table = table_of(server, worker=3)
        of_udp, of_tcp = row_of(table, udp), row_of(table, tcp)
        assert (of_udp.protocol, of_udp.role, of_udp.state) == ("udp", "listener", "bound")
        assert (of_tcp.protocol, of_tcp.role, of_tcp.state) == ("tcp", "listener", "LISTEN")
        assert of_udp.local == of_tcp.local == text_of((host, port))
        assert (of_udp.remote, of_tcp.remote) == (None, None)
        assert (of_udp.queries, of_udp.octets_in) == (1, len(WIRE))
        assert of_udp.octets_out == len(reply.wire or b"")
        assert (of_tcp.queries, of_tcp.octets_in) == (None, None)
        assert (of_udp.experiments, of_tcp.experiments) == ([2, 3], [1, 3, 5])
        assert (of_udp.worker, of_udp.pid) == (3, os.getpid())
        assert of_udp.age is not None
        assert 0 <= of_udp.age < SECONDS

    with_server(use, "127.0.0.1:0")


def test_a_client_of_tcp() -> None:
    async def use(server: Server) -> None:
        host, port = server.listeners.tcp[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(FRAME + FRAME)
        octets = 0
        for _ in range(2):
            length = int.from_bytes(await reader.readexactly(2), "big")
            octets += 2 + len(await reader.readexactly(length))
        table = table_of(server)
        here = text_of(writer.get_extra_info("sockname"))
        (row,) = [row for row in table.rows() if row.remote == here]
        assert (row.protocol, row.role, row.local) == ("tcp", "client", text_of((host, port)))
        assert (row.queries, row.octets_in, row.octets_out) == (2, 2 * len(FRAME), octets)
        assert row.experiments == [4]
        assert row.state == "ESTABLISHED"
        assert row.age is not None
        totals = table.totals()
        assert (totals["tcp_accepted"], totals["tcp_connections"]) == (1, 1)
        assert (totals["tcp_queries"], totals["tcp_octets_in"]) == (2, 2 * len(FRAME))
        writer.close()
        await writer.wait_closed()
        assert table.totals()["tcp_queries"] == 2

    with_server(use, "127.0.0.1:0")


def test_wildcard_and_shared_port() -> None:
    async def use(server: Server) -> None:
        table = table_of(server)
        assert row_of(table, server.listeners.udp[0]).experiments == [2, 3, 6, 7, 8]
        assert row_of(table, server.listeners.tcp[0]).experiments == [1, 3, 5, 6, 7]

    with_server(use, "0.0.0.0:0", reuse_port=True)


def test_sockets_that_ask_upstreams() -> None:
    async def use(server: Server) -> None:
        table = table_of(server)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
            connected_pair() as (stream, _),
        ):
            asking.connect(server.listeners.udp[0].getsockname())
            row = row_of(table, asking)
            assert (row.role, row.state, row.experiments) == ("upstream", "connected", [2])
            assert row.local == text_of(asking.getsockname())
            assert row.remote == text_of(asking.getpeername())
            assert (row.queries, row.age) == (1, None)  # each has a socket of its own
            assert row_of(table, stream).experiments == [1]

    with_server(use, "127.0.0.1:0")


def test_a_listener_out_of_descriptors() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert experiments_of(listener, True, is_starved=True) == [1, 3, 5, 10]


def test_nothing_is_opened_or_closed() -> None:
    async def use(server: Server) -> None:
        table = table_of(server)
        left, right = socket.socketpair()
        with left, right:
            before = sorted(os.listdir("/dev/fd"))
            assert left.fileno() not in {row.descriptor for row in table.rows()}
            assert sorted(os.listdir("/dev/fd")) == before

    with_server(use, "127.0.0.1:0")


@pytest.mark.skipif(not IS_LINUX, reason="other systems tell less")
def test_states() -> None:
    with connected_pair() as (client, accepted):
        assert state_of(client) == "ESTABLISHED"
        client.shutdown(socket.SHUT_WR)
        assert accepted.recv(1) == b""
        assert state_of(client) in ("FIN-WAIT-1", "FIN-WAIT-2")  # an ACK may be delayed
        assert state_of(accepted) == "CLOSE-WAIT"
        accepted.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert state_of(accepted) in ("CLOSED", "LAST-ACK")
    with socket.socket() as fresh:
        assert (state_of(fresh), peer_of(fresh)) == ("CLOSED", None)


def test_where_descriptors_cannot_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without /proc: sockets to upstreams are missed, no other."""
    monkeypatch.setattr(socket_table, "DESCRIPTORS", "/nowhere")

    async def use(server: Server) -> None:
        host, port = server.listeners.tcp[0].getsockname()
        _, writer = await asyncio.open_connection(host, port)
        await dns.asyncquery.tcp(QUERY, host, SECONDS, port)  # the other has been accepted, too
        rows = table_of(server).rows()
        assert [(row.protocol, row.role) for row in rows[:2]] == [
            ("udp", "listener"),
            ("tcp", "listener"),
        ]
        assert text_of(writer.get_extra_info("sockname")) in {row.remote for row in rows[2:]}
        writer.close()
        await writer.wait_closed()

    with_server(use, "127.0.0.1:0")


def test_as_a_command() -> None:
    async def use(server: Server) -> None:
        table = table_of(server)
        rows = [json.loads(line) for line in table([])]
        assert {row["descriptor"] for row in rows} >= {
            sock.fileno() for sock in server.listeners.udp + server.listeners.tcp
        }
        assert list(rows[0]) == [
            "worker",
            "pid",
            "descriptor",
            "protocol",
            "role",
            "local",
            "remote",
            "state",
            "age",
            "queries",
            "octets_in",
            "octets_out",
            "experiments",
        ]
        assert "udp_queries 0" in list(table(["totals"]))
        with pytest.raises(CommandError, match="sockets totals"):
            table(["all"])

    with_server(use, "127.0.0.1:0")


def test_a_connection_to_an_upstream_says_what_it_was_used_for() -> None:
    async def use(server: Server) -> None:
        async with fake_upstream(answer_all) as fake:
            upstreams = Upstreams()
            question = Question(dns.name.from_text("www.example.net.").to_wire(), 1)
            for _ in range(2):
                reply = await upstreams.exchange(fake.upstream(Protocol.TCP), question, SECONDS)
                assert isinstance(reply, Reply)
            (stream,) = upstreams.uses()
            table = SocketTable(server.listeners, server.udp, server.tcp, 0.0, uses=upstreams.uses)
            (row,) = (one for one in table.rows() if one.descriptor == stream.descriptor)
            assert (row.role, row.protocol, row.queries) == ("upstream", "tcp", 2)
            asked = sum(2 + len(one.wire) for one in fake.asked)
            assert row.octets_out == asked
            assert (row.octets_in or 0) > asked
            assert row.age is not None
            assert 0 <= row.age < SECONDS
            await upstreams.close()
            assert list(upstreams.uses()) == []

    with_server(use, "127.0.0.1:0")
