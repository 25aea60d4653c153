"""All servers of a scenario in turn, A B A B ..., so that a drift of the machine meets them all.

Scenarios of the same dataset share their servers, which run the whole time: one that has no
queries costs nothing. A run with a lost query or a wrong rcode is made again, and told. A server
that does not start, or has no run without a fault, has no result, and the others go on.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bench import agreement, datasets, queries, servers
from bench.datasets import DATASETS, Written
from bench.measure import (
    PACED_SECONDS,
    Files,
    Measurement,
    describe_client,
    measure,
    warm_up,
)
from bench.outcome import BadRun
from bench.scenarios import Scenario
from bench.servers import Contestant
from bench.usage import resident_kib, seconds_since_start
from tests.peers import Peer, PeerError

WARM_UP = 0.5  # seconds of load before the first round, not counted
# Such runs where there are workers: each has an answer cache of its own, and the sockets of a run
# are divided anew, so that after so many a name is still unknown to one in 2**WARM_UPS of them.
WARM_UPS = 6
MOST_PER_SECOND = 300_000  # answers; so many queries are written where none may come twice
TRIES = 3  # for one run; those that were no result are told with the figures
LOADS = 2  # starts of minidns with a slow dataset: cold, then warm


@dataclass(frozen=True)
class Options:
    """How to measure."""

    rounds: int  # runs of each server
    seconds: float  # of one run
    size: int | None  # hosts or zones instead of the dataset's own number
    core: int  # of the servers
    load_core: int  # of dnsperf, and of what has more cores than one
    python: str  # that minidns runs on
    compiled: Path | None = None  # where its compiled form is


@dataclass
class Start:
    """Seconds from exec to an authoritative answer over UDP and TCP, and the memory then."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)  # with what the start before has kept
    resident_kib: int = 0


@dataclass
class Result:
    """Of one scenario: by round, the servers that have a result; for the others, why not."""

    scenario: Scenario
    rounds: list[dict[str, Measurement]] = field(default_factory=list)
    starts: Mapping[str, Start] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # it cannot, or is not here
    no_result: dict[str, str] = field(default_factory=dict)  # it should have
    client: str = ""  # how it was driven
    discarded: dict[str, list[str]] = field(default_factory=dict)  # runs that were made again
    lost: dict[str, int] = field(default_factory=dict)  # queries, in those
    versions: dict[str, str] = field(default_factory=dict)


def run_group(
    group: Sequence[Scenario], names: Sequence[str], options: Options
) -> Iterator[Result]:
    """Scenarios of the same servers, one by one. `names` are the peers of minidns."""
    wanted = servers.contestants(names, group[0].workers, options.python, options.compiled)
    if reason := wanted[0].missing():
        yield from (Result(scenario, left_out={wanted[0].name: reason}) for scenario in group)
        return
    dataset = DATASETS[group[0].dataset]
    size = options.size or dataset.size
    starts_wanted = 1
    if any(scenario.queries is None for scenario in group):
        starts_wanted = options.rounds
    elif any(scenario.is_slow for scenario in group):
        starts_wanted = LOADS
    with tempfile.TemporaryDirectory(prefix="bench-") as made, ExitStack() as running:
        directory = Path(made)
        written = datasets.write(dataset, directory, size)
        is_slow = any(each.is_slow for each in group)
        held = _Group(directory, written, options, is_slow, group[0].cores)
        able = [each for each in wanted if any(each.left_out(one) is None for one in group)]
        held.start(able, starts_wanted, running)
        for scenario in group:
            yield held.run(scenario, wanted, size)


class _Group:
    """The servers of a dataset, and where its files are."""

    def __init__(
        self, directory: Path, written: Written, options: Options, is_slow: bool, cores: int
    ) -> None:
        self._directory = directory
        self._written = written
        self._options = options
        self._is_slow = is_slow
        self._cores = cores
        self._workers: dict[str, int] = {}
        self._peers: dict[str, Peer] = {}
        self._starts: dict[str, Start] = {}
        self._faults: dict[str, str] = {}

    def start(self, able: Iterable[Contestant], times: int, running: ExitStack) -> None:
        """minidns so many times in turn, the last time to stay; others once, at the last."""
        waiting = [each for each in able if each.missing() is None]
        for number in range(times):
            for contestant in list(waiting):
                if not contestant.is_minidns and number < times - 1:
                    continue
                is_last = number == times - 1
                try:
                    with ExitStack() as stack:
                        self._start_one(contestant, stack)
                        if is_last:
                            running.enter_context(stack.pop_all())
                        else:
                            del self._peers[contestant.name]
                except PeerError as fault:
                    waiting.remove(contestant)
                    self._faults[contestant.name] = str(fault)

    def run(self, scenario: Scenario, wanted: Sequence[Contestant], size: int) -> Result:
        """One scenario."""
        client = describe_client(scenario, self._options.seconds)
        if scenario.workers > 1:
            client += f"; {scenario.workers} workers: that many times -c, -q and -Q"
        result = Result(scenario, starts=self._starts, client=client)
        peers = []
        for contestant in wanted:
            name = contestant.name
            reason = contestant.missing() or contestant.left_out(scenario)
            if reason:
                result.left_out[name] = reason
            elif name in self._faults:
                result.no_result[name] = self._faults[name]
            else:
                peers.append(self._peers[name])
                result.versions[name] = self._peers[name].version
        if scenario.queries is not None:
            self._run_rounds(result, peers, size)
        return result

    def _start_one(self, contestant: Contestant, stack: ExitStack) -> None:
        _say(f"starting {contestant.name}")
        start = self._starts.setdefault(contestant.name, Start())
        is_warm = self._is_slow and bool(start.cold)
        cache = self._directory / "cache" / contestant.name / str(0 if is_warm else len(start.cold))
        cache.mkdir(parents=True, exist_ok=True)
        core: int | str = self._options.core
        if self._cores > 1 and contestant.workers > 1:
            core = f"{core},{self._options.load_core}"
        started = servers.run(contestant, self._written, core, cache, self._is_slow)
        peer = stack.enter_context(started)
        (start.warm if is_warm else start.cold).append(seconds_since_start(peer.pid))
        start.resident_kib = resident_kib(peer.pid)
        self._peers[contestant.name] = peer
        self._workers[contestant.name] = contestant.workers

    def _run_rounds(self, result: Result, peers: list[Peer], size: int) -> None:
        scenario, options = result.scenario, self._options
        files = self._write(scenario, size, "warm up")
        result.no_result |= agreement.disagreements(
            peers, queries.read(files.paced, agreement.ASKED)
        )
        waiting = [peer for peer in peers if peer.name not in result.no_result]
        _say(f"{scenario.name}: warming up {', '.join(peer.name for peer in waiting)}")
        for peer in waiting:
            times = WARM_UPS if scenario.workers > 1 else 1
            with suppress(BadRun):  # what is wrong shows in the first round
                for _ in range(times):
                    warm_up(peer, self._load_of(peer, scenario), files, WARM_UP)
        for number in range(options.rounds):
            _say(f"{scenario.name}: round {number + 1} of {options.rounds}")
            if scenario.is_fresh:
                files = self._write(scenario, size, f"round {number}")
            measured = {}
            for peer in list(waiting):
                measurement = self._measure(peer, result, files)
                if measurement is None:
                    waiting.remove(peer)
                else:
                    measured[peer.name] = measurement
            result.rounds.append(measured)
        for measured in result.rounds:
            for name in result.no_result:
                measured.pop(name, None)
        shutil.rmtree(files.full.parent)

    def _measure(self, peer: Peer, result: Result, files: Files) -> Measurement | None:
        """A run without a fault, within TRIES of them."""
        faults = result.discarded.setdefault(peer.name, [])
        for _ in range(TRIES):
            try:
                scenario = self._load_of(peer, result.scenario)
                return measure(peer, scenario, files, self._options.seconds)
            except BadRun as fault:
                faults.append(str(fault))
                result.lost[peer.name] = result.lost.get(peer.name, 0) + fault.lost
        result.no_result[peer.name] = faults[-1]
        return None

    def _load_of(self, peer: Peer, scenario: Scenario) -> Scenario:
        return scenario.for_workers(self._workers[peer.name])

    def _write(self, scenario: Scenario, size: int, run: str) -> Files:
        directory = self._directory / "queries"
        directory.mkdir(exist_ok=True)
        files = Files(directory / "paced", directory / "full")
        assert scenario.queries is not None
        made = scenario.queries(size, queries.chance_of(scenario.name, run))
        if scenario.is_fresh:
            queries.write(files.paced, islice(made, int(scenario.pace * PACED_SECONDS)))
            most = int(MOST_PER_SECOND * self._options.seconds)
            queries.write(files.full, islice(made, most))
            return files
        queries.write(files.full, islice(made, size))
        return Files(files.full, files.full)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
