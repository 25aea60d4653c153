"""The servers that are compared, each in the foreground on one core, as a user starts them.

minidns runs from this checkout by its command line, from YAML; its compiled form from a copy of it
(compiled.py). The others run with the settings that the differential test uses (tests/peers.py)
and peer_kinds.py, from master files: one worker, no rate limit, nothing logged per query, the
smallest answer, cookies answered.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.datasets import Written
from bench.floor import FLOOR, missing_compiler, run_floor
from bench.peer_kinds import LACKS, PEER_KINDS
from bench.scenarios import Need, Scenario
from tests.peers import LOOPBACK, START_SECONDS, Peer, Tuning, missing_program, run_kind, run_server

ROOT = Path(__file__).parents[1]
MINIDNS = "minidns"
COMPILED = " compiled"  # what its name ends with then
NSD = "nsd"
PEERS = (*PEER_KINDS, FLOOR)  # in the order in which they are driven
LOAD_SECONDS = 900.0  # that a server may take for a slow dataset

_TELL_VERSION = (
    "import minidns, os, platform, sys; from minidns.responder import responder as r; "
    "print('minidns', minidns.__version__ + ',', "
    "'compiled by mypyc,' if r.__file__.endswith('.so') else 'pure Python,', "
    "platform.python_implementation(), platform.python_version(), "
    "'(' + platform.python_compiler() + ')', os.path.realpath(sys.executable))"
)
_COREDNS = (
    "coredns is not found and no Debian package: take the binary for this machine from "
    "https://github.com/coredns/coredns/releases and put it on the PATH by the name coredns"
)
_TUNING = Tuning(minimal=True, cookies=True)
# As many as the load has by chance at one worker, all from one address. By default it is 25.
_MANY_CONNECTIONS = "limits:\n  tcp_connections_per_address: 150\n"
_NO_YAML = {Need.YAML: "reads no YAML"}
_FLOOR_LACKS = {
    Need.TCP: "sends back datagrams only",
    Need.MANY: "holds no records",
    Need.YAML: "holds no records",
}


@dataclass(frozen=True)
class Contestant:
    """A server by its name in the report.

    Of minidns: its interpreter, more for `serve`, the text of `--config`, and where the package is.
    """

    name: str
    lacks: Mapping[Need, str] = field(default_factory=dict)
    python: str = sys.executable
    arguments: tuple[str, ...] = ()
    workers: int = 1
    config: str = ""
    root: Path = ROOT

    @property
    def is_minidns(self) -> bool:
        """Whether it is minidns, with whatever arguments."""
        return self.name.startswith(MINIDNS)

    def missing(self) -> str | None:
        """None where it can be run, else why not and what would help."""
        if self.name == FLOOR:
            return missing_compiler()
        if self.is_minidns:
            return _missing_option(self.python, self.arguments, self.root)
        reason = missing_program(PEER_KINDS[self.name])
        return _COREDNS if reason and self.name == "coredns" else reason

    def left_out(self, scenario: Scenario) -> str | None:
        """Why it takes no part in a scenario, None where it does."""
        reasons = [self.lacks[need] for need in Need if need in scenario.needs & self.lacks.keys()]
        return "; ".join(reasons) or None


def contestants(
    names: Sequence[str],
    workers: int = 1,
    python: str = sys.executable,
    compiled: Path | None = None,
) -> list[Contestant]:
    """minidns first, as the one that is compared; with workers also with one of them, no others.

    `compiled` is where its compiled form is (compiled.py): that comes next, in the same numbers.
    """
    ours = [Contestant(MINIDNS, python=python)]
    if workers > 1:
        one = replace(ours[0], config=_MANY_CONNECTIONS)
        more = ("--workers", str(workers))
        many = replace(one, name=f"{MINIDNS} x{workers}", arguments=more, workers=workers)
        ours, names = [many, one], ()
    if compiled is not None:
        ours += [replace(each, name=each.name + COMPILED, root=compiled) for each in ours]
    return ours + [Contestant(name, _lacks(name)) for name in names]


@contextmanager
def run(
    contestant: Contestant, written: Written, core: int | str, cache: Path, is_slow: bool = False
) -> Iterator[Peer]:
    """The server, bound to a core or several (`0,1`), ready to answer for `written`.

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
    version = minidns_version(contestant.python, contestant.root)
    with tempfile.TemporaryDirectory(prefix="bench-minidns-") as made:
        directory = Path(made)
        more = list(contestant.arguments)
        if contestant.config:
            (directory / "config.yaml").write_text(contestant.config)
            more += ["--config", str(directory / "config.yaml")]

        def command(port: int) -> list[str]:
            serve = ["serve", "--zones", str(written.yaml), "--listen", f"{LOOPBACK}:{port}"]
            serve += ["--cache-dir", str(cache)]
            minidns = minidns_command(contestant.python, prefix, contestant.root)
            return [*minidns, *serve, "--no-forward", *more]

        started = run_server(command, written.origins, directory, limit)
        with started as (process, port):
            yield Peer(contestant.name, version, LOOPBACK, port, process.pid)


def minidns_command(python: str, prefix: Sequence[str] = (), root: Path = ROOT) -> list[str]:
    """What starts minidns from this checkout, or another root, without its subcommand."""
    return [*prefix, "env", f"PYTHONPATH={_python_path(root)}", python, "-P", "-m", "minidns"]


def minidns_version(python: str, root: Path = ROOT) -> str:
    """Its version, its form and its interpreter, in one line."""
    return _run_python(python, root, "-c", _TELL_VERSION).stdout.strip()


def _missing_option(python: str, arguments: Sequence[str], root: Path) -> str | None:
    run = _run_python(python, root, "-m", "minidns", "serve", "--help")
    if run.returncode:
        return f"{python} does not run minidns: {run.stderr.strip().splitlines()[-1]}"
    options = [each for each in arguments if each.startswith("--")]
    missing = [each for each in options if each not in run.stdout]
    return f"minidns serve has no {', '.join(missing)}" if missing else None


def _run_python(python: str, root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`-P`: the current directory, maybe the checkout, is not looked into."""
    command = ["env", f"PYTHONPATH={_python_path(root)}", python, "-P", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _python_path(root: Path) -> str:
    return os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))


def _lacks(name: str) -> Mapping[Need, str]:
    return _FLOOR_LACKS if name == FLOOR else _NO_YAML | dict(LACKS.get(name, {}))


def _without_date(version: str) -> str:
    """PowerDNS puts the time before each line."""
    return re.sub(r"^\w{3} \d+ \d+:\d+:\d+ ", "", version)
