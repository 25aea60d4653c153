"""X12: a loop through another server ends in SERVFAIL, soon and for few packets."""

import asyncio
import logging
from typing import Any

import pytest

from minidns.resolver.loops import upstream_at
from minidns.resolver.model import Failure, Question, Resolved, Upstream
from minidns.resolver.resolver import Resolver
from minidns.wire.codes import Rcode
from minidns.wire.reply import Reply
from tests.resolver.scripted_exchange import (
    Asked,
    FakeCache,
    FakeHit,
    ScriptedExchange,
    group,
    question,
)
from tests.resolver.virtual_time import now, run

LONE = group(1)


class _Looping(ScriptedExchange):
    """An upstream that forwards to us what we ask it, from `source`."""

    resolver: Resolver[FakeHit]
    source: bytes

    def __call__(
        self, to: Upstream, what: Question, seconds: float
    ) -> asyncio.Task[Reply | Failure]:
        return asyncio.create_task(self._ask(to, what, seconds))

    async def _ask(self, to: Upstream, what: Question, seconds: float) -> Reply | Failure:
        self.asked.append(Asked(to, what, now()))
        try:
            async with asyncio.timeout(seconds):
                await self.resolver.resolve(lambda _: LONE, what, self.source)
        except TimeoutError:
            pass
        failed = Asked(to, what, now()).reply(rcode="SERVFAIL").result
        assert isinstance(failed, Reply)
        return failed


def _loop(source: bytes) -> tuple[Resolved, list[Asked], float]:
    async def work() -> tuple[Resolved, list[Asked], float]:
        exchange = _Looping()
        token = iter(range(1, 1000))
        exchange.resolver = Resolver(
            FakeCache(), exchange, now, lambda size: next(token).to_bytes(size, "big"), _all_ours
        )
        exchange.source = source
        result = await exchange.resolver.resolve(lambda _: LONE, question(), bytes(4))
        took = now()
        await exchange.resolver.close()
        return result, exchange.asked, took

    return run(work())


def _all_ours(*_: Any) -> bool:
    return True


def test_a_loop_is_found_at_once_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        result, asked, took = _loop(bytes((192, 0, 2, 1)))
    assert result.segment.rcode == Rcode.SERVFAIL
    assert (took, len(asked)) == (0.0, 2)  # the question and one probe
    assert len(caplog.records) == 1
    assert "192.0.2.1 port 53 sends our queries back" in caplog.text


def test_a_loop_from_another_address_ends_within_bounds() -> None:
    result, asked, took = _loop(bytes((198, 51, 100, 1)))
    assert result.segment.rcode == Rcode.SERVFAIL
    assert took <= 4.5
    assert len(asked) <= 12


@pytest.mark.parametrize("client", [bytes((192, 0, 2, 1)), bytes(10) + b"\xff\xff\xc0\x00\x02\x01"])
def test_an_upstream_is_known_by_its_address(client: bytes) -> None:
    assert upstream_at(group(2), client) == group(2).upstreams[0]
    assert upstream_at(group(2), bytes((192, 0, 2, 9))) is None
