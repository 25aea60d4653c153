"""Whether zone files have changed: looked at by stat alone, and taken as changed once they rest.

Polling, not the kernel's notices (inotify): it works on every file system, network ones and those
that containers mount, and follows symbolic links. Knows paths and their fingerprints, not zones.
"""

from collections.abc import Iterable

from minidns.server.zone_state import UNCERTAIN
from minidns.zone.fingerprint import Fingerprint, Stat, stat_of

Changes = dict[str, Stat]  # what differs from what is expected, as it is now


class Watch:
    """What is expected of files, and what was seen at the last look."""

    def __init__(self, expected: Iterable[Fingerprint]) -> None:
        self._expected: dict[str, Stat] = {}
        self._last: Changes = {}
        self._given_up: Changes = {}
        self.expect(expected)

    def expect(self, fingerprints: Iterable[Fingerprint]) -> None:
        """From now on this is what the files are to be.

        A file that was read twice and was not the same both times is a change at the next look.
        """
        expected: dict[str, Stat] = {}
        for fingerprint in fingerprints:
            for path, stat in fingerprint.items():
                if expected.setdefault(path, stat) != stat:
                    expected[path] = UNCERTAIN
        self._expected = expected
        self._last, self._given_up = {}, {}

    def look(self) -> Changes:
        """What is different now. Blocks as long as the file system does; changes nothing here."""
        changes = {}
        for path, expected in self._expected.items():
            stat = stat_of(path)
            if stat != expected:
                changes[path] = stat
        return changes

    def has_settled(self, changes: Changes) -> bool:
        """Whether this look found a change that the look before it found too, in the same state.

        A file that is still being written is another at each look.
        """
        is_settled = bool(changes) and changes == self._last and changes != self._given_up
        self._last = changes
        return is_settled

    def give_up(self, changes: Changes) -> None:
        """These changes could not be taken in; wait for others."""
        self._given_up = changes
