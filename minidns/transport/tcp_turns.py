"""Turns: how many messages TCP handles before the event loop looks at UDP again.

However many connections send however much, a turn of the loop handles at most
`MESSAGES_PER_TURN` of their messages, and no connection more than its share; what is left waits in
line, the connections one after another. So one client cannot slow the UDP side.
"""

import asyncio
from collections import deque
from collections.abc import Callable

MESSAGES_PER_TURN = 256  # of all connections; under 2 ms where every one misses the answer cache
MESSAGES_PER_SHARE = 64  # of one connection


class Turns:
    """The line of connections that have messages left. `left` is lowered by who handles some."""

    def __init__(self) -> None:
        self.left = MESSAGES_PER_TURN
        self._line: deque[Callable[[], None]] = deque()
        self._is_scheduled = False

    def wait(self, resume: Callable[[], None]) -> None:
        """Have `resume` called in a later turn of the running event loop."""
        self._line.append(resume)
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._is_scheduled = False
        self.left = MESSAGES_PER_TURN
        for _ in range(len(self._line)):
            if self.left <= 0:
                break
            self._line.popleft()()
        if self._line:
            self._schedule()
