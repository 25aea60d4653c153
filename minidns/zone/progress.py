"""How far the loading of zones is: what is being loaded, and how much of all octets is taken.

The loader tells it which zone it begins and which octets it hands to a parser; whoever shows it, in
another thread perhaps, asks those how far they are. So a record costs nothing more, and nothing
here reads a clock. Includes are known when they are opened, so that the whole may grow.
"""

from collections.abc import Sequence
from pathlib import Path

from minidns.zone.include import NamedOctets
from minidns.zone.source import ZoneSource


class Progress:
    """Of one loading, from its start to its end. `origin` is None before the first zone.

    `is_read` says that the files of that zone are taken; what they mean together comes next.
    """

    def __init__(self) -> None:
        self.origin: bytes | None = None  # lower-case wire
        self.is_read = False
        self._total = 0  # octets of the files of all zones
        self._end = 0  # octets of the zones so far, with this one
        self._named: frozenset[Path] = frozenset()  # of this zone; other files are includes
        # Octets of what is taken whole, and what parsers are in the middle of. One value, so that
        # another thread sees no half of a change.
        self._taken: tuple[int, tuple[NamedOctets, ...]] = (0, ())

    def expect(self, sources: Sequence[ZoneSource]) -> None:
        """All zones that will be loaded."""
        self._total = sum(_size(path) for source in sources for path in source.paths)

    def begin(self, source: ZoneSource) -> None:
        """A zone; the one before is loaded."""
        self._taken = (self._end, ())
        self._named = frozenset(source.paths)
        self._end += sum(map(_size, source.paths))
        self.origin, self.is_read = source.origin, False

    def take(self, octets: NamedOctets, path: Path) -> None:
        """A file of this zone, which a parser takes from now on."""
        if path not in self._named:
            self._total += octets.size
            self._end += octets.size
        whole, unfinished = self._taken
        still = tuple(one for one in unfinished if one.tell() < one.size)
        whole += sum(one.size for one in unfinished if one not in still)
        self._taken = (whole, (*still, octets))

    def end_reading(self) -> None:
        """All files of this zone are read, and their octets are not needed any more."""
        self._taken = (self._end, ())
        self.is_read = True

    @property
    def per_cent(self) -> int:
        """Of the octets of all zones, from 0 to 100."""
        whole, unfinished = self._taken
        taken = whole + sum(one.tell() for one in unfinished)
        return min(100, 100 * taken // max(1, self._total))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
