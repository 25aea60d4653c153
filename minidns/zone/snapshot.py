"""A large zone as it was loaded, kept so that the next start need not read its files again.

A snapshot counts for nothing but the files it was made from: it holds a digest of each, and they
are all read to compare. It holds a digest of itself, too, and what is damaged is left aside with a
line in the log. None is ever needed. Nothing in one is executed: names and records are octets
(`zone.handover`), the rest is JSON. Where they are kept is the store's to know.
"""

import logging
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from minidns import __version__
from minidns.wire.name import name_to_text
from minidns.zone.handover import ZoneBuilding, write_blocks
from minidns.zone.include import DIGEST, UnreadableFile, digest_of, open_zone_file
from minidns.zone.model import Fault, Mark, Zone
from minidns.zone.source import ZoneSource

log = logging.getLogger(__name__)

MIN_RECORDS = 10_000  # of a zone that is kept; a smaller one is read in 0.2 s
_MAGIC = b"minidns zone 2\n"  # the number is that of this format, and of the octets of a name
_LENGTH = struct.Struct("<I")  # of each piece, before it
_NAME = 8  # octets of a digest in a name
# Raised by octets whose digest is right: somebody has made them on purpose.
_MALFORMED = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(StopIteration, RecursionError, struct.error),
)
_CODE = (Path(__file__).parent, Path(__file__).parents[1] / "wire")  # of what reads zones here
_READERS = ("PyYAML", "dnspython", "idna", "dnslib")  # what a new release of may read otherwise


class Store(Protocol):
    """Where snapshots are. What a name has before its `-` is the same for all of a zone."""

    def read(self, name: str) -> bytes | None:
        """None where there is none, for whatever reason."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Whole or not at all, in the place of one of that name; it may be left undone."""

    def remove(self, name: str) -> None:
        """If it is there."""


class Snapshot(NamedTuple):
    """What was loaded. `digests` are those of `files`; `made_serial` of an SOA that was made."""

    zone: Zone
    faults: list[Fault]
    files: tuple[Path, ...]
    digests: Mapping[Path, bytes]
    content: bytes
    made_serial: int | None


class _DamagedError(Exception):
    pass


class Snapshots:
    """The snapshots in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, source: ZoneSource) -> Snapshot | None:
        """What the files of a zone came to, if they are what they were then."""
        name = _name_of(source)
        data = None if source.faults else self._store.read(name)
        if data is None:
            return None
        try:
            return _decode(data, source)
        except _DamagedError:
            log.warning(
                "the snapshot of the zone %s is damaged and not used (%s): "
                "the zone is read from its files, and a new one written",
                name_to_text(source.origin),
                name,
            )
            self._store.remove(name)
            return None

    def keep(self, source: ZoneSource, snapshot: Snapshot) -> None:
        """For the next start, if it is large and its files did not change while they were read."""
        name = _name_of(source)
        is_worth_it = snapshot.zone.records >= MIN_RECORDS
        if is_worth_it and not source.faults and all(snapshot.digests.values()):
            self._store.write(name, _with_digest(_encode(snapshot, source)))
        else:
            self._store.remove(name)


def _name_of(source: ZoneSource) -> str:
    """The same for the same files of the same zone."""
    place = "\0".join((os.path.abspath(source.root), str(source.root), *map(str, source.paths)))
    zone = blake2b(source.origin, digest_size=_NAME)
    files = blake2b(place.encode("utf-8", "surrogateescape"), digest_size=_NAME)
    return f"{zone.hexdigest()}-{files.hexdigest()}"


def _key_of(source: ZoneSource) -> list[Any]:
    """All that decides what files are read as, but for the files."""
    return [
        __version__,
        _versions(),
        code_fingerprint(_CODE),
        source.origin.hex(),
        os.path.abspath(source.root),
        *map(str, source.paths),
    ]


@cache
def _versions() -> list[str]:
    from importlib import metadata  # 30 ms that a start without snapshots does not have to spend

    versions = []
    for name in _READERS:
        try:
            versions.append(metadata.version(name))
        except metadata.PackageNotFoundError:
            versions.append("")
    return versions


def code_fingerprint(directories: Iterable[Path]) -> str:
    """Another one when a module is another: one version may be many states of a clone."""
    digest = blake2b(digest_size=_NAME)
    for directory in directories:
        with os.scandir(directory) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_file():
                    status = entry.stat()
                    digest.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _encode(snapshot: Snapshot, source: ZoneSource) -> Iterator[bytes]:
    import json

    head = {
        "key": _key_of(source),
        "files": [str(path) for path in snapshot.files],
        "digests": {str(path): digest.hex() for path, digest in snapshot.digests.items()},
        "faults": [(*fault.mark, *fault[1:]) for fault in snapshot.faults],
        "content": snapshot.content.hex(),
        "made_serial": snapshot.made_serial,
    }
    yield _MAGIC
    for piece in (json.dumps(head).encode(), *write_blocks(snapshot.zone)):
        yield _LENGTH.pack(len(piece))
        yield piece


def _with_digest(pieces: Iterable[bytes]) -> Iterator[bytes]:
    digest = blake2b(digest_size=DIGEST)
    for piece in pieces:
        digest.update(piece)
        yield piece
    yield digest.digest()


def _decode(data: bytes, source: ZoneSource) -> Snapshot | None:
    """None where files have changed since. Raises _DamagedError."""
    import json

    octets, digest = memoryview(data)[:-DIGEST], data[-DIGEST:]
    if not data.startswith(_MAGIC) or digest_of(octets) != digest:
        raise _DamagedError
    try:
        pieces = _split(octets)
        head = json.loads(bytes(next(pieces)))
        if head["key"] != _key_of(source):
            return None
        digests = {Path(path): bytes.fromhex(digits) for path, digits in head["digests"].items()}
        if not _are_unchanged(digests):
            return None
        building = ZoneBuilding(source.origin)
        for piece in pieces:
            building.add(piece)
        return Snapshot(
            zone=building.finish(),
            faults=[Fault(Mark(*fault[:3]), *fault[3:]) for fault in head["faults"]],
            files=tuple(map(Path, head["files"])),
            digests=digests,
            content=bytes.fromhex(head["content"]),
            made_serial=head["made_serial"],
        )
    except _MALFORMED:
        raise _DamagedError from None


def _split(view: memoryview) -> Iterator[memoryview]:
    at = len(_MAGIC)
    while at < len(view):
        start = at + _LENGTH.size
        at = start + int.from_bytes(view[at:start], "little")
        yield view[start:at]


def _are_unchanged(digests: Mapping[Path, bytes]) -> bool:
    try:
        return all(digest_of(open_zone_file(path)) == digest for path, digest in digests.items())
    except UnreadableFile:
        return False
