"""One query over UDP: a socket of its own, on a port drawn at random (RFC 5452 section 9.2).

The socket is connected, so that the kernel drops what comes from any other address or port, and
tells of a port where nobody listens. What is no reply to the query ends the listening, uncounted
as an answer: who forges once may forge again, so from then on only TCP is believed. A reply that
is unreadable behind its question is passed over.
"""

import asyncio
import errno
import secrets
import socket
from enum import Enum, auto

from minidns.resolver.model import Failure, FailureKind, Upstream
from minidns.sockets.control import ignore_path_mtu
from minidns.upstream.counters import UpstreamCounters
from minidns.wire.reply import BadReply, read_reply
from minidns.wire.upstream_query import Match, match_reply

FIRST_PORT = 1024
PORTS = 65_536 - FIRST_PORT
_PORT_DRAWS = 16  # of ports that may be taken; then the kernel draws
_MAX_DATAGRAM = 65_535  # octets
_READS_PER_TURN = 32  # datagrams of one socket before the loop looks at the others
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})
NO_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Doubt(Enum):
    """Why another transport has to tell."""

    MISMATCH = auto()
    OTHER_CASE = auto()
    TRUNCATED = auto()


async def ask_by_datagram(
    upstream: Upstream, query: bytes, counters: UpstreamCounters
) -> bytes | Failure | Doubt:
    """The reply, however long it takes: a time-out is the caller's. Nothing is left open."""
    loop = asyncio.get_running_loop()
    try:
        sock = _open(upstream)
    except OSError as error:
        return explain(error)
    outcome: asyncio.Future[bytes | Failure | Doubt] = loop.create_future()

    def receive() -> None:
        for _ in range(_READS_PER_TURN):
            try:
                message = sock.recv(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                found: bytes | Failure | Doubt | None = explain(error)
            else:
                found = _judge(query, message, counters)
            if found is not None:
                if not outcome.done():
                    outcome.set_result(found)
                loop.remove_reader(sock.fileno())
                return

    try:
        loop.add_reader(sock.fileno(), receive)
        sock.send(query)
        counters.sent += 1
        return await outcome
    except OSError as error:
        return explain(error)
    finally:
        loop.remove_reader(sock.fileno())
        sock.close()


def explain(error: OSError) -> Failure:
    """What an error of the system means: ours, or the upstream's."""
    kind = FailureKind.BUSY if error.errno in NO_RESOURCES else FailureKind.UNREACHABLE
    return Failure(kind, error.strerror or str(error) or type(error).__name__)


def _judge(query: bytes, message: bytes, counters: UpstreamCounters) -> bytes | Doubt | None:
    """None: wait on."""
    match = match_reply(query, message)
    if match is Match.REPLY:
        try:
            read_reply(message)
        except BadReply:
            counters.malformed += 1
            return None
        return message
    if match is Match.TRUNCATED:
        counters.truncated += 1
        return Doubt.TRUNCATED
    if match is Match.OTHER_CASE:
        counters.other_case += 1
        return Doubt.OTHER_CASE
    counters.mismatched += 1
    return Doubt.MISMATCH


def _open(upstream: Upstream) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        upstream.address, upstream.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        ignore_path_mtu(sock)
        _bind_anywhere(sock)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_anywhere(sock: socket.socket) -> None:
    host = "" if sock.family == socket.AF_INET else "::"
    for _ in range(_PORT_DRAWS):
        try:
            sock.bind((host, FIRST_PORT + secrets.randbelow(PORTS)))
            return
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
    sock.bind((host, 0))
