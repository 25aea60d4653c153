"""The first tier: replies by the octets of the query after its ID.

A hit costs a transport one slice and one look-up. Here go only replies that depend on nothing
but those octets: names that exist, asked in lower case, without an EDNS option. Random names, mixed
case and cookies never enter, so a flood of them cannot push the others out. Emptied by a reload.
Answers whose TTLs count down are in it, too, each until the second is over; in the next one they
are recalled from `kept`, with other TTLs, and are here again once they are asked for twice.
What is forgotten is out of reach at once and freed little by little (`letting_go`).
"""

from collections.abc import Callable

from minidns.resolver.kept_reply import KeptReply
from minidns.responder.letting_go import LettingGo

_OVERHEAD = 180  # octets: a dict slot and two bytes objects of CPython, measured with sys.getsizeof
_KEPT_OVERHEAD = 360  # the same, with a named tuple, its numbers and two more bytes objects
_PLACE = 40  # octets of a number in a tuple


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
    """Bounded in octets. When it is full it is emptied: refilling costs microseconds a name.

    `kept` goes first, which is what takes most and can be made of the resolver's cache.
    """

    def __init__(
        self, max_bytes: int, recall: Callable[[KeptReply], KeptReply | None] | None = None
    ) -> None:
        """`recall` gives a kept reply as it is now, the same in the same second, or None.

        Without it nothing is to be kept.
        """
        self.on_passing: Callable[[], None] | None = None  # there is something to forget
        self._recall = recall
        # By the query without its ID; changed here alone.
        self.kept: dict[bytes, KeptReply] = {}
        self._kept_bytes = 0
        self._held: dict[bytes, bytes] = {}
        self._max_bytes = max_bytes
        self._bytes = 0  # of both
        self._passing: list[tuple[bytes, int]] = []  # keys and octets
        self._gone = LettingGo(_size_of)
        self._gone_kept = LettingGo(_size_of_kept)
        self._replies = Replies(self._held)

    @property
    def replies(self) -> Replies:
        """The same object for ever. Its `get` holds for a batch of queries, no longer."""
        return self._replies

    def add(self, query: bytes, reply: bytes) -> None:
        """Both are whole messages."""
        if self._take(_size_of(query, reply)):
            self._held[query[2:]] = reply[2:]

    def keep(self, query: bytes, kept: KeptReply) -> None:
        """`query` is a whole message. In place of what was kept for it."""
        key = query[2:]
        old = self.kept.pop(key, None)
        if old is not None:
            size = _size_of_kept(key, old)
            self._bytes -= size
            self._kept_bytes -= size
        size = _size_of_kept(key, kept)
        if self._take(size):
            self._kept_bytes += size
            self.kept[key] = kept

    def recall(self, query: bytes) -> bytes | None:
        """The reply that the same query had, if its answer is still kept."""
        key = query[2:]
        kept = self.kept.get(key)
        if kept is None or self._recall is None:
            return None
        current = self._recall(kept)
        if current is None:
            return None
        reply = query[:2] + current.tail
        if current is kept:  # the second time in this second
            self.add_passing(query, reply)
        else:
            self.kept[key] = current  # of the same size
        return reply

    def add_passing(self, query: bytes, reply: bytes) -> None:
        """As `add`, until `forget_passing`."""
        key = query[2:]
        if key in self._held:
            return
        self.add(query, reply)
        self._passing.append((key, _size_of(query, reply)))
        if len(self._passing) == 1 and self.on_passing is not None:
            self.on_passing()

    def forget_passing(self) -> None:
        """What was said a second ago is not true any more."""
        for key, size in self._passing:
            if self._held.pop(key, None) is not None:
                self._bytes -= size
        self._passing.clear()

    def clear(self) -> None:
        """Forget all."""
        self._forget_kept()
        if self._held:
            self._gone.take(self._held)
            self._held = {}
            self._replies.show(self._held)
        self._passing.clear()
        self._bytes = 0

    def _take(self, size: int) -> bool:
        """Whether there is room, which is made where there is none."""
        if self._bytes + size > self._max_bytes:
            self._forget_kept()
            if self._bytes + size > self._max_bytes:
                self.clear()
        if self._gone.generations:
            self._gone.free(size)
        if self._gone_kept.generations:
            self._gone_kept.free(size)
        self._bytes += size
        return self._max_bytes > 0

    def _forget_kept(self) -> None:
        if self.kept:
            self._gone_kept.take(self.kept)
            self.kept = {}
        self._bytes -= self._kept_bytes
        self._kept_bytes = 0


def _size_of(query: bytes, reply: bytes) -> int:
    return len(query) + len(reply) + _OVERHEAD


def _size_of_kept(key: bytes, kept: KeptReply) -> int:
    octets = len(key) + len(kept.tail) + len(kept.key) + len(kept.packed)
    return octets + len(kept.places) * _PLACE + _KEPT_OVERHEAD
