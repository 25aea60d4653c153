"""A mapping of octets to octets that is bounded in octets, and knows what to drop.

S3-FIFO (Yang and others, SOSP 2023): new keys wait in a small queue, and only what is asked for
again there moves to the large one, so that a flood of names that nobody asks for twice runs
through the small queue and pushes nothing out. A hit costs one entry in a set and moves nothing.
Keys that came back after they were dropped from the small queue go to the large one at once; they
are remembered as marks by their hash, in one octet each.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

_SMALL_SHARE = 10  # the small queue holds one key in ten
_GHOST_SHARE = 256  # octets of content per octet of marks
_MAX_MARKED = 8  # the marks are wiped when one in eight is set
_MAX_CHANCES = 64  # keys in use that are passed over, then the newest goes, so that work is bounded
_BYTES_HEAD = 33  # octets of a bytes object without its content (sys.getsizeof)
_ALIGNMENT = 16  # octets, CPython's small-object allocator
_HEADS = 2 * (_BYTES_HEAD + _ALIGNMENT - 1)  # of two of them, and what rounding adds
# Octets of a dict's slot, a deque's and what the set of touched keys has of it, measured as growth
# of resident memory with 100,000 entries.
_PLACE = 48


def size_of(key: bytes, value: bytes) -> int:
    """Octets of memory that an entry takes."""
    return (len(key) + len(value) + _HEADS) // _ALIGNMENT * _ALIGNMENT + _PLACE


class Shelf:
    """Entries, their size, and the order in which they are dropped.

    An empty value stands for a key that was removed: its place in a queue is given up in its turn.
    """

    def __init__(self, max_bytes: int) -> None:
        self.entries: dict[bytes, bytes] = {}  # to look up in; changed here alone
        self.touched: set[bytes] = set()  # keys that were asked for; whoever finds one adds it
        self.bytes = 0
        self.evicted = 0
        self._removed = 0
        self._small: deque[bytes] = deque()
        self._large: deque[bytes] = deque()
        self._ghosts = bytearray(max(max_bytes // _GHOST_SHARE, 1))
        self._ghosts_left = len(self._ghosts) // _MAX_MARKED

    def put(self, key: bytes, value: bytes) -> None:
        """Add an entry or change its value. `shrink` is to follow."""
        entries = self.entries
        old = entries.get(key)
        entries[key] = value
        self.bytes += size_of(key, value)
        if old is not None:
            self._removed += (not value) - (not old)
            self.bytes -= size_of(key, old)
        elif self._ghosts[hash(key) % len(self._ghosts)]:
            self._large.append(key)
        else:
            self._small.append(key)

    def remove(self, key: bytes) -> bool:
        """Empty an entry; whether there was one."""
        if not self.entries.get(key):
            return False
        self.put(key, b"")
        return True

    def clear(self) -> None:
        """Forget all."""
        self.entries.clear()
        self.touched.clear()
        self._small.clear()
        self._large.clear()
        self._removed = 0
        self.bytes = 0

    def shrink(self, max_bytes: int) -> None:
        """Drop entries until the rest takes at most so many octets."""
        while self.bytes > max_bytes:
            self._drop_one()

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """A copy of what there is, as entries come and go while it is read."""
        return iter([item for item in self.entries.items() if item[1]])

    def by_worth(self, is_used: bool) -> Iterator[tuple[bytes, bytes]]:
        """Entries that were asked for again, or the others, the newest first.

        Nothing may change meanwhile.
        """
        again: Iterable[bytes]
        if is_used:
            again = chain(
                reversed(self._large), filter(self.touched.__contains__, reversed(self._small))
            )
        else:
            again = (key for key in reversed(self._small) if key not in self.touched)
        for key in again:
            if value := self.entries[key]:
                yield key, value

    def put_back(self, key: bytes, value: bytes, is_used: bool) -> None:
        """Add an entry that was here before, to be dropped before those that are here now."""
        if self.entries.get(key) is None:
            self.entries[key] = value
            self.bytes += size_of(key, value)
            (self._large if is_used else self._small).appendleft(key)

    def count(self) -> int:
        """Entries that were not removed."""
        return len(self.entries) - self._removed

    def _drop_one(self) -> None:
        small, large, touched = self._small, self._large, self.touched
        for _ in range(_MAX_CHANCES):
            is_small = len(small) * _SMALL_SHARE >= len(small) + len(large)
            key = small.popleft() if is_small else large.popleft()
            if key not in touched:
                if is_small:
                    self._mark(key)
                break
            touched.discard(key)
            if not self.entries[key]:  # removed after it was asked for
                break
            large.append(key)
        else:  # many in a row are in use: what is new has had less time to show that it is
            key = small.pop() if small else large.popleft()
            touched.discard(key)
        value = self.entries.pop(key)
        self.bytes -= size_of(key, value)
        self.evicted += bool(value)
        self._removed -= not value

    def _mark(self, key: bytes) -> None:
        if not self._ghosts_left:
            self._ghosts = bytearray(len(self._ghosts))
            self._ghosts_left = len(self._ghosts) // _MAX_MARKED
        self._ghosts_left -= 1
        self._ghosts[hash(key) % len(self._ghosts)] = 1
