"""`minidns check`: all faults at once, for people and for CI; its exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from minidns.cli.main import main
from tests.server.command import BROKEN, COM, run_command, write_zones

SOA = "{mname: ns.example.com., rname: h.example.com., serial: 1, refresh: 2, retry: 3, "
SOUND = (
    f"'': [{{type: SOA, value: {SOA}expire: 4, minimum: 5}}}}, {{type: NS, value: ns.example.}}]\n"
)
SEVERAL = """\
www: {type: A, value: 192.0.2.256}
long: {type: A, ttl: 99999999999, value: 192.0.2.1}
alias: [{type: CNAME, value: www.example.net.}, {type: A, value: 192.0.2.1}]
"""
KEYS = ["file", "line", "column", "severity", "rule", "message", "reference"]


def check(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str], str]:
    code = main(["check", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err


def test_nothing_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zones = write_zones(tmp_path, com=SOUND)
    summary = "minidns: zones: 1, refused: 0, errors: 0, warnings: 0\n"
    assert check(capsys, zones) == (0, [], summary)


def test_warnings_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zones = write_zones(tmp_path, com=COM)
    code, lines, said = check(capsys, zones)
    assert code == 0
    assert [line.split(" ")[1:3] for line in lines] == [["warning:", "no-soa:"]]
    assert said == "minidns: zones: 1, refused: 0, errors: 0, warnings: 1\n"


def test_errors_of_all_files_before_all_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zones = write_zones(tmp_path, com=COM, net=SEVERAL, org=BROKEN)
    code, lines, said = check(capsys, zones)
    assert code == 1
    errors = [line for line in lines if ": warning: " not in line]
    assert lines[: len(errors)] == errors
    places = [line.removeprefix(f"{zones}/").split(":")[:4] for line in errors]
    assert [(file, line, rule) for file, line, _, rule in places] == [
        ("example.net.yaml", "1", " bad-value"),
        ("example.net.yaml", "2", " ttl-too-large"),
        ("example.net.yaml", "3", " cname-and-other-data"),
        ("example.org.yaml", "2", " bad-value"),
    ]
    warnings = len(lines) - len(errors)
    assert said == f"minidns: zones: 3, refused: 2, errors: 4, warnings: {warnings}\n"
    assert warnings


def test_file_and_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_zones(tmp_path / "a", com=SOUND)
    write_zones(tmp_path / "b", org=BROKEN, com=BROKEN)
    sound, broken = tmp_path / "a", tmp_path / "b" / "example.org.yaml"
    code, lines, said = check(capsys, sound, broken)
    assert code == 1
    assert all(line.startswith(f"{broken}:") for line in lines)
    assert "zones: 2, refused: 1" in said


@pytest.mark.parametrize("others", [{}, {"org": BROKEN}])
def test_path_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], others: dict[str, str]
) -> None:
    zones = write_zones(tmp_path / "zones", **others)
    code, lines, _ = check(capsys, tmp_path / "nowhere", zones)
    assert code == 2
    assert lines[0].startswith(f"{tmp_path}/nowhere:1:1: no-such-path: ")


def test_where_no_zone_is_nothing_was_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong directory must not pass for a sound one in CI."""
    code, lines, _ = check(capsys, tmp_path)
    assert code == 2
    assert "no-zones" in lines[0]


def test_zones_is_the_default(tmp_path: Path) -> None:
    absent = run_command("check", directory=tmp_path)
    assert (absent.returncode, absent.stdout[:17]) == (2, "zones:1:1: no-suc")
    write_zones(tmp_path / "zones", com=SOUND)
    there = run_command("check", directory=tmp_path)
    assert (there.returncode, there.stdout) == (0, "")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zones = write_zones(tmp_path, com=COM, org=BROKEN)
    code, text, _ = check(capsys, zones, "--format", "json")
    assert code == 1
    faults: list[dict[str, Any]] = json.loads("\n".join(text))
    assert [list(fault) for fault in faults] == [KEYS] * len(faults)
    assert {fault["severity"] for fault in faults} == {"error", "warning"}
    (error,) = (fault for fault in faults if fault["severity"] == "error")
    place = (error["file"], error["line"], error["column"], error["rule"])
    assert place == (f"{zones}/example.org.yaml", 2, 23, "bad-value")
    assert "192.0.2.256" in error["message"]


def test_json_of_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zones = write_zones(tmp_path, com=SOUND)
    code, text, said = check(capsys, zones, "--format", "json")
    assert (code, json.loads("\n".join(text))) == (0, [])
    assert said.startswith("minidns: zones: 1, ")
