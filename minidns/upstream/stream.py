"""Queries over TCP and TLS: one connection to an upstream, many queries, replies in any order.

RFC 7766 sections 6.2.1 and 7, RFC 7858, RFC 8310 section 8.1. A connection that dies is replaced,
and what it has not answered is sent once more. It is closed when nothing was asked for a while. On
a stream nobody can forge, so the case of the question counts for nothing there.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from minidns.resolver.model import Failure, FailureKind, Protocol, Upstream
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.endpoint import endpoint_of
from minidns.upstream.faults import explain, explain_bare_error
from minidns.wire.reply import BadReply, Reply, read_reply
from minidns.wire.upstream_query import Match, UpstreamQuery, match_reply

IDLE_SECONDS = 10.0  # RFC 7766 section 6.2.3
MAX_ON_CONNECTION = 1000  # queries at once; IDs must not run out
CONNECT_SECONDS = 4.5  # also of a handshake that one question cannot wait for
_MAX_SILENT = 2  # questions in a row without an answer: the path is dead, though nobody said so
_ATTEMPTS = 2  # on one connection after the other
_LENGTH = 2  # octets before each message, RFC 1035 section 4.2.2
ID_OCTETS = 2  # of a message ID, RFC 1035 section 4.1.1


@dataclass(slots=True)
class StreamUse:
    """What a connection was used for. `opened`: on the event loop's clock; octets of messages."""

    descriptor: int
    opened: float
    queries: int = 0
    octets_in: int = 0
    octets_out: int = 0


_Outcome = asyncio.Future[Reply | Failure | None]
MakeQuery = Callable[[bytes], UpstreamQuery]  # from a message ID


class StreamUpstream:
    """One upstream's connection, made when it is wanted."""

    def __init__(
        self,
        upstream: Upstream,
        counters: UpstreamCounters,
        make_context: Callable[[], ssl.SSLContext],
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._upstream = upstream
        self._counters = counters
        self._make_context = make_context
        self._idle_seconds = idle_seconds
        self._connection: _Connection | None = None
        self._opening: asyncio.Task[_Connection | Failure] | None = None
        self._is_closed = False

    async def ask(self, make_query: MakeQuery) -> Reply | Failure:
        """The reply, however long it takes: a time-out is the caller's."""
        for _ in range(_ATTEMPTS):
            connection = await self._connected()
            if isinstance(connection, Failure):
                return connection
            reply = await connection.ask(make_query)
            if reply is not None:
                return reply
        return Failure(FailureKind.UNREACHABLE, "the connection was closed without an answer")

    @property
    def use(self) -> StreamUse | None:
        """Of the connection that is open."""
        connection = self._connection
        return None if connection is None or connection.is_dead else connection.use

    async def close(self) -> None:
        """Whoever waits is told that the connection has died; there will be no other."""
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait((self._opening,))
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> "_Connection | Failure":
        if self._connection is not None and not self._connection.is_dead:
            return self._connection
        if self._is_closed:
            return Failure(FailureKind.UNREACHABLE, "the server is stopping")
        opening = self._opening
        if opening is None:  # one connection, however many ask and give up
            opening = asyncio.get_running_loop().create_task(self._connect())
            self._opening = opening
        await asyncio.wait((opening,))
        if opening.cancelled():
            return Failure(FailureKind.UNREACHABLE, "the server is stopping")
        return opening.result()

    async def _connect(self) -> "_Connection | Failure":
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await self._open()
        except TimeoutError:
            return Failure(FailureKind.TIMEOUT, f"no connection within {CONNECT_SECONDS:g} s")
        except ssl.SSLCertVerificationError as error:
            return Failure(FailureKind.UNREACHABLE, self._explain_certificate(error))
        except ssl.SSLError as error:
            text = f"TLS was not agreed on: {error.reason or error}"
            return Failure(FailureKind.UNREACHABLE, text)
        except OSError as error:
            return explain(error)
        finally:
            self._opening = None
        self._counters.connections += 1
        self._connection = _Connection(reader, writer, self._counters, self._idle_seconds)
        return self._connection

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address, port, protocol, name = self._upstream
        family, where = endpoint_of(address, port)
        context = self._make_context() if protocol is Protocol.TLS else None
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, where)
        except BaseException:
            sock.close()
            raise
        if context is None:
            return await asyncio.open_connection(sock=sock)
        # The zone of an address is this host's own and in no certificate (RFC 6874 section 4).
        expected = name or address.partition("%")[0]
        return await asyncio.open_connection(sock=sock, ssl=context, server_hostname=expected)

    def _explain_certificate(self, error: ssl.SSLCertVerificationError) -> str:
        wanted = self._upstream.name or self._upstream.address
        return (
            f"its certificate is not accepted for '{wanted}': {error.verify_message}; "
            "the name stands behind # in tls://ADDRESS#NAME"
        )


class _Connection:
    """Reads replies until the end of the stream."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        counters: UpstreamCounters,
        idle_seconds: float,
    ) -> None:
        self.is_dead = False
        self._reader = reader
        self._writer = writer
        self._counters = counters
        self._idle_seconds = idle_seconds
        self._waiting: dict[bytes, tuple[UpstreamQuery, _Outcome]] = {}
        self._loop = asyncio.get_running_loop()
        self._silent = 0
        self._idle: asyncio.TimerHandle | None = None
        descriptor = writer.get_extra_info("socket").fileno()
        self.use = StreamUse(descriptor, self._loop.time())
        self._task = self._loop.create_task(self._read())

    async def ask(self, make_query: MakeQuery) -> Reply | Failure | None:
        """The reply; None where the connection died first."""
        if len(self._waiting) >= MAX_ON_CONNECTION:
            return Failure(FailureKind.BUSY, "too many queries are under way on its connection")
        message_id = os.urandom(ID_OCTETS)
        while message_id in self._waiting:
            message_id = os.urandom(ID_OCTETS)
        query = make_query(message_id)
        reply: _Outcome = self._loop.create_future()
        self._waiting[message_id] = query, reply
        self._keep()
        self._counters.sent += 1
        self.use.queries += 1
        self.use.octets_out += _LENGTH + len(query.wire)
        self._writer.write(len(query.wire).to_bytes(_LENGTH) + query.wire)
        try:
            return await reply
        finally:
            del self._waiting[message_id]
            self._silent += not reply.done() or reply.cancelled()
            if self._silent >= _MAX_SILENT:
                self._end()
            if not self._waiting and not self.is_dead:
                self._idle = self._loop.call_later(self._idle_seconds, self._end)

    async def close(self) -> None:
        self._end()
        with suppress(asyncio.CancelledError):
            await self._task

    def _keep(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _end(self) -> None:
        self.is_dead = True
        self._keep()
        self._task.cancel()

    async def _read(self) -> None:
        try:
            while True:
                length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
                self._take(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):  # of which ssl.SSLError is one
            pass
        finally:
            self.is_dead = True
            self._keep()
            for _, reply in self._waiting.values():
                if not reply.done():
                    reply.set_result(None)
            self._writer.transport.abort()

    def _take(self, message: bytes) -> None:
        self.use.octets_in += _LENGTH + len(message)
        waiting = self._waiting.get(message[:ID_OCTETS])
        match = Match.FOREIGN if waiting is None else match_reply(waiting[0], message)
        if waiting is None or match is Match.FOREIGN:
            self._counters.mismatched += 1
            return
        found: Reply | Failure
        if match is Match.BARE_ERROR:
            found = explain_bare_error(message)
        else:
            try:
                found = read_reply(message)
            except BadReply:
                self._counters.malformed += 1
                return
        self._silent = 0
        outcome = waiting[1]
        if not outcome.done():
            outcome.set_result(found)
