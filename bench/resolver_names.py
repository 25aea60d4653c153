"""A great many distinct names through minidns: the memory it holds at each tenth of them.

Once the cache is full, the memory must stay what it is: FLAT bounds the last reading over the
middle one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench import queries
from bench.dnsperf import run_dnsperf
from bench.outcome import BadRun
from bench.resolver_rounds import Options, authority, new_names, say
from bench.resolver_servers import run_forwarder
from bench.servers import MINIDNS
from bench.usage import Gone, resident_kib

MANY = 1_000_000
READINGS = 10
FLAT = 1.05
MOST_SECONDS = 600.0  # for a tenth
MEBI = 1024  # KiB


@dataclass(frozen=True)
class Held:
    """What came out: memory at the start and after each tenth of the names."""

    names: int
    start_kib: int
    resident_kib: Sequence[int]
    lost: int
    rcodes: dict[str, int]
    version: str

    @property
    def ratio(self) -> float:
        """Of the last reading to the middle one."""
        return self.resident_kib[-1] / self.resident_kib[len(self.resident_kib) // 2 - 1]


def run_names(names: int, directory: Path, options: Options) -> Held:
    """So many names, in READINGS parts. Raises BadRun and PeerError."""
    part = names // READINGS
    asked = directory / "names"
    made = new_names(0, queries.chance_of("names"))
    readings: list[int] = []
    rcodes: dict[str, int] = {}
    lost = 0
    with (
        authority(directory, options) as (_, nsd),
        run_forwarder(MINIDNS, nsd, options.core, options.python) as peer,
    ):
        start = resident_kib(peer.pid)
        for number in range(READINGS):
            say(f"names: {number * part:,} of {names:,}")
            queries.write(asked, islice(made, part))
            outcome = run_dnsperf(peer, asked, MOST_SECONDS, is_once=True)
            if outcome.answers + outcome.lost < part:
                raise BadRun(f"{outcome.answers:,} of {part:,} names in {MOST_SECONDS:g} s")
            lost += outcome.lost
            for rcode, count in outcome.rcodes.items():
                rcodes[rcode] = rcodes.get(rcode, 0) + count
            try:
                readings.append(resident_kib(peer.pid))
            except Gone as fault:
                raise BadRun(str(fault)) from None
        return Held(part * READINGS, start, readings, lost, rcodes, peer.version)


def to_markdown(held: Held) -> str:
    """The readings, and the ratio that is to be flat."""
    part = held.names // len(held.resident_kib)
    lines = ["### names: memory of minidns while distinct names go through it", ""]
    lines += ["| names | MiB resident |", "|---:|---:|", f"| 0 | {held.start_kib / MEBI:.1f} |"]
    for number, kib in enumerate(held.resident_kib, 1):
        lines.append(f"| {number * part:,} | {kib / MEBI:.1f} |")
    rcodes = ", ".join(f"{count:,} {rcode}" for rcode, count in held.rcodes.items())
    lines += ["", f"- the last reading is {held.ratio:.3f} times the middle one"]
    lines += [f"- {held.lost} lost; {rcodes}", ""]
    return "\n".join(lines)
