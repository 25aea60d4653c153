"""DNS messages in a stream: each behind its length in two octets (RFC 1035 section 4.2.2).

Segments split messages at any octet and hold many of them (RFC 7766 section 8). Octets in, messages
out; no I/O, no clock.
"""

from minidns.transport import Answers

PREFIX = 2  # octets of the length before each message
MAX_MESSAGE = 65535  # octets

_SHORT = 4096  # octets; nearly every reply is shorter
_LENGTHS = tuple(size.to_bytes(PREFIX, "big") for size in range(_SHORT))


class FrameReader:
    """Gathers octets and gives whole messages, as many as are asked for."""

    __slots__ = ("_at", "_data", "_needed", "_tail")

    def __init__(self) -> None:
        self._data = b""  # whole messages are taken from here, from _at on
        self._at = 0
        self._tail = bytearray()  # the beginning of a message, where _data has been used up
        self._needed = 0  # octets of _tail that make it whole

    @property
    def is_partial(self) -> bool:
        """Whether a message has begun and is not whole, where `has_message()` says no."""
        return bool(self._tail) or self._at < len(self._data)

    def feed(self, octets: bytes) -> None:
        """Add what was read."""
        if self._tail:
            self._tail += octets
            if len(self._tail) >= self._needed:
                self._data, self._at = bytes(self._tail), 0
                self._tail = bytearray()
        elif self._at < len(self._data):
            self._data, self._at = self._data[self._at :] + octets, 0
        else:
            self._data, self._at = octets, 0

    def take(self, limit: int) -> list[bytes]:
        """At most `limit` whole messages. Fewer means that no further one is here."""
        data, at, end = self._data, self._at, len(self._data)
        messages: list[bytes] = []
        needed = PREFIX
        while len(messages) < limit:
            if end - at < PREFIX:
                break
            needed = PREFIX + (data[at] << 8 | data[at + 1])
            if end - at < needed:
                break
            messages.append(data[at + PREFIX : at + needed])
            at += needed
            needed = PREFIX
        else:
            self._at = at
            return messages
        if at < end:  # kept apart, so that octets one by one are not copied each time
            self._tail = bytearray(data[at:])
            self._needed = needed
        self._data, self._at = b"", 0
        return messages

    def has_message(self) -> bool:
        """Whether `take(1)` would give one."""
        octets = len(self._data) - self._at
        if octets < PREFIX:
            return False
        return octets >= PREFIX + int.from_bytes(self._data[self._at : self._at + PREFIX], "big")


def frame(message: bytes) -> bytes:
    """The message behind its length. Raises OverflowError over 65,535 octets."""
    return len(message).to_bytes(PREFIX, "big") + message


def answer_known(octets: bytes, answers: Answers, limit: int) -> tuple[list[bytes], int, int]:
    """Reply to whole messages at the start of `octets`, up to the first that is not in `answers`.

    At most `limit` of them. Returns pieces to be written, their messages, the octets used up.
    """
    look_up = answers.get
    pieces: list[bytes] = []
    at, end, left = 0, len(octets), limit
    while left and end - at > PREFIX:
        stop = at + PREFIX + (octets[at] << 8 | octets[at + 1])
        body = look_up(octets[at + 2 * PREFIX : stop]) if stop <= end else None
        if body is None:
            break
        size = len(body) + PREFIX
        length = _LENGTHS[size] if size < _SHORT else size.to_bytes(PREFIX, "big")
        pieces += length, octets[at + PREFIX : at + 2 * PREFIX], body
        at = stop
        left -= 1
    return pieces, limit - left, at
