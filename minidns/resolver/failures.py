"""Questions that could not be answered, so that they are not asked again at once (RFC 9520).

Silence is forgotten when an upstream of the group comes back. Pure: knows no clock.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from minidns.resolver.model import Failure, FailureKind

FIRST_SECONDS = 5.0  # RFC 9520 section 3.2: at least one second, growing when it goes on
LAST_SECONDS = 60.0  # RFC 9520 section 3.2: at most five minutes
STALE_SECONDS = 30.0  # RFC 8767 section 5: between two tries to refresh
MAX_ENTRIES = 10_000  # the oldest goes first


class _Entry(NamedTuple):
    failure: Failure
    at: float
    wait: float


class Failures:
    """By question."""

    def __init__(
        self,
        first: float = FIRST_SECONDS,
        last: float = LAST_SECONDS,
        stale: float = STALE_SECONDS,
    ) -> None:
        """Seconds until a question is asked again: first, at most, and over a stale answer."""
        self._first = first
        self._last = max(first, last)
        self._stale = stale
        # By question, to see whether there are any; changed here alone.
        self.entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self.entries)

    def find(self, key: Hashable, now: float, revived_at: float) -> Failure | None:
        """The failure, while the question is not to be asked again."""
        entry = self.entries.get(key)
        if entry is None or now >= entry.at + entry.wait:
            return None
        is_silence = entry.failure.kind in (FailureKind.TIMEOUT, FailureKind.UNREACHABLE)
        return None if is_silence and entry.at <= revived_at else entry.failure

    def add(self, key: Hashable, failure: Failure, now: float, *, is_stale: bool) -> None:
        """Five seconds, doubled to a minute where it failed before; longer over a stale answer."""
        before = self.entries.pop(key, None)
        wait = self._first
        if before is not None and now < before.at + before.wait + self._last:
            wait = min(before.wait * 2, self._last)
        if is_stale:
            wait = max(wait, self._stale)
        self.entries[key] = _Entry(failure, now, wait)
        if len(self.entries) > MAX_ENTRIES:
            self.entries.popitem(last=False)

    def remove(self, key: Hashable) -> None:
        """It has been answered."""
        self.entries.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self.entries.clear()
