"""What a terminal shows while zones load, and that nothing of it is left afterwards."""

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from minidns.cli import output
from minidns.cli.progress import show
from minidns.zone.progress import Progress
from minidns.zone.source import find_sources
from tests.server.command import COM, READY, SECONDS, environment, write_zones

# The command, with each step of the loading waiting until the terminal has shown it.
PROGRAM = """
import functools, logging, sys, threading
from minidns.cli import main, output, progress, serve
from minidns.zone import directory

steps, is_terminal = threading.Semaphore(0), sys.stderr.isatty()
load, show_status = directory.load_zones, output.show_status

def show(text):
    show_status(text)
    steps.release()

def load_in_steps(*arguments):
    if is_terminal:
        steps.acquire(timeout=20)
    logging.getLogger("minidns").warning("said while it loads")
    loaded = load(*arguments)
    if is_terminal:
        while steps.acquire(blocking=False):
            pass
        steps.acquire(timeout=20)
        steps.acquire(timeout=20)
    return loaded

output.show_status, directory.load_zones = show, load_in_steps
progress.SHOWN_EVERY = 0.01
serve.load_zones_shown = functools.partial(serve.load_zones_shown, shown_after=0)
sys.exit(main.run())
"""


class Clock:
    """Waits in no time. The waiting is over at `end`, in seconds."""

    def __init__(self, end: float) -> None:
        self.now = 0.0
        self._end = end

    def wait(self, seconds: float) -> bool:
        self.now = min(self._end, self.now + seconds)
        return self.now == self._end


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What is shown; None where it is taken away."""
    found: list[str | None] = []
    monkeypatch.setattr(output, "show_status", found.append)
    monkeypatch.setattr(output, "clear_status", lambda: found.append(None))
    return found


def test_a_short_load_needs_no_word(shown: list[str | None]) -> None:
    show(Progress(), Clock(1.9).wait)
    assert shown == []


@pytest.mark.parametrize(("end", "times"), [(2.1, 1), (2.5, 1), (2.6, 2), (4.9, 6)])
def test_after_two_seconds_twice_a_second(shown: list[str | None], end: float, times: int) -> None:
    show(Progress(), Clock(end).wait)
    assert shown == ["minidns: looking for zones"] * times + [None]


def test_the_zone_and_how_far_all_is(shown: list[str | None], tmp_path: Path) -> None:
    zones = write_zones(tmp_path, com=COM)
    sources, _ = find_sources([zones])
    progress = Progress()
    progress.expect(sources)
    progress.begin(sources[0])
    ends = iter((False, False, True))

    def wait(seconds: float) -> bool:
        if shown:
            progress.end_reading()
        return next(ends)

    show(progress, wait)
    assert shown == [
        "minidns: 0 % of the zones: reading example.com.",
        "minidns: 100 % of the zones: checking example.com.",
        None,
    ]


def arguments(zones: Path) -> list[str]:
    return [
        *(sys.executable, "-c", PROGRAM, "serve", "--zones", str(zones), "--no-forward"),
        *("--listen", "127.0.0.1:0", "--cache-dir", "", "--control", str(zones / "control")),
    ]


def run_on_terminal(words: Sequence[str], columns: int) -> str:
    """All that the command writes on a terminal, until SIGTERM when it is ready."""
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (24, columns))
        process = subprocess.Popen(words, env=environment(), stdin=theirs, stderr=theirs)
    finally:
        os.close(theirs)
    written, is_ended = b"", False
    try:
        while piece := _read(ours):
            written += piece
            if not is_ended and READY.encode() in written and written.endswith(b"\n"):
                process.send_signal(signal.SIGTERM)
                is_ended = True
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return written.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # EIO: nobody has the terminal open any more
        return b""


def screen(written: str) -> list[str]:
    """The lines that a terminal has of it in the end: after `\\r` the line is written over."""
    lines = []
    for line in written.split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        lines.append("".join(cells).rstrip())
    return lines


@pytest.mark.parametrize("columns", [80, 30, 0])
def test_a_terminal_shows_it_and_keeps_nothing_of_it(tmp_path: Path, columns: int) -> None:
    zones = write_zones(tmp_path / "zones", com=COM)
    written = run_on_terminal(arguments(zones), columns)
    text = "minidns: 100 % of the zones: checking example.com."
    shown = text[: columns - 1] if columns else text
    assert f"\r{shown}\r" in written
    assert (text in written) == (shown == text)
    *before, ready, stopping, rest = screen(written)
    assert before[0] == "minidns: warning: said while it loads"
    assert [line.split(": ")[1:3] for line in before[1:]] == [["warning", "no-soa"]]
    assert ready.startswith(READY)
    assert (stopping, rest) == ("minidns: info: SIGTERM: stopping", "")


def test_a_pipe_gets_lines_alone(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", com=COM)
    process = subprocess.Popen(
        arguments(zones), env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith(READY):
                break
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert len(said) == 3
    assert not [line for line in said if "\r" in line or "%" in line]
