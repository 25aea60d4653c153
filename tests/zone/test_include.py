"""Files of a zone: what is opened, what an include may name, and how far includes go."""

import os
from pathlib import Path

import pytest

from minidns.zone import include, yaml_reader
from minidns.zone.include import MAX_INCLUDE_DEPTH, UnreadableFile, find_include, open_zone_file
from tests.zone.yaml_text import read, read_nodes

A = "{type: A, value: 192.0.2.1}"
RECORD = f"{A}\n"


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def refused(path: Path) -> tuple[str, str]:
    """Rule and message; nothing stays open."""
    before = open_descriptors()
    with pytest.raises(UnreadableFile) as caught:
        open_zone_file(path)
    assert open_descriptors() == before
    return caught.value.rule, str(caught.value)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 300
    (tmp_path / "file").write_bytes(data)
    before = open_descriptors()
    assert open_zone_file(tmp_path / "file") == data
    assert open_descriptors() == before


def test_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert refused(path) == ("no-such-path", f"'{path}' does not exist")
    (tmp_path / "link").symlink_to("none")
    assert refused(tmp_path / "link")[0] == "no-such-path"


def test_a_directory(tmp_path: Path) -> None:
    assert refused(tmp_path) == ("unreadable-file", f"'{tmp_path}' is not a regular file")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    assert refused(path) == ("unreadable-file", f"'{path}' is not a regular file")


def test_a_device() -> None:
    assert refused(Path("/dev/null"))[0] == "unreadable-file"


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "file/below"])
def test_names_that_no_file_has(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / name)[0] == "unreadable-file"


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert refused(tmp_path / "a")[0] == "unreadable-file"


def test_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(include, "MAX_FILE", 10)
    (tmp_path / "ten").write_bytes(b"x" * 10)
    (tmp_path / "eleven").write_bytes(b"x" * 11)
    assert len(open_zone_file(tmp_path / "ten")) == 10
    assert refused(tmp_path / "eleven")[0] == "file-too-large"


def test_size_of_all_files_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: !include b\nc: !include b\n"
    monkeypatch.setattr(yaml_reader, "MAX_FILE", len(text) + 2 * len(RECORD))
    assert read(tmp_path, text, files={"b": RECORD}).faults == []
    monkeypatch.setattr(yaml_reader, "MAX_FILE", len(text) + 2 * len(RECORD) - 1)
    assert read(tmp_path, text, files={"b": RECORD}).places == ["2:4 file-too-large"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("b.yaml", "zones/sub/b.yaml"),
        ("./b.yaml", "zones/sub/b.yaml"),
        ("../b.yaml", "zones/b.yaml"),
        ("x/../../y/b.yaml", "zones/y/b.yaml"),
        ("b ü.yaml", "zones/sub/b ü.yaml"),
    ],
)
def test_an_include_is_relative_to_the_including_file(
    tmp_path: Path, name: str, found: str
) -> None:
    including = tmp_path / "zones" / "sub" / "a.yaml"
    assert find_include(including, name, tmp_path / "zones") == tmp_path / found


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "~/b.yaml",
        "~root/b.yaml",
        "../../b.yaml",
        "a\0b",
        "../../zones2/b.yaml",
        "\ud800",
    ],
)
def test_an_include_stays_in_the_zones_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        find_include(tmp_path / "zones" / "sub" / "a.yaml", name, tmp_path / "zones")
    assert caught.value.rule == "bad-include"


def test_a_link_out_of_the_zones_directory(tmp_path: Path) -> None:
    zones = tmp_path / "zones"
    zones.mkdir()
    (tmp_path / "secret").write_text("secret")
    (zones / "link").symlink_to(tmp_path / "secret")
    (zones / "up").symlink_to("..")
    for name in ("link", "up/secret"):
        places = read(zones, f"a: !include {name}\n").places
        assert places == ["1:4 bad-include"]


def test_a_link_inside_the_zones_directory(tmp_path: Path) -> None:
    """As the mounted ConfigMap of Kubernetes has them; the root may be reached by a link, too."""
    data = tmp_path / "..data"
    data.mkdir()
    (data / "b.yaml").write_text(RECORD)
    (tmp_path / "b.yaml").symlink_to("..data/b.yaml")
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path)
    for root in (tmp_path, link):
        assert read(root, "a: !include b.yaml\n").records == ["a 3600 A 192.0.2.1"]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("a: !include b\n", ["a 3600 A 192.0.2.1"]),
        ("a: [!include b]\n", ["a 3600 A 192.0.2.1"]),
        ("a: !include 'b'\n", ["a 3600 A 192.0.2.1"]),
        ("a: {<<: !include b, ttl: 60}\n", ["a 60 A 192.0.2.1"]),
        ("<<: !include names\na: !include b\n", ["a 3600 A 192.0.2.1", "c 3600 A 192.0.2.1"]),
        ("a: {type: A, values: !include sub/list}\n", ["a 3600 A 192.0.2.2", "a 3600 A 192.0.2.3"]),
        ("a: !include sub/up\n", ["a 3600 A 192.0.2.1"]),
        ("a: &x !include b\nc: *x\n", ["a 3600 A 192.0.2.1", "c 3600 A 192.0.2.1"]),
        ("a: {type: TXT, value: !include text}\n", ['a 3600 TXT "one text"']),
    ],
)
def test_what_includes_bring(tmp_path: Path, text: str, records: list[str]) -> None:
    files = {
        "b": RECORD,
        "names": f"c: {A}\n",
        "sub/list": "- 192.0.2.2\n- 192.0.2.3\n",
        "sub/up": "!include ../b\n",
        "text": "one text\n",
    }
    assert read(tmp_path, text, files=files) == (records, [])


def test_anchors_end_with_their_file(tmp_path: Path) -> None:
    files = {"b": "&x {type: A, value: 192.0.2.1}\n"}
    assert read(tmp_path, "a: !include b\nc: *x\n", files=files).places == ["2:4 undefined-alias"]


@pytest.mark.parametrize(
    ("text", "files", "rule"),
    [
        ("a: !include none\n", {}, "no-such-path"),
        ("a: !include .\n", {}, "unreadable-file"),
        ("a: !include\n", {}, "bad-include"),
        ("a: !include ''\n", {}, "bad-include"),
        ("a: !include b\n", {"b": ""}, "bad-include"),
        ("a: !include b\n", {"b": "# nothing\n---\n"}, "bad-include"),
        ('a: !include "b\\0"\n', {}, "bad-include"),
        ("a: !include example.com.yaml\n", {}, "include-loop"),
        ("<<: !include ./example.com.yaml\n", {}, "include-loop"),
    ],
)
def test_faults_of_includes(tmp_path: Path, text: str, files: dict[str, str], rule: str) -> None:
    reading = read(tmp_path, text, files=files)
    column = text.index("!") + 1
    assert (reading.records, reading.places) == ([], [f"1:{column} {rule}"])


def test_faults_inside_an_include_are_shown_there(tmp_path: Path) -> None:
    files = {"sub/b": "type: A\nvalue: x\n", "c": "type: [\n", "d": "type: A\nvalue: \x7f\n"}
    text = "a: !include sub/b\nc: !include c\nd: !include d\n"
    faults = read(tmp_path, text, files=files).faults
    assert [(fault.mark, fault.rule) for fault in faults] == [
        ((str(tmp_path / "sub/b"), 2, 8), "bad-value"),
        ((str(tmp_path / "c"), 2, 1), "yaml-syntax"),
        ((str(tmp_path / "d"), 2, 8), "encoding"),
    ]


def test_loops_through_others_and_through_links(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("example.com.yaml")
    reading = read(tmp_path, "a: !include b\n", files={"b": "- !include link\n"})
    (fault,) = reading.faults
    assert (fault.rule, fault.mark) == ("include-loop", (str(tmp_path / "b"), 1, 3))


def test_the_same_file_twice_is_no_loop(tmp_path: Path) -> None:
    reading = read(tmp_path, "a: !include b\nc: !include b\n", files={"b": RECORD})
    assert reading == (["a 3600 A 192.0.2.1", "c 3600 A 192.0.2.1"], [])


def test_depth(tmp_path: Path) -> None:
    files = {f"f{n}": f"!include f{n + 1}\n" for n in range(MAX_INCLUDE_DEPTH + 1)}
    files[f"f{MAX_INCLUDE_DEPTH - 1}"] = RECORD
    assert read(tmp_path, "a: !include f0\n", files=files).records == ["a 3600 A 192.0.2.1"]
    files[f"f{MAX_INCLUDE_DEPTH - 1}"] = f"!include f{MAX_INCLUDE_DEPTH}\n"
    files[f"f{MAX_INCLUDE_DEPTH}"] = RECORD
    (fault,) = read(tmp_path, "a: !include f0\n", files=files).faults
    assert fault.rule == "include-depth"
    assert fault.mark.file == str(tmp_path / f"f{MAX_INCLUDE_DEPTH - 1}")


def test_number_of_includes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file includes the next one twice: 2 + 4 + 8 + 16."""
    files = {f"f{n}": f"[!include f{n + 1}, !include f{n + 1}]\n" for n in range(3)}
    files["f3"] = "x\n"
    text = "a: [!include f0, !include f0]\n"
    monkeypatch.setattr(yaml_reader, "MAX_INCLUDES", 30)
    assert read_nodes(tmp_path, text, files)[1] == []
    monkeypatch.setattr(yaml_reader, "MAX_INCLUDES", 29)
    assert [fault.split()[1] for fault in read_nodes(tmp_path, text, files)[1]] == ["include-depth"]
