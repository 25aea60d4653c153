"""A zone as octets in blocks: to another process, to a file that is kept, and out of memory.

A server that answers has no long pause to give: it can neither take in a large zone in one go nor
throw one away. So a zone travels as blocks, and to take one in, or to free as many names, is a step
of less than a millisecond. Nothing in a block is executed, and what is no block is refused; that
the octets are those that were written is for whoever keeps them to see to.
"""

import struct
from collections.abc import Generator, Iterator
from itertools import accumulate, islice, pairwise

from minidns.zone.build import zone_of
from minidns.zone.model import Zone

NAMES_PER_STEP = 1024  # of one step; to take them in takes about 0.5 ms

# Of a zone: whether there are breaks, whether it falls through; records; longest name; names.
_HEAD = struct.Struct("<??QBQ")
_COUNT = struct.Struct("<I")  # of a block: names; then the lengths of each, and the octets
_BLOCK_LENGTHS = "<{0}B{0}I"  # a name is at most 255 octets; what it has is less than 4 GiB


def write_blocks(zone: Zone) -> Iterator[bytes]:
    """The zone as blocks, for a `ZoneBuilding` of the same origin. The first is its head."""
    packed = zone.nodes.packed
    yield _HEAD.pack(
        zone.nodes.has_breaks, zone.falls_through, zone.records, zone.longest, len(packed)
    )
    items = iter(packed.items())
    while batch := list(islice(items, NAMES_PER_STEP)):
        names, holdings = zip(*batch, strict=True)
        count = len(names)
        lengths = struct.pack(_BLOCK_LENGTHS.format(count), *map(len, names), *map(len, holdings))
        yield b"".join((_COUNT.pack(count), lengths, *names, *holdings))


class ZoneBuilding:
    """A zone that grows block by block, in the order in which they were written."""

    def __init__(self, origin: bytes) -> None:
        self._origin = origin
        self._head: tuple[bool, bool, int, int, int] | None = None
        self._packed: dict[bytes, bytes] = {}

    def add(self, block: bytes | memoryview) -> None:
        """Take in one block; one step. Raises ValueError where it is none."""
        try:
            if self._head is None:
                self._head = _HEAD.unpack(block)
                return
            (count,) = _COUNT.unpack_from(block)
            layout = struct.Struct(_BLOCK_LENGTHS.format(count))
            lengths = layout.unpack_from(block, _COUNT.size)
        except struct.error:
            raise ValueError("no block of a zone") from None
        ends = list(accumulate(lengths, initial=_COUNT.size + layout.size))
        if ends[-1] != len(block):
            raise ValueError("a block of another length")
        octets = bytes(block)
        parts = [octets[start:end] for start, end in pairwise(ends)]
        self._packed.update(zip(parts[:count], parts[count:], strict=True))

    def finish(self) -> Zone:
        """The zone, equal to the one that was written.

        Raises ValueError where blocks are missing.
        """
        if self._head is None or len(self._packed) != self._head[-1]:
            raise ValueError("blocks of a zone are missing")
        has_breaks, falls_through, records, longest, _ = self._head
        return zone_of(self._origin, self._packed, has_breaks, records, longest, falls_through)


def dismantle(zone: Zone) -> Generator[None, None, None]:
    """Free a zone that nobody serves any more, a step at each `next()`. It is empty afterwards."""
    for made in zone.nodes.generations():
        while made:
            for _ in range(min(NAMES_PER_STEP, len(made))):
                _, node = made.popitem()
                # A zone cut refers to itself, and would be left to the collector.
                node.cut = node.dname = None
            yield
    packed = zone.nodes.packed
    while packed:
        for _ in range(min(NAMES_PER_STEP, len(packed))):
            packed.popitem()
        yield
