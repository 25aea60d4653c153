"""What a supervisor and a worker have to say to each other: single octets, and files with them.

A pair of UNIX sockets, so that each end learns of the other's death by the end of the stream.
"""

import os
import socket
from contextlib import suppress
from typing import BinaryIO

READY = b"R"  # from a worker: it answers now
TAKEN = b"T"  # from a worker: an update has been swapped in
_UPDATE = b"U"  # from the supervisor, with a file
_OCTETS = 64  # read at a time
_FILES = 16  # taken at a time


class Channel:
    """One end. Non-blocking."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock

    def fileno(self) -> int:
        """For an event loop to watch."""
        return self._sock.fileno()

    def send(self, word: bytes) -> None:
        """READY or TAKEN. Where the other end has gone `receive` tells."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._sock.send(word)

    def send_update(self, update: BinaryIO) -> None:
        """Share an open file. Raises OSError where the other end has gone or takes no more."""
        socket.send_fds(self._sock, [_UPDATE], [update.fileno()])

    def receive(self) -> tuple[bytes, list[BinaryIO]]:
        """The words that have come, and the files, which the caller closes.

        No words mean that the other end has gone. Raises BlockingIOError where nothing has come.
        """
        try:
            words, descriptors, _, _ = socket.recv_fds(self._sock, _OCTETS, _FILES)
        except ConnectionResetError:
            return b"", []
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        return words, [open(descriptor, "rb") for descriptor in descriptors]

    def close(self) -> None:
        """Say no more."""
        self._sock.close()


def open_channel() -> tuple[Channel, Channel]:
    """Both ends. Raises OSError."""
    ours, theirs = socket.socketpair()
    return Channel(ours), Channel(theirs)
