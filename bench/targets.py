"""The figures that minidns means to reach, and whether a run reached them.

They are those of the pure form: where a run has the compiled form beside it, its figures are shown.

`python -m bench.targets RESULT.json` prints the table of a run that was kept: exit code 0 when all
that was measured is reached, 1 when something is not, 2 when the file is none of the benchmark's.
"""

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Summary = dict[str, Any]  # bench/report.py
COMPILED = "compiled"  # in a summary: the same of the compiled form


@dataclass(frozen=True)
class Target:
    """A bound on one figure of a scenario; `value` is None where it was not measured."""

    scenario: str
    figure: str
    bound: float
    value: Callable[[Summary], float | None]
    at_least: bool = False

    def is_reached(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


def to_markdown(scenarios: dict[str, Summary], targets: Sequence[Target] | None = None) -> str:
    """A table of the targets, by default TARGETS, of the scenarios that ran."""
    has_compiled = any(COMPILED in summary for summary in scenarios.values())
    lines = ["| scenario | figure | to reach | reached |", "|---|---|---:|---|"]
    if has_compiled:
        lines = [f"{lines[0]} compiled |", f"{lines[1]}---|"]
    for target in TARGETS if targets is None else targets:
        if target.scenario not in scenarios:
            continue
        summary = scenarios[target.scenario]
        sign = "≥" if target.at_least else "≤"
        cells = [target.scenario, target.figure, f"{sign} {target.bound:g}", _tell(target, summary)]
        if has_compiled:
            cells.append(_tell(target, summary[COMPILED]) if COMPILED in summary else "-")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _tell(target: Target, summary: Summary) -> str:
    value = target.value(summary)
    if value is None:
        return "not measured"
    if target.is_reached(value):
        return f"{value:.2f}"
    return f"**{value:.2f}, missed by {abs(value - target.bound):.2f}**"


def _time(scenario: str, peer: str, bound: float) -> Target:
    def value(summary: Summary) -> float | None:
        ratio = summary["ratios"].get(peer)
        return None if ratio is None else float(ratio["time"])

    return Target(scenario, f"processor time ÷ {peer}", bound, value)


def _rate_of_best(scenario: str, bound: float) -> Target:
    def value(summary: Summary) -> float | None:
        best = summary["best"].get("rate")
        return None if best is None else float(summary["ratios"][best]["rate"])

    return Target(scenario, "answers per second ÷ best peer", bound, value, at_least=True)


def _beyond_nsd(scenario: str, figure: str, key: str, bound: float) -> Target:
    def value(summary: Summary) -> float | None:
        ratio = summary["ratios"].get("nsd")
        return None if ratio is None else float(ratio[key])

    return Target(scenario, figure, bound, value)


def _start(scenario: str, kind: str, bound: float) -> Target:
    def value(summary: Summary) -> float | None:
        seconds = summary["starts"].get("minidns", {}).get(kind)
        return statistics.median(seconds) if seconds else None

    return Target(scenario, f"seconds to the first answer, {kind}", bound, value)


def _gibibytes(scenario: str, bound: float) -> Target:
    def value(summary: Summary) -> float | None:
        medians = summary["medians"].get("minidns")
        return None if medians is None else medians["resident_kib"] / 2**20

    return Target(scenario, "GiB resident", bound, value)


TARGETS = (
    _time("udp-repeated", "nsd", 1.10),
    *(_time("udp-repeated", peer, 1.0) for peer in ("bind", "powerdns", "dnsmasq")),
    _time("udp-mixed", "nsd", 1.35),
    *(_time("udp-mixed", peer, 1.0) for peer in ("bind", "powerdns")),
    *(
        _time(scenario, peer, bound)
        for scenario in ("udp-nxdomain", "udp-cookie", "udp-case")
        for peer, bound in (("nsd", 2.0), ("bind", 1.0))
    ),
    _rate_of_best("tcp-pipelined", 2.0),
    _time("tcp-single", "nsd", 2.0),
    _beyond_nsd("udp-10k", "median latency beyond nsd, µs", "latency_median_beyond_us", 50),
    _beyond_nsd("udp-10k", "99th percentile beyond nsd, µs", "latency_99_beyond_us", 500),
    *(
        _time(f"{kind}-{load}", "minidns", 1.05)
        for load in ("workers", "workers-paced")
        for kind in ("udp", "tcp")
    ),
    _start("start", "cold", 0.25),
    _start("records-1000000", "cold", 20.0),
    _start("records-1000000", "warm", 2.0),
    _gibibytes("records-1000000", 1.0),
)


def missed(scenarios: dict[str, Summary], targets: Sequence[Target] | None = None) -> list[Target]:
    """The targets, by default TARGETS, that were measured and not reached."""
    return [
        target
        for target in (TARGETS if targets is None else targets)
        if target.scenario in scenarios
        and (value := target.value(scenarios[target.scenario])) is not None
        and not target.is_reached(value)
    ]


def main(arguments: list[str]) -> int:
    """Print the table of the file that is named."""
    if len(arguments) != 1:
        print("usage: python -m bench.targets RESULT.json", file=sys.stderr)
        return 2
    try:
        scenarios = json.loads(Path(arguments[0]).read_text())["scenarios"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        print(
            f"{arguments[0]}: no result of `python -m bench` ({fault!r}): name a file that "
            "--output wrote",
            file=sys.stderr,
        )
        return 2
    print(to_markdown(scenarios))
    return 1 if missed(scenarios) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
