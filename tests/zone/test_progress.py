"""How far a loading is, by the octets that its parsers have taken."""

from pathlib import Path

import pytest

from minidns.zone.directory import load_zones
from minidns.zone.include import NamedOctets, ZoneFiles
from minidns.zone.progress import Progress
from minidns.zone.source import ZoneSource, find_sources
from minidns.zone.yaml_reader import YamlReader

LINE = "h{:06}: {{type: A, value: 192.0.2.1}}\n"
RECORD = "h{:06} 300 A 192.0.2.1\n"


class Noted(Progress):
    """Notes, at each step of the loader: what step, of which zone, and how far all is then."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[str, bytes, int]] = []
        self.octets: list[NamedOctets] = []

    def begin(self, source: ZoneSource) -> None:
        super().begin(source)
        self._note("begin")

    def take(self, octets: NamedOctets, path: Path) -> None:
        super().take(octets, path)
        self.octets.append(octets)

    def end_reading(self) -> None:
        super().end_reading()
        assert self.is_read
        self._note("end")

    def _note(self, step: str) -> None:
        assert self.origin is not None
        self.steps.append((step, self.origin, self.per_cent))


def write(path: Path, size: int) -> ZoneSource:
    path.write_bytes(bytes(size))
    return find_sources([path])[0][0]


def test_nothing_is_taken_at_first() -> None:
    progress = Progress()
    assert (progress.origin, progress.is_read, progress.per_cent) == (None, False, 0)
    progress.expect([])
    assert progress.per_cent == 0


def test_octets_count_as_the_parser_takes_them(tmp_path: Path) -> None:
    first = write(tmp_path / "first.example.yaml", 300)
    second = write(tmp_path / "second.example.yaml", 700)
    progress = Progress()
    progress.expect([first, second])
    seen = []
    for source, size in ((first, 300), (second, 700)):
        progress.begin(source)
        octets = NamedOctets(bytes(size), "")
        progress.take(octets, source.paths[0])
        for _ in range(2):
            octets.read(size // 2)
            seen.append(progress.per_cent)
        assert not progress.is_read
        progress.end_reading()
        assert progress.is_read
        seen.append(progress.per_cent)
    assert seen == [15, 30, 30, 65, 100, 100]


def test_an_include_makes_the_whole_larger(tmp_path: Path) -> None:
    source = write(tmp_path / "first.example.yaml", 100)
    progress = Progress()
    progress.expect([source])
    progress.begin(source)
    outer, inner = NamedOctets(bytes(100), ""), NamedOctets(bytes(300), "")
    progress.take(outer, source.paths[0])
    outer.read(40)
    assert progress.per_cent == 40
    progress.take(inner, tmp_path / "part.yaml")
    assert progress.per_cent == 10
    inner.read()
    assert progress.per_cent == 85
    outer.read()
    assert progress.per_cent == 100


@pytest.mark.parametrize(("suffix", "line"), [("yaml", LINE), ("zone", RECORD)])
def test_all_zones_of_a_start(tmp_path: Path, suffix: str, line: str) -> None:
    for name, lines in (("a", 10), ("b", 30)):
        text = "".join(map(line.format, range(lines)))
        (tmp_path / f"{name}.example.{suffix}").write_text(text)
    progress = Noted()
    load_zones([tmp_path], progress=progress)
    a, b = b"\x01a\x07example\x00", b"\x01b\x07example\x00"
    assert progress.steps == [("begin", a, 0), ("end", a, 25), ("begin", b, 25), ("end", b, 100)]
    assert all(octets.tell() == octets.size for octets in progress.octets)
    assert [octets.size for octets in progress.octets] == [
        10 * len(line.format(0)),
        30 * len(line.format(0)),
    ]


def test_includes_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.example.yaml").write_text("www: !include part.yaml\nx: !include lacking.yaml\n")
    (tmp_path / "part.yaml").write_text("{type: A, value: 192.0.2.1}\n")
    (tmp_path / "b.example.yaml").symlink_to("nowhere")
    progress = Noted()
    load_zones([tmp_path], progress=progress)
    assert [step for step, _, _ in progress.steps] == ["begin", "end"] * 3
    assert progress.per_cent == 100


def test_it_grows_while_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.example.yaml"
    path.write_text("".join(map(LINE.format, range(2000))))
    (source,), _ = find_sources([path])
    progress = Progress()
    progress.expect([source])
    progress.begin(source)
    reader = YamlReader(ZoneFiles(progress.take))
    seen = [progress.per_cent for _ in reader.read_entries(path, tmp_path)]
    assert seen == sorted(seen)
    assert len(set(seen)) > 3  # the parser takes some thousand octets at a time
    assert (seen[0] < 50, seen[-1]) == (True, 100)
