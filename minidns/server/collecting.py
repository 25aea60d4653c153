"""Python's collector of cycles, kept from stopping the answers.

By itself it walks through what was made lately whenever so much has been made, and through all that
is kept now and then: once names are asked for that were not, a server makes nodes and answers by
the thousand, keeps them for a while, and stands still for 60 to 115 ms about once a second. None of
them is a cycle; counting references frees them. So while a server answers nothing is collected but
in a second without a query, or when so many objects have gathered that there must be cycles.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_SECONDS = 1.0  # between two looks; without a query between them it is quiet
# Objects that the collector has to look after, more than there were when it last did: after so many
# Python would do it, and so many are never there without cycles. Caches that have filled up, those
# of the resolver too, come to less than three quarters of that.
FEW, MANY = 7_000, 1_000_000


class Collecting:
    """`count_queries` tells how many there were so far."""

    def __init__(self, count_queries: Callable[[], int]) -> None:
        self._count_queries = count_queries
        self._queries = 0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def on(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Meanwhile it is done here alone; afterwards as before."""
        was_enabled = gc.isenabled()
        gc.disable()
        self._await_look(loop)
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if was_enabled:
                gc.enable()

    def look(self) -> None:
        """Collect if it is time to."""
        before, self._queries = self._queries, self._count_queries()
        made, *_ = gc.get_count()
        if made > (FEW if self._queries == before else MANY):
            gc.collect()

    def _await_look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(LOOK_SECONDS, self._look_and_go_on, loop)

    def _look_and_go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self.look()
        self._await_look(loop)
