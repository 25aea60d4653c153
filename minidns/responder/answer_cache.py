"""The first tier: replies by the octets of the query after its ID.

A hit costs a transport one slice and one look-up. Here go only replies that depend on nothing
but those octets: names that exist (of those elsewhere, answers that are kept), asked in lower case,
without an EDNS option. Random names, mixed case and cookies never enter, so a flood of them cannot
push the others out. Emptied by a reload.
Whole replies whose TTLs count down are in `kept`, by the same octets, and are recalled from there;
what is asked for twice in a second is in the first tier, too, until that is over.
What is forgotten is out of reach at once and freed little by little (`room`).
"""

from collections.abc import Callable
from typing import Protocol

from minidns.resolver.kept_reply import KeptReply
from minidns.responder.held_replies import HeldReplies
from minidns.responder.room import OVERHEAD, Room, size_of


class Replies:
    """Query to reply, both without the ID, as they are at this moment. `get` is a mapping's."""

    __slots__ = ("_held", "get")

    def __init__(self, held: dict[bytes, bytes]) -> None:
        self.show(held, False)

    def show(self, held: dict[bytes, bytes], recalls: bool) -> None:
        """Look there from now on. Whoever has fetched `get` before looks where it was."""
        self._held = held
        self.get: Callable[..., bytes | None] = held.__getitem__ if recalls else held.get

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, query: object) -> bool:
        return query in self._held


class Recalls(Protocol):
    """Where answers that are kept come from."""

    clock: Callable[[], float]
    recall: Callable[[KeptReply, float], int]  # as `resolver.cache.Cache` has it


class AnswerCache:
    """Bounded by its room. What it gives up costs microseconds a name to make again."""

    def __init__(self, room: Room, source: Recalls | None = None) -> None:
        """Without `source` nothing is to be kept."""
        self.on_passing: Callable[[], None] | None = None  # there is something to forget
        self.octets = 0
        self.room = room
        room.admit(self)
        self._source = source
        # By the query without its ID; changed here alone.
        self.kept: dict[bytes, KeptReply] = {}
        self.kept_octets = 0  # of `octets`
        self._held = self._make_held()
        self._passing: list[bytes] = []  # keys of what is held for this second
        self._replies = Replies(self._held)

    @property
    def replies(self) -> Replies:
        """The same object for ever. Its `get` holds for a batch of queries, no longer."""
        return self._replies

    def add(self, query: bytes, reply: bytes) -> bool:
        """Both are whole messages. Whether it was not held, and is."""
        return self._hold(query[2:], reply[2:])

    def _hold(self, key: bytes, tail: bytes) -> bool:
        """The same, without the ID."""
        if key in self._held:
            return False
        size, room = len(key) + len(tail) + OVERHEAD, self.room
        is_tight = room.octets + size > room.max_octets or room.gone.generations
        if is_tight and not room.make(size):
            return False
        room.octets += size
        self.octets += size
        self._held[key] = tail
        return True

    def keep(self, query: bytes, kept: KeptReply) -> None:
        """`query` is a whole message. In place of what was kept for it."""
        key = query[2:]
        old = self.kept.pop(key, None)
        if old is not None:
            self._count_kept(-size_of(key, old))
        size, room = size_of(key, kept), self.room
        is_tight = room.octets + size > room.max_octets or room.gone.generations
        if is_tight and not room.make(size):
            return
        self._count_kept(size)
        if not self.kept and self._source is not None:
            self._replies.show(self._held, True)
        self.kept[key] = kept

    def recall(self, query: bytes) -> bytes | None:
        """The reply that the same query had, if its answer is still kept; both without the ID."""
        kept = self.kept.get(query)
        source = self._source
        if kept is None or source is None:
            return None
        age = source.recall(kept, source.clock())
        if age < 0:
            return None
        if not age and self.room.passing < Room.MAX_PASSING:
            self._hold_passing(query, kept.tail)
        return kept.tail

    def add_passing(self, query: bytes, reply: bytes) -> None:
        """As `add`, until `forget_passing`, where there is a place."""
        self._hold_passing(query[2:], reply[2:])

    def _hold_passing(self, key: bytes, tail: bytes) -> None:
        room = self.room
        if room.passing < room.MAX_PASSING and self._hold(key, tail):
            room.passing += 1
            self._passing.append(key)
            if len(self._passing) == 1 and self.on_passing is not None:
                self.on_passing()

    def forget_passing(self) -> None:
        """What was said a second ago is not true any more."""
        octets = 0
        for key in self._passing:
            tail = self._held.pop(key, None)
            if tail is not None:
                octets += size_of(key, tail)
        self._count(-octets)
        self._end_passing()

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
            self.room.gone.take(self._held)
            self._held = self._make_held()
            self._replies.show(self._held, False)
        self._end_passing()
        self._count(-self.octets)

    def _make_held(self) -> dict[bytes, bytes]:
        # A dict's subclass is looked through by the collector, a dict of octets is not.
        return {} if self._source is None else HeldReplies(self.recall)

    def _end_passing(self) -> None:
        self.room.passing -= len(self._passing)
        self._passing.clear()

    def _forget_kept(self) -> None:
        if self.kept:
            self.room.gone.take(self.kept)
            self.kept = {}
            self._replies.show(self._held, False)
            self._count_kept(-self.kept_octets)

    def _count_kept(self, octets: int) -> None:
        self.kept_octets += octets
        self._count(octets)

    def _count(self, octets: int) -> None:
        self.octets += octets
        self.room.octets += octets
