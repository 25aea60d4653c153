"""`python -m bench`: servers in turn under the same load, figures as Markdown and JSON.

Exit code 0 with figures; 1 when a server that should have a result has none (a lost query, a
wrong rcode, a server that ended); 2 when something is missing or the arguments are wrong.
"""

import argparse
import json
import os
import shutil
import sys
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

from bench import report, servers
from bench.compiled import NotBuilt, add_option, built, compiled_in_place, missing
from bench.publish import PUBLISHED, ROUNDS, NotFit, check_rounds, publish
from bench.rounds import Options, run_group
from bench.scenarios import SCENARIOS, Scenario

SECONDS = 2.0  # of one run
OUTPUT = Path(__file__).parent / "results" / "last.json"
ALL = "all"
NEEDED = {"dnsperf": "dnsperf", "taskset": "util-linux"}  # program to Debian package
TEN = 10  # each tenth host has an MX record


def main() -> int:
    arguments = _parse_arguments()
    faults = _find_missing(arguments)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 2
    server_core, load_core = sorted(os.sched_getaffinity(0))[:2]
    with ExitStack() as stack:
        try:
            compiled = stack.enter_context(built(arguments.compiled, arguments.python))
        except NotBuilt as fault:
            print(fault, file=sys.stderr)
            return 2
        os.sched_setaffinity(0, {load_core})  # this process and dnsperf; servers get theirs
        options = Options(
            arguments.rounds,
            arguments.seconds,
            arguments.size,
            server_core,
            load_core,
            arguments.python,
            compiled,
        )
        return _measure(arguments, options)


def _measure(arguments: argparse.Namespace, options: Options) -> int:
    """All that is wanted; the exit code."""
    summaries: dict[str, Any] = {}
    versions: dict[str, str] = {}
    is_whole = True
    names = servers.PEERS if arguments.against is None else arguments.against
    slow_names = names if arguments.slow_against is None else arguments.slow_against
    for group in _groups(arguments.scenario):
        is_slow = any(scenario.is_slow for scenario in group)
        for result in run_group(group, slow_names if is_slow else names, options):
            name = result.scenario.name
            summaries[name] = report.summarize(result)
            versions |= result.versions
            is_whole = is_whole and not result.no_result
            print(report.to_markdown(name, summaries[name]), flush=True)
    document = {
        "machine": report.describe_machine(
            versions, f"servers on core {options.core}, dnsperf on core {options.load_core}"
        ),
        "options": {"rounds": options.rounds, "seconds": options.seconds, "size": options.size},
        "scenarios": summaries,
    }
    print(report.machine_to_markdown(document["machine"]))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(document, indent=1) + "\n")
    arguments.output.with_suffix(".md").write_text(report.document_to_markdown(document))
    if arguments.publish:
        try:
            publish(document, arguments.publish)
        except NotFit as fault:
            print(f"not published: {fault}", file=sys.stderr)
            return 2
    return 0 if is_whole else 1


def _groups(wanted: list[str] | None) -> list[list[Scenario]]:
    """Scenarios that share their servers, in the order of SCENARIOS."""
    chosen = [
        scenario
        for scenario in SCENARIOS.values()
        if (scenario.name in wanted or ALL in wanted if wanted else not scenario.is_slow)
    ]
    return [list(group) for _, group in groupby(chosen, _servers_of)]


def _servers_of(scenario: Scenario) -> tuple[str, int, int]:
    """What scenarios have in common that share their servers."""
    return scenario.dataset, scenario.workers, scenario.cores


def _find_missing(arguments: argparse.Namespace) -> list[str]:
    """What keeps the benchmark from running here, one line each."""
    if sys.platform != "linux":
        return ["the benchmark reads processor times from Linux's /proc"]
    faults = [
        f"{program} is not installed (Debian: apt-get install {package})"
        for program, package in NEEDED.items()
        if shutil.which(program) is None
    ]
    named = {*(arguments.against or ()), *(arguments.slow_against or ())}
    faults += [
        reason
        for each in servers.contestants(sorted(named), python=arguments.python)
        if (reason := each.missing()) is not None
    ]
    if arguments.compiled is not None:
        faults += filter(None, (compiled_in_place(), missing(arguments.python)))
    if arguments.publish is not None:
        try:
            check_rounds(arguments.rounds)
        except NotFit as fault:
            faults.append(f"not fit to be published: {fault}")
    if len(os.sched_getaffinity(0)) < 2:
        faults.append("two cores are needed: one for the server, one for dnsperf")
    return faults


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="minidns and its peers")
    slow = ", ".join(each.name for each in SCENARIOS.values() if each.is_slow)
    parser.add_argument(
        "--scenario",
        action="append",
        choices=[*SCENARIOS, ALL],
        help=f"may be given several times (default: all but the slow ones, {slow})",
    )
    parser.add_argument(
        "--against",
        nargs="*",
        choices=servers.PEERS,
        help="servers to compare with (default: all that are installed)",
    )
    parser.add_argument(
        "--slow-against",
        nargs="*",
        choices=servers.PEERS,
        help="the same for the slow scenarios (default: as --against)",
    )
    add_option(parser)
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the interpreter that runs minidns (default: this one); builds differ by half",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of one run (default {SECONDS:g})"
    )
    parser.add_argument(
        "--size", type=_size, help="hosts, or zones, instead of each dataset's own number"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON; the tables beside it")
    parser.add_argument(
        "--publish",
        type=Path,
        nargs="?",
        const=PUBLISHED,
        metavar="DIR",
        help="keep the results, with the chart (default: under bench/published/)",
    )
    return parser.parse_args()


def _size(text: str) -> int:
    size = int(text)
    if size < TEN or size % TEN:
        raise argparse.ArgumentTypeError(f"{text} is no multiple of {TEN}")
    return size


if __name__ == "__main__":
    sys.exit(main())
