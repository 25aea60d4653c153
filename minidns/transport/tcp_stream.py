"""The octets of one TCP connection: a socket that does not block, and what it could not take yet.

Writes at once where nothing waits before it, and keeps the rest. Who owns the stream is called when
there is something to read or room to write (`transport.watch`). Knows no messages and no time.
"""

import socket

from minidns.transport.watch import READ, WRITE, Watch, Watched

READ_OCTETS = 65536  # of one read
# How much unread input a close() throws away, so that the peer still gets what was written: where
# a socket is closed with input unread, TCP sends a reset instead of an end (RFC 2525 section 2.17).
_DISCARDED_OCTETS = 2**20
_DONTWAIT = socket.MSG_DONTWAIT


class TcpStream:
    """`unsent` are octets that the kernel has not taken. Closed streams ignore what is written."""

    __slots__ = ("_interest", "_is_reading", "_owner", "_unsent", "_watch", "is_closed", "sock")

    def __init__(self, sock: socket.socket, watch: Watch, owner: Watched) -> None:
        self.sock = sock
        self.is_closed = False
        self._watch = watch
        self._owner: Watched | None = owner  # until it is closed
        self._unsent = bytearray()
        self._is_reading = True
        self._interest = 0  # what the watch looks for

    def open(self) -> None:
        """Be told of input from now on. Raises OSError where the kernel can watch no more."""
        self._follow()

    @property
    def unsent(self) -> int:
        """Octets written that the kernel has not taken."""
        return len(self._unsent)

    @property
    def is_reading(self) -> bool:
        """Whether input is watched for."""
        return self._is_reading

    def read(self) -> bytes | None:
        """What is there; empty at the peer's end, None where there is nothing. Raises OSError."""
        try:
            return self.sock.recv(READ_OCTETS, _DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return None

    def set_reading(self, is_wanted: bool) -> None:
        """Watch for input or leave it in the kernel. Raises OSError as `open()`."""
        if is_wanted is not self._is_reading:
            self._is_reading = is_wanted
            self._follow()

    def write(self, octets: bytes) -> None:
        """Send them, now or when there is room. Raises OSError where the connection is lost."""
        if self.is_closed:
            return
        if not self._unsent:
            sent = self._send(octets)
            if sent == len(octets):
                return
            octets = octets[sent:]
        self._unsent += octets
        self._follow()

    def flush(self) -> None:
        """Send what waits, as far as there is room. Raises OSError as `write()`."""
        if self._unsent:
            del self._unsent[: self._send(self._unsent)]
        if not self._unsent:
            self._follow()

    def close(self) -> None:
        """Close the socket; what is unsent is lost."""
        if not self.is_closed:
            self.is_closed = True
            self._is_reading = False
            if self._interest:
                self._interest = 0
                self._watch.forget(self.sock.fileno())
            self._unsent.clear()
            self.sock.close()
            self._owner = None  # whose stream this is: no cycle is left for a collector

    def discard_input(self) -> None:
        """Throw away what has been received, at most a megabyte. Never raises."""
        left = _DISCARDED_OCTETS
        try:
            while left > 0 and (octets := self.read()):
                left -= len(octets)
        except OSError:
            return

    def _send(self, octets: bytes | bytearray) -> int:
        try:
            return self.sock.send(octets, _DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return 0

    def _follow(self) -> None:
        """Make the watch look for what is wanted now."""
        interest = (READ if self._is_reading else 0) | (WRITE if self._unsent else 0)
        before, owner = self._interest, self._owner
        if interest == before or owner is None:
            return
        self._interest = interest
        descriptor = self.sock.fileno()
        if not before:
            try:
                self._watch.add(descriptor, interest, owner)
            except OSError:
                self._interest = 0
                raise
        elif interest:
            self._watch.change(descriptor, interest)
        else:
            self._watch.remove(descriptor)
