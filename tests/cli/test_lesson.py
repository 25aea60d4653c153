"""`minidns lesson`: the list, exit codes, `--step`, and how it ends when it is interrupted."""

import io
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from minidns.cli.main import main
from minidns.lesson.calls import OpenSocket
from minidns.lesson.course import EXPERIMENTS
from tests.lesson.runs import open_descriptors
from tests.server.command import SECONDS, environment

PROMPT = "-- Enter for the next step --"


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson"]) == 0
    shown = capsys.readouterr().out
    for each in EXPERIMENTS:
        assert f"\n{each.number:>2}  {each.title}\n" in shown


def test_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith("1. A stream, call by call on both sides\n")
    assert captured.out.endswith(" rules hold on this kernel.\n")


def test_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson", "all"]) == 0
    shown = capsys.readouterr().out
    for each in EXPERIMENTS:
        assert f"\n\n{each.number}. {each.title}\n===" in "\n\n" + shown
    assert shown.endswith("\nEvery rule of every experiment held on this kernel.\n")


@pytest.mark.parametrize("text", ["0", "11", "one", "", "1.0", "ALL"])
def test_no_such_experiment(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson", text]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"minidns: there is no experiment '{text}'; there are:\n")
    for each in EXPERIMENTS:
        assert f"  {each.number:>3}  {each.title}\n" in captured.err


@pytest.mark.parametrize("what", ["3", "all"])
def test_kernel_that_does_otherwise(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_self: OpenSocket, _address: Any) -> None:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(OpenSocket, "connect", refuse)
    assert main(["lesson", what]) == 1
    shown = capsys.readouterr().out
    assert "  DOES NOT HOLD: " in shown
    assert (
        "\nThese rules did not hold on this kernel:\n  1. the calls above end well" in shown
    ) == (what == "all")


def test_step_goes_on_with_enter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * 50))
    assert main(["lesson", "1", "--step"]) == 0
    shown = capsys.readouterr().out
    assert shown.count(PROMPT) == shown.count("\nStep ") - 1 == 4
    assert "Ended here" not in shown


def test_step_ends_with_the_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = open_descriptors()
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert main(["lesson", "all", "--step"]) == 0
    shown = capsys.readouterr().out
    assert shown.count(PROMPT) == 2
    assert shown.endswith(f"{PROMPT}\n\nEnded here: there is no further input.\n")
    assert open_descriptors() == before


def test_step_that_ends_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(OpenSocket, "read", lambda _self, *_, **__: b"")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n"))
    assert main(["lesson", "1", "--step"]) == 1
    assert "Ended here" in capsys.readouterr().out


def test_interrupted_between_two_steps() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "minidns", "lesson", "1", "--step"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(PROMPT):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, out, err) == (128 + signal.SIGINT, "", "")


def test_nobody_reads_the_output() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "minidns", "lesson", "all"],
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_other_commands_do_not_load_it() -> None:
    loaded = "import sys; from minidns.cli.main import main\nmain([])\n"
    loaded += "print([name for name in sys.modules if name.startswith('minidns.lesson')])"
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
