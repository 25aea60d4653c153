"""When cycles are collected while a server answers."""

import asyncio
import gc
from types import SimpleNamespace

import pytest

from minidns.server import collecting
from minidns.server.collecting import FEW, MANY, Collecting


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Objects that Python says were made, and how often they were collected."""
    python = SimpleNamespace(objects=0, collected=0, is_enabled=True)

    def collect() -> None:
        python.collected += 1
        python.objects = 0

    def disable() -> None:
        python.is_enabled = False

    def enable() -> None:
        python.is_enabled = True

    python.collect, python.disable, python.enable = collect, disable, enable
    python.isenabled = lambda: python.is_enabled
    python.get_count = lambda: (python.objects, 0, 0)
    monkeypatch.setattr(collecting, "gc", python)
    return python


def test_not_while_queries_come(made: SimpleNamespace) -> None:
    queries = iter(range(1, 100))
    looks = Collecting(lambda: next(queries))
    made.objects = MANY
    looks.look()
    assert made.collected == 0
    made.objects = MANY + 1
    looks.look()
    assert made.collected == 1


def test_in_a_second_without_a_query(made: SimpleNamespace) -> None:
    looks = Collecting(lambda: 7)
    looks.look()
    made.objects = FEW
    looks.look()
    assert made.collected == 0
    made.objects = FEW + 1
    looks.look()
    assert made.collected == 1
    looks.look()
    assert made.collected == 1


@pytest.mark.parametrize("was_enabled", [True, False])
def test_while_the_server_answers_and_no_longer(
    made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, was_enabled: bool
) -> None:
    """Who runs a server in a process of his own has his collector back."""
    monkeypatch.setattr(collecting, "LOOK_SECONDS", 0)
    made.is_enabled = was_enabled
    loop = asyncio.new_event_loop()
    looked = 0

    def count_queries() -> int:
        nonlocal looked
        looked += 1
        if looked == 3:
            loop.stop()
        return 0

    with Collecting(count_queries).on(loop):
        assert not made.is_enabled
        loop.run_forever()
    assert looked == 3
    assert made.is_enabled is was_enabled
    loop.call_soon(loop.call_soon, loop.stop)
    loop.run_forever()
    loop.close()
    assert looked == 3  # no look is left on the loop


def test_python_counts_while_it_does_not_collect() -> None:
    """What MANY is compared with goes on to grow."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        before, *_ = gc.get_count()
        kept = [[] for _ in range(5000)]  # type: ignore[var-annotated]
        assert gc.get_count()[0] - before > len(kept) / 2  # some are taken from where others were
    finally:
        if was_enabled:
            gc.enable()
