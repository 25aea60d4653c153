"""The first tier: replies by the octets of the query after its ID.

A hit costs a transport one slice and one look-up. Here go only replies that depend on nothing
but those octets: names that exist, asked in lower case, without an EDNS option. Random names, mixed
case and cookies never enter, so a flood of them cannot push the others out. Emptied by a reload.
Answers whose TTLs count down are in it, too, each until the second is over.
"""

from collections.abc import Mapping

_OVERHEAD = 180  # octets: a dict slot and two bytes objects of CPython, measured with sys.getsizeof


class AnswerCache:
    """Bounded in octets. When it is full it is emptied: refilling costs microseconds a name."""

    def __init__(self, max_bytes: int) -> None:
        self._replies: dict[bytes, bytes] = {}
        self._max_bytes = max_bytes
        self._bytes = 0
        self._passing: list[tuple[bytes, int]] = []  # keys and octets

    @property
    def replies(self) -> Mapping[bytes, bytes]:
        """The live mapping, the same object for ever: query to reply, both without the ID."""
        return self._replies

    def add(self, query: bytes, reply: bytes) -> None:
        """Both are whole messages."""
        self._bytes += len(query) + len(reply) + _OVERHEAD
        if self._bytes > self._max_bytes:
            self.clear()
            self._bytes = len(query) + len(reply) + _OVERHEAD
        if self._max_bytes:
            self._replies[query[2:]] = reply[2:]

    def add_passing(self, query: bytes, reply: bytes) -> bool:
        """As `add`, until `forget_passing`. Whether it is the first since then."""
        key = query[2:]
        if key in self._replies:
            return False
        self.add(query, reply)
        self._passing.append((key, len(query) + len(reply) + _OVERHEAD))
        return len(self._passing) == 1

    def forget_passing(self) -> None:
        """What was said a second ago is not true any more."""
        for key, size in self._passing:
            if self._replies.pop(key, None) is not None:
                self._bytes -= size
        self._passing.clear()

    def clear(self) -> None:
        """Forget all."""
        self._replies.clear()
        self._passing.clear()
        self._bytes = 0
