"""An errand runs, waits, fails and is given up as a task would, but at once."""

import asyncio
import gc
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest

from minidns.errand import Errand, Signal
from tests.resolver.virtual_time import VirtualLoop, run, settle


async def _pass_on(signal: Signal[str]) -> str:
    return await signal + "!"


def test_it_runs_as_far_as_it_gets_and_goes_on_in_the_call_that_ends_its_waiting() -> None:
    async def work() -> None:
        signal: Signal[str] = Signal()
        errand = Errand(_pass_on(signal))
        ended: list[str] = []
        errand.then(lambda _: ended.append(errand.result()))
        assert not errand.is_done
        signal.set("here")
        signal.set("the second does not count")
        assert ended == ["here!"]
        errand.then(lambda _: ended.append("at once"))
        assert ended[1:] == ["at once"]
        assert Errand(_pass_on(signal)).result() == "here!"

    run(work())


def test_a_task_may_wait_for_a_signal_and_many_may_be_gathered() -> None:
    async def work() -> None:
        late: Signal[str] = Signal()
        early: Signal[str] = Signal()
        early.set("early")
        task = asyncio.create_task(_pass_on(late))
        await settle()
        asyncio.get_running_loop().call_later(2.0, late.set, "late")
        assert await task == "late!"
        last: Signal[str] = Signal()
        asyncio.get_running_loop().call_later(1.0, last.set, "last")
        both: list[str] = await asyncio.gather(early, last)
        assert both == ["early", "last"]

    run(work())


def test_what_a_coroutine_raises_is_its_result() -> None:
    async def fail(signal: Signal[str]) -> str:
        await signal
        raise ZeroDivisionError

    async def work() -> None:
        signal: Signal[str] = Signal()
        errand = Errand(fail(signal))
        signal.set("")
        assert errand.is_done
        with pytest.raises(ZeroDivisionError):
            errand.result()

    run(work())


def test_a_fault_in_what_follows_is_told_and_stops_nobody_else() -> None:
    async def work() -> list[str]:
        loop = asyncio.get_running_loop()
        told: list[str] = []
        loop.set_exception_handler(lambda _, what: told.append(repr(what["exception"])))
        signal: Signal[str] = Signal()
        errand = Errand(_pass_on(signal))
        errand.then(lambda _: 1 / 0)
        signal.set("here")
        return told

    assert asyncio.run(work()) == ["ZeroDivisionError('division by zero')"]


def test_it_awaits_tasks_futures_and_turns_of_the_loop() -> None:
    async def work() -> None:
        async def slow() -> str:
            async with asyncio.timeout(5.0):
                await asyncio.sleep(2.0)
            return "slow"

        async def errands() -> str:
            await asyncio.sleep(0)
            return await asyncio.create_task(slow())

        ended: Signal[None] = Signal()
        errand = Errand(errands())
        errand.then(lambda _: ended.set(None))
        await ended
        assert errand.result() == "slow"
        assert asyncio.get_running_loop().time() == 2.0

    run(work())


def test_given_up_it_is_over_at_once_with_what_it_waited_for() -> None:
    async def work() -> None:
        abandoned: list[str] = []

        async def tidy(signal: Signal[str]) -> None:
            try:
                await signal
            finally:
                abandoned.extend(["signal"] * signal.cancelled() + ["tidied"])

        signal: Signal[str] = Signal()
        errand = Errand(tidy(signal))
        errand.cancel()
        errand.cancel()
        assert abandoned == ["signal", "tidied"]
        assert errand.is_cancelled
        signal.set("too late")

        inner = asyncio.create_task(asyncio.sleep(9.0))
        outer = Errand(_await(inner))
        outer.cancel()
        assert outer.is_cancelled
        await settle()
        assert inner.cancelled()

    run(work())


async def _await(task: "asyncio.Task[None]") -> None:
    await task


def test_one_that_is_running_is_given_up_where_it_waits_next() -> None:
    async def work() -> None:
        errands: list[Errand[None]] = []
        first: Signal[None] = Signal()
        reached: list[int] = []

        async def cancel_oneself() -> None:
            await first
            errands[0].cancel()
            reached.append(1)
            await asyncio.sleep(9.0)
            reached.append(2)

        errands.append(Errand(cancel_oneself()))
        first.set(None)
        assert reached == [1]
        assert errands[0].is_cancelled

    run(work())


def test_one_that_resists_goes_on() -> None:
    async def work() -> None:
        first, second = Signal[str](), Signal[str]()

        async def resist() -> str:
            with suppress(asyncio.CancelledError):
                await first
            return await second

        errand = Errand(resist())
        errand.cancel()
        assert not errand.is_done
        second.set("after all")
        assert errand.result() == "after all"

    run(work())


def test_a_task_that_waits_for_a_signal_can_be_cancelled() -> None:
    async def work() -> None:
        signal: Signal[str] = Signal()
        task = asyncio.create_task(_pass_on(signal))
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (signal.cancelled(), signal.cancel()) == (True, False)

    run(work())


def test_nothing_is_left_for_a_collector() -> None:
    """It is switched off while queries come."""

    async def work() -> None:
        for _ in range(100):
            signal: Signal[str] = Signal()
            errand = Errand(_pass_on(signal))
            errand.then(lambda _: None)
            signal.set("here")
            signal = Signal()
            errand = Errand(_pass_on(signal))
            errand.cancel()

    assert _garbage_of(work()) == 0


def _garbage_of(work: Coroutine[Any, Any, None]) -> int:
    """Objects that only a collector can free."""
    loop = VirtualLoop()
    gc.collect()
    gc.disable()
    try:
        loop.run_until_complete(work)
        return gc.collect()
    finally:
        gc.enable()
        loop.close()


def test_given_up_when_what_it_waited_for_is_done_it_does_not_go_on_again() -> None:
    async def work() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone_on: list[str] = []

        async def resist(last: Signal[str]) -> None:
            with suppress(asyncio.CancelledError):
                await future
            gone_on.append(await last)

        async def plain() -> None:
            await future

        ended, last = Errand(plain()), Signal[str]()
        resisting = Errand(resist(last))
        future.set_result(None)  # its callbacks are on their way
        ended.cancel()
        resisting.cancel()
        await settle()
        assert ended.is_cancelled
        assert (resisting.is_done, gone_on) == (False, [])
        last.set("once")
        assert (resisting.is_done, gone_on) == (True, ["once"])

    run(work())


def test_a_signal_among_what_asyncio_waits_for() -> None:
    async def work() -> None:
        first, second = Signal[str](), Signal[str]()
        asyncio.get_running_loop().call_soon(first.set, "a")
        done, pending = await asyncio.wait(
            [first, second],  # type: ignore[type-var]  # future-like
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert (done, pending) == ({first}, {second})
        second.set("b")
        await settle()
        assert await second == "b"

    run(work())
