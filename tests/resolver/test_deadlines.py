"""Time-outs under one timer go off at their own moments; nothing is left of those that do not."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.errand import Signal
from minidns.resolver.deadlines import Deadlines
from tests.resolver.virtual_time import VirtualLoop, now, run


class _Waiter:
    """A signal that times out; what is compiled has no subclasses in Python."""

    def __init__(self) -> None:
        self.signal: Signal[str | None] = Signal()

    @property
    def is_over(self) -> bool:
        return self.signal.is_set

    def expire(self) -> None:
        self.signal.set(None)


def test_each_goes_off_at_its_moment() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        deadlines: Deadlines = Deadlines(loop)
        ended: list[tuple[float, float, str | None]] = []

        async def wait(moment: float) -> None:
            waiter = _Waiter()
            deadlines.add(waiter, moment)
            if moment == 3.0:
                loop.call_later(1.0, waiter.signal.set, "in time")
            result = await waiter.signal
            waiter.expire()
            deadlines.discard()
            ended.append((moment, now(), result))

        await asyncio.gather(*(wait(moment) for moment in (4.0, 2.0, 3.0, 2.0, 0.0, 5.5)))
        assert ended == [
            (0.0, 0.0, None),
            (3.0, 1.0, "in time"),
            (2.0, 2.0, None),
            (2.0, 2.0, None),
            (4.0, 4.0, None),
            (5.5, 5.5, None),
        ]

    run(work())


def test_one_timer_and_no_memory_of_what_is_done() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        deadlines: Deadlines = Deadlines(loop)
        kept = _Waiter()
        deadlines.add(kept, 100.0)
        for number in range(1000):
            waiter = _Waiter()
            deadlines.add(waiter, 1.0 + number)
            if number % 2:
                waiter.signal.set("in time")
            waiter.expire()
            deadlines.discard()
            assert len(deadlines._entries) <= 67
        assert len(loop.timers()) == 1
        assert await kept.signal is None
        kept.expire()
        deadlines.discard()
        assert now() == 100.0

    run(work())


def test_a_fault_of_one_leaves_the_others_their_time_outs() -> None:
    async def work() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        deadlines: Deadlines = Deadlines(loop)
        faulty = _Waiter()
        faulty.signal.call_when_set(lambda: 1 / 0)
        other = _Waiter()
        deadlines.add(faulty, 1.0)
        deadlines.add(other, 2.0)
        assert await other.signal is None
        faulty.expire()
        deadlines.discard()
        other.expire()
        deadlines.discard()
        faults, loop.faults = [str(fault) for fault in loop.faults], []
        return faults

    (fault,) = run(work())
    assert "division by zero" in fault


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    waits=st.lists(
        st.tuples(
            st.integers(0, 20),  # begins
            st.sampled_from((0, 1, 3, 9)),  # may last
            st.sampled_from((0, 2, 4, 99)),  # lasts, if it may
        ),
        max_size=300,
    )
)
def test_whoever_comes_and_goes(waits: list[tuple[int, int, int]]) -> None:
    """Each ends when what it waits for comes, or when its time is over, and no timer is left."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        deadlines: Deadlines = Deadlines(loop)

        async def wait(begins: int, most: int, lasts: int) -> None:
            await asyncio.sleep(begins)
            waiter = _Waiter()
            deadlines.add(waiter, now() + most)
            comes = loop.call_later(lasts + 0.5, waiter.signal.set, "in time")
            result = await waiter.signal
            comes.cancel()
            deadlines.discard()
            assert (now() - begins, result) == (
                (lasts + 0.5, "in time") if lasts < most else (most, None)
            )

        await asyncio.gather(*(wait(*each) for each in waits))
        assert not deadlines._entries
        assert not loop.timers()

    run(work())
