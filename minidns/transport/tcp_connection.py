"""One TCP connection: RFC 7766, with a stream of octets below it and the responder above.

Messages are answered as they come, many of one read with one write (RFC 7766 sections 6.2.1.1 and
8); a reply that has to be waited for is sent when it is there, out of order (section 7). Reading
stops while the peer does not read, while too many replies are awaited, and while other connections
have their turn. Knows no listener and no timer: `check()` is told the time.
"""

import socket

from minidns.transport import Answers, Reply
from minidns.transport.awaited import AwaitedReplies, report
from minidns.transport.tcp_framing import PREFIX, FrameReader, answer_known, frame
from minidns.transport.tcp_service import TcpService
from minidns.transport.tcp_stream import TcpStream
from minidns.transport.tcp_turns import MESSAGES_PER_SHARE

# Messages between two looks at what has gathered to be written: what is unsent goes past its limit
# by as many replies.
_CHUNK = 8
_LOW_WATER = 4  # reading goes on when what is unsent has come down to this part of its limit


class TcpConnection:
    """Reads queries, writes replies. `client` is the peer's IP as octets, `peer` its address."""

    __slots__ = (
        "_answers",
        "_awaited",
        "_closing_since",
        "_has_ended",
        "_is_in_line",
        "_last_active",
        "_message_since",
        "_reader",
        "_service",
        "_stalled_since",
        "_taken",
        "_taken_at",
        "client",
        "octets_in",
        "octets_out",
        "opened",
        "peer",
        "queries",
        "stream",
    )

    def __init__(
        self,
        service: "TcpService[TcpConnection]",
        sock: socket.socket,
        client: bytes,
        peer: tuple[str, int],
        answers: Answers,
    ) -> None:
        self.client = client
        self.peer = peer
        self.opened = service.clock()
        self.queries = 0
        self.octets_in = 0
        self.octets_out = 0
        self.stream = TcpStream(sock, service.watch, self)
        self._answers = answers
        self._service = service
        self._reader = FrameReader()
        self._awaited = AwaitedReplies(service.counters)
        self._last_active = self.opened
        self._message_since: float | None = None  # a message has begun and is awaited
        self._stalled_since: float | None = None  # the peer reads too little
        self._closing_since: float | None = None
        self._taken = 0  # octets that the kernel had taken at the last look
        self._taken_at = self.opened
        self._is_in_line = False
        self._has_ended = False  # the peer sends no more; it may still read

    def open(self) -> None:
        """Take what has come already, and be told of more."""
        self.on_readable()
        if not self.stream.is_closed:
            try:
                self.stream.open()
            except OSError:  # the kernel can watch no more descriptors
                self.abort()

    # What the watch calls.

    def on_readable(self) -> None:
        """There is something to read, or an end, or an error."""
        stream = self.stream
        if not stream.is_reading:
            if not stream.is_closed and self._is_reset():
                self.abort()
            return
        try:
            octets = stream.read()
        except OSError:
            self.abort()
            return
        if octets is None:
            return
        if not octets:
            self._end()
            return
        service = self._service
        self._last_active = service.clock()
        self.octets_in += len(octets)
        service.counters.octets_in += len(octets)
        service.table.touch(self)
        done = 0
        if self._is_quiet:
            done = self._answer_known(octets)
            if done == len(octets):
                return
        self._reader.feed(octets[done:] if done else octets)
        self._work()

    def on_writable(self) -> None:
        """There is room to write, or an error."""
        stream = self.stream
        if stream.is_closed:
            return
        try:
            stream.flush()
        except OSError:
            self.abort()
            return
        if self._closing_since is not None:
            if not stream.unsent:
                self._finish()
            return
        is_short = stream.unsent <= self._service.limits.unsent_octets // _LOW_WATER
        if self._stalled_since is not None and is_short:
            self._stalled_since = None
            self._work()

    # What the server calls.

    @property
    def in_flight(self) -> int:
        """Replies that are awaited."""
        return len(self._awaited)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything on this connection."""
        return (
            self._closing_since is None
            and not self.in_flight
            and not self._is_in_line
            and self._message_since is None
            and not self.stream.unsent
        )

    @property
    def is_stalled(self) -> bool:
        """Whether the peer leaves unread what is written for it, so that all waits for that."""
        return self._stalled_since is not None or self._closing_since is not None

    def check(self, now: float, idle_seconds: float) -> None:
        """Close the connection when one of its time-outs is over, or when the peer has gone."""
        limits = self._service.limits
        counters = self._service.counters
        waits_since = self._closing_since if self._stalled_since is None else self._stalled_since
        if waits_since is not None:
            if not self._has_taken_more(now) and (
                now - max(waits_since, self._taken_at) >= limits.stall_seconds
            ):
                counters.stalled += 1
                self.abort()
            return
        if self._is_reset():
            self.abort()
            return
        if self._message_since is not None:
            is_over = now - self._message_since >= limits.message_seconds
        elif self.in_flight or self._is_in_line:
            return
        elif self.queries == 0:
            is_over = now - self.opened >= limits.first_message_seconds
        else:
            is_over = now - self._last_active >= idle_seconds
        if is_over:
            counters.timed_out += 1
            self.close()

    def drain(self) -> None:
        """Close as soon as what is in flight is answered; the service is draining."""
        self._settle()

    def close(self) -> None:
        """Send what is written, then close. Replies still awaited are given up."""
        if self._closing_since is not None:
            return
        self._closing_since = self._service.clock()
        self._message_since = None
        self._awaited.give_up()
        if self.stream.unsent:
            self.stream.set_reading(False)
        else:
            self._finish()

    def abort(self) -> None:
        """Close at once."""
        if self._closing_since is None:
            self._closing_since = self._service.clock()
        self._awaited.give_up()
        self.stream.close()
        self._service.forget(self)

    def _finish(self) -> None:
        """Everything is sent."""
        if not self._has_ended:
            self.stream.discard_input()
        self.abort()

    def _end(self) -> None:
        """The peer has closed its side: what it asked is still answered."""
        self._has_ended = True
        self.stream.set_reading(False)
        self._settle()

    def _has_taken_more(self, now: float) -> bool:
        """Whether the peer reads, if slowly: the kernel has taken something since the last look."""
        taken = self.octets_out - self.stream.unsent
        if taken == self._taken:
            return False
        self._taken, self._taken_at = taken, now
        return True

    def _is_reset(self) -> bool:
        """Whether the peer has gone while nothing is read from it, so that nobody is told.

        A close alone is no reset, it may be half a close: then the next reply finds out.
        """
        if self.stream.is_reading:
            return False
        return self.stream.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    # The work.

    def _work(self) -> None:
        """Answer messages that are here, as many as this turn allows, and see what comes next."""
        if self._closing_since is not None:
            return
        try:
            self._answer_messages()
        except Exception as error:  # the last resort of a connection: it ends, the server goes on
            self._fail(error)
            return
        self._settle()

    @property
    def _is_quiet(self) -> bool:
        """Whether nothing is under way, so that `_settle()` has nothing to decide."""
        return (
            not self._reader.is_partial
            and not self._awaited
            and self._stalled_since is None
            and self._message_since is None
            and not self._service.is_draining
        )

    def _answer_known(self, octets: bytes) -> int:
        """Answer whole messages from the answer cache up to the first that is not there.

        The short way for what most reads hold. Returns how many octets that were.
        """
        service = self._service
        limit = min(MESSAGES_PER_SHARE, service.turns.left)
        pieces, hits, at = answer_known(octets, self._answers, limit)
        if hits:
            service.turns.left -= hits
            self._count(hits, hits)
            self._write(b"".join(pieces), hits)
            if self._closing_since is not None or self._stalled_since is not None:
                self._reader.feed(octets[at:])
                self._settle()
                return len(octets)
        return at

    def _answer_messages(self) -> None:
        service = self._service
        limits = service.limits
        look_up = self._answers.get
        share = left = min(MESSAGES_PER_SHARE, service.turns.left)
        pieces: list[bytes] = []
        hits = misses = others = unsent = 0
        is_last = False
        try:
            while left > 0 and self._stalled_since is None and unsent < limits.unsent_octets:
                wanted = min(left, _CHUNK, limits.in_flight - len(self._awaited))
                messages = self._reader.take(wanted)
                left -= len(messages)
                for message in messages:
                    body = look_up(message[PREFIX:])
                    if body is not None:
                        size = len(body) + PREFIX
                        pieces += (size.to_bytes(PREFIX, "big"), message[:2], body)
                        hits += 1
                        unsent += size
                        continue
                    outcome = service.respond(message, self.client, service.via)
                    if isinstance(outcome, bytes):
                        pieces.append(frame(outcome))
                        misses += 1
                        unsent += len(outcome)
                        continue
                    others += 1
                    if outcome is None:
                        is_last = True
                        break
                    self._awaited.add(outcome, self._deliver)
                if is_last or len(messages) < wanted or wanted <= 0:
                    break
        finally:  # what went well before a fault is sent
            service.turns.left -= share - left
            self._count(hits, hits + misses + others)
            if pieces:
                self._write(b"".join(pieces), hits + misses)
        if is_last:
            self.close()

    def _count(self, hits: int, queries: int) -> None:
        counters = self._service.counters
        counters.from_cache += hits
        counters.queries += queries
        self.queries += queries
        if queries:
            self._message_since = None

    def _write(self, octets: bytes, replies: int) -> None:
        counters = self._service.counters
        counters.replies += replies
        counters.octets_out += len(octets)
        self.octets_out += len(octets)
        try:
            self.stream.write(octets)
        except OSError:
            self.abort()
            return
        if self._stalled_since is None and self.stream.unsent > self._service.limits.unsent_octets:
            self._stalled_since = self._service.clock()

    def _settle(self) -> None:
        """Decide whether to read on, to wait in line, or to close."""
        if self._closing_since is not None:
            return
        in_flight = len(self._awaited)
        is_blocked = self._stalled_since is not None or in_flight >= self._service.limits.in_flight
        has_message = self._reader.has_message()
        if has_message and not is_blocked and not self._is_in_line:
            self._is_in_line = True
            self._service.turns.wait(self._resume)
        self._read_on(not (is_blocked or has_message))
        if not has_message and not in_flight:
            is_over = self._has_ended or (self._service.is_draining and self._message_since is None)
            if is_over:
                self.close()

    def _read_on(self, is_wanted: bool) -> None:
        """Read or stop reading; the time of a message runs only while it is waited for."""
        if not is_wanted or self._has_ended or not self._reader.is_partial:
            self._message_since = None
        elif self._message_since is None:
            self._message_since = self._service.clock()
        if not self._has_ended:
            try:
                self.stream.set_reading(is_wanted)
            except OSError:  # the kernel can watch no more descriptors
                self.abort()

    def _resume(self) -> None:
        self._is_in_line = False
        self._work()

    def _deliver(self, reply: Reply) -> None:
        """An awaited reply is there. None, for want of one, ends the connection."""
        if self._closing_since is not None:
            return
        if reply is None:
            self.close()
            return
        try:
            octets = frame(reply)
        except OverflowError as error:
            self._fail(error)
            return
        self._last_active = self._service.clock()
        self._service.table.touch(self)
        self._write(octets, 1)
        self._work()

    def _fail(self, error: Exception) -> None:
        self._service.counters.failed += 1
        report(error)
        self.close()
