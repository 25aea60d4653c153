"""The real command in a process of its own: `python -m minidns serve`, ready before it is used.

What is waited for is the ready line on standard error, which is also where the ports come from.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 20.0  # for what takes milliseconds, on a machine that is busy with other things
READY = "minidns: ready: "
_TERMINAL = {"COLUMNS", "LINES"}  # of who runs the tests
FORWARDING = frozenset({"--forward", "--no-forward", "--config"})
COM = """\
'': {type: NS, value: ns.example.com.}
ns: {type: A, value: 192.0.2.1}
www: {type: A, values: [192.0.2.10, 192.0.2.11]}
"""
NET = """\
'': {type: NS, value: ns.example.com.}
mail: {type: AAAA, value: '2001:db8::25'}
"""
BROKEN = """\
'': {type: NS, value: ns.example.com.}
www: {type: A, value: 192.0.2.256}
"""

# As systemd starts a service: the descriptors become 3, 4, ..., LISTEN_PID is the process's own.
_AS_SYSTEMD = """
import fcntl, os, sys
given, command = sys.argv[1].split(","), sys.argv[2:]
high = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 50) for number in given]
for at, number in enumerate(high):
    os.dup2(number, 3 + at, inheritable=True)
    os.close(number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)))
os.execv(command[0], command)
"""


@dataclass
class Running:
    """A server that has said it is ready. `said` are the lines up to and with the ready line."""

    process: "subprocess.Popen[str]"
    said: list[str]

    @property
    def ready(self) -> str:
        return self.said[-1].removeprefix(READY)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listen address, in the order of the ready line."""
        where = self.ready.rpartition(" on ")[2]
        found = re.findall(r"\[?([0-9a-f.:]+?)\]?:(\d+)(?=[ ,])", where)
        return [(host, int(port)) for host, port in found]

    def ask(
        self, query: dns.message.Message, is_tcp: bool = False, at: int = 0
    ) -> dns.message.Message:
        host, port = self.addresses[at]
        exchange = dns.query.tcp if is_tcp else dns.query.udp
        return exchange(query, host, SECONDS, port)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.addresses[0], SECONDS)

    def wait_for(self, text: str) -> list[str]:
        """Until a line on standard error holds `text`: the lines up to and with that one."""
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(f"'{text}' was never said, but {lines}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit code, and what was said meanwhile."""
        self.process.send_signal(number)
        return self.finish()

    def finish(self) -> tuple[int, str]:
        _, rest = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, rest


def write_zones(directory: Path, **zones: str) -> Path:
    """`com=COM` becomes `example.com.yaml`."""
    directory.mkdir(exist_ok=True)
    for name, text in zones.items():
        (directory / f"example.{name}.yaml").write_text(text)
    return directory


def command(*arguments: str | Path, limits: Mapping[str, float] | None = None) -> list[str]:
    """`limits` take the place of those of `config.Limits`."""
    program = ["minidns"] if limits is None else ["tests.server.with_limits", json.dumps(limits)]
    return [sys.executable, "-m", *program, *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """With this checkout's package and no size of a terminal, and what a caller adds."""
    inherited = {name: os.environ[name] for name in os.environ if name not in _TERMINAL}
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    return {**inherited, "PYTHONPATH": os.pathsep.join(paths), **more}


def as_systemd(*descriptors: int) -> tuple[str, ...]:
    """A prefix that passes these sockets."""
    return sys.executable, "-c", _AS_SYSTEMD, ",".join(map(str, descriptors))


def run_command(
    *arguments: str | Path,
    directory: Path | None = None,
    prefix: Sequence[str] = (),
    descriptors: Sequence[int] = (),
) -> "subprocess.CompletedProcess[str]":
    """The command to its end, which must come by itself."""
    return subprocess.run(
        [*prefix, *command(*arguments)],
        env=environment(),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        pass_fds=descriptors,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def serving(
    zones: Path,
    *arguments: str,
    listen: Sequence[str] = ("127.0.0.1:0",),
    prefix: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
    limits: Mapping[str, float] | None = None,
) -> Iterator[Running]:
    """A server on free ports, killed at the end if it still runs."""
    where = [argument for each in listen for argument in ("--listen", each)]
    if not FORWARDING.intersection(arguments):
        where.append("--no-forward")  # no test depends on the resolvers of its machine
    process = subprocess.Popen(
        [*prefix, *command("serve", "--zones", zones, *where, *arguments, limits=limits)],
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=descriptors,
    )
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line.rstrip("\n"))
            if line.startswith(READY):
                break
        assert said, "nothing was said"
        assert said[-1].startswith(READY), "\n".join(said)
        yield Running(process, said)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def write_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that may write nothing, without root: no place for temporary files."""

    def fail() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 65532)
    monkeypatch.setattr("tempfile.gettempdir", fail)
