"""Attempts, their order and their times; who is put aside and who is probed (L16, X12)."""

import asyncio
from itertools import pairwise

import pytest

from minidns.resolver.forwarder import Budget, Forwarder
from minidns.resolver.loops import Loops
from minidns.resolver.model import Failure, FailureKind, Group, Policy, Segment
from tests.resolver.scripted_exchange import (
    SILENCE,
    TRUNCATED,
    UNREACHABLE,
    Act,
    Asked,
    Script,
    ScriptedExchange,
    answer_all,
    group,
    question,
)
from tests.resolver.virtual_time import now, run


def _forwarder(script: Script) -> tuple[Forwarder, ScriptedExchange]:
    exchange = ScriptedExchange(script)
    return Forwarder(exchange, now, Loops(bytes)), exchange


async def _ask(
    forwarder: Forwarder, whom: Group, budget: Budget | None = None
) -> Segment | Failure:
    return await forwarder.ask(whom, question(), budget or Budget())


def _dead(*numbers: int) -> Script:
    return lambda asked: SILENCE if asked.number in numbers else answer_all(asked)


def test_a_dead_first_costs_one_attempt_three_times_and_then_nothing() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(_dead(1))
        took = []
        for _ in range(5):
            began = now()
            assert isinstance(await _ask(forwarder, group(2)), Segment)
            took.append(now() - began)
        assert took == pytest.approx([1.01, 1.01, 1.01, 0.01, 0.01])
        assert [each.number for each in exchange.queries()] == [1, 2, 1, 2, 1, 2, 2, 2]
        await forwarder.close()

    run(work())


def test_three_attempts_of_a_second_each() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(_dead(1, 2))
        result = await _ask(forwarder, group(2))
        assert isinstance(result, Failure)
        assert result.kind is FailureKind.TIMEOUT
        assert [(each.number, each.at) for each in exchange.queries()] == [
            (1, 0.0),
            (2, 1.0),
            (1, 2.0),
        ]
        assert now() == 3.0

    run(work())


def test_refusals_go_to_the_next_at_once_and_are_not_asked_twice() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(lambda _: UNREACHABLE)
        result = await _ask(forwarder, group(2))
        assert isinstance(result, Failure)
        assert (result.kind, now()) == (FailureKind.UNREACHABLE, 0.0)
        assert [each.number for each in exchange.queries()] == [1, 2]

    run(work())


def test_servfail_is_asked_of_the_next_and_puts_nobody_aside() -> None:
    async def work() -> None:
        def script(asked: Asked) -> Act:
            return asked.reply(rcode="SERVFAIL") if asked.number == 1 else asked.reply()

        forwarder, exchange = _forwarder(script)
        for _ in range(4):
            assert isinstance(await _ask(forwarder, group(2)), Segment)
        assert [each.number for each in exchange.asked] == [1, 2] * 4

    run(work())


def test_a_bare_error_sends_on_to_the_next_at_once_and_shows_that_the_upstream_lives() -> None:
    async def work() -> None:
        refused = Act(Failure(FailureKind.RCODE, "REFUSED", 5), 0.01)
        forwarder, exchange = _forwarder(
            lambda asked: refused if asked.number == 1 else asked.reply()
        )
        for _ in range(4):
            assert isinstance(await _ask(forwarder, group(2)), Segment)
        assert now() == pytest.approx(0.08)
        assert [each.number for each in exchange.asked] == [1, 2] * 4

    run(work())


@pytest.mark.parametrize("policy", [Policy.IN_ORDER, Policy.RACE])
@pytest.mark.parametrize("order", [(TRUNCATED, UNREACHABLE), (UNREACHABLE, TRUNCATED)])
def test_p20_truncated_is_what_is_told_where_the_next_does_not_help(
    order: tuple[Act, Act], policy: Policy
) -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(lambda asked: order[asked.number - 1])
        result = await _ask(forwarder, group(2, policy))
        assert isinstance(result, Failure)
        assert result.kind is FailureKind.TRUNCATED
        assert len(exchange.asked) == 2
        exchange.script = lambda asked: TRUNCATED if asked.number == 1 else asked.reply()
        assert isinstance(await _ask(forwarder, group(2, policy)), Segment)

    run(work())


def test_race_asks_two_at_once_and_takes_the_first() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(
            lambda asked: asked.reply(after=0.5 if asked.number == 1 else 0.1)
        )
        assert isinstance(await _ask(forwarder, group(3, Policy.RACE)), Segment)
        assert now() == pytest.approx(0.1)
        assert [(each.number, each.at) for each in exchange.asked] == [(1, 0.0), (2, 0.0)]
        await forwarder.close()
        assert exchange.in_flight == 0

    run(work())


def test_race_with_a_dead_one_is_not_felt_and_it_is_put_aside() -> None:
    async def work() -> None:
        forwarder, _ = _forwarder(_dead(1))
        for _ in range(3):
            assert isinstance(await _ask(forwarder, group(3, Policy.RACE)), Segment)
        assert now() == pytest.approx(0.03)
        await asyncio.sleep(1.5)
        order = forwarder.states.order(group(3, Policy.RACE), now())
        assert [one.address for one in order] == ["192.0.2.2", "192.0.2.3"]
        await forwarder.close()

    run(work())


def test_budget_is_never_overdrawn() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(_dead(1, 2, 3, 4))
        budget = Budget()
        budget.left = 3
        result = await _ask(forwarder, group(4, Policy.RACE), budget)
        assert isinstance(result, Failure)
        assert (result.kind, len(exchange.queries())) == (FailureKind.BUSY, 3)

    run(work())


def test_l16_ten_dead_fail_at_once_and_one_that_revives_is_found_within_two_seconds() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(lambda _: SILENCE)
        ten = group(10)
        while not forwarder.states.is_down(ten.upstreams, now()):
            await _ask(forwarder, ten)
            await asyncio.sleep(0.1)
        opened, asked = now(), len(exchange.queries())
        for _ in range(300):
            began = now()
            assert isinstance(await _ask(forwarder, ten), Failure)
            assert now() == began
            await asyncio.sleep(0.1)
        assert len(exchange.queries()) == asked
        for number in range(1, 11):
            moments = [each.at for each in exchange.probes() if each.number == number]
            gaps = [after - before for before, after in pairwise(moments)]
            assert min(gaps) >= 1.0
            assert moments[-1] > opened
        exchange.script = lambda asked: answer_all(asked) if asked.number == 7 else SILENCE
        revived = now()
        while isinstance(await _ask(forwarder, ten), Failure):
            await asyncio.sleep(0.1)
        assert now() - revived <= 2.0
        await forwarder.close()

    run(work())


def test_one_slow_domain_takes_no_lone_upstream_away() -> None:
    async def work() -> None:
        forwarder, exchange = _forwarder(
            lambda asked: answer_all(asked) if asked.is_probe else SILENCE
        )
        await _ask(forwarder, group(1))
        exchange.script = answer_all
        began = now()
        assert isinstance(await _ask(forwarder, group(1)), Segment)
        assert now() - began == pytest.approx(0.01)
        await forwarder.close()

    run(work())
