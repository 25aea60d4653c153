"""Octets that answer caches hold together: those of all classes of clients, over UDP or TCP.

When it is full, the one that has kept most gives that up, since it takes most and can be made of
the resolver's cache; where nothing is kept, the one that has most gives up all. What was given up
is out of reach at once and freed little by little (`letting_go`).
"""

from typing import Any, Final, NamedTuple, Protocol

from minidns.resolver.kept_reply import KeptReply
from minidns.responder.letting_go import LettingGo

# Octets besides the contents: a dict slot and two bytes objects of CPython (sys.getsizeof).
OVERHEAD = 180
# The same, with a KeptReply, its numbers and two more bytes objects; as growth of resident memory
# with 100,000 of them.
_KEPT_OVERHEAD = 460
_PLACE = 40  # of a number in a tuple


class Holder(Protocol):
    """One of those who have a part of it."""

    octets: int
    kept_octets: int  # of them

    def give_up(self) -> None:
        """What is kept, or all."""


class Room:
    """Bounded; of 0 octets there is no room for anything."""

    # Answers for this second: to forget that many takes a millisecond in which nothing is answered,
    # and those that find no place here are recalled, for a microsecond more each.
    MAX_PASSING: Final = 4_096

    def __init__(self, max_octets: int) -> None:
        self.max_octets = max_octets
        self.octets = 0  # counted by those who hold them
        self.passing = 0  # answers, counted as well
        self._holders: list[Holder] = []
        self.gone: LettingGo[bytes, Any] = LettingGo(size_of)  # of both kinds of replies

    def admit(self, holder: Holder) -> None:
        """Let it have a part."""
        self._holders.append(holder)

    def make(self, octets: int) -> bool:
        """So much, if it can be.

        To be called before more is held than `max_octets`, or while there is something `gone`.
        """
        if octets > self.max_octets:
            return False
        while self.octets + octets > self.max_octets:
            holder = max(self._holders, key=_kept_octets_of)
            if not holder.kept_octets:
                holder = max(self._holders, key=_octets_of)
            holder.give_up()
        self.gone.free(octets)
        return True


class Rooms(NamedTuple):
    """For whole replies over UDP, and over TCP."""

    datagrams: Room
    streams: Room


def make_rooms(octets: int) -> Rooms:
    """So many for each."""
    return Rooms(Room(octets), Room(octets))


def size_of(query: bytes, reply: bytes | KeptReply) -> int:
    """Octets of memory that an answer takes."""
    if isinstance(reply, bytes):
        return len(query) + len(reply) + OVERHEAD
    contents = len(query) + len(reply.tail) + len(reply.key) + len(reply.packed)
    return contents + len(reply.places) * _PLACE + _KEPT_OVERHEAD


def _kept_octets_of(holder: Holder) -> int:
    return holder.kept_octets


def _octets_of(holder: Holder) -> int:
    return holder.octets
