"""One query over UDP: a socket of its own, on a port drawn at random (RFC 5452 section 9.2).

The socket is connected, so that the kernel drops what comes from any other address or port, and
tells of a port where nobody listens. What is no reply to the query ends the listening, uncounted
as an answer: who forges once may forge again, so from then on only TCP is believed. A reply that
is unreadable behind its question is passed over. A header alone with an error says nothing of the
question, so that it ends the attempt and is never an answer.
"""

import errno
import os
import socket
from collections.abc import Callable
from enum import Enum, auto

from minidns.resolver.model import Failure, FailureKind
from minidns.sockets.control import ignore_path_mtu
from minidns.upstream.arrivals import Arrivals
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.endpoint import Endpoint
from minidns.wire.codes import Rcode
from minidns.wire.reply import BadReply, Reply, read_reply
from minidns.wire.upstream_query import Match, UpstreamQuery, match_reply

FIRST_PORT = 1024
PORT_OCTETS = 2  # of chance
_PORT_DRAWS = 16  # of ports that may be taken; then the kernel draws
_READS_PER_TURN = 32  # datagrams of one socket before the loop looks at the others
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})
NO_RESOURCES = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC}  # the last: of epoll
)
_NON_BLOCKING = getattr(socket, "SOCK_NONBLOCK", 0)  # saves a system call on Linux


class Doubt(Enum):
    """Why another transport has to tell."""

    MISMATCH = auto()
    OTHER_CASE = auto()
    TRUNCATED = auto()  # or longer than it may be


Outcome = Reply | Failure | Doubt | None


class DatagramQuery:
    """One query on its way, which is over when its outcome is set. Nothing is left open then.

    That is None where there is no reply at `deadline`, a moment of the loop's clock. `port`:
    PORT_OCTETS of chance for the socket's own.
    """

    __slots__ = ("_arrivals", "_counters", "_end", "_query", "_sock", "is_set")

    def __init__(
        self,
        arrivals: Arrivals,
        endpoint: Endpoint,
        port: bytes,
        query: UpstreamQuery,
        counters: UpstreamCounters,
        deadline: float,
        end: Callable[[Outcome], object],
    ) -> None:
        """`end` is called with the outcome, once; maybe before this returns."""
        self._arrivals = arrivals
        self._query = query
        self._counters = counters
        self._end = end
        self.is_set = True  # until it is on its way
        try:
            self._sock = sock = _open(endpoint, int.from_bytes(port))
        except OSError as error:
            self._tell(explain(error))
            return
        try:
            arrivals.add(sock.fileno(), self)
        except OSError as error:
            sock.close()
            self._tell(explain(error))
            return
        self.is_set = False
        arrivals.deadlines.add(self, deadline)

    def send(self) -> None:
        """Called once, when all that is to be sent in this turn of the loop is put together."""
        if self.is_set:
            return
        try:
            self._sock.send(self._query.wire)
        except OSError as error:
            self.set(explain(error))
        else:
            self._counters.sent += 1

    def receive(self) -> bool:
        """Whether that was all; False where more has to come."""
        sock, query = self._sock, self._query
        for _ in range(_READS_PER_TURN):
            try:
                message = sock.recv(query.payload + 1)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError as error:
                self.set(explain(error))
                return True
            found = _judge(query, message, self._counters)
            if found is not None:
                self.set(found)
                return True
        return False

    def give_up(self) -> None:
        """Its outcome is None, unless there is one."""
        self.set(None)

    def set(self, outcome: Outcome) -> None:
        """It is over, unless it has been."""
        if self.is_set:
            return
        self.is_set = True
        arrivals = self._arrivals
        arrivals.deadlines.discard(self)
        arrivals.remove(self._sock.fileno())
        self._sock.close()
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        end, self._end = self._end, _nothing  # no cycle is left for a collector
        end(outcome)


def _nothing(_: Outcome) -> None:
    """It has been told already."""


def explain(error: OSError) -> Failure:
    """What an error of the system means: ours, or the upstream's."""
    kind = FailureKind.BUSY if error.errno in NO_RESOURCES else FailureKind.UNREACHABLE
    return Failure(kind, error.strerror or str(error) or type(error).__name__)


def explain_bare_error(message: bytes) -> Failure:
    """A header alone (Match.BARE_ERROR)."""
    rcode = message[3] & 0xF
    try:
        text = Rcode(rcode).name
    except ValueError:
        text = f"rcode {rcode}"
    return Failure(FailureKind.RCODE, f"{text} without a question", rcode)


def _judge(query: UpstreamQuery, message: bytes, counters: UpstreamCounters) -> Outcome:
    """None: wait on."""
    match = match_reply(query, message)
    if match is Match.REPLY:
        if len(message) > query.payload:  # more than was offered, and cut off by recv()
            counters.oversized += 1
            return Doubt.TRUNCATED
        try:
            return read_reply(message, query.question)
        except BadReply:
            counters.malformed += 1
            return None
    if match is Match.TRUNCATED:
        counters.truncated += 1
        return Doubt.TRUNCATED
    if match is Match.BARE_ERROR:
        return explain_bare_error(message)
    if match is Match.OTHER_CASE:
        counters.other_case += 1
        return Doubt.OTHER_CASE
    counters.mismatched += 1
    return Doubt.MISMATCH


def _open(endpoint: Endpoint, port: int) -> socket.socket:
    family, address = endpoint
    sock = socket.socket(family, socket.SOCK_DGRAM | _NON_BLOCKING)
    try:
        if not _NON_BLOCKING:
            sock.setblocking(False)
        ignore_path_mtu(sock, family)
        _bind_anywhere(sock, "" if family == socket.AF_INET else "::", port)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_anywhere(sock: socket.socket, host: str, port: int) -> None:
    for _ in range(_PORT_DRAWS):
        if port >= FIRST_PORT:  # the others are thrown away: each port is as likely as any
            try:
                sock.bind((host, port))
                return
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
        port = int.from_bytes(os.urandom(PORT_OCTETS))
    sock.bind((host, 0))
