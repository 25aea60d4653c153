"""RFC 2308 section 7.2: who is put aside, when it is probed, who is asked meanwhile."""

import pytest

from minidns.resolver.model import Policy
from minidns.resolver.upstream_state import MEASURE_EVERY, UpstreamStates
from tests.resolver.scripted_exchange import group, upstream

FIRST, SECOND, THIRD = upstream(1), upstream(2), upstream(3)
THREE = group(3)


def _fail(states: UpstreamStates, number: int, *, times: int = 3, now: float = 0.0) -> None:
    for _ in range(times):
        states.note_failure(upstream(number), 1.0, now)


def test_two_failures_change_nothing_and_the_third_puts_aside() -> None:
    states = UpstreamStates()
    assert [states.note_failure(FIRST, 1.0, 0.0) for _ in range(3)] == [False, False, True]
    assert states.order(THREE, 0.0) == [SECOND, THIRD]


def test_a_reply_between_failures_starts_the_count_again() -> None:
    states = UpstreamStates()
    _fail(states, 1, times=2)
    states.note_reply(FIRST, 0.1, 0.0)
    _fail(states, 1, times=2)
    assert states.order(THREE, 0.0) == [FIRST, SECOND, THIRD]


def test_probes_at_once_then_from_a_second_doubling_to_a_minute() -> None:
    states = UpstreamStates()
    _fail(states, 1)
    moments = []
    for half_second in range(2 * 300):
        if states.take_probes(THREE, half_second / 2):
            moments.append(half_second / 2)
    assert moments == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0, 243.0]


def test_once_a_second_where_nobody_else_is_up() -> None:
    states = UpstreamStates()
    only = group(1)
    _fail(states, 1)
    moments = [second / 4 for second in range(40) if states.take_probes(only, second / 4)]
    assert moments == [float(second) for second in range(10)]


def test_the_last_one_is_asked_until_a_probe_has_failed_too() -> None:
    states = UpstreamStates()
    only = group(1)
    _fail(states, 1)
    assert states.order(only, 0.0) == [FIRST]
    assert not states.is_down(only.upstreams, 0.0)
    states.note_failure(FIRST, 1.0, 1.0, is_probe=True)
    assert states.order(only, 1.0) == []
    assert states.is_down(only.upstreams, 1.0)


def test_a_dead_one_that_was_left_alone_for_a_minute_is_asked_again() -> None:
    states = UpstreamStates()
    _fail(states, 1)
    states.note_failure(FIRST, 1.0, 1.0, is_probe=True)
    assert states.order(group(1), 60.9) == []
    assert states.order(group(1), 61.0) == [FIRST]


def test_a_reply_to_a_probe_brings_it_back_on_trial() -> None:
    states = UpstreamStates()
    _fail(states, 1)
    assert states.note_probe_reply(FIRST, 2.0)
    assert states.order(THREE, 2.0)[0] == FIRST
    assert states.revived_at(THREE.upstreams) == 2.0
    assert states.note_failure(FIRST, 1.0, 3.0)
    assert states.order(THREE, 3.0) == [SECOND, THIRD]


def test_fastest_asks_by_round_trip_and_an_unknown_one_first() -> None:
    states = UpstreamStates()
    fastest = group(3, Policy.FASTEST)
    states.note_reply(FIRST, 0.2, 0.0)
    states.note_reply(SECOND, 0.1, 0.0)
    assert states.order(fastest, 0.0) == [THIRD, SECOND, FIRST]
    states.note_reply(THIRD, 0.15, 0.0)
    assert states.order(fastest, 0.0) == [SECOND, THIRD, FIRST]
    states.note_failure(SECOND, 1.0, 0.0)  # 0.1 + 0.9 / 8
    assert states.order(fastest, 0.0) == [THIRD, FIRST, SECOND]


def test_fastest_measures_the_others_in_turn() -> None:
    states = UpstreamStates()
    fastest = group(3, Policy.FASTEST)
    for number, seconds in ((1, 0.1), (2, 0.2), (3, 0.3)):
        states.note_reply(upstream(number), seconds, 0.0)
    measured = [states.to_measure(fastest, 0.0, turn) for turn in range(1, 4 * MEASURE_EVERY + 1)]
    assert [one for one in measured if one] == [THIRD, SECOND, THIRD, SECOND]


@pytest.mark.parametrize(("moment", "is_usable"), [(10.0, False), (69.9, False), (70.0, True)])
def test_a_looping_one_is_left_alone_for_a_minute(moment: float, is_usable: bool) -> None:
    states = UpstreamStates()
    states.note_loop(FIRST, 10.0)
    assert (FIRST in states.order(THREE, moment)) is is_usable
