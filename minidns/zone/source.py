"""Which zones there are: the files and directories that hold them, by name.

A file's name is the name of its zone (`example.com.yaml`, `example.com.zone`); a directory whose
name ends with a dot holds one zone in parts (`example.com./*.yaml`, octoDNS's "split"), and joins
the flat file beside it. Opens nothing: what is in the files is for `zone.directory`.
"""

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from minidns.wire.name import BadName, name_from_text, name_to_text
from minidns.zone.faults import fault
from minidns.zone.idna import BadIdn, to_ascii
from minidns.zone.model import Fault, Mark
from minidns.zone.zone_key import NO_VIEW, zone_key

YAML_SUFFIXES = frozenset({".yaml", ".yml"})
MASTER_SUFFIXES = frozenset({".zone", ".db", ".master"})

_SUFFIXES = YAML_SUFFIXES | MASTER_SUFFIXES
_SUFFIX_HINT = "zone files end in .yaml, .yml, .zone, .db or .master"
_LOOKED_OVER = ("README", "LICENSE", "Makefile", "Dockerfile")  # at home in such directories


class ZoneSource(NamedTuple):
    """The files of one zone. `origin` is lower-case wire; includes stay under `root`.

    `faults` were found about the files before any was opened; `directories` hold a split zone, from
    which every file may have gone.
    """

    origin: bytes
    paths: tuple[Path, ...]
    root: Path
    faults: tuple[Fault, ...] = ()
    directories: tuple[Path, ...] = ()
    view: int = NO_VIEW  # that it is in

    @property
    def key(self) -> bytes:
        """What it is known by."""
        return zone_key(self.view, self.origin)


def find_sources(
    paths: Sequence[Path], views: Sequence[Path] = ()
) -> tuple[list[ZoneSource], list[Fault]]:
    """The zones of zone files and directories, and what belongs to no zone.

    Each of `views` is a view, numbered from 1; what is there is in no directory of `paths`. A
    zone's name found in two places, flat and split files of one directory aside, is an error of
    that zone: it has no one place to be mended at.
    """
    left_out = frozenset(map(os.path.realpath, views))
    finder = _Finder(left_out)
    seen = set(left_out)
    for path in paths:
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            finder.look_at(path)
    sources, faults = list(finder.sources.values()), finder.faults
    for view, path in enumerate(views, start=1):
        finder = _Finder()
        finder.look_at(path)
        sources += [source._replace(view=view) for source in finder.sources.values()]
        faults += finder.faults
    return sources, faults


def source_of(path: Path, origin: bytes | None = None) -> ZoneSource:
    """The source that one file or split directory is.

    `origin` takes the place of its name. Raises BadName, or ValueError for a file of another kind.
    """
    if path.is_dir():
        files = tuple(_files_in(path))
        return ZoneSource(origin or _origin_of(path.name), files, path, directories=(path,))
    if path.suffix not in _SUFFIXES:
        raise ValueError(f"'{path}': {_SUFFIX_HINT}")
    return ZoneSource(origin or _origin_of(path.stem), (path,), path.parent)


class _Finder:
    """Gathers sources by origin, and faults."""

    def __init__(self, left_out: Collection[str] = ()) -> None:
        """`left_out` are real paths of what is passed over."""
        self._left_out = left_out
        self.sources: dict[bytes, ZoneSource] = {}
        self.faults: list[Fault] = []

    def look_at(self, path: Path) -> None:
        """Take in what the user named."""
        try:
            if not path.is_dir():
                self._look_at_file(path)
            elif _is_split(path):
                self._add_split(path, path)
            else:
                self._look_into(path)
        except OSError as error:
            self._report("unreadable-file", path, f"'{path}' cannot be read: {error.strerror}")

    def _look_at_file(self, path: Path) -> None:
        if not path.exists():
            message = f"'{path}' does not exist: name a zone file or a directory of them"
            self._report("no-such-path", path, message)
        elif path.suffix not in _SUFFIXES:
            message = f"'{path.name}' is no zone file by its name: {_SUFFIX_HINT}"
            self._report("unknown-suffix", path, message)
        else:
            self._add(path.stem, (path,), path.parent)

    def _look_into(self, directory: Path) -> None:
        before = len(self.sources)
        for path in sorted(directory.iterdir()):
            if _is_hidden(path) or (self._left_out and os.path.realpath(path) in self._left_out):
                continue
            if path.is_dir():
                self._look_at_directory(path, directory)
            elif path.suffix in _SUFFIXES:
                self._add(path.stem, (path,), directory)
            elif not path.name.startswith(_LOOKED_OVER):
                message = f"'{path.name}' is not read: {_SUFFIX_HINT}"
                self._report("file-ignored", path, message)
        if len(self.sources) == before:
            message = f"no zone in '{directory}': add one, as {directory / 'example.com.yaml'}"
            self._report("no-zones", directory, message)

    def _look_at_directory(self, path: Path, root: Path) -> None:
        if _is_split(path):
            self._add_split(path, root)
        elif "." in path.name:
            message = f"'{path.name}/' is not read: the directory of a zone ends in a dot"
            self._report("file-ignored", path, f"{message}, '{path.name}./'")

    def _add_split(self, directory: Path, root: Path) -> None:
        self._add(directory.name, tuple(_files_in(directory)), root, (directory,))

    def _add(
        self,
        name: str,
        paths: tuple[Path, ...],
        root: Path,
        directories: tuple[Path, ...] = (),
    ) -> None:
        try:
            origin = _origin_of(name)
        except (BadName, BadIdn) as error:
            where = paths[0] if paths else root / name
            message = f"its name is no zone's: {error}; rename it"
            self._report("bad-zone-name", where, message)
            return
        known = self.sources.get(origin)
        if known is None:
            self.sources[origin] = ZoneSource(origin, paths, root, (), directories)
            return
        faults = known.faults
        if not (known.root == root and _are_parts(known.paths, paths)):
            where = (paths or (root / name,))[0]
            first = known.paths[0] if known.paths else known.root
            message = f"the zone {name_to_text(origin)} is in '{first}', too: keep one of them"
            faults += (fault("zone-twice", Mark(str(where), 1, 1), message),)
        self.sources[origin] = known._replace(
            paths=known.paths + paths,
            faults=faults,
            directories=known.directories + directories,
        )

    def _report(self, rule: str, path: Path, message: str) -> None:
        self.faults.append(fault(rule, Mark(str(path), 1, 1), message))


def _origin_of(name: str) -> bytes:
    """The zone that a file or directory of that name (without suffix) holds; `.` is the root."""
    if name in ("", "."):
        return b"\x00"
    return name_from_text(to_ascii(name.removesuffix(".")) + ".").lower()


def _is_hidden(path: Path) -> bool:
    """Dot files, editors' leavings, Kubernetes' `..data`; but `..yaml` is the root zone."""
    name = path.name
    if path.stem == "." and path.suffix in _SUFFIXES:
        return False
    return name.startswith((".", "#")) or name.endswith(("~", ".swp", ".bak", ".orig", ".rej"))


def _is_split(directory: Path) -> bool:
    return directory.name.endswith(".") and directory.name.strip(".") != ""


def _files_in(directory: Path) -> Iterable[Path]:
    """The parts of a split zone."""
    return (
        path
        for path in sorted(directory.iterdir())
        if path.suffix in YAML_SUFFIXES and not path.name.startswith(".")
    )


def _are_parts(known: Sequence[Path], new: Sequence[Path]) -> bool:
    """Whether one is a flat YAML file and the other a split directory's."""
    if not (known and new):
        return True
    if {path.suffix for path in (*known, *new)} - YAML_SUFFIXES:
        return False
    flat = {path.parent.name.endswith(".") for path in (*known, *new)}
    return flat == {False, True} and len({path.parent for path in known}) == 1
