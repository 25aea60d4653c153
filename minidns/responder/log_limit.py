"""How often a line may be written that a stranger can provoke."""

from collections.abc import Callable

_LINES_PER_SECOND = 10


class LogLimit:
    """At most ten lines in each second of the given clock."""

    def __init__(self, unix_time: Callable[[], float]) -> None:
        self._unix_time = unix_time
        self._second = 0
        self._lines = 0
        self.suppressed = 0  # lines that were not written

    def allows(self) -> bool:
        """Whether one more line may be written now."""
        second = int(self._unix_time())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > _LINES_PER_SECOND:
            self.suppressed += 1
            return False
        return True
