"""The first tier: replies by the octets of the query after its ID.

A hit costs a transport one slice and one look-up. Here go only replies that depend on nothing
but those octets: names that exist, asked in lower case, without an EDNS option. Random names, mixed
case and cookies never enter, so a flood of them cannot push the others out. Emptied by a reload.
Answers whose TTLs count down are in it, too, each until the second is over; in the next one they
are recalled from `kept`, with other TTLs, and are here again once they are asked for twice.
What is forgotten is out of reach at once and freed little by little (`room`).
"""

from collections.abc import Callable
from typing import Protocol

from minidns.resolver.kept_reply import KeptReply
from minidns.responder.room import OVERHEAD, Room, size_of

# Answers for this second: to forget that many takes half a millisecond in which nothing is
# answered, and those that find no place here are recalled, for a microsecond more each.
_MAX_PASSING = 4_096


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


class Recalls(Protocol):
    """Where answers that are kept come from."""

    clock: Callable[[], float]
    recall: Callable[[KeptReply, float], int]  # as `resolver.cache.Cache` has it


class AnswerCache:
    """Bounded by its room. It gives up all it has: refilling costs microseconds a name.

    `kept` goes first, which is what takes most and can be made of the resolver's cache.
    """

    def __init__(self, room: Room, source: Recalls | None = None) -> None:
        """Without `source` nothing is to be kept."""
        self.on_passing: Callable[[], None] | None = None  # there is something to forget
        self.octets = 0
        self._room = room
        room.admit(self)
        self._source = source
        # By the query without its ID; changed here alone.
        self.kept: dict[bytes, KeptReply] = {}
        self._kept_octets = 0  # of `octets`
        self._held: dict[bytes, bytes] = {}
        self._passing: list[tuple[bytes, int]] = []  # keys and octets
        self._replies = Replies(self._held)

    @property
    def replies(self) -> Replies:
        """The same object for ever. Its `get` holds for a batch of queries, no longer."""
        return self._replies

    def add(self, query: bytes, reply: bytes) -> None:
        """Both are whole messages."""
        size = len(query) + len(reply) + OVERHEAD
        room = self._room
        is_tight = room.octets + size > room.max_octets or room.gone.generations
        if is_tight and not room.make(size):
            return
        room.octets += size
        self.octets += size
        self._held[query[2:]] = reply[2:]

    def keep(self, query: bytes, kept: KeptReply) -> None:
        """`query` is a whole message. In place of what was kept for it."""
        key = query[2:]
        old = self.kept.pop(key, None)
        if old is not None:
            self._count_kept(-size_of(key, old))
        size, room = size_of(key, kept), self._room
        is_tight = room.octets + size > room.max_octets or room.gone.generations
        if is_tight and not room.make(size):
            return
        self._count_kept(size)
        self.kept[key] = kept

    def recall(self, query: bytes) -> bytes | None:
        """The reply that the same query had, if its answer is still kept."""
        key = query[2:]
        kept = self.kept.get(key)
        source = self._source
        if kept is None or source is None:
            return None
        age = source.recall(kept, source.clock())
        if age < 0:
            return None
        reply = query[:2] + kept.tail
        if not age:
            self.add_passing(query, reply)
        return reply

    def add_passing(self, query: bytes, reply: bytes) -> None:
        """As `add`, until `forget_passing`, where there is a place."""
        key = query[2:]
        if key in self._held or len(self._passing) >= _MAX_PASSING:
            return
        self.add(query, reply)
        self._passing.append((key, size_of(query, reply)))
        if len(self._passing) == 1 and self.on_passing is not None:
            self.on_passing()

    def forget_passing(self) -> None:
        """What was said a second ago is not true any more."""
        for key, size in self._passing:
            if self._held.pop(key, None) is not None:
                self._count(-size)
        self._passing.clear()

    def give_up(self) -> None:
        """What is kept, or all."""
        if self.kept:
            self._forget_kept()
        else:
            self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._forget_kept()
        if self._held:
            self._room.gone.take(self._held)
            self._held = {}
            self._replies.show(self._held)
        self._passing.clear()
        self._count(-self.octets)

    def _forget_kept(self) -> None:
        if self.kept:
            self._room.gone.take(self.kept)
            self.kept = {}
            self._count_kept(-self._kept_octets)

    def _count_kept(self, octets: int) -> None:
        self._kept_octets += octets
        self._count(octets)

    def _count(self, octets: int) -> None:
        self.octets += octets
        self._room.octets += octets
