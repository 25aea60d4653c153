"""Coalescing, its bounds and cancellation (P07 of the robustness table)."""

import asyncio
from collections.abc import Coroutine

import pytest

from minidns.resolver import flights
from minidns.resolver.flights import Flights
from minidns.resolver.model import Failure, FailureKind
from tests.resolver.virtual_time import VirtualLoop, now, run, settle


async def _slow() -> float:
    await asyncio.sleep(2.0)
    return now()


def _take_faults() -> list[str]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    faults, loop.faults = [str(fault) for fault in loop.faults], []
    return faults


def _client(number: int) -> bytes:
    return number.to_bytes(4, "big")


def test_a_thousand_identical_waits_are_one_flight_and_a_hundred_are_answered() -> None:
    async def work() -> None:
        started = []

        async def fly() -> float:
            started.append(now())
            return await _slow()

        many: Flights[float] = Flights()
        waits = (many.wait("key", _client(number), fly, 4.5) for number in range(1000))
        results = await asyncio.gather(*waits)
        assert started == [0.0]
        assert results[:100] == [2.0] * 100
        assert all(
            isinstance(one, Failure) and one.kind is FailureKind.BUSY for one in results[100:]
        )
        assert (len(many), many.waiting, many.joined, many.refused) == (0, 0, 99, 900)

    run(work())


@pytest.mark.parametrize(
    ("clients", "answered"), [(1, flights.MAX_PER_CLIENT), (2000, flights.MAX_WAITING)]
)
def test_bounds_per_client_and_in_all(clients: int, answered: int) -> None:
    async def work() -> None:
        many: Flights[float] = Flights()
        waits = (many.wait(key, _client(key % clients), _slow, 4.5) for key in range(1100))
        results = await asyncio.gather(*waits)
        assert results.count(2.0) == answered
        assert await many.wait("again", _client(0), _slow, 4.5) == 4.0

    run(work())


def test_all_addresses_of_an_ipv6_host_are_charged_together() -> None:
    """RFC 7934 section 6: a host may take as many of its /64 as it likes."""

    async def work() -> None:
        many: Flights[float] = Flights(max_per_client=5)
        host, other = bytes.fromhex("20010db800000001"), bytes.fromhex("20010db800000002")
        waits = [many.wait(n, host + n.to_bytes(8, "big"), _slow, 4.5) for n in range(9)]
        results = await asyncio.gather(*waits, many.wait("other", other + bytes(8), _slow, 4.5))
        assert results.count(2.0) == 5 + 1

    run(work())


def test_a_cancelled_wait_cancels_no_flight_and_its_client_is_charged_to_the_end() -> None:
    async def work() -> None:
        many: Flights[float] = Flights()
        tasks = [
            asyncio.create_task(many.wait(key, b"c", _slow, 4.5))
            for key in range(flights.MAX_PER_CLIENT)
        ]
        await asyncio.sleep(1.0)
        for task in tasks:
            task.cancel()
        await settle()
        assert (many.waiting, len(many)) == (0, flights.MAX_PER_CLIENT)
        assert isinstance(await many.wait("more", b"c", _slow, 4.5), Failure)
        assert await many.wait(0, b"d", _slow, 4.5) == 2.0
        assert await many.wait("more", b"c", _slow, 4.5) == 4.0

    run(work())


def test_a_wait_ends_in_its_time_and_the_flight_goes_on() -> None:
    async def work() -> None:
        many: Flights[float] = Flights()
        assert await many.wait("key", b"c", _slow, 0.5) is None
        assert now() == 0.5
        assert await many.wait("key", b"c", _slow, 4.0) == 2.0

    run(work())


def test_background_flights_are_bounded_and_joined() -> None:
    async def work() -> None:
        many: Flights[float] = Flights()
        begun = [many.launch(key, _slow) for key in range(100)]
        assert begun.count(True) == flights.MAX_BACKGROUND
        assert not many.launch(0, _slow)
        assert await many.wait(0, b"c", _slow, 4.5) == 2.0
        assert many.background == 0

    run(work())


def test_close_ends_every_flight_and_every_wait() -> None:
    async def work() -> None:
        many: Flights[float] = Flights()
        task = asyncio.create_task(many.wait("key", b"c", _slow, 4.5))
        await settle()
        await many.close()
        assert isinstance(await task, Failure)
        assert isinstance(await many.wait("key", b"c", _slow, 4.5), Failure)
        assert not many.launch("key", _slow)
        assert (now(), len(many)) == (0.0, 0)

    run(work())


def test_a_flight_that_is_over_at_once_is_charged_to_nobody() -> None:
    async def work() -> None:
        many: Flights[float] = Flights(max_per_client=1)

        async def at_once() -> float:
            return 7.0

        results = [await many.wait(key, b"c", at_once, 4.5) for key in range(3)]
        assert results == [7.0] * 3
        assert await many.wait("slow", b"c", _slow, 4.5) == 2.0
        assert (len(many), many.waiting) == (0, 0)

    run(work())


def test_a_fault_of_a_flight_that_nobody_waits_for_is_told() -> None:
    async def fail() -> float:
        await asyncio.sleep(1.0)
        raise ZeroDivisionError

    async def work() -> list[str]:
        many: Flights[float] = Flights()
        assert many.launch("key", fail)
        await asyncio.sleep(2.0)
        assert (len(many), many.background) == (0, 0)
        return _take_faults()

    (fault,) = run(work())
    assert "ZeroDivisionError" in fault


def test_a_fault_after_all_who_waited_have_left_is_told() -> None:
    async def fail() -> float:
        await asyncio.sleep(2.0)
        raise ZeroDivisionError

    async def work() -> list[str]:
        many: Flights[float] = Flights()
        assert await many.wait("key", _client(1), fail, 1.0) is None
        with pytest.raises(ZeroDivisionError):
            await many.wait("key", _client(1), fail, 4.5)  # told to whoever waits, alone
        assert _take_faults() == []
        assert await many.wait("key", _client(1), fail, 1.0) is None
        await asyncio.sleep(2.0)
        return _take_faults()

    (fault,) = run(work())
    assert "ZeroDivisionError" in fault


def test_close_twice_waits_twice() -> None:
    async def stubborn() -> float:
        try:
            return await _slow()
        finally:
            await asyncio.sleep(1.0)

    async def work() -> None:
        many: Flights[float] = Flights()
        assert many.launch("key", stubborn)
        await asyncio.gather(many.close(), many.close())
        assert (len(many), now()) == (0, 1.0)

    run(work())


def test_a_flight_that_cannot_be_made_is_counted_nowhere() -> None:
    def refuse() -> Coroutine[object, object, float]:
        raise ZeroDivisionError

    async def work() -> None:
        many: Flights[float] = Flights(max_per_client=1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await many.wait("key", b"c", refuse, 4.5)
            with pytest.raises(ZeroDivisionError):
                many.launch("key", refuse)
        assert (many.waiting, many.background, len(many)) == (0, 0, 0)
        assert await many.wait("key", b"c", _slow, 4.5) == 2.0

    run(work())


def test_closed_by_what_a_flight_begins_with() -> None:
    async def work() -> None:
        many: Flights[float] = Flights()

        async def fly() -> float:
            await many.close()
            return 1.0

        result = await many.wait("key", b"c", fly, 4.5)
        assert isinstance(result, Failure)
        assert (many.waiting, len(many)) == (0, 0)

    run(work())
