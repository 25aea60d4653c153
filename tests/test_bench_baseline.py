"""Kept counts of instructions, the target table as a command, and what minidns is started with."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import baseline, micro, servers, targets
from bench.datasets import Written
from bench.servers import Contestant

COUNTS = {"A miss": 1000.0, "NODATA": 2000.0}


def count(monkeypatch: pytest.MonkeyPatch, counts: dict[str, float], *arguments: str) -> int:
    """`python -m bench.micro` with these counts in place of valgrind's."""
    monkeypatch.setattr(micro, "_count", lambda names: {name: counts[name] for name in names})
    kinds = [f"--kind={name}" for name in counts]
    monkeypatch.setattr(sys, "argv", ["bench.micro", *kinds, *arguments])
    return micro.main()


def test_kind_that_grew_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "new" / "baseline.json")
    assert count(monkeypatch, COUNTS, "--keep", path) == 0
    assert count(monkeypatch, {"A miss": 1050.0, "NODATA": 1900.0}, "--compare", path) == 0
    capsys.readouterr()
    assert count(monkeypatch, {"A miss": 1051.0, "NODATA": 2000.0}, "--compare", path) == 1
    told = capsys.readouterr().err
    assert told == "A miss: 1,051 instructions a query, 1,000 kept (+5.1%, at most +5%)\n"


def test_other_build_of_python_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "baseline.json"
    baseline.keep(path, COUNTS)
    document = json.loads(path.read_text())
    document["python"]["compiler"] = "another"
    path.write_text(json.dumps(document))
    assert count(monkeypatch, COUNTS, "--compare", str(path)) == 2
    told = capsys.readouterr().err
    assert "another build of Python" in told
    assert "--keep" in told


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"python": {}, "instructions": 3}'])
def test_file_without_a_baseline_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(baseline.NotComparable, match="holds no baseline"):
        baseline.read(path)


def test_kind_that_was_not_kept_is_no_regression() -> None:
    assert baseline.grown({"new": 1e9}, COUNTS) == []


def summary(ratio: float) -> dict[str, Any]:
    return {"scenarios": {"udp-mixed": {"ratios": {"nsd": {"time": ratio}}}}}


def test_target_table_of_a_kept_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(summary(1.35)))
    assert targets.main([str(path)]) == 0
    assert "| udp-mixed | processor time ÷ nsd | ≤ 1.35 | 1.35 |" in capsys.readouterr().out
    path.write_text(json.dumps(summary(1.5)))
    assert targets.main([str(path)]) == 1
    out = capsys.readouterr().out
    assert "**1.50, missed by 0.15**" in out
    assert "| udp-mixed | processor time ÷ bind | ≤ 1 | not measured |" in out


def test_target_table_of_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("[]")
    assert targets.main([str(tmp_path / "file")]) == 2
    assert "no result" in capsys.readouterr().err
    assert targets.main([]) == 2


def test_minidns_keeps_snapshots_in_the_directory_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    class Process:
        pid = 1

    @contextmanager
    def note(command: Any, *_: object) -> Iterator[tuple[Process, int]]:
        commands.append(command(5300))
        yield Process(), 5300

    monkeypatch.setattr(servers, "run_server", note)
    written = Written({}, tmp_path, ())
    with servers.run(Contestant(servers.MINIDNS), written, 0, tmp_path / "own"):
        pass
    (command,) = commands
    assert command[command.index("--cache-dir") + 1] == str(tmp_path / "own")


def test_missing_coredns_says_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    reason = Contestant("coredns").missing()
    assert reason is not None
    assert "github.com/coredns/coredns/releases" in reason
    assert "by the name coredns" in reason
