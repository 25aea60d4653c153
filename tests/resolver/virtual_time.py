"""An event loop whose clock jumps to the next timer: hours pass at once, and at exact times.

Nothing real is waited for: where no timer is left and something still waits, that is a failure.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0.0 and moves only while every task waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.faults: list[str] = []
        super().__init__(_Jump(self))
        self.set_exception_handler(lambda _, context: self.faults.append(_describe(context)))

    def time(self) -> float:
        return self.now

    def timers(self) -> list[float]:
        """When the timers are due that have not been cancelled."""
        scheduled: list[asyncio.TimerHandle] = vars(self)["_scheduled"]
        return sorted(handle.when() for handle in scheduled if not handle.cancelled())


class _Jump(selectors.SelectSelector):
    """Instead of waiting, moves the clock on by as much as was to be waited."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError(f"at {self._loop.now}: all tasks wait, and no timer will end it")
        self._loop.now += timeout
        return []


def run(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; then no task and no timer may be left, and no fault reported."""
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(work)
        left = [task.get_name() for task in asyncio.all_tasks(loop)]
        assert not left, f"tasks left running: {left}"
        assert not loop.timers(), f"timers left: {loop.timers()}"
        assert not loop.faults, loop.faults
        return result
    finally:
        _end_tasks(loop)
        loop.close()


def now() -> float:
    """The virtual moment."""
    return asyncio.get_running_loop().time()


async def settle() -> None:
    """Until all that can go on without time has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def _end_tasks(loop: VirtualLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def _describe(context: dict[str, Any]) -> str:
    return f"{context.get('message')}: {context.get('exception')!r}"
