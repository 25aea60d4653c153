"""Measurements to medians, ratios, Markdown and JSON. The first server is compared to the rest.

The ratio of medians is what is quoted; the ratios of pairs, each of two runs that followed one
another, say how far it can be believed.
"""

import datetime
import os
import platform
import shlex
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measure import Measurement, dnsperf_version
from bench.scenarios import Scenario

FIGURES = (
    "answers_per_second",
    "total_us",
    "user_us",
    "system_us",
    "latency_us",
    "resident_kib",
)
MEBI = 1024  # KiB


def describe_machine(versions: dict[str, str]) -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "versions": {**versions, "dnsperf": dnsperf_version()},
        "command": shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
    }


def summarize(rounds: Sequence[dict[str, Measurement]]) -> dict[str, Any]:
    """Medians per server, and ratios of the first server to each other one.

    `rounds` holds one run of every server, in the order in which they were made.
    """
    names = list(rounds[0])
    medians = {name: _medians([each[name] for each in rounds]) for name in names}
    ratios = {}
    for other in names[1:]:
        pairs = [each[names[0]].total_us / each[other].total_us for each in rounds]
        rates = [
            each[names[0]].answers_per_second / each[other].answers_per_second for each in rounds
        ]
        ratios[other] = {
            "time_of_medians": medians[names[0]]["total_us"] / medians[other]["total_us"],
            "time_of_pairs": [round(pair, 3) for pair in pairs],
            "time_median_of_pairs": statistics.median(pairs),
            "rate_of_medians": medians[names[0]]["answers_per_second"]
            / medians[other]["answers_per_second"],
            "rate_median_of_pairs": statistics.median(rates),
        }
    runs = [[asdict(each[name]) for name in names] for each in rounds]
    return {"medians": medians, "ratios": ratios, "rounds": runs}


def to_markdown(scenario: Scenario, summary: dict[str, Any]) -> str:
    """A table of medians and a line per ratio."""
    lines = [
        f"### {scenario.name}: {scenario.describes}",
        "",
        "| server | answers/s | µs per answer | user | system | mean latency µs | MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, medians in summary["medians"].items():
        lines.append(
            f"| {name} | {medians['answers_per_second']:,.0f} | {medians['total_us']:.2f} "
            f"| {medians['user_us']:.2f} | {medians['system_us']:.2f} "
            f"| {medians['latency_us']:.0f} | {medians['resident_kib'] / MEBI:.0f} |"
        )
    first = next(iter(summary["medians"]))
    lines.append("")
    for other, ratio in summary["ratios"].items():
        pairs = " ".join(f"{pair:.2f}" for pair in ratio["time_of_pairs"])
        lines.append(
            f"{first} / {other}: {ratio['time_of_medians']:.2f} times the processor time per "
            f"answer (pairs {pairs}), {ratio['rate_of_medians']:.2f} times the answers per second"
        )
    return "\n".join(lines)


def machine_to_markdown(machine: dict[str, Any]) -> str:
    """Where and with what it was measured."""
    versions = "; ".join(machine["versions"].values())
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['kernel']}. {versions}. `{machine['command']}`"
    )


def _medians(runs: Sequence[Measurement]) -> dict[str, float]:
    return {figure: statistics.median(getattr(run, figure) for run in runs) for figure in FIGURES}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
