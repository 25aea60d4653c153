"""The printed calls are the real ones: the same as strace(1) sees, argument for argument.

The calls of each socket from socket() or accept4() to close(), in their order. Other descriptors
(modules, /proc) are none of the lesson's.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.command import SECONDS, environment

TRACED = "trace=%network,read,write,close"
ADDRESS = re.compile(
    r'\{sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)\}'
)
ADDRESS6 = re.compile(
    r"\{sa_family=AF_INET6, sin6_port=htons\((\d+)\), sin6_flowinfo=htonl\(0\), "
    r'inet_pton\(AF_INET6, "([^"]+)", &sin6_addr\), sin6_scope_id=0\}'
)
CALL = re.compile(r"^  \S+ *(\w+\(.*)$")
CONTINUED = " " * 14
POINTER = re.compile(r"\b(0x[0-9a-f]+|buffer|source|peer)(?=[,)])")


def find_obstacle() -> str | None:
    """Why strace cannot be used."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return "needs strace (Debian: apt-get install strace)"
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return "strace may not look at a process here" if done.returncode else None


OBSTACLE = find_obstacle()


def printed_calls(text: str) -> Iterator[str]:
    """The lines of calls, put together again where they were wrapped."""
    call = ""
    for line in text.splitlines():
        if call and line.startswith(CONTINUED):
            call += " " + line.strip()
            continue
        if call:
            yield POINTER.sub("POINTER", call)
        match = CALL.match(line)
        call = match[1] if match and " = " in line + " = " and is_call(match[1]) else ""
    if call:
        yield POINTER.sub("POINTER", call)


def is_call(text: str) -> bool:
    """No sentence has a bracket right behind its first word that holds a number or AF_."""
    return re.match(r"[a-z0-9]+\((\d|AF_)", text) is not None


def traced_calls(lines: list[str]) -> Iterator[str]:
    """The calls on sockets, addresses in the lesson's short form."""
    open_sockets: set[str] = set()
    for line in lines:
        call = line.partition(" ")[2].strip()  # behind the process's number
        match = re.match(r"(\w+)\((\w+)", call)
        if match is None:
            continue
        name, first = match.groups()
        if name != "socket" and first not in open_sockets:
            continue
        result = call.rpartition(") ")[2] if " = -1" not in call else ""
        made = re.search(r"\) += (\d+)$", call)
        if name in ("socket", "accept4") and made:
            open_sockets.add(made[1])
        if name == "close":
            open_sockets.discard(first)
        assert "unfinished" not in result
        yield shorten(call)


def shorten(call: str) -> str:
    """A line of strace in the form of the lesson."""
    call = re.sub(r"\) += ", ") = ", call)
    call = ADDRESS.sub(r"{\2:\1}", call)
    call = ADDRESS6.sub(r"{[\2]:\1}", call)
    call = call.replace("SOL_IPV6", "IPPROTO_IPV6").replace("SOL_IP,", "IPPROTO_IP,")
    return POINTER.sub("POINTER", call)


@pytest.mark.skipif(OBSTACLE is not None, reason=str(OBSTACLE))
@pytest.mark.parametrize("number", [1, 2, 4, 5, 6])
def test_makes_exactly_the_calls_that_it_prints(number: int, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "-e", TRACED, "-o", str(trace)]
        + [sys.executable, "-m", "minidns", "lesson", str(number)],
        env={**environment(), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed = list(printed_calls(done.stdout))
    assert printed == list(traced_calls(trace.read_text().splitlines()))
    assert len(printed) >= 15
