"""One query over UDP: a port of its own, drawn at random (RFC 5452 section 9.2).

Each port from 1024 on is as likely as any. One that the kernel would draw is drawn by the kernel,
since the socket can then give it back and serve another query (`upstream.resting`); another is
bound, and its socket lives for one query.
The socket is connected, so that the kernel drops what comes from any other address or port, and
tells of a port where nobody listens. What is no reply to the query ends the listening, uncounted
as an answer: who forges once may forge again, so from then on only TCP is believed. A reply that
is unreadable behind its question is passed over. A header alone with an error says nothing of the
question, so that it ends the attempt and is never an answer.
"""

import errno
import os
import socket

from minidns.sockets.control import ignore_path_mtu
from minidns.sockets.ephemeral import FIRST_PORT
from minidns.upstream.arrivals import Arrivals
from minidns.upstream.counters import UpstreamCounters
from minidns.upstream.endpoint import Endpoint
from minidns.upstream.faults import explain, explain_bare_error
from minidns.upstream.wanted import Doubt, Outcome, Wanted
from minidns.wire.plain_reply import PlainReply, read_plain_reply
from minidns.wire.reply import BadReply, Reply, read_reply
from minidns.wire.upstream_query import Match, UpstreamQuery, match_reply

PORT_OCTETS = 2  # of chance
_PORT_DRAWS = 16  # of ports that may be taken; then the kernel draws
_READS_PER_TURN = 32  # datagrams of one socket before the loop looks at the others
_REPLIES = (PlainReply, Reply)
_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})
make_socket = socket.SocketType  # without Python's class around it, which is for files
_NON_BLOCKING = getattr(socket, "SOCK_NONBLOCK", 0)  # saves a system call on Linux


class DatagramQuery(Wanted):
    """One that goes over UDP. Nothing is left open when it `is_over`, whatever follows then."""

    __slots__ = ("_arrivals", "_is_bound", "_query", "_sock")

    def send_by(
        self, arrivals: Arrivals, endpoint: Endpoint, port: bytes, query: UpstreamQuery
    ) -> None:
        """Put it on its way, once. `port`: PORT_OCTETS of chance for the socket's own."""
        self._arrivals = arrivals
        self._query = query
        number = int.from_bytes(port)
        if number < FIRST_PORT:
            number = _draw_port()
        resting = arrivals.resting
        if not resting.are_known:
            resting.look_up()
        self._is_bound = number not in resting.ports
        try:
            try:
                self._sock = sock = self._connect(endpoint, number)
            except OSError as error:
                if error.errno not in _NO_DESCRIPTOR or not resting.close_all():
                    raise
                self._sock = sock = self._connect(endpoint, number)
        except OSError as error:
            self.hear(explain(error))
            return
        self.is_over = False
        arrivals.add(sock, self)
        arrivals.deadlines.add(self, self.deadline)

    def _connect(self, endpoint: Endpoint, number: int) -> socket.SocketType:
        """A watched socket, from that port or from another one that the kernel draws."""
        arrivals = self._arrivals
        if not self._is_bound:
            family, address = endpoint
            sock = arrivals.resting.take(family)
            try:
                if sock is None:
                    return arrivals.watch(_open(endpoint, None), self)
                try:
                    sock.connect(address)
                except BaseException:
                    arrivals.close_socket(sock)
                    raise
                return sock
            except BlockingIOError:  # all of the kernel's ports are taken; others may be free
                self._is_bound = True
        return arrivals.watch(_open(endpoint, number), self)

    def send(self) -> None:
        """Called once, when all that is to be sent in this turn of the loop is put together."""
        if self.is_over:
            return
        try:
            self._sock.send(self._query.wire)
        except OSError as error:
            self._finish(explain(error))
        else:
            self.owner.counters.sent += 1

    def receive(self) -> None:
        """Something has come, or an error."""
        sock, query = self._sock, self._query
        for _ in range(_READS_PER_TURN):
            try:
                message = sock.recv(query.payload + 1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._finish(explain(error))
                return
            found = read_plain_reply(query, message) or _judge(query, message, self.owner.counters)
            if found is not None:
                self._finish(found)
                return

    def expire(self) -> None:
        """The time is over, unless it is."""
        if not self.is_over:
            self._finish(None)

    def _give_up(self) -> None:
        if not self.is_over:
            self._finish(None)
        super()._give_up()

    def _finish(self, outcome: Outcome) -> None:
        self.is_over = True
        arrivals, sock = self._arrivals, self._sock
        arrivals.deadlines.discard()
        arrivals.remove(sock)
        if self._is_bound or not isinstance(outcome, _REPLIES):
            arrivals.close_socket(sock)
        else:
            arrivals.resting.rest(sock)
        if isinstance(outcome, PlainReply):  # nearly all
            self.end(outcome)
        else:
            self.hear(outcome)


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


def _open(endpoint: Endpoint, port: int | None) -> socket.SocketType:
    """Connected. None: the kernel draws a port."""
    family, address = endpoint
    sock = make_socket(family, socket.SOCK_DGRAM | _NON_BLOCKING)
    try:
        if not _NON_BLOCKING:
            sock.setblocking(False)
        ignore_path_mtu(sock, family)
        if port is not None:
            _bind_anywhere(sock, "" if family == socket.AF_INET else "::", port)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_anywhere(sock: socket.SocketType, host: str, port: int) -> None:
    for _ in range(_PORT_DRAWS):
        try:
            sock.bind((host, port))
            return
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        port = _draw_port()
    sock.bind((host, 0))


def _draw_port() -> int:
    """Lower ones are thrown away, so that each of the others is as likely as any.

    0, for the kernel to draw, from a generator that gives nothing else.
    """
    for _ in range(_PORT_DRAWS):
        port = int.from_bytes(os.urandom(PORT_OCTETS))
        if port >= FIRST_PORT:
            return port
    return 0
