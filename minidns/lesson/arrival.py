"""Waiting for what was sent, so that no call of an experiment waits for ever.

Only here are calls made that are not printed: poll(2) and ioctl(FIONREAD), which look and take
nothing.
"""

import fcntl
import select
import struct
import termios
import time
from collections.abc import Sequence
from typing import Protocol, TypeVar

PATIENCE_SECONDS = 2.0  # for what loopback delivers at once
_PAUSE_MILLISECONDS = 1


class HasNumber(Protocol):
    """A socket, as far as waiting is concerned."""

    def fileno(self) -> int:
        """The descriptor."""


N = TypeVar("N", bound=HasNumber)


class NothingCameError(Exception):
    """What should have arrived did not; the text says on which descriptor."""


def wait_octets(number: int, octets: int) -> None:
    """Until so many octets wait to be read, so that one read() gets them all."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        (waiting,) = struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, bytes(4)))
        if waiting >= octets:
            return
        if time.monotonic() > deadline:
            raise NothingCameError(f"{octets} octets did not arrive on descriptor {number}")
        select.poll().poll(_PAUSE_MILLISECONDS)


def find_readable(sockets: Sequence[N]) -> N:
    """The first of these that something has arrived on. Raises NothingCameError."""
    poll = select.poll()
    for each in sockets:
        poll.register(each, select.POLLIN)
    numbers = {number for number, _ in poll.poll(PATIENCE_SECONDS * 1000)}
    for each in sockets:
        if each.fileno() in numbers:
            return each
    raise NothingCameError("nothing arrived on any of the sockets")


def wait_readable(number: int) -> None:
    """Until there is something to read or to accept. Raises NothingCameError."""
    poll = select.poll()
    poll.register(number, select.POLLIN)
    if not poll.poll(PATIENCE_SECONDS * 1000):
        raise NothingCameError(f"nothing arrived on descriptor {number}")
