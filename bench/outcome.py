"""What a client saw of one run, whichever client it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

MEDIAN = 50
WORST = 99  # of the percentiles that are quoted


class BadRun(RuntimeError):
    """A run that is no result: a query was lost, a wrong rcode came back, the server ended."""

    def __init__(self, reason: str, lost: int = 0) -> None:
        super().__init__(reason)
        self.lost = lost


@dataclass(frozen=True)
class Outcome:
    """Counts, and the latency of each answer in microseconds where the client noted them."""

    answers: int
    lost: int
    rcodes: Mapping[str, int]
    answers_per_second: float
    answer_octets: float  # the mean size
    latencies_us: Sequence[float] = ()


def percentile(values: Sequence[float], percent: int) -> float:
    """By the nearest rank. `values` are not empty, in any order."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def check(outcome: Outcome, shares: Mapping[str, float], tolerance: float) -> None:
    """Raises BadRun unless all was answered with the rcodes of the scenario, in their parts."""
    rcodes = dict(outcome.rcodes)
    if outcome.lost or not outcome.answers:
        reason = f"{outcome.answers} answers, {outcome.lost} lost, rcodes {rcodes}"
        raise BadRun(reason, outcome.lost)
    for rcode in shares.keys() | rcodes:
        share, expected = rcodes.get(rcode, 0) / outcome.answers, shares.get(rcode, 0.0)
        if abs(share - expected) > tolerance or (rcode not in shares):
            raise BadRun(f"{share:.1%} of the answers are {rcode}, expected {expected:.1%}")
