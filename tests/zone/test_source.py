"""Which zones there are, by the names of files and directories."""

from pathlib import Path

import dns.name
import pytest

from minidns.zone.model import Fault
from minidns.zone.source import ZoneSource, find_sources, source_of


def wire(name: str) -> bytes:
    return dns.name.from_text(name).to_wire()


def make(root: Path, *names: str) -> None:
    """Empty files, directories where the name ends with a slash."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def found(root: Path) -> tuple[dict[bytes, list[str]], list[str]]:
    """Files by origin, relative to the root, and the rules of the faults, a source's too."""
    sources, faults = find_sources([root])
    every = [*faults, *(fault for source in sources for fault in source.faults)]
    files = {
        source.origin: [str(path.relative_to(root)) for path in source.paths] for source in sources
    }
    return files, [fault.rule for fault in every]


def rules(faults: list[Fault]) -> list[str]:
    return [fault.rule for fault in faults]


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("example.com.yaml", "example.com."),
        ("example.com..yaml", "example.com."),
        ("Example.COM.yml", "example.com."),
        ("example.com.zone", "example.com."),
        ("example.com.db", "example.com."),
        ("2.0.192.in-addr.arpa.yaml", "2.0.192.in-addr.arpa."),
        ("lan.yaml", "lan."),
        ("..yaml", "."),
        ("..zone", "."),
        ("b\u00fccher.example.yaml", "xn--bcher-kva.example."),
    ],
)
def test_the_name_of_a_file_is_the_name_of_its_zone(tmp_path: Path, name: str, origin: str) -> None:
    make(tmp_path, name)
    assert found(tmp_path) == ({wire(origin): [name]}, [])
    sources, faults = find_sources([tmp_path / name])
    assert sources == [ZoneSource(wire(origin), (tmp_path / name,), tmp_path)]
    assert faults == []
    assert source_of(tmp_path / name) == sources[0]


def test_a_split_directory_and_a_flat_file_are_one_zone(tmp_path: Path) -> None:
    make(
        tmp_path,
        "example.com.yaml",
        "example.com./$example.com.yaml",
        "example.com./www.yaml",
        "example.com./.hidden.yaml",
        "example.com./notes.txt",
    )
    files, faults = found(tmp_path)
    assert set(files[wire("example.com.")]) == {
        "example.com.yaml",
        "example.com./$example.com.yaml",
        "example.com./www.yaml",
    }
    assert len(files) == 1
    assert faults == []
    (source,) = find_sources([tmp_path])[0]
    assert source.root == tmp_path


def test_a_split_directory_by_itself(tmp_path: Path) -> None:
    make(tmp_path, "example.com./www.yaml")
    sources, faults = find_sources([tmp_path / "example.com."])
    directory = tmp_path / "example.com."
    assert sources == [
        ZoneSource(
            wire("example.com."), (directory / "www.yaml",), directory, directories=(directory,)
        )
    ]
    assert faults == []
    assert source_of(directory) == sources[0]


@pytest.mark.parametrize(
    "names",
    [
        ("example.com.yaml", "example.com.zone"),
        ("example.com.yaml", "example.com.yml"),
        ("example.com.yaml", "Example.Com.yaml"),
        ("example.com..yaml", "example.com.yaml"),
        ("example.com.zone", "example.com./www.yaml"),
    ],
)
def test_one_zone_in_two_places_is_an_error_of_that_zone(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    make(tmp_path, *names, "example.net.yaml")
    sources, faults = find_sources([tmp_path])
    assert faults == []
    by_origin = {source.origin: source for source in sources}
    assert by_origin[wire("example.net.")].faults == ()
    (fault,) = by_origin[wire("example.com.")].faults
    assert fault.rule == "zone-twice"
    assert fault.severity == "error"
    assert "example.com." in fault.message


def test_one_zone_in_two_directories(tmp_path: Path) -> None:
    make(tmp_path, "a/example.com.yaml", "b/example.com.yaml")
    sources, _ = find_sources([tmp_path / "a", tmp_path / "b"])
    assert [rules(list(source.faults)) for source in sources] == [["zone-twice"]]


def test_the_same_path_twice_counts_once(tmp_path: Path) -> None:
    make(tmp_path, "example.com.yaml")
    (tmp_path / "link").symlink_to(tmp_path)
    sources, faults = find_sources([tmp_path, tmp_path / ".", tmp_path / "link"])
    assert len(sources) == 1
    assert sources[0].faults == ()
    assert faults == []


def test_what_is_no_zone(tmp_path: Path) -> None:
    """Leavings are passed over in silence; what might be meant is named."""
    make(
        tmp_path,
        "example.com.yaml",
        ".git/config",
        ".example.net.yaml",
        "..data/example.net.yaml",
        "example.com.yaml~",
        "example.com.yaml.bak",
        "#example.com.yaml#",
        "README.md",
        "includes/ns.yaml",
    )
    assert found(tmp_path) == ({wire("example.com."): ["example.com.yaml"]}, [])
    make(tmp_path, "example.net.txt", "example.org/www.yaml")
    files, faults = found(tmp_path)
    assert list(files) == [wire("example.com.")]
    assert faults == ["file-ignored", "file-ignored"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [("a..b.yaml", "bad-zone-name"), (f"{'x' * 64}.yaml", "bad-zone-name")],
)
def test_names_that_are_no_zones(tmp_path: Path, name: str, rule: str) -> None:
    make(tmp_path, name)
    sources, faults = find_sources([tmp_path])
    assert sources == []
    assert rules(faults)[0] == rule
    assert faults[0].mark.file == str(tmp_path / name)


def test_paths_that_hold_nothing(tmp_path: Path) -> None:
    make(tmp_path, "empty/", "notes.txt")
    missing = tmp_path / "missing"
    sources, faults = find_sources([missing, tmp_path / "empty", tmp_path / "notes.txt"])
    assert sources == []
    assert rules(faults) == ["no-such-path", "no-zones", "unknown-suffix"]
    assert [fault.severity for fault in faults] == ["error", "warning", "error"]
    assert all(fault.mark.file in fault.message or "notes.txt" in fault.message for fault in faults)


def test_kubernetes_config_map(tmp_path: Path) -> None:
    """Links into `..data`, a link itself, which is swapped as a whole."""
    make(tmp_path, "..2026/example.com.yaml")
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "example.com.yaml").symlink_to("..data/example.com.yaml")
    assert found(tmp_path) == ({wire("example.com."): ["example.com.yaml"]}, [])
