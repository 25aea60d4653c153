"""Which faults are about what the user named, and which about a zone."""

from pathlib import Path

from minidns.server.named_paths import unusable_paths
from minidns.zone.directory import load_zones


def rules_of(*paths: Path) -> list[str]:
    return [fault.rule for fault in unusable_paths(paths, load_zones(paths))]


def test_absent(tmp_path: Path) -> None:
    assert rules_of(tmp_path / "nowhere", tmp_path / "nowhere.yaml") == ["no-such-path"] * 2


def test_no_zone_file_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "example.com.txt"
    path.touch()
    assert rules_of(path) == ["unknown-suffix"]


def test_empty_directory_is_usable(tmp_path: Path) -> None:
    assert rules_of(tmp_path) == []


def test_file_with_a_fault_is_a_zone(tmp_path: Path) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text("{")
    assert rules_of(path) == []


def test_bad_name_inside_a_directory(tmp_path: Path) -> None:
    (tmp_path / "example..com.yaml").touch()
    assert rules_of(tmp_path) == []
    assert rules_of(tmp_path / "example..com.yaml") == ["bad-zone-name"]
