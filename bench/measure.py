"""One run of one scenario against one server: what the client saw, and what it cost the server.

Latencies are of an open loop of its own, `Scenario.pace` queries a second, since those of a server
that is driven as fast as it answers say only how long its queue is. Those of `tcp-single` are of
the run itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench import queries
from bench.dnsperf import load_arguments, run_dnsperf
from bench.floor import FLOOR
from bench.outcome import MEDIAN, WORST, BadRun, Outcome, check, percentile
from bench.scenarios import Client, Scenario
from bench.tcp_single import run_tcp_single
from bench.usage import Gone, resident_kib, usage_of
from tests.peers import Peer

PACED_SECONDS = 1.0
# Of the share of each rcode: a run ends within a block of 200 queries (bench/queries.py).
TOLERANCE = 0.01
MICROSECONDS = 1e6


class Files(NamedTuple):
    """Queries of one round: for the paced run and for the other, none in both if they are fresh."""

    paced: Path
    full: Path


@dataclass(frozen=True)
class Measurement:
    """One run. Times are processor time of the server, in microseconds per answer."""

    server: str
    answers: int
    answers_per_second: float
    total_us: float
    user_us: float
    system_us: float
    latency_median_us: float
    latency_99_us: float
    answer_octets: float
    resident_kib: int


def measure(peer: Peer, scenario: Scenario, files: Files, seconds: float) -> Measurement:
    """Raises BadRun unless every query was answered as the scenario says."""
    try:
        return _measure(peer, scenario, files, seconds)
    except Gone as fault:
        raise BadRun(str(fault)) from None


def warm_up(peer: Peer, scenario: Scenario, files: Files, seconds: float) -> None:
    """Load that is not counted. Raises BadRun."""
    _drive(peer, scenario, files.full, seconds)


def describe_client(scenario: Scenario, seconds: float) -> str:
    """What drives the servers of a scenario, in Markdown."""
    if scenario.queries is None:
        return "none"
    if scenario.client is Client.TCP_SINGLE:
        return f"bench/tcp_single.py, {scenario.sockets} connections at a time, {seconds:g} s"

    def told(length: float, rate: int | None) -> str:
        is_tcp = scenario.client is Client.TCP
        load = load_arguments(
            length, is_tcp, scenario.sockets, rate, scenario.under_way, scenario.is_once
        )
        return f"`dnsperf -B -d QUERIES {' '.join(load)}`"

    if scenario.rate is not None:
        return told(seconds, scenario.rate)
    paced = told(min(PACED_SECONDS, seconds), scenario.pace)
    return f"{told(seconds, None)}; for latencies, before it, {paced}"


def _measure(peer: Peer, scenario: Scenario, files: Files, seconds: float) -> Measurement:
    latencies = None
    if scenario.rate is None and scenario.client is not Client.TCP_SINGLE:
        paced_seconds = min(PACED_SECONDS, seconds)
        paced = _drive(peer, scenario, files.paced, paced_seconds, scenario.pace)
        latencies = paced.latencies_us
    before = usage_of(peer.pid)
    outcome = _drive(peer, scenario, files.full, seconds, scenario.rate)
    after = usage_of(peer.pid)
    if latencies is not None:
        _check_pace(outcome, scenario.pace)
    latencies = outcome.latencies_us if latencies is None else latencies
    total = (after.seconds - before.seconds) * MICROSECONDS / outcome.answers
    user_ticks = after.user_ticks - before.user_ticks
    ticks = user_ticks + after.system_ticks - before.system_ticks
    user = total * user_ticks / ticks if ticks else 0.0
    return Measurement(
        server=peer.name,
        answers=outcome.answers,
        answers_per_second=outcome.answers_per_second,
        total_us=total,
        user_us=user,
        system_us=total - user,
        latency_median_us=percentile(latencies, MEDIAN),
        latency_99_us=percentile(latencies, WORST),
        answer_octets=outcome.answer_octets,
        resident_kib=resident_kib(peer.pid),
    )


def _drive(
    peer: Peer, scenario: Scenario, path: Path, seconds: float, rate: int | None = None
) -> Outcome:
    if scenario.client is Client.TCP_SINGLE:
        outcome = run_tcp_single(peer, queries.read(path), seconds, scenario.sockets)
    else:
        is_tcp = scenario.client is Client.TCP
        outcome = run_dnsperf(
            peer,
            path,
            seconds,
            is_tcp=is_tcp,
            sockets=scenario.sockets,
            rate=rate,
            under_way=scenario.under_way,
            is_once=scenario.is_once,
        )
    # The floor answers everything with what it was asked, so with NOERROR.
    shares = {"NOERROR": 1.0} if peer.name == FLOOR else scenario.shares
    check(outcome, shares, TOLERANCE)
    return outcome


def _check_pace(outcome: Outcome, pace: int) -> None:
    """A server that kept the pace can do more: otherwise it was the client that stood still."""
    if outcome.answers_per_second < pace:
        raise BadRun(
            f"the client stood still: {outcome.answers_per_second:,.0f} answers a second, after "
            f"{pace:,} a second were answered"
        )
