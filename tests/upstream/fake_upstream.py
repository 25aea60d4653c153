"""A server on loopback that does what a test's script says: UDP, TCP and TLS, in the test's loop.

    def script(asked: Asked) -> Acts:
        return [asked.reply("@ 300 A 192.0.2.1")]

    async with fake_upstream(script) as fake:
        reply = await exchange(fake.upstream(), question, 1.0)
        assert [each.text for each in fake.asked] == ["www.example. A"]

A script is called once for each query and returns acts, which are done in order (see `Acts`); none
drops the query. `fake.script` may be replaced at any time. Without a script every question gets
`@ 300 A 192.0.2.1`. Messages are made and read by dnspython.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from minidns.resolver.model import Protocol, Upstream
from minidns.sockets.bind import bind_pair

PATIENCE = 20.0  # seconds until a test that waits in vain fails
_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with 0 seconds, socket(7)
_FLOOD_SHARE = 64  # datagrams of one act between two turns of the loop


class End(Enum):
    """How a connection dies. Over UDP neither does anything."""

    CLOSE = "close"  # in order
    RESET = "reset"


@dataclass(frozen=True)
class From:
    """A datagram that comes from elsewhere: the port is the kernel's choice where it is 0."""

    address: str
    wire: bytes | dns.message.Message
    port: int = 0


@dataclass(frozen=True)
class Flood:
    """Datagrams from the fake's own address and port, one after another, TCP left alone."""

    wires: Sequence[bytes]


# bytes: sent as they are (over TCP behind their length). A message: its wire. An event: waited for
# before the next act, so that a test holds a reply until it calls set().
Act = bytes | dns.message.Message | asyncio.Event | End | From | Flood
Acts = Sequence[Act]


@dataclass(frozen=True)
class Asked:
    """One query that arrived."""

    wire: bytes
    protocol: str  # "udp", "tcp" or "tls"
    source: tuple[str, int]  # address and port of who asks
    connection: int  # TCP and TLS: 1 for the first that was accepted; UDP: 0

    @property
    def query(self) -> dns.message.Message:
        """What was asked, by dnspython."""
        return dns.message.from_wire(self.wire)

    @property
    def qname(self) -> dns.name.Name:
        """As it came, case and all."""
        return self.query.question[0].name

    @property
    def text(self) -> str:
        """`name TYPE`, in lower case: mixed case (0x20) is taken out."""
        question = self.query.question[0]
        return f"{str(question.name).lower()} {dns.rdatatype.to_text(question.rdtype)}"

    def reply(
        self,
        *answer: str,
        authority: Sequence[str] = (),
        additional: Sequence[str] = (),
        rcode: str = "NOERROR",
        flags: str = "",
        message_id: int | None = None,
        qname: str | None = None,
        qtype: str | None = None,
    ) -> dns.message.Message:
        """A reply with records `owner TTL type rdata`; the owner `@` is the name that was asked.

        `flags` ("AA AD TC") come on top of QR, RD and RA. The last three arguments make it lie.
        """
        query = self.query
        reply = dns.message.make_response(query, recursion_available=True)
        reply.flags |= dns.flags.from_text(flags)
        reply.set_rcode(dns.rcode.from_text(rcode))
        if message_id is not None:
            reply.id = message_id
        if qname is not None or qtype is not None:
            asked = query.question[0]
            name = asked.name if qname is None else dns.name.from_text(qname)
            rtype = asked.rdtype if qtype is None else dns.rdatatype.from_text(qtype)
            reply.question = [dns.rrset.RRset(name, asked.rdclass, rtype)]
        for section, records in (
            (reply.answer, answer),
            (reply.authority, authority),
            (reply.additional, additional),
        ):
            for record in records:
                section.append(self._rrset(record))
        return reply

    def truncated(self, *answer: str) -> dns.message.Message:
        """TC, with these records in part."""
        return self.reply(*answer, flags="TC")

    def _rrset(self, record: str) -> dns.rrset.RRset:
        owner, ttl, rtype, rdata = record.split(maxsplit=3)
        name = self.qname if owner == "@" else dns.name.from_text(owner)
        return dns.rrset.from_text(name, int(ttl), "IN", rtype, rdata)


Script = Callable[[Asked], Acts]


def answer_all(asked: Asked) -> Acts:
    """The script of those who want none."""
    return [asked.reply("@ 300 A 192.0.2.1")]


def drop_all(asked: Asked) -> Acts:
    """Dead to the world, though no ICMP says so."""
    return []


class FakeUpstream:
    """Made by `fake_upstream()`. `asked` are all queries so far, in the order of arrival."""

    def __init__(self, script: Script, host: str, tls: ssl.SSLContext | None) -> None:
        pair = bind_pair(host, 0)
        self.script = script
        self.asked: list[Asked] = []
        self.connections = 0  # accepted so far, TCP and TLS
        self.host = host
        self.port = pair.port
        self.tls_port = 0  # of its own; 0 without a certificate
        self._udp = pair.udp
        self._tcp = pair.tcp
        self._tls = tls
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_udp_open = True

    def upstream(self, protocol: Protocol = Protocol.UDP, name: str = "") -> Upstream:
        """What an Exchange is given to ask this server."""
        port = self.tls_port if protocol is Protocol.TLS else self.port
        return Upstream(self.host, port, protocol, name)

    async def until_asked(self, count: int) -> None:
        """Let the loop turn until so many queries have come."""
        while len(self.asked) < count:
            await asyncio.sleep(0)

    @property
    def open_connections(self) -> int:
        """TCP and TLS connections that the other side has not closed."""
        return len(self._writers)

    def close_udp(self) -> None:
        """From now on whoever sends to the port is told ECONNREFUSED."""
        if self._is_udp_open:
            self._is_udp_open = False
            asyncio.get_running_loop().remove_reader(self._udp)
            self._udp.close()

    def close_tcp(self) -> None:
        """No further connection; those there are stay."""
        for server in self._servers:
            server.close()

    def end_connections(self, end: End = End.RESET) -> None:
        """All of them die."""
        for writer in list(self._writers):
            _end(writer, end)

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._udp, self._receive)
        self._servers.append(await asyncio.start_server(self._serve_tcp, sock=self._tcp))
        if self._tls is not None:
            server = await asyncio.start_server(self._serve_tls, self.host, 0, ssl=self._tls)
            self.tls_port = server.sockets[0].getsockname()[1]
            self._servers.append(server)

    async def stop(self) -> None:
        """Close everything and wait for it."""
        self.close_udp()
        self.close_tcp()
        self.end_connections()
        while self._tasks or self._writers:
            for task in self._tasks:
                task.cancel()
            await asyncio.sleep(0)

    def _receive(self) -> None:
        with suppress(BlockingIOError):
            while self._is_udp_open:
                wire, source = self._udp.recvfrom(65535)
                self._take(Asked(wire, "udp", source[:2], 0), self._udp_sender(source))

    def _udp_sender(self, target: Any) -> Callable[[Act], None]:
        def send(act: Act) -> None:
            if isinstance(act, From):
                with socket.socket(self._udp.family, socket.SOCK_DGRAM) as other:
                    if act.port:
                        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    other.bind((act.address, act.port))
                    other.sendto(_wire_of(act.wire), target)
            elif not isinstance(act, End) and self._is_udp_open:
                with suppress(OSError):  # who asked has gone, or a flood has filled its buffer
                    self._udp.sendto(_wire_of(act), target)

        return send

    async def _serve_tcp(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str = "tcp"
    ) -> None:
        self.connections += 1
        number = self.connections
        source = writer.get_extra_info("peername")[:2]
        self._writers.add(writer)

        def send(act: Act) -> None:
            if isinstance(act, End):
                _end(writer, act)
            elif not writer.is_closing() and not isinstance(act, From | Flood):
                wire = _wire_of(act)
                writer.write(struct.pack("!H", len(wire)) + wire)

        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(length)
                self._take(Asked(wire, protocol, source, number), send)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._writers.discard(writer)

    async def _serve_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve_tcp(reader, writer, "tls")

    def _take(self, asked: Asked, send: Callable[[Act], None]) -> None:
        """Do the acts at once as far as none has to be waited for, the others in a task."""
        self.asked.append(asked)
        acts = list(self.script(asked))
        while acts and not isinstance(acts[0], asyncio.Event | Flood):
            send(acts.pop(0))
        if acts:
            task = asyncio.get_running_loop().create_task(_do_later(acts, send))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _do_later(acts: Acts, send: Callable[[Act], None]) -> None:
    for act in acts:
        if isinstance(act, asyncio.Event):
            await act.wait()
        elif isinstance(act, Flood):
            for number, wire in enumerate(act.wires):
                send(wire)
                if number % _FLOOD_SHARE == 0:
                    await asyncio.sleep(0)
        else:
            send(act)


def _wire_of(act: Act) -> bytes:
    if isinstance(act, dns.message.Message):
        return act.to_wire(max_size=65535)
    assert isinstance(act, bytes)
    return act


def _end(writer: asyncio.StreamWriter, end: End) -> None:
    if end is End.CLOSE:
        writer.close()
        return
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
    writer.transport.abort()


@asynccontextmanager
async def fake_upstream(
    script: Script = answer_all, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeUpstream]:
    """A running one. `tls`: the server's side of TLS, on `tls_port` (see `test_tls.py`)."""
    fake = FakeUpstream(script, host, tls)
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test on a loop of its own; complaints of the loop and tasks left behind fail it."""
    complaints: list[dict[str, Any]] = []

    async def guarded() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        await asyncio.wait_for(test, PATIENCE)
        await asyncio.sleep(0)  # a turn in which what has just ended is taken away
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    asyncio.run(guarded())
    assert complaints == []
