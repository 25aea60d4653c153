"""The benchmark of a reload: what it says of a result, and a short run of it."""

import sys
from dataclasses import replace

import pytest

from bench import reload
from bench.dnsperf import dnsperf_version
from tests.peers import find_program

RESULT = reload.Reloaded("minidns 1", 1_000_000, 20_000, 61.5, 900_000, 0, 0.1, 4.2, 33.0, 0.3, 700)


def test_the_target_is_said_with_the_figures() -> None:
    text = reload.describe(RESULT)
    assert (
        "| 1,000,000 | 20,000 | 61.5 s | 900,000 | 0 | 0.1 ms | 4.2 ms | 33.0 ms | 0.3 ms |" in text
    )
    assert "under 20 ms): reached" in text


@pytest.mark.parametrize("change", [{"lost": 1}, {"p99_ms": 20.0}])
def test_a_target_that_is_missed_is_said_to_be(change: dict[str, float]) -> None:
    missed = replace(RESULT, **change)
    assert not missed.is_reached
    assert "not reached" in reload.describe(missed)


def test_a_short_run() -> None:
    if find_program("dnsperf") is None:
        pytest.skip("dnsperf is not installed (Debian: apt-get install dnsperf)")
    assert dnsperf_version()
    result = reload.run(200, 500, sys.executable, seconds=0.3)
    assert (result.lost, result.records) == (0, 200 + 100 + 20 + 6)
    assert result.answers >= 200
    assert 0 < result.reload_seconds < 60
