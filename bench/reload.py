"""`python -m bench.reload`: a large zone is changed and read again while queries come.

minidns alone, on core 0 with the process that reads the zone; dnsperf asks from core 1, an open
loop of RATE queries a second, in runs of RUN_SECONDS until the change is served. Every answer of
every run counts: none may be lost.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bench import queries, servers
from bench.datasets import MANY_HOSTS, ORIGIN, Dataset, one_zone, write
from bench.dnsperf import run_dnsperf
from bench.outcome import MEDIAN, WORST, percentile
from bench.usage import resident_kib
from tests.peers import Peer

RATE = 20_000  # queries a second
RUN_SECONDS = 5.0
MOST_SECONDS = 600.0
LOOK_SECONDS = 0.2  # between two looks whether the change is served
WORST_MS = 20.0  # of the 99th percentile, the target
CORE, CLIENT_CORE = 0, 1
QUERIES = 200_000
SEED = 20_000
ADDED = "added-while-it-ran"
MILLISECOND = 1000.0  # microseconds


@dataclass(frozen=True)
class Reloaded:
    """What came out. Latencies in milliseconds, `calm` those before the change."""

    version: str
    records: int
    rate: int
    reload_seconds: float
    answers: int
    lost: int
    median_ms: float
    p99_ms: float
    longest_ms: float
    calm_p99_ms: float
    resident_mib: int

    @property
    def is_reached(self) -> bool:
        """The target: none lost, and the 99th percentile below WORST_MS."""
        return self.lost == 0 and self.p99_ms < WORST_MS


def run(hosts: int, rate: int, python: str, seconds: float = RUN_SECONDS) -> Reloaded:
    """One reload under runs of that long. Raises BadRun where an answer is wrong."""
    contestant = servers.Contestant(servers.MINIDNS, python=python)
    with tempfile.TemporaryDirectory(prefix="bench-reload-") as made:
        directory = Path(made)
        written = write(Dataset("reload", "", hosts, one_zone), directory, hosts)
        asked = directory / "queries"
        chance = random.Random(SEED)
        queries.write(asked, islice(queries.repeated(hosts, chance), min(QUERIES, 2 * hosts)))
        cache = directory / "cache"
        with servers.run(contestant, written, CORE, cache, is_slow=True) as peer:
            return _reload(peer, written.yaml, asked, hosts, rate, seconds)


def _reload(
    peer: Peer, zones: Path, asked: Path, hosts: int, rate: int, seconds: float
) -> Reloaded:
    calm = run_dnsperf(peer, asked, seconds, rate=rate)
    latencies: list[float] = []
    answers = lost = 0
    with _changing(peer, zones) as change:
        while not change.is_served or not latencies:
            outcome = run_dnsperf(peer, asked, seconds, rate=rate)
            latencies += outcome.latencies_us
            answers += outcome.answers
            lost += outcome.lost
    after = run_dnsperf(peer, asked, seconds, rate=rate)
    latencies += after.latencies_us
    return Reloaded(
        version=peer.version,
        records=sum(1 for _ in _records(hosts)),
        rate=rate,
        reload_seconds=round(change.seconds, 1),
        answers=answers + after.answers,
        lost=lost + after.lost + calm.lost,
        median_ms=round(percentile(latencies, MEDIAN) / MILLISECOND, 3),
        p99_ms=round(percentile(latencies, WORST) / MILLISECOND, 3),
        longest_ms=round(max(latencies) / MILLISECOND, 1),
        calm_p99_ms=round(percentile(calm.latencies_us, WORST) / MILLISECOND, 3),
        resident_mib=resident_kib(peer.pid) // 1024,
    )


class _Change:
    """A record more in the zone's file, and when it was served."""

    def __init__(self) -> None:
        self.is_served = False
        self.seconds = 0.0

    def watch(self, peer: Peer) -> None:
        began = time.monotonic()
        query = dns.message.make_query(f"{ADDED}.{ORIGIN}", "A")
        while time.monotonic() - began < MOST_SECONDS:
            try:
                reply = dns.query.udp(query, peer.address, 1.0, peer.port)
            except (OSError, dns.exception.DNSException):
                continue
            if reply.rcode() == dns.rcode.NOERROR:
                break
            time.sleep(LOOK_SECONDS)
        self.seconds = time.monotonic() - began
        self.is_served = True


@contextmanager
def _changing(peer: Peer, zones: Path) -> Iterator[_Change]:
    """Replace the file as an editor does, tell the server, and look for the change meanwhile."""
    (path,) = zones.glob("*.yaml")
    new = path.with_suffix(".new")
    new.write_text(path.read_text() + f"{ADDED}: {{type: A, value: 192.0.2.1}}\n")
    os.replace(new, path)
    os.kill(peer.pid, signal.SIGHUP)
    change = _Change()
    watcher = threading.Thread(target=change.watch, args=(peer,))
    watcher.start()
    try:
        yield change
    finally:
        watcher.join()


def _records(hosts: int) -> Iterator[object]:
    for _, entries in one_zone(hosts):
        yield from entries


def describe(result: Reloaded) -> str:
    """A table in Markdown, and what the target says to it."""
    verdict = "reached" if result.is_reached else "not reached"
    return (
        "| records | queries/s | reload | answers | lost | median | 99 % | longest "
        "| 99 % before |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        f"| {result.records:,} | {result.rate:,} | {result.reload_seconds} s | {result.answers:,} "
        f"| {result.lost} | {result.median_ms} ms | {result.p99_ms} ms | {result.longest_ms} ms "
        f"| {result.calm_p99_ms} ms |\n\n"
        f"Target (none lost, 99 % under {WORST_MS:g} ms): {verdict}. {result.version}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """0 where the target is reached, 1 where not."""
    parser = argparse.ArgumentParser(prog="python -m bench.reload", description=__doc__)
    parser.add_argument("--hosts", type=int, default=MANY_HOSTS, help="default: %(default)s")
    parser.add_argument("--rate", type=int, default=RATE, help="queries a second (%(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of minidns")
    parser.add_argument("--output", type=Path, help="JSON")
    arguments = parser.parse_args(argv)
    os.sched_setaffinity(0, {CLIENT_CORE})
    result = run(arguments.hosts, arguments.rate, arguments.python)
    print(describe(result))
    if arguments.output:
        arguments.output.write_text(json.dumps(asdict(result), indent=1) + "\n")
    return 0 if result.is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
