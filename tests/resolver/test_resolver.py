"""Chains, stale answers, failures, prefetch and removal, each at its exact time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.resolver.model import Group, Policy, Question, Resolved
from minidns.resolver.resolver import Resolver
from minidns.wire.codes import ExtendedError, Rcode
from tests.resolver.scripted_exchange import (
    SILENCE,
    TRUNCATED,
    UNREACHABLE,
    Act,
    Asked,
    FakeCache,
    FakeHit,
    Script,
    ScriptedExchange,
    answer_all,
    group,
    question,
    wire,
)
from tests.resolver.virtual_time import now, run

CLIENT = bytes((127, 0, 0, 1))
Subject = Resolver[FakeHit]
LONE = group(1)


def _run(
    work: Callable[[Subject, ScriptedExchange], Coroutine[Any, Any, None]],
    script: Script = answer_all,
    is_ours: Callable[[Group, bytes], bool] = lambda *_: True,
) -> None:
    """With a resolver that is closed at the end, when nothing may be left."""

    async def whole() -> None:
        exchange = ScriptedExchange(script)
        subject: Subject = Resolver(FakeCache(), exchange, now, bytes, is_ours)
        await work(subject, exchange)
        await subject.close()
        assert exchange.in_flight == 0
        assert (subject.stats()["waiting"], subject.stats()["in_flight"]) == (0, 0)

    run(whole())


async def _ask(subject: Subject, what: Question | None = None, whom: Group = LONE) -> Resolved:
    return await subject.resolve(lambda _: whom, what or question(), CLIENT)


def _chain(length: int) -> Script:
    """One link in each reply, as an authority would: 0.example. to the last."""

    def script(asked: Asked) -> Act:
        number = int(asked.question.qname[1 : 1 + asked.question.qname[0]])
        if number == length:
            return asked.reply(f"{number}.example. 300 A 192.0.2.80")
        return asked.reply(f"{number}.example. 300 CNAME {number + 1}.example.")

    return script


@pytest.mark.parametrize(("length", "rcode"), [(11, 0), (12, 2), (100, 2)])
def test_p23_eleven_links_are_followed(length: int, rcode: int) -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        result = await _ask(subject, question("0.example."))
        assert result.segment.rcode == rcode
        assert len(exchange.asked) <= 12
        if not rcode:
            owners = [records.owner for records in result.segment.answer]
            assert owners == [None, *(wire(f"{number}.example.") for number in range(1, 12))]

    _run(work, _chain(length))


@pytest.mark.parametrize("names", [1, 2, 5])
def test_p23_a_loop_of_cnames_is_servfail(names: int) -> None:
    def script(asked: Asked) -> Act:
        number = int(asked.question.qname[1:2])
        return asked.reply(f"{number}.example. 300 CNAME {(number + 1) % names}.example.")

    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        result = await _ask(subject, question("0.example."))
        assert result.segment.rcode == Rcode.SERVFAIL
        assert len(exchange.asked) <= 12

    _run(work, script)


def test_a_chain_stops_where_nobody_is_to_be_asked() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        def group_of(name: bytes) -> Group | None:
            return None if name == wire("host.local.") else LONE

        result = await subject.resolve(group_of, question(), CLIENT)
        assert result.segment.target == wire("host.local.")
        assert len(result.segment.answer) == len(exchange.asked) == 1

    _run(
        work,
        lambda asked: asked.reply(
            "www.example. 300 CNAME host.local.", "host.local. 300 A 192.0.2.66"
        ),
        lambda _, name: name != wire("host.local."),
    )


def test_a_failure_is_kept_five_seconds_then_ten() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        while now() < 45:
            result = await _ask(subject)
            assert result.segment.rcode == Rcode.SERVFAIL
            assert result.error is not None
            assert result.error[0] is ExtendedError.NO_REACHABLE_AUTHORITY
            await asyncio.sleep(0.25 - now() % 0.25)
        moments = [each.at for each in exchange.asked]  # noted 0.01 s later, asked each 0.25 s
        assert moments == [0.0, 5.25, 15.5, 35.75]

    _run(work, lambda asked: asked.reply(rcode="SERVFAIL"))


def test_p20_truncated_without_tcp_is_told_apart_also_from_memory() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        for _ in range(2):
            segment, error, *_ = await _ask(subject)
            assert (segment.rcode, segment.answer, segment.is_truncated) == (2, (), True)
            assert error is not None
            assert error[0] is ExtendedError.NETWORK_ERROR
        assert len(exchange.asked) == 1
        exchange.script = lambda asked: asked.reply(rcode="SERVFAIL")
        other = await _ask(subject, question("other.example."))
        assert not other.segment.is_truncated

    _run(work, lambda _: TRUNCATED)


def test_stale_after_failure_with_ede_3_and_asked_again_after_thirty_seconds() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        await _ask(subject)
        exchange.script = lambda asked: asked.reply(rcode="SERVFAIL")
        await asyncio.sleep(301)
        for seconds, asked in ((0.0, 2), (29.0, 2), (2.0, 3)):
            await asyncio.sleep(seconds)
            result = await _ask(subject)
            assert result.error is not None
            assert result.error[0] is ExtendedError.STALE_ANSWER
            assert [records.ttl for records in result.segment.answer] == [30]
            assert len(exchange.asked) == asked

    _run(work)


def test_stale_after_1_8_seconds_while_the_refresh_goes_on() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        await _ask(subject)
        await asyncio.sleep(301)
        exchange.script = lambda asked: asked.reply(after=0.5) if asked.number == 3 else SILENCE
        began = now()
        result = await _ask(subject, whom=group(3))
        assert now() - began == pytest.approx(1.8)
        assert result.error is not None
        assert result.error[0] is ExtendedError.STALE_ANSWER
        await asyncio.sleep(1.0)
        assert subject.find(group(3), question(), now()) is not None

    _run(work)


def test_prefetch_in_the_last_tenth_is_one_fetch() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        await _ask(subject)
        for moment, asked in ((269.0, 1), (275.0, 2)):
            await asyncio.sleep(moment - now())
            for _ in range(50):
                assert subject.find(LONE, question(), now()) is not None
            await asyncio.sleep(0.5)
            assert len(exchange.asked) == asked
        await asyncio.sleep(100)  # past the first TTL
        assert subject.find(LONE, question(), now()) is not None
        assert len(exchange.asked) == 2

    _run(work)


def test_p17_a_removed_name_is_gone_within_its_ttl_and_a_second() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        await _ask(subject)
        exchange.script = lambda asked: asked.nxdomain()
        while now() < 310:
            if subject.find(LONE, question(), now()) is None:
                await asyncio.gather(*(_ask(subject) for _ in range(100)))
            await asyncio.sleep(0.5)
            if now() > 301:
                assert (await _ask(subject)).segment.rcode == Rcode.NXDOMAIN
        assert subject.stats()["stale_answers"] == 0
        assert len(exchange.asked) == 2

    _run(work)


def test_a_kept_silence_is_forgotten_when_the_upstream_comes_back() -> None:
    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        await _ask(subject)
        exchange.script = lambda _: SILENCE
        while not subject.is_down(LONE):
            await _ask(subject, question("other.example."))
            await asyncio.sleep(0.1)
        exchange.script = answer_all
        began = now()
        while (await _ask(subject, question("other.example."))).segment.rcode == Rcode.SERVFAIL:
            await asyncio.sleep(0.1)
        assert now() - began <= 2.0

    _run(work)


_ACTS = st.sampled_from(
    ["answer", "slow", "silence", "refused", "servfail", "alias", "junk", "truncated"]
)


def act(kind: str, asked: Asked) -> Act:
    if kind == "alias":
        name = "abcdefgh"[len(asked.question.qname) % 8]
        return asked.reply(f"{_text(asked)} 60 CNAME {name}.{_text(asked)[:40]}example.")
    return {
        "answer": asked.reply(f"{_text(asked)} 5 A 192.0.2.80"),
        "several": asked.reply(*(f"{_text(asked)} 5 A 192.0.2.{last}" for last in (1, 2, 3))),
        "private": asked.reply(f"{_text(asked)} 5 A 192.168.0.{asked.question.qname[1]}"),
        "brief": asked.reply(f"{_text(asked)} 0 A 192.0.2.80"),
        "longer": asked.reply(f"{_text(asked)} 7200 A 192.0.2.80"),
        "embedded": asked.reply(f"{_text(asked)} 5 AAAA 64:ff9b::10.0.0.1"),
        "many": asked.reply(*(f"{_text(asked)} 5 AAAA 2001:db8::{last}" for last in range(16))),
        "lasting": asked.reply(f"{_text(asked)} 86401 A 192.0.2.80"),
        "signed": asked.reply(f"{_text(asked)} 5 A 192.0.2.80", flags="AD"),
        "slow": asked.reply(f"{_text(asked)} 5 A 192.0.2.80", after=0.9),
        "silence": SILENCE,
        "truncated": TRUNCATED,
        "refused": UNREACHABLE,
        "servfail": asked.reply(rcode="SERVFAIL"),
        "junk": replace(asked, question=question("junk.")).reply(),
    }[kind]


def _text(asked: Asked) -> str:
    labels, at, qname = [], 0, asked.question.qname
    while qname[at]:
        labels.append(qname[at + 1 : at + 1 + qname[at]].decode())
        at += 1 + qname[at]
    return "".join(f"{label}." for label in labels) or "."


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    acts=st.lists(_ACTS, min_size=1, max_size=12),
    clients=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans()), min_size=1, max_size=25
    ),
    count=st.integers(1, 4),
    policy=st.sampled_from(list(Policy)),
)
def test_whatever_happens_each_client_has_one_answer_in_time(
    acts: list[str], clients: list[tuple[int, int, bool]], count: int, policy: Policy
) -> None:
    turn = iter(range(10**6))

    async def work(subject: Subject, exchange: ScriptedExchange) -> None:
        async def client(after: int, name: int, leaves: bool) -> None:
            await asyncio.sleep(after / 4)
            began = now()
            task = asyncio.create_task(_ask(subject, question(f"{name}.example."), whom))
            if leaves:
                await asyncio.sleep(0.3)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return
            assert (await task).segment.rcode in (Rcode.NOERROR, Rcode.SERVFAIL)
            assert now() - began <= 4.5 + 1e-6

        whom = group(count, policy)
        await asyncio.gather(*(client(*each) for each in clients))
        assert len(exchange.queries()) <= 12 * len(clients)

    _run(work, lambda asked: act(acts[next(turn) % len(acts)], asked))
