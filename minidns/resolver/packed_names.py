"""A million names, each with a number, in a few large objects instead of a million small ones.

A hash table of octets: `offsets` says where the records of a bucket begin, one behind the other in
`records`: an octet for the length of the name, the name, its number. A dict costs four times the
memory, and as much again while lists are read a second time. Buckets follow Python's hash of bytes,
which has a key of its own in each process, so that no list can be written to fill a few of them
(and a table is of no use in another process). Knows nothing of what numbers mean.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import accumulate
from struct import Struct

_NUMBER = Struct("=I")
_BEHIND = _NUMBER.size  # octets of a record behind its name
_AROUND = 1 + _BEHIND  # octets of a record besides its name
_OFFSETS = "I"  # four octets each: up to 4 GiB of records

Merge = Callable[[int, int], int]


class PackedNames:
    """Names of 1 to 255 octets, each once. Never changed."""

    __slots__ = ("_count", "_mask", "_offsets", "_records")

    def __init__(self, log: bytes | bytearray = b"", merge: Merge = max) -> None:
        """`log`: what `write` has appended. `merge`: of the numbers of a name that is there twice.

        It is given the earlier and the later one.
        """
        count = sum(1 for _ in _places(log))
        self._mask = mask = (1 << max(count, 1).bit_length()) - 1
        sizes = array(_OFFSETS, bytes(_NUMBER.size * (mask + 2)))
        for at, size in _places(log):
            sizes[(hash(bytes(log[at : at + size])) & mask) + 1] += size + _AROUND
        self._offsets = offsets = array(_OFFSETS, accumulate(sizes))
        self._records = bytearray(len(log))
        self._count = 0
        ends = offsets[:-1]  # of what is in each bucket so far
        for at, size in _places(log):
            name = bytes(log[at : at + size])
            number = _NUMBER.unpack_from(log, at + size)[0]
            bucket = hash(name) & mask
            place = self._find(name, offsets[bucket], ends[bucket])
            if place:
                before = _NUMBER.unpack_from(self._records, place)[0]
                _NUMBER.pack_into(self._records, place, merge(before, number))
                continue
            self._count += 1
            place = ends[bucket]
            end = ends[bucket] = place + size + _AROUND
            self._records[place:end] = log[at - 1 : at + size + _BEHIND]

    def __len__(self) -> int:
        return self._count

    def get(self, name: bytes) -> int:
        """The number of a name, 0 where it is not there."""
        bucket = hash(name) & self._mask
        offsets = self._offsets
        at, end = offsets[bucket], offsets[bucket + 1]
        if at == end:
            return 0
        place = self._find(name, at, end)
        number: int = _NUMBER.unpack_from(self._records, place)[0] if place else 0
        return number

    def log(self) -> bytearray:
        """What it could be made from again."""
        log = bytearray()
        for at, size in _places(self._records):
            log += self._records[at - 1 : at + size + _BEHIND]
        return log

    def _find(self, name: bytes, at: int, end: int) -> int:
        """Where the number of a name is among the records from `at` to `end`; 0: nowhere."""
        records = self._records
        wanted = len(name)
        while at < end:
            size = records[at]
            at += 1
            if not size:  # a name that was noted twice has left room
                return 0
            if size == wanted and records[at : at + size] == name:
                return at + size
            at += size + _BEHIND
        return 0


def write(log: bytearray, name: bytes, number: int) -> None:
    """Note a name, not empty, at the end of a log; 0 is the number of names that are not there."""
    log.append(len(name))
    log += name
    log += _NUMBER.pack(number)


def _places(log: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where the names begin, and their sizes."""
    at, end = 0, len(log)
    while at < end:
        size = log[at]
        at += 1
        if size:
            yield at, size
            at += size + _BEHIND
