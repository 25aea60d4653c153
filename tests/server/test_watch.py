"""When files count as changed: two looks that see the same, and not what was expected."""

import os
from pathlib import Path

import pytest

from minidns.server.watch import Watch
from minidns.zone.fingerprint import directories_of, fingerprint_of, stat_of

SECOND = 10**9


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text)
    os.utime(path, ns=(at, at))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "example.com.yaml"
    write(path, "one", SECOND)
    return path


@pytest.fixture
def watch(path: Path) -> Watch:
    return Watch([fingerprint_of([path])])


def looks(watch: Watch, count: int = 1) -> list[bool]:
    return [watch.has_settled(watch.look()) for _ in range(count)]


def test_as_it_was(watch: Watch) -> None:
    assert looks(watch, 3) == [False] * 3


def test_a_change_has_to_be_seen_twice(watch: Watch, path: Path) -> None:
    write(path, "two", 2 * SECOND)
    assert looks(watch, 3) == [False, True, True]


def test_a_file_that_is_being_written_is_waited_for(watch: Watch, path: Path) -> None:
    for size in range(3):
        write(path, "x" * size, (size + 2) * SECOND)
        assert looks(watch) == [False]
    assert looks(watch) == [True]


def test_a_change_that_is_undone_is_none(watch: Watch, path: Path) -> None:
    kept = path.with_suffix(".kept")
    path.rename(kept)
    assert looks(watch) == [False]
    kept.rename(path)
    watch.expect([fingerprint_of([path])])  # a rename changes the inode's time
    assert looks(watch, 2) == [False, False]


def test_what_was_taken_in_is_expected_from_then_on(watch: Watch, path: Path) -> None:
    write(path, "two", 2 * SECOND)
    assert looks(watch, 2) == [False, True]
    watch.expect([fingerprint_of([path])])
    assert looks(watch, 2) == [False, False]


def test_what_was_given_up_is_not_tried_again_until_it_changes(watch: Watch, path: Path) -> None:
    write(path, "two", 2 * SECOND)
    changed = watch.look()
    assert list(changed) == [str(path)]
    watch.give_up(changed)
    assert looks(watch, 3) == [False] * 3
    write(path, "three", 3 * SECOND)
    assert looks(watch, 2) == [False, True]


def test_read_twice_and_not_the_same(path: Path) -> None:
    """Two zones include it, and it changed between them: the first has to be read again."""
    old = fingerprint_of([path])
    write(path, "two", 2 * SECOND)
    for order in ([old, fingerprint_of([path])], [fingerprint_of([path]), old]):
        assert looks(Watch(order), 2) == [False, True]


@pytest.mark.parametrize("what", ["time", "size", "inode", "gone"])
def test_what_counts(watch: Watch, path: Path, what: str) -> None:
    if what == "gone":
        path.unlink()
    elif what == "inode":
        other = path.with_suffix(".new")
        write(other, "two", SECOND)
        other.rename(path)
    else:
        text, at = ("two", 2) if what == "time" else ("longer", 1)
        write(path, text, at * SECOND)
    assert watch.look() == {str(path): stat_of(str(path))}


def test_link_that_is_turned(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "zone", "same", SECOND)
    link = tmp_path / "data"
    link.symlink_to("a")
    watch = Watch([fingerprint_of([link / "zone"])])
    (tmp_path / "new").symlink_to("b")
    (tmp_path / "new").rename(link)
    assert list(watch.look()) == [str(link / "zone")]


def test_file_that_comes_to_be(tmp_path: Path) -> None:
    watch = Watch([fingerprint_of([tmp_path / "zone"])])
    assert looks(watch, 2) == [False, False]
    write(tmp_path / "zone", "", SECOND)
    assert looks(watch, 2) == [False, True]


def test_name_that_no_file_can_have() -> None:
    assert stat_of("a\x00b") is None


def test_directories(tmp_path: Path) -> None:
    """Those named, and split zones in them: a zone or a part of one that comes changes one."""
    for name in ("example.com.", "include", "example.net.yaml"):
        (tmp_path / name).mkdir()
    file = tmp_path / "file."
    file.touch()
    (tmp_path / "linked.example.").symlink_to("include")
    paths = [tmp_path, file, tmp_path / "absent"]
    found = directories_of(paths)
    assert sorted(found) == sorted(
        [*map(str, paths), f"{tmp_path}/example.com.", f"{tmp_path}/linked.example."]
    )
