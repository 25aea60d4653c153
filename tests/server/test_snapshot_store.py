"""The directory of snapshots: whose it is, what it holds, and what goes first."""

import os
import stat
from pathlib import Path

import pytest

from minidns.server import snapshot_store
from minidns.server.snapshot_store import MAX_PER_ZONE, SnapshotStore, snapshots_in

NAME = "00aa-11bb"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def write_aged(store: SnapshotStore, directory: Path, name: str, age: int) -> None:
    store.write(name, [b"x" * 10])
    if (directory / name).exists():
        os.utime(directory / name, (1_700_000_000 - age, 1_700_000_000 - age))


def test_comes_back_whole(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    store = SnapshotStore(directory)
    assert store.read(NAME) is None
    store.write(NAME, iter([b"one", b"two"]))
    assert store.read(NAME) == b"onetwo"
    assert stat.S_IMODE((directory / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert names(directory) == [NAME]
    store.remove(NAME)
    store.remove(NAME)
    assert store.read(NAME) is None


def test_replaced_by_renaming(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    tmp_path.chmod(0o700)
    store.write(NAME, [b"old"])
    with open(tmp_path / NAME, "rb") as reader:
        store.write(NAME, [b"new"])
        assert reader.read() == b"old"  # who reads it now is not disturbed
    assert store.read(NAME) == b"new"


def test_nowhere_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "below", Path("/proc/minidns"), Path("/proc/no/minidns")):
        store = SnapshotStore(place)
        store.write(NAME, [b"x"])
        assert store.read(NAME) is None
        store.remove(NAME)
        assert not place.exists()


def test_made_with_what_is_above_it(tmp_path: Path) -> None:
    SnapshotStore(tmp_path / ".cache" / "minidns").write(NAME, [b"x"])
    assert names(tmp_path / ".cache" / "minidns") == [NAME]
    assert stat.S_IMODE((tmp_path / ".cache").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_directory_that_others_may_write_to(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(b"evil")
    tmp_path.chmod(mode)
    store = SnapshotStore(tmp_path)
    assert store.read(NAME) is None
    store.write("other", [b"x"])
    store.remove(NAME)
    assert names(tmp_path) == [NAME]
    assert caplog.text.count("--cache-dir") == 1  # said once


def test_a_file_in_the_place_of_the_directory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "file"
    place.write_text("mine")
    SnapshotStore(place).write(NAME, [b"x"])
    assert place.read_text() == "mine"
    assert "is not a directory" in caplog.text


@pytest.mark.parametrize("kind", ["link", "fifo", "shared"])
def test_what_is_no_file_of_ours(tmp_path: Path, kind: str) -> None:
    tmp_path.chmod(0o700)
    store = SnapshotStore(tmp_path)
    path = tmp_path / NAME
    if kind == "link":
        (tmp_path / "target").write_bytes(b"x")
        path.symlink_to("target")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(b"x")
        path.chmod(0o666)
    assert store.read(NAME) is None


def test_a_few_of_a_zone_the_newest(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    store = SnapshotStore(tmp_path)
    for number in range(MAX_PER_ZONE + 2):
        write_aged(store, tmp_path, f"00aa-{number}", 100 - number)
    write_aged(store, tmp_path, "00bb-0", 1000)
    newest = [f"00aa-{number}" for number in range(2, MAX_PER_ZONE + 2)]
    assert names(tmp_path) == [*newest, "00bb-0"]


def test_so_many_octets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_store, "MAX_OCTETS", 25)
    tmp_path.chmod(0o700)
    store = SnapshotStore(tmp_path)
    for number in range(4):
        write_aged(store, tmp_path, f"{number}-0", 100 - number)
    assert names(tmp_path) == ["2-0", "3-0"]


def test_left_over_by_a_process_that_was_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    store = SnapshotStore(tmp_path)
    (tmp_path / f"{NAME}.abc.new").write_bytes(b"half")
    (tmp_path / "unrelated.abc.new").write_bytes(b"half")
    store.write(NAME, [b"x"])
    assert names(tmp_path) == [NAME, "unrelated.abc.new"]


def test_no_directory_no_snapshots() -> None:
    assert snapshots_in(None) is None
