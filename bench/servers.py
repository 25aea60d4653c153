"""The servers that are compared, each in the foreground on one core, as a user starts them.

minidns runs from this checkout by its command line, from YAML. The others run with the settings
that the differential test uses (tests/peers.py) and peer_kinds.py, from master files: one worker,
no rate limit, nothing logged per query, the smallest answer, cookies answered.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.datasets import Written
from bench.floor import FLOOR, missing_compiler, run_floor
from bench.peer_kinds import LACKS, PEER_KINDS
from bench.scenarios import Need, Scenario
from tests.peers import LOOPBACK, START_SECONDS, Peer, Tuning, missing_program, run_kind, run_server

ROOT = Path(__file__).parents[1]
MINIDNS = "minidns"
NSD = "nsd"
PEERS = (*PEER_KINDS, FLOOR)  # in the order in which they are driven
LOAD_SECONDS = 900.0  # that a server may take for a slow dataset

_TELL_VERSION = (
    "import minidns, os, platform, sys; print('minidns', minidns.__version__ + ',', "
    "platform.python_implementation(), platform.python_version(), "
    "'(' + platform.python_compiler() + ')', os.path.realpath(sys.executable))"
)
_COREDNS = (
    "coredns is not found and no Debian package: take the binary for this machine from "
    "https://github.com/coredns/coredns/releases and put it on the PATH by the name coredns"
)
_TUNING = Tuning(minimal=True, cookies=True)
_NO_YAML = {Need.YAML: "reads no YAML"}
_FLOOR_LACKS = {
    Need.TCP: "sends back datagrams only",
    Need.MANY: "holds no records",
    Need.YAML: "holds no records",
}


@dataclass(frozen=True)
class Contestant:
    """A server by its name in the report. Of minidns: its interpreter, more for `serve`."""

    name: str
    lacks: Mapping[Need, str] = field(default_factory=dict)
    python: str = sys.executable
    arguments: tuple[str, ...] = ()

    @property
    def is_minidns(self) -> bool:
        """Whether it is minidns, with whatever arguments."""
        return self.name.startswith(MINIDNS)

    def missing(self) -> str | None:
        """None where it can be run, else why not and what would help."""
        if self.name == FLOOR:
            return missing_compiler()
        if self.is_minidns:
            return _missing_option(self.python, self.arguments)
        reason = missing_program(PEER_KINDS[self.name])
        return _COREDNS if reason and self.name == "coredns" else reason

    def left_out(self, scenario: Scenario) -> str | None:
        """Why it takes no part in a scenario, None where it does."""
        reasons = [self.lacks[need] for need in Need if need in scenario.needs & self.lacks.keys()]
        return "; ".join(reasons) or None


def contestants(
    names: Sequence[str], workers: int = 1, python: str = sys.executable
) -> list[Contestant]:
    """minidns first, as the one that is compared; with workers also with one of them."""
    ours = [Contestant(MINIDNS, python=python)]
    if workers > 1:
        more = ("--workers", str(workers))
        ours.insert(0, Contestant(f"{MINIDNS} x{workers}", python=python, arguments=more))
    return ours + [Contestant(name, _lacks(name)) for name in names]


@contextmanager
def run(
    contestant: Contestant, written: Written, core: int, cache: Path, is_slow: bool = False
) -> Iterator[Peer]:
    """The server, bound to a core, ready to answer for `written`.

    `cache` is where it may keep what makes its next start faster. Raises PeerError.
    """
    prefix = ("taskset", "-c", str(core))
    limit = LOAD_SECONDS if is_slow else START_SECONDS
    if contestant.name == FLOOR:
        with run_floor(prefix) as peer:
            yield peer
    elif contestant.is_minidns:
        with _run_minidns(contestant, written, prefix, cache, limit) as peer:
            yield peer
    else:
        kind = PEER_KINDS[contestant.name]
        started = run_kind(kind, written.masters, prefix, _TUNING, written.origins, limit)
        with started as peer:
            yield peer._replace(version=_without_date(peer.version))


@contextmanager
def _run_minidns(
    contestant: Contestant, written: Written, prefix: Sequence[str], cache: Path, limit: float
) -> Iterator[Peer]:
    version = minidns_version(contestant.python)

    def command(port: int) -> list[str]:
        serve = ["serve", "--zones", str(written.yaml), "--listen", f"{LOOPBACK}:{port}"]
        serve += ["--cache-dir", str(cache)]
        minidns = minidns_command(contestant.python, prefix)
        return [*minidns, *serve, "--no-forward", *contestant.arguments]

    with (
        tempfile.TemporaryDirectory(prefix="bench-minidns-") as made,
        run_server(command, written.origins, Path(made), limit) as (process, port),
    ):
        yield Peer(contestant.name, version, LOOPBACK, port, process.pid)


def minidns_command(python: str, prefix: Sequence[str] = ()) -> list[str]:
    """What starts minidns from this checkout, without its subcommand."""
    return [*prefix, "env", f"PYTHONPATH={_python_path()}", python, "-m", "minidns"]


def minidns_version(python: str) -> str:
    """Its version and that of its interpreter, in one line."""
    return _run_python(python, "-c", _TELL_VERSION).stdout.strip()


def _missing_option(python: str, arguments: Sequence[str]) -> str | None:
    run = _run_python(python, "-m", "minidns", "serve", "--help")
    if run.returncode:
        return f"{python} does not run minidns: {run.stderr.strip().splitlines()[-1]}"
    options = [each for each in arguments if each.startswith("--")]
    missing = [each for each in options if each not in run.stdout]
    return f"minidns serve has no {', '.join(missing)}" if missing else None


def _run_python(python: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["env", f"PYTHONPATH={_python_path()}", python, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def _lacks(name: str) -> Mapping[Need, str]:
    return _FLOOR_LACKS if name == FLOOR else _NO_YAML | dict(LACKS.get(name, {}))


def _without_date(version: str) -> str:
    """PowerDNS puts the time before each line."""
    return re.sub(r"^\w{3} \d+ \d+:\d+:\d+ ", "", version)
