"""`python -m bench`: servers in turn under the same load, figures as Markdown and JSON.

Exit code 0 with figures; 1 when a run was no result (a lost query, a wrong rcode, a server that
ended); 2 when something is missing or the arguments are wrong.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import report, servers, zones
from bench.measure import BadRun, Measurement, measure
from bench.scenarios import DEFAULT, SCENARIOS, Scenario
from tests.peers import Peer, PeerError

ROUNDS = 5  # runs of each server, in turn; the median is quoted
SECONDS = 3.0  # of one run
WARM_UP = 0.5  # seconds of load before the first round, not counted
OUTPUT = Path(__file__).parent / "results" / "last.json"
NEEDED = {"dnsperf": "dnsperf", "taskset": "util-linux"}  # program to Debian package


def main() -> int:
    arguments = _parse_arguments()
    names = [servers.MINIDNS, *arguments.against]
    faults = _find_missing(names)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 2
    server_core, load_core = sorted(os.sched_getaffinity(0))[:2]
    results = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as made, ExitStack() as running:
        zone_directory = Path(made) / "zones"
        zone_directory.mkdir()
        files = zones.write_zone(zone_directory, arguments.names)
        try:
            peers = [running.enter_context(servers.run(each, files, server_core)) for each in names]
            machine = report.describe_machine({peer.name: peer.version for peer in peers})
            for name in arguments.scenario or [DEFAULT]:
                scenario = SCENARIOS[name]
                queries = Path(made) / name
                zones.write_queries(queries, scenario.queries(arguments.names))
                rounds = _run_rounds(peers, scenario, queries, load_core, arguments)
                results[name] = report.summarize(rounds)
                print(report.to_markdown(scenario, results[name]), flush=True)
                print()
        except (BadRun, PeerError) as error:
            print(f"no result: {error}", file=sys.stderr)
            return 1
    print(report.machine_to_markdown(machine))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "hosts": arguments.names, "scenarios": results}
    arguments.output.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def _run_rounds(
    peers: list[Peer],
    scenario: Scenario,
    queries: Path,
    core: int,
    arguments: argparse.Namespace,
) -> list[dict[str, Measurement]]:
    """A B A B ...: all servers once a round, so that a drift of the machine meets them all."""
    for peer in peers:
        measure(peer, scenario, queries, WARM_UP, core)
    return [
        {peer.name: measure(peer, scenario, queries, arguments.seconds, core) for peer in peers}
        for _ in range(arguments.rounds)
    ]


def _find_missing(names: list[str]) -> list[str]:
    """What the benchmark needs and this machine lacks, one line each."""
    if sys.platform != "linux":
        return ["the benchmark reads processor times from Linux's /proc"]
    faults = [
        f"{program} is not installed (Debian: apt-get install {package})"
        for program, package in NEEDED.items()
        if shutil.which(program) is None
    ]
    faults += [reason for name in names if (reason := servers.missing_server(name))]
    if len(os.sched_getaffinity(0)) < 2:
        faults.append("two cores are needed: one for the server, one for dnsperf")
    return faults


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="minidns and its peers")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=list(SCENARIOS),
        help=f"may be given several times (default {DEFAULT})",
    )
    parser.add_argument(
        "--against",
        nargs="*",
        default=["nsd"],
        choices=[name for name in servers.NAMES if name != servers.MINIDNS],
        help="servers to compare with (default nsd)",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of one run")
    parser.add_argument("--names", type=int, default=zones.NAMES, help="hosts in the zone")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
