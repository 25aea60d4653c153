"""Names that a cache holds and names that no cache holds, through all forwarders in turn.

The names are below ORIGIN, held by NSD on loopback; their addresses are public ones (RFC 5737),
since minidns takes private addresses out of the answers for public names (rebinding). Servers run
the whole time, on one core; NSD and dnsperf share another. minidns with the same names in a zone
file takes part in the hits.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench import agreement, datasets, queries, servers
from bench.datasets import ORIGIN, Dataset, Entry, Written
from bench.dnsperf import run_dnsperf
from bench.measure import PACED_SECONDS, Files, Measurement, measure, warm_up
from bench.outcome import BadRun
from bench.resolver_servers import LARGE, run_forwarder
from bench.rounds import TRIES, Result
from bench.scenarios import Scenario
from bench.servers import COMPILED, MINIDNS, Contestant
from tests.peers import Peer, PeerError

HITS, SPREAD, MISSES = "hits", "spread", "misses"
# Names asked before. Each of SPREAD comes three or four times a second, not 150 times, and no more
# than some of them can be in the first tier.
HOSTS = {HITS: 1_000, SPREAD: 40_000}
COMPILED_FORM = f"{MINIDNS}{COMPILED}"
LOCAL = f"{MINIDNS} zone"  # minidns with the same names in a zone file
_SMALL_CACHES = ("dnsmasq", LARGE)
_TOO_SMALL = "its cache holds fewer names"
WARM_UP = 0.5  # seconds of load before the first round, not counted
ALL_SECONDS = 30.0  # that all names may take, until they are in a cache
MOST_MISSES = 80_000  # a second; so many queries are written

_WILD = f"wild.{ORIGIN}"


def new_names(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """Addresses of names under the wildcard, none twice but by chance (1 of 2 to the 60)."""
    while True:
        yield queries.question(f"x{chance.getrandbits(60):015x}.{_WILD}", "A")


def public_zone(hosts: int) -> datasets.Zones:
    """An address for each host, and a wildcard."""
    entries = [
        Entry("@", "SOA", f"ns1.{ORIGIN} {datasets.SOA.format(ORIGIN)}"),
        Entry("@", "NS", f"ns1.{ORIGIN}"),
        Entry("ns1", "A", "198.51.100.1"),
        Entry("*.wild", "A", "198.51.100.3"),
    ]
    entries += [
        Entry(datasets.host(number), "A", f"203.0.113.{number % 256}") for number in range(hosts)
    ]
    yield ORIGIN, entries


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        *(
            Scenario(name, f"UDP, {hosts:,} names asked before", queries.repeated)
            for name, hosts in HOSTS.items()
        ),
        Scenario(
            MISSES,
            "UDP, every name new, upstream on loopback",
            new_names,
            pace=500,
            is_fresh=True,
            is_once=True,
        ),
    )
}


@dataclass(frozen=True)
class Options:
    """How to measure."""

    rounds: int  # runs of each server
    seconds: float  # of one run
    core: int  # of the servers
    authority_core: int  # of NSD
    python: str  # that minidns runs on
    compiled: Path | None = None  # where its compiled form is


@contextmanager
def authority(directory: Path, options: Options) -> Iterator[tuple[Written, Peer]]:
    """The zone's files below an empty directory, and NSD that serves it. Raises PeerError."""
    most = max(HOSTS.values())
    written = datasets.write(Dataset("resolver", "", most, public_zone), directory, most)
    nsd = servers.run(Contestant(servers.NSD), written, options.authority_core, directory)
    with nsd as peer:
        yield written, peer


def run(
    wanted: Sequence[str],
    left_out: dict[str, str],
    names: Sequence[str],
    directory: Path,
    options: Options,
) -> Iterator[Result]:
    """The scenarios that are wanted, against servers by their `names`, minidns the first."""
    with ExitStack() as running:
        written, nsd = running.enter_context(authority(directory, options))
        peers: list[Peer] = []
        faults: dict[str, str] = {}
        for name in names:
            say(f"starting {name}")
            try:
                if name == LOCAL:
                    ours = Contestant(LOCAL, python=options.python)
                    started = servers.run(ours, written, options.core, directory / "cache")
                else:
                    root = options.compiled if name == COMPILED_FORM else None
                    started = run_forwarder(
                        name, nsd, options.core, options.python, root or servers.ROOT
                    )
                peers.append(running.enter_context(started))
            except PeerError as fault:
                faults[name] = str(fault)
        for scenario in (SCENARIOS[name] for name in wanted):
            result = Result(scenario, left_out=dict(left_out), no_result=dict(faults))
            result.versions = {
                each.name: each.version for each in [*peers, nsd] if each.name != LOCAL
            }
            if scenario.name == SPREAD:
                result.left_out |= {name: _TOO_SMALL for name in names if name in _SMALL_CACHES}
            apart = {LOCAL} if scenario.name == MISSES else result.left_out.keys()
            taking_part = [peer for peer in peers if peer.name not in apart]
            _run_rounds(result, taking_part, directory, options)
            yield result


def _run_rounds(result: Result, peers: list[Peer], directory: Path, options: Options) -> None:
    scenario = result.scenario
    files = _write(scenario, directory, "warm up", WARM_UP)
    asked = queries.read(files.paced, agreement.ASKED)
    result.no_result |= agreement.disagreements(peers, asked, is_cached=True)
    waiting = [peer for peer in peers if peer.name not in result.no_result]
    for peer in waiting:
        with suppress(BadRun):  # what is wrong shows in the first round
            if not scenario.is_once:
                run_dnsperf(peer, files.full, ALL_SECONDS, is_once=True)
            warm_up(peer, scenario, files, min(WARM_UP, options.seconds))
    for number in range(options.rounds):
        say(f"{scenario.name}: round {number + 1} of {options.rounds}")
        measured = {}
        for peer in list(waiting):
            measurement = _measure(peer, result, directory, options, number)
            if measurement is None:
                waiting.remove(peer)
            else:
                measured[peer.name] = measurement
        result.rounds.append(measured)
    for measured in result.rounds:
        for name in result.no_result:
            measured.pop(name, None)


def _measure(
    peer: Peer, result: Result, directory: Path, options: Options, number: int
) -> Measurement | None:
    """A run without a fault, within TRIES of them, each with queries of its own."""
    faults = result.discarded.setdefault(peer.name, [])
    for tried in range(TRIES):
        files = _write(result.scenario, directory, f"{number} {tried}", options.seconds)
        try:
            return measure(peer, result.scenario, files, options.seconds)
        except BadRun as fault:
            faults.append(str(fault))
            result.lost[peer.name] = result.lost.get(peer.name, 0) + fault.lost
    result.no_result[peer.name] = faults[-1]
    return None


def _write(scenario: Scenario, directory: Path, turn: str, seconds: float) -> Files:
    """The same files for each server in the same turn."""
    assert scenario.queries is not None
    hosts = HOSTS.get(scenario.name, 0)
    made = scenario.queries(hosts, queries.chance_of(scenario.name, turn))
    files = Files(directory / "paced", directory / "full")
    if scenario.is_fresh:
        queries.write(files.paced, islice(made, int(scenario.pace * PACED_SECONDS)))
        queries.write(files.full, islice(made, int(MOST_MISSES * seconds)))
        return files
    queries.write(files.full, islice(made, hosts))
    return Files(files.full, files.full)


def say(text: str) -> None:
    """What is being done, for the one who waits."""
    print(text, file=sys.stderr, flush=True)
