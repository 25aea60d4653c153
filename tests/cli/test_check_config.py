"""`minidns check --config`: the faults of the configuration beside those of its zones."""

import json
from pathlib import Path

import pytest

from minidns.cli.main import main

ZONE = "'': {type: NS, value: ns.example.net.}\nwww: {type: A, value: 192.0.2.1}\n"


def _write(directory: Path, text: str) -> str:
    (directory / "zones").mkdir()
    (directory / "zones" / "example.com.yaml").write_text(ZONE)
    (directory / "minidns.yaml").write_text(text)
    return str(directory / "minidns.yaml")


def test_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", _write(tmp_path, "zones: zones\n")]) == 0
    assert "zones: 1, refused: 0, errors: 0" in capsys.readouterr().err


def test_a_fault_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path, "zones: zones\nallow: 0.0.0.0/0\n")
    assert main(["check", "--config", path]) == 1
    assert capsys.readouterr().out.startswith(f"{path}:2:8: open-resolver: allow: ")


def test_a_fault_is_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path, "zones: zones\nlisen: ':53'\n")
    assert main(["check", "--format", "json", "--config", path]) == 1
    found = json.loads(capsys.readouterr().out)[0]
    assert (found["line"], found["column"], found["rule"]) == (2, 1, "unknown-setting")
