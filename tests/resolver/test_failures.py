"""RFC 9520: how long a failure is kept, and what ends it sooner."""

import pytest

from minidns.resolver.failures import MAX_ENTRIES, Failures
from minidns.resolver.model import Failure, FailureKind

NEVER = float("-inf")
SILENCE = Failure(FailureKind.TIMEOUT, "no reply")
SERVFAIL = Failure(FailureKind.RCODE, "SERVFAIL")


def test_five_seconds_doubling_to_a_minute() -> None:
    failures, now, waits = Failures(), 0.0, []
    for _ in range(6):
        failures.add("key", SERVFAIL, now, is_stale=False)
        began = now
        while failures.find("key", now, NEVER):
            now += 0.5
        waits.append(now - began)
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_over_a_stale_answer_thirty_seconds_at_least() -> None:
    failures = Failures()
    failures.add("key", SERVFAIL, 0.0, is_stale=True)
    assert failures.find("key", 29.9, NEVER) == SERVFAIL
    assert failures.find("key", 30.0, NEVER) is None


@pytest.mark.parametrize(("failure", "is_kept"), [(SILENCE, False), (SERVFAIL, True)])
def test_silence_is_forgotten_at_a_revival(failure: Failure, is_kept: bool) -> None:
    failures = Failures()
    failures.add("key", failure, 10.0, is_stale=False)
    assert failures.find("key", 11.0, 9.0) == failure
    assert (failures.find("key", 11.0, 10.5) is not None) is is_kept


def test_the_oldest_goes_first_when_there_are_too_many() -> None:
    failures = Failures()
    for key in range(MAX_ENTRIES + 1):
        failures.add(key, SERVFAIL, 0.0, is_stale=False)
    assert len(failures) == MAX_ENTRIES
    assert failures.find(0, 1.0, NEVER) is None
    assert failures.find(MAX_ENTRIES, 1.0, NEVER) == SERVFAIL


def test_an_answer_and_a_flush_end_it() -> None:
    failures = Failures()
    failures.add("one", SERVFAIL, 0.0, is_stale=False)
    failures.add("two", SERVFAIL, 0.0, is_stale=False)
    failures.remove("one")
    assert failures.find("one", 1.0, NEVER) is None
    failures.clear()
    assert failures.find("two", 1.0, NEVER) is None
