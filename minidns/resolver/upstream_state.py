"""What is known of each upstream: how fast it replies, and whether it replies at all.

After three failures in a row an upstream is put aside, and only probes go to it until one of them
gets a reply; the last one of a group is asked all the same until a probe has failed too, so that
one slow domain cannot take a lone upstream away. What is known of a dead upstream is forgotten
after a minute without asking it (RFC 2308 section 7.2: never over five). Pure: knows no clock.
"""

from collections.abc import Iterable

from minidns.resolver.model import Group, Policy, Upstream

MAX_FAILURES = 3  # in a row, then put aside
FIRST_PROBE = 1.0  # seconds to the second probe, doubled each time; RFC 2308 section 7.2
LAST_PROBE = 60.0  # seconds, the longest between two
LOOP_SECONDS = 60.0  # an upstream that asks us back is left alone
MEASURE_EVERY = 20  # of so many questions one goes to a slower upstream as well
_GAIN = 8  # RFC 6298 section 2: an eighth of each new round trip is believed
_NEVER = float("-inf")


class _State:
    """One upstream. Moments are those of the caller's clock, in seconds."""

    __slots__ = (
        "failed_at",
        "failures",
        "is_aside",
        "is_dead",
        "looped_until",
        "probe_wait",
        "probed_at",
        "revived_at",
        "round_trip",
    )

    def __init__(self) -> None:
        self.round_trip: float | None = None  # smoothed
        self.failures = 0  # in a row
        self.is_aside = False
        self.is_dead = False  # aside, and a probe has failed
        self.failed_at = _NEVER
        self.probed_at = _NEVER
        self.probe_wait = 0.0  # from the last probe to the next
        self.revived_at = _NEVER
        self.looped_until = _NEVER


class UpstreamStates:
    """All upstreams that have been asked."""

    def __init__(
        self,
        max_failures: int = MAX_FAILURES,
        first_probe: float = FIRST_PROBE,
        last_probe: float = LAST_PROBE,
    ) -> None:
        """Failures in a row that put one aside; seconds between its first and its last probes."""
        self._max_failures = max_failures
        self._first_probe = first_probe
        self._last_probe = max(first_probe, last_probe)
        self._states: dict[Upstream, _State] = {}
        self.is_calm = True  # nobody is aside or looped; where it is False somebody may be

    def order(self, group: Group, now: float) -> list[Upstream]:
        """Whom to ask, first to last; none where all are known to be dead."""
        if self.is_calm and group.policy is not Policy.FASTEST:
            return list(group.upstreams)
        usable = [one for one in group.upstreams if self._of(one).looped_until <= now]
        up = [one for one in usable if not self._of(one).is_aside]
        if not up:
            up = [one for one in usable if not self._of(one).is_dead]
        if not up:
            up = [one for one in usable if now >= self._of(one).failed_at + self._last_probe]
        if group.policy is Policy.FASTEST and len(up) > 1:
            up.sort(key=self._round_trip)
        return up

    def to_measure(self, group: Group, now: float, turn: int) -> Upstream | None:
        """An upstream to be asked beside the fastest, now and then; `turn` counts questions."""
        if group.policy is not Policy.FASTEST or turn % MEASURE_EVERY:
            return None
        others = [one for one in self.order(group, now)[1:] if not self._of(one).is_aside]
        return others[turn // MEASURE_EVERY % len(others)] if others else None

    def take_probes(self, group: Group, now: float) -> list[Upstream]:
        """Those to be probed now, noted as probed.

        From a second on, doubling to a minute; once a second where the group has nobody else.
        """
        if self.is_calm:
            return []
        states = [(one, self._of(one)) for one in group.upstreams]
        aside = [each for each in states if each[1].is_aside and each[1].looped_until <= now]
        if not aside:
            return []
        is_down = len(aside) == len(states)
        due = []
        for upstream, state in aside:
            wait = min(state.probe_wait, self._first_probe) if is_down else state.probe_wait
            if now >= state.probed_at + wait:
                state.probed_at = now
                doubled = max(self._first_probe, state.probe_wait * 2)
                state.probe_wait = min(doubled, self._last_probe)
                due.append(upstream)
        return due

    def take_loop_check(self, upstream: Upstream, now: float) -> bool:
        """Whether to ask now if it asks us back; at most once a minute."""
        state = self._of(upstream)
        if now < state.probed_at + LOOP_SECONDS:
            return False
        state.probed_at = now
        return True

    def note_reply(self, upstream: Upstream, seconds: float, now: float) -> bool:
        """A reply to a question, after so many seconds. Whether that brings the upstream back."""
        state = self._of(upstream)
        self._smooth(state, seconds)
        state.failures, state.probe_wait = 0, 0.0
        if not state.is_aside:
            return False
        self._revive(state, now)
        return True

    def note_probe_reply(self, upstream: Upstream, now: float) -> bool:
        """On trial: it is asked again, and one more failure puts it aside again."""
        state = self._of(upstream)
        was_aside = state.is_aside
        if was_aside:
            state.failures = self._max_failures - 1
            self._revive(state, now)
        return was_aside

    def note_failure(
        self, upstream: Upstream, seconds: float, now: float, *, is_probe: bool = False
    ) -> bool:
        """No reply within so many seconds. Whether that puts the upstream aside."""
        state = self._of(upstream)
        state.failed_at = now
        if is_probe:
            state.is_dead = state.is_aside
            return False
        self._smooth(state, seconds)
        state.failures += 1
        if state.is_aside or state.failures < self._max_failures:
            return False
        state.is_aside = True
        self.is_calm = False
        return True

    def note_loop(self, upstream: Upstream, now: float) -> None:
        """It asks us what we ask it."""
        self.is_calm = False
        self._of(upstream).looped_until = now + LOOP_SECONDS

    def is_looped(self, upstream: Upstream, now: float) -> bool:
        """Whether it is left alone for that."""
        return self._of(upstream).looped_until > now

    def is_down(self, upstreams: Iterable[Upstream], now: float) -> bool:
        """Whether nobody of them is up."""
        states = [self._of(one) for one in upstreams]
        return all(state.is_dead or state.looped_until > now for state in states)

    def revived_at(self, upstreams: Iterable[Upstream]) -> float:
        """When one of them last came back; minus infinity for never."""
        return max((self._of(one).revived_at for one in upstreams), default=_NEVER)

    def _of(self, upstream: Upstream) -> _State:
        state = self._states.get(upstream)
        if state is None:
            state = self._states[upstream] = _State()
        return state

    def _round_trip(self, upstream: Upstream) -> float:
        """One that was never asked comes first."""
        return self._of(upstream).round_trip or 0.0

    def _smooth(self, state: _State, seconds: float) -> None:
        if state.round_trip is None:
            state.round_trip = seconds
        else:
            state.round_trip += (seconds - state.round_trip) / _GAIN

    def _revive(self, state: _State, now: float) -> None:
        if state.is_aside:
            state.is_aside = state.is_dead = False
            state.revived_at = now
            self.is_calm = not any(
                one.is_aside or one.looped_until > now for one in self._states.values()
            )


def describe(upstream: Upstream) -> str:
    """For a log line."""
    return f"{upstream.address} port {upstream.port}"
