"""The first tier: replies by the octets of the query after its ID.

A hit costs a transport one slice and one look-up. Here go only replies that depend on nothing
but those octets: names that exist, asked in lower case, without an EDNS option. Random names, mixed
case and cookies never enter, so a flood of them cannot push the others out. Emptied by a reload.
Answers whose TTLs count down are in it, too, each until the second is over.
What is forgotten is out of reach at once and freed little by little (`letting_go`).
"""

from collections.abc import Callable

from minidns.responder.letting_go import LettingGo

_OVERHEAD = 180  # octets: a dict slot and two bytes objects of CPython, measured with sys.getsizeof


class Replies:
    """Query to reply, both without the ID, as they are at this moment. `get` is a mapping's."""

    __slots__ = ("_held", "get")

    def __init__(self, held: dict[bytes, bytes]) -> None:
        self.show(held)

    def show(self, held: dict[bytes, bytes]) -> None:
        """Look there from now on. Whoever has fetched `get` before looks where it was."""
        self._held = held
        self.get: Callable[..., bytes | None] = held.get

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, query: object) -> bool:
        return query in self._held


class AnswerCache:
    """Bounded in octets. When it is full it is emptied: refilling costs microseconds a name."""

    def __init__(self, max_bytes: int) -> None:
        self._held: dict[bytes, bytes] = {}
        self._max_bytes = max_bytes
        self._bytes = 0
        self._passing: list[tuple[bytes, int]] = []  # keys and octets
        self._gone = LettingGo(_size_of)
        self._replies = Replies(self._held)

    @property
    def replies(self) -> Replies:
        """The same object for ever. Its `get` holds for a batch of queries, no longer."""
        return self._replies

    def add(self, query: bytes, reply: bytes) -> None:
        """Both are whole messages."""
        size = _size_of(query, reply)
        self._bytes += size
        if self._bytes > self._max_bytes:
            self.clear()
            self._bytes = size
        if self._gone.generations:
            self._gone.free(size)
        if self._max_bytes:
            self._held[query[2:]] = reply[2:]

    def add_passing(self, query: bytes, reply: bytes) -> bool:
        """As `add`, until `forget_passing`. Whether it is the first since then."""
        key = query[2:]
        if key in self._held:
            return False
        self.add(query, reply)
        self._passing.append((key, _size_of(query, reply)))
        return len(self._passing) == 1

    def forget_passing(self) -> None:
        """What was said a second ago is not true any more."""
        for key, size in self._passing:
            if self._held.pop(key, None) is not None:
                self._bytes -= size
        self._passing.clear()

    def clear(self) -> None:
        """Forget all."""
        if self._held:
            self._gone.take(self._held)
            self._held = {}
            self._replies.show(self._held)
        self._passing.clear()
        self._bytes = 0


def _size_of(query: bytes, reply: bytes) -> int:
    return len(query) + len(reply) + _OVERHEAD
