"""dnsperf as the client: as fast as the server answers, or paced and noting each latency.

Its own percentiles begin with version 2.11 or later; `-v` has a line for each answer in all
versions. Paced, it is an open loop: it asks at its rate whether or not answers come.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.outcome import BadRun, Outcome
from tests.peers import Peer

OUTSTANDING = 100  # queries under way, dnsperf's default
# Queries under way in a paced run: those of 0.1 s at 20,000 a second, so that only a server that
# stands still for longer holds the run back. With more dnsperf falls behind while it uses each for
# the first time, and then makes up for it in one burst: with 60,000, of 13,000 queries in 0.1 s.
OPEN_LOOP = 2_000
BUFFER = 4096  # KiB of each socket of dnsperf's; what overflows is not lost by the server
TIMEOUT = 5  # seconds until dnsperf counts a query as lost
SLACK = 30.0  # seconds that dnsperf may take beyond its run
MICROSECONDS = 1e6
# Seconds. On loopback a connection takes that long only when the server's accept queue was full and
# the kernel asks again a second later; until then dnsperf sends nothing.
LONG_CONNECT = 0.5

_LATENCY = re.compile(r"^> \S+ binary input (\d+\.\d+)$", re.MULTILINE)


def run_dnsperf(
    peer: Peer,
    queries: Path,
    seconds: float,
    *,
    is_tcp: bool = False,
    sockets: int = 1,
    rate: int | None = None,
    under_way: int = OUTSTANDING,
    is_once: bool = False,
) -> Outcome:
    """The file's queries from its first, again and again or once. Raises BadRun.

    With a rate, latencies are in the outcome; without one, noting them would slow the client.
    """
    load = load_arguments(seconds, is_tcp, sockets, rate, under_way, is_once)
    where = ("-s", peer.address, "-p", str(peer.port))
    command = ["dnsperf", *where, "-B", "-d", str(queries), *load]
    # Into memory: a pipe would have to be read meanwhile, on the core that dnsperf has.
    with open(os.memfd_create("dnsperf"), "r+", encoding="utf-8") as output:
        run = subprocess.run(
            command, stdout=output, stderr=output, check=False, timeout=seconds + SLACK
        )
        output.seek(0)
        text = output.read()
    if run.returncode:
        raise BadRun(f"{' '.join(command)} ended with {run.returncode}\n{text}")
    longest = re.search(r"Connection Statistics:.*?max ([\d.]+)", text, re.DOTALL)
    if longest and float(longest[1]) > LONG_CONNECT:
        raise BadRun(f"dnsperf stood still: a connection took {longest[1]} s")
    return parse(text)


def load_arguments(
    seconds: float,
    is_tcp: bool = False,
    sockets: int = 1,
    rate: int | None = None,
    under_way: int = OUTSTANDING,
    is_once: bool = False,
) -> list[str]:
    """The part of dnsperf's arguments that says what load it makes."""
    return [
        *("-l", f"{seconds:g}", "-t", str(TIMEOUT), "-c", str(sockets)),
        *("-m", "tcp" if is_tcp else "udp"),
        *("-b", str(BUFFER)),
        *(("-q", str(under_way)) if rate is None else ("-q", str(OPEN_LOOP))),
        *(() if rate is None else ("-Q", str(rate), "-v")),
        *(("-n", "1") if is_once else ()),
    ]


def parse(output: str) -> Outcome:
    """dnsperf's summary, and the lines of `-v` where there are any. Raises BadRun."""
    codes = re.search(r"Response codes:\s+(.*)", output)
    found = re.findall(r"(\w+) (\d+) \(", codes[1]) if codes else []
    return Outcome(
        answers=int(_number(r"Queries completed:\s+(\d+)", output)),
        lost=int(_number(r"Queries lost:\s+(\d+)", output)),
        rcodes={code: int(count) for code, count in found},
        answers_per_second=_number(r"Queries per second:\s+([\d.]+)", output),
        answer_octets=_number(r"Average packet size:.*response (\d+)", output),
        latencies_us=[float(each) * MICROSECONDS for each in _LATENCY.findall(output)],
    )


def dnsperf_version() -> str:
    """The version line of dnsperf."""
    run = subprocess.run(["dnsperf", "-h"], capture_output=True, text=True, check=False)
    found = re.search(r"Version (\S+)", run.stdout + run.stderr)
    return f"dnsperf {found[1]}" if found else "dnsperf"


def _number(pattern: str, text: str) -> float:
    found: Sequence[str] = re.findall(pattern, text)
    if not found:
        raise BadRun(f"no {pattern} in:\n{text}")
    return float(found[0])
