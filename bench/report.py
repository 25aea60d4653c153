"""Measurements to medians, ratios and Markdown. The first server is compared to the rest.

A ratio is the median of the ratios of pairs, each of two runs of the same round, so that a drift
of the machine meets both; the pairs themselves say how far it can be believed.
"""

import datetime
import os
import platform
import shlex
import statistics
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import targets
from bench.dnsperf import dnsperf_version
from bench.floor import FLOOR
from bench.measure import Measurement
from bench.rounds import Result
from bench.servers import COMPILED, MINIDNS

FIGURES = (
    "answers_per_second",
    "total_us",
    "user_us",
    "system_us",
    "latency_median_us",
    "latency_99_us",
    "answer_octets",
    "resident_kib",
)
COLUMNS = (
    "server",
    "answers/s",
    "µs per answer",
    "user",
    "system",
    "median latency µs",
    "99 %",
    "lost",
    "octets",
    "MiB",
)
MEBI = 1024  # KiB


def describe_machine(versions: dict[str, str], placed: str = "") -> dict[str, Any]:
    """What the figures depend on besides the code. `placed` is on which cores it ran."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "placed": placed,
        "kernel": f"{platform.system()} {platform.release()}",
        "versions": {**versions, "dnsperf": dnsperf_version()},
        "command": shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
    }


def summarize(result: Result) -> dict[str, Any]:
    """Medians by server, ratios of the first server to each other one, and which peer is best.

    With a compiled form of minidns, `compiled` has the same of it, under the names of the pure one.
    """
    rounds = result.rounds
    starts = {name: asdict(start) for name, start in result.starts.items()}
    summary = {
        "describes": result.scenario.describes,
        "client": result.client,
        **_compare(rounds, starts),
        "discarded": result.discarded,
        "lost": result.lost,
        "rounds": [[asdict(run) for run in each.values()] for each in rounds],
        "left_out": result.left_out,
        "no_result": result.no_result,
    }
    names = [*(rounds[0] if rounds else ()), *starts]
    if any(name.endswith(COMPILED) for name in names):
        summary["compiled"] = _compare(
            [_in_its_place(each) for each in rounds], _in_its_place(starts)
        )
    return summary


def _compare(rounds: list[dict[str, Measurement]], starts: dict[str, Any]) -> dict[str, Any]:
    names = list(rounds[0]) if rounds else []
    medians = {name: _medians([each[name] for each in rounds]) for name in names}
    has_ours = bool(names) and names[0].startswith(MINIDNS)
    others = names[1:] if has_ours else []
    peers = [name for name in others if name != FLOOR and not name.startswith(MINIDNS)]
    best = {}
    if peers:
        best["time"] = min(peers, key=lambda name: medians[name]["total_us"])
        best["rate"] = max(peers, key=lambda name: medians[name]["answers_per_second"])
    return {
        "medians": medians,
        "ratios": {other: _ratio(rounds, names[0], other) for other in others},
        "best": best,
        "starts": starts,
    }


def _in_its_place(by_server: dict[str, Any]) -> dict[str, Any]:
    """What is the compiled form's under the names of the pure one, which is left out."""
    return {
        name.removesuffix(COMPILED): value
        for name, value in by_server.items()
        if name.endswith(COMPILED) or not name.startswith(MINIDNS)
    }


def to_markdown(name: str, summary: dict[str, Any]) -> str:
    """The tables of one scenario."""
    lines = [f"### {name}: {summary['describes']}", ""]
    if summary["medians"] and summary.get("client"):
        lines += [f"Client: {summary['client']}.", ""]
    if summary["medians"]:
        lines += _figures(summary)
    # Where starts are what is measured: without queries, or a second time with a warm cache.
    starts = summary["starts"]
    if starts and (not summary["medians"] or any(start["warm"] for start in starts.values())):
        lines += _starts(starts)
    for server, reason in summary["left_out"].items():
        lines.append(f"- {server} is left out: {reason}")
    for server, reason in summary["no_result"].items():
        lines.append(f"- **{server} has no result**: {reason}")
    return "\n".join(lines).rstrip() + "\n"


def document_to_markdown(document: dict[str, Any]) -> str:
    """The whole of a run."""
    machine = document["machine"]
    parts = [
        f"# Benchmark of {machine['date'][:10]}\n",
        machine_to_markdown(machine) + "\n",
        "Medians of {rounds} rounds of {seconds:g} s. Processor time, in microseconds of the "
        "server per answer; ratios above 1 are minidns's disadvantage, but in answers per "
        "second.\n".format(**document["options"]),
        "## Targets\n",
        targets.to_markdown(document["scenarios"]) + "\n",
        "## Scenarios\n",
        *(to_markdown(name, each) for name, each in document["scenarios"].items()),
    ]
    return "\n".join(parts)


def machine_to_markdown(machine: dict[str, Any]) -> str:
    """Where and with what it was measured."""
    versions = "; ".join(dict.fromkeys(machine["versions"].values()))
    placed = f" ({machine['placed']})" if machine.get("placed") else ""
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores{placed}, "
        f"{machine['kernel']}. {versions}. `{machine['command']}`"
    )


def _figures(summary: dict[str, Any]) -> list[str]:
    first = next(iter(summary["medians"]))
    columns = [*COLUMNS, f"{first} ÷ it, time", "answers/s"]
    compared = [(first, summary["ratios"])]
    if summary.get("compiled", {}).get("medians"):
        columns += ["compiled ÷ it, time", "answers/s"]
        compared.append(_compiled_ratios(summary["compiled"]))
    lines = [f"| {' | '.join(columns)} |", "|---|" + "---:|" * (len(columns) - 1)]
    for name, each in summary["medians"].items():
        lines.append(
            f"| {name} | {each['answers_per_second']:,.0f} | {each['total_us']:.2f} "
            f"| {each['user_us']:.2f} | {each['system_us']:.2f} "
            f"| {each['latency_median_us']:.0f} | {each['latency_99_us']:.0f} "
            f"| {summary['lost'].get(name, 0)} | {each['answer_octets']:.0f} "
            f"| {each['resident_kib'] / MEBI:.0f} "
            + "".join(f"| {_tell_ratio(name, *each)} " for each in compared)
            + "|"
        )
    lines.append("")
    discarded = {name: faults for name, faults in summary["discarded"].items() if faults}
    for name, faults in discarded.items():
        lines.append(f"- {name}: {len(faults)} of its runs repeated: {'; '.join(faults)}")
    for what, peer in summary["best"].items():
        ratio = summary["ratios"][peer]
        pairs = " ".join(f"{pair:.2f}" for pair in ratio[f"{what}_of_pairs"])
        figure = "processor time per answer" if what == "time" else "answers per second"
        lines.append(
            f"- {figure}: {ratio[what]:.2f} times that of the best peer, {peer} (pairs {pairs})"
        )
    return [*lines, ""]


def _compiled_ratios(compiled: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The compiled form that is compared, and the ratios to others by the names of the rows."""
    ratios = {
        name + COMPILED if name.startswith(MINIDNS) else name: ratio
        for name, ratio in compiled["ratios"].items()
    }
    return next(iter(compiled["medians"])) + COMPILED, ratios


def _tell_ratio(name: str, compared: str, ratios: dict[str, Any]) -> str:
    if name == compared:
        return "1 | 1"
    return f"{ratios[name]['time']:.2f} | {ratios[name]['rate']:.2f}" if name in ratios else "- | -"


def _starts(starts: dict[str, Any]) -> list[str]:
    lines = ["| server | cold start s | warm | MiB |", "|---|---:|---:|---:|"]
    for name, start in starts.items():
        cold, warm = (
            f"{statistics.median(start[kind]):.2f}" if start[kind] else "-"
            for kind in ("cold", "warm")
        )
        lines.append(f"| {name} | {cold} | {warm} | {start['resident_kib'] / MEBI:.0f} |")
    return [*lines, ""]


def _ratio(rounds: list[dict[str, Measurement]], first: str, other: str) -> dict[str, Any]:
    pairs = [(each[first], each[other]) for each in rounds]
    times = [ours.total_us / theirs.total_us for ours, theirs in pairs]
    rates = [ours.answers_per_second / theirs.answers_per_second for ours, theirs in pairs]
    return {
        "time": statistics.median(times),
        "time_of_pairs": [round(each, 3) for each in times],
        "rate": statistics.median(rates),
        "rate_of_pairs": [round(each, 3) for each in rates],
        "latency_median_beyond_us": statistics.median(
            ours.latency_median_us - theirs.latency_median_us for ours, theirs in pairs
        ),
        "latency_99_beyond_us": statistics.median(
            ours.latency_99_us - theirs.latency_99_us for ours, theirs in pairs
        ),
    }


def _medians(runs: Iterable[Measurement]) -> dict[str, float]:
    held = list(runs)
    return {figure: statistics.median(getattr(run, figure) for run in held) for figure in FIGURES}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
