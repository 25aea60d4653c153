"""One run of dnsperf against one server: answers, and the processor time that they cost it.

Processor time is that of the server's whole process tree: in nanoseconds from
/proc/PID/task/TID/schedstat, split into user and system by the ticks of /proc/PID/stat
(proc(5)). A run with a lost query or a wrong rcode is no result: BadRun.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.scenarios import Scenario
from tests.peers import Peer

PROC = Path("/proc")
NANOSECONDS = 1e9
MICROSECONDS = 1e6
OUTSTANDING = 100  # queries under way, dnsperf's default
TIMEOUT = 5  # seconds until dnsperf counts a query as lost
SLACK = 30.0  # seconds that dnsperf may take beyond its run


class BadRun(RuntimeError):
    """The server lost a query, gave a wrong rcode, or ended."""


@dataclass(frozen=True)
class Usage:
    """Processor time so far of a process tree, and what it holds of memory."""

    seconds: float
    user_ticks: int
    system_ticks: int
    resident_kib: int


@dataclass(frozen=True)
class Measurement:
    """One run. Times are processor time of the server, in microseconds per answer."""

    server: str
    answers: int
    lost: int
    rcodes: dict[str, int]
    answers_per_second: float
    latency_us: float  # mean, as dnsperf saw it
    total_us: float
    user_us: float
    system_us: float
    resident_kib: int


def measure(
    peer: Peer, scenario: Scenario, queries: Path, seconds: float, core: int
) -> Measurement:
    """Drive the server from `core` for that long. Raises BadRun."""
    before = usage_of(peer.pid)
    output = _run_dnsperf(peer, scenario, queries, seconds, core)
    after = usage_of(peer.pid)
    answers, lost, rcodes = _parse_counts(output)
    if lost or not answers or set(rcodes) != scenario.rcodes:
        raise BadRun(
            f"{peer.name}, {scenario.name}: {answers} answers, {lost} lost, rcodes {rcodes}; "
            f"expected none lost and {sorted(scenario.rcodes)}\n{output}"
        )
    total = (after.seconds - before.seconds) * MICROSECONDS / answers
    user_ticks = after.user_ticks - before.user_ticks
    ticks = user_ticks + after.system_ticks - before.system_ticks
    user = total * user_ticks / ticks if ticks else 0.0
    return Measurement(
        server=peer.name,
        answers=answers,
        lost=lost,
        rcodes=rcodes,
        answers_per_second=_number(r"Queries per second:\s+([\d.]+)", output),
        latency_us=_number(r"Average Latency \(s\):\s+([\d.]+)", output) * MICROSECONDS,
        total_us=total,
        user_us=user,
        system_us=total - user,
        resident_kib=after.resident_kib,
    )


def usage_of(pid: int) -> Usage:
    """Sums over the process, its threads and its descendants. Raises BadRun when it is gone."""
    nanoseconds = user = system = resident = 0
    try:
        for each in _tree(pid):
            process = PROC / str(each)
            for task in (process / "task").iterdir():
                nanoseconds += int((task / "schedstat").read_text().split()[0])
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            user += int(fields[11])  # utime, the 14th field of the line
            system += int(fields[12])  # stime
            resident += int(_number(r"VmRSS:\s+(\d+)", (process / "status").read_text()))
    except FileNotFoundError:
        raise BadRun(f"process {pid} or a child of it ended") from None
    return Usage(nanoseconds / NANOSECONDS, user, system, resident)


def dnsperf_version() -> str:
    """The version line of dnsperf."""
    run = subprocess.run(["dnsperf", "-h"], capture_output=True, text=True, check=False)
    found = re.search(r"Version (\S+)", run.stdout + run.stderr)
    return f"dnsperf {found[1]}" if found else "dnsperf"


def _run_dnsperf(peer: Peer, scenario: Scenario, queries: Path, seconds: float, core: int) -> str:
    command = [
        *("taskset", "-c", str(core), "dnsperf", "-s", peer.address, "-p", str(peer.port)),
        *("-d", str(queries), "-l", f"{seconds:g}", "-q", str(OUTSTANDING), "-t", str(TIMEOUT)),
        *scenario.options,
    ]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds + SLACK
    )
    if run.returncode:
        raise BadRun(f"{' '.join(command)} ended with {run.returncode}\n{run.stdout}{run.stderr}")
    return run.stdout


def _parse_counts(output: str) -> tuple[int, int, dict[str, int]]:
    """Answers, lost queries, and answers by rcode, from dnsperf's summary."""
    answers = int(_number(r"Queries completed:\s+(\d+)", output))
    lost = int(_number(r"Queries lost:\s+(\d+)", output))
    codes = re.search(r"Response codes:\s+(.*)", output)
    found = re.findall(r"([A-Z]+\d*) (\d+) \(", codes[1]) if codes else []
    return answers, lost, {code: int(count) for code, count in found}


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if not found:
        raise BadRun(f"no {pattern} in:\n{text}")
    return float(found[1])


def _tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in (PROC / str(each) / "task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found
