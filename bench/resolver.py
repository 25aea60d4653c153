"""`python -m bench.resolver`: forwarders in turn, all asking the same NSD on loopback.

Exit code 0 when all that was measured reaches its target; 1 when a target is missed or a server
that should have a result has none; 2 when something is missing or the arguments are wrong.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import report, resolver_report, resolver_servers, targets
from bench.compiled import NotBuilt, add_option, built, compiled_in_place, missing
from bench.outcome import BadRun
from bench.publish import PUBLISHED, ROUNDS, NotFit
from bench.resolver_names import MANY, READINGS, run_names
from bench.resolver_report import NAMES
from bench.resolver_rounds import COMPILED_FORM, HOSTS, LOCAL, SCENARIOS, Options, run, say
from bench.resolver_servers import FORWARDERS
from bench.servers import MINIDNS, NSD, Contestant
from tests.peers import PeerError

SECONDS = 2.0  # of one run
OUTPUT = Path(__file__).parent / "results" / "resolver.json"
_NEEDED = {"dnsperf": "dnsperf", "taskset": "util-linux"}  # program to Debian package


def main(argv: Sequence[str] | None = None) -> int:
    """Figures on standard output, progress on standard error."""
    arguments = _parse(argv)
    named = FORWARDERS if arguments.against is None else tuple(arguments.against)
    reasons = {
        name: reason
        for name in (MINIDNS, *named)
        if (reason := resolver_servers.missing(name, arguments.python)) is not None
    }
    faults = _find_missing(arguments.authority_core)
    if arguments.compiled is not None:
        faults += filter(None, (compiled_in_place(), missing(arguments.python)))
    faults += [reasons[name] for name in (MINIDNS, *(arguments.against or ())) if name in reasons]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 2
    server_core, load_core = sorted(os.sched_getaffinity(0))[:2]
    authority_core = load_core if arguments.authority_core is None else arguments.authority_core
    names = [MINIDNS, LOCAL, *(name for name in named if name not in reasons)]
    with ExitStack() as stack:
        try:
            compiled = stack.enter_context(built(arguments.compiled, arguments.python))
        except NotBuilt as fault:
            print(fault, file=sys.stderr)
            return 2
        if compiled is not None:
            names.insert(1, COMPILED_FORM)
        os.sched_setaffinity(0, {load_core})  # this process and dnsperf; servers get theirs
        options = Options(
            arguments.rounds,
            arguments.seconds,
            server_core,
            authority_core,
            arguments.python,
            compiled,
        )
        return _report(arguments, reasons, names, options)


def _report(
    arguments: argparse.Namespace,
    reasons: dict[str, str],
    names: Sequence[str],
    options: Options,
) -> int:
    """Measure, print and keep it; the exit code."""
    wanted = arguments.scenario or [*SCENARIOS, NAMES]
    document, is_whole = _measure(wanted, reasons, names, options, arguments.names)
    print(report.machine_to_markdown(document["machine"]) + "\n")
    print(resolver_report.targets_to_markdown(document["scenarios"]))
    resolver_report.write(document, arguments.output)
    if arguments.publish:
        try:
            resolver_report.publish(document, arguments.publish)
        except NotFit as fault:
            print(f"not published: {fault}", file=sys.stderr)
            return 2
    is_reached = not targets.missed(document["scenarios"], resolver_report.TARGETS)
    return 0 if is_whole and is_reached else 1


def _measure(
    wanted: Sequence[str],
    reasons: dict[str, str],
    names: Sequence[str],
    options: Options,
    many: int,
) -> tuple[dict[str, Any], bool]:
    """The document, and whether every server has a result."""
    summaries: dict[str, Any] = {}
    versions: dict[str, str] = {}
    is_whole = True
    in_turn = [name for name in SCENARIOS if name in wanted]
    if not HOSTS.keys() & set(in_turn):
        names = [name for name in names if name != LOCAL]
    with tempfile.TemporaryDirectory(prefix="bench-resolver-") as made:
        directory = Path(made)
        if in_turn:
            (directory / "rounds").mkdir()
            try:
                for result in run(in_turn, reasons, names, directory / "rounds", options):
                    name = result.scenario.name
                    summaries[name] = report.summarize(result)
                    versions |= result.versions
                    is_whole = is_whole and not result.no_result
                    print(resolver_report.to_markdown(name, summaries[name]), flush=True)
            except PeerError as fault:  # of NSD
                say(f"no result: {fault}")
                is_whole = False
        if NAMES in wanted:
            (directory / NAMES).mkdir()
            try:
                held = run_names(many, directory / NAMES, options)
            except (BadRun, PeerError) as fault:
                say(f"{NAMES}: no result: {fault}")
                is_whole = False
            else:
                versions[MINIDNS] = held.version
                summaries[NAMES] = resolver_report.summarize_names(held)
                print(resolver_report.to_markdown(NAMES, summaries[NAMES]), flush=True)
    machine = report.describe_machine(versions)
    machine["command"] = machine["command"].replace("-m bench", "-m bench.resolver", 1)
    measured = {"rounds": options.rounds, "seconds": options.seconds, "names": many}
    return {"machine": machine, "options": measured, "scenarios": summaries}, is_whole


def _find_missing(authority_core: int | None) -> list[str]:
    """What every run needs and this machine lacks, one line each."""
    if sys.platform != "linux":
        return ["the benchmark reads processor times from Linux's /proc"]
    faults = [
        f"{program} is not installed (Debian: apt-get install {package})"
        for program, package in _NEEDED.items()
        if shutil.which(program) is None
    ]
    if (reason := Contestant(NSD).missing()) is not None:
        faults.append(reason)
    cores = os.sched_getaffinity(0)
    if authority_core is not None and authority_core not in cores:
        faults.append(f"--authority-core {authority_core}: the cores here are {sorted(cores)}")
    if len(cores) < 2:
        faults.append("two cores are needed: one for the server, one for NSD and dnsperf")
    return faults


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.resolver", description="minidns and its peers as forwarders"
    )
    parser.add_argument(
        "--scenario",
        action="append",
        choices=[*SCENARIOS, NAMES],
        help="may be given several times (default: all)",
    )
    parser.add_argument(
        "--against",
        nargs="*",
        choices=FORWARDERS,
        help="servers to compare with (default: all that are installed)",
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the interpreter that runs minidns (default: this one)",
    )
    add_option(parser)
    parser.add_argument("--rounds", type=_count, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of one run (default {SECONDS:g})"
    )
    parser.add_argument(
        "--names", type=_names, default=MANY, help=f"distinct names of `{NAMES}` (default {MANY})"
    )
    parser.add_argument(
        "--authority-core", type=int, metavar="N", help="of NSD (default: that of dnsperf)"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON; the tables beside it")
    parser.add_argument(
        "--publish",
        type=Path,
        nargs="?",
        const=PUBLISHED,
        metavar="DIR",
        help="keep the results (default: under bench/published/)",
    )
    return parser.parse_args(argv)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return count


def _names(text: str) -> int:
    names = int(text)
    if names < READINGS or names % READINGS:
        raise argparse.ArgumentTypeError(f"{text} is no multiple of {READINGS}")
    return names


if __name__ == "__main__":
    sys.exit(main())
