"""What processes tell each other about zones, through anonymous files: a request, and an update.

Such a file belongs to no directory and is gone when nobody has it open, so nothing needs to be
writable (memfd_create(2); elsewhere a file in the directory for temporary ones). It is written and
read in small records, at each side's own pace, by two processes of one program: nobody else can
have put anything into it.
"""

import mmap
import os
import pickle
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from minidns.server.zone_state import ZoneState
from minidns.zone.fingerprint import Fingerprint
from minidns.zone.model import Fault

_HEAD = struct.Struct("=cQ")  # kind of a record, octets that follow
_STATES_PER_STEP = 64  # states of a request pickled at a time; each takes about 10 microseconds
_NEWS, _BLOCK, _END = b"Z", b"B", b"E"


States = Mapping[bytes, ZoneState]  # by the keys of zones
_Paths = tuple[Path, ...]


class Action(Enum):
    """What a reading means for the zone that is served."""

    SERVE = auto()  # take the new one; its blocks follow
    KEEP = auto()  # the new one is refused: the old one stays
    BREAK = auto()  # the new one is refused, and there is no old one: SERVFAIL
    SAME = auto()  # read again, and nothing in it is different
    REMOVE = auto()  # its files are gone


class ZoneNews(NamedTuple):
    """Of one zone. `state` is None for one that is removed."""

    key: bytes  # as `zone.zone_key` has it
    action: Action
    state: ZoneState | None


class Ending(NamedTuple):
    """Of all files together; the fields are those of `holding.Holding`."""

    directories: Fingerprint
    others: Fingerprint
    faults: tuple[Fault, ...]


class BadUpdate(ValueError):
    """A file that ends before its end: who wrote it has not finished."""


def write_request(
    file: BinaryIO, paths: Sequence[Path], states: States, views: Sequence[Path] = ()
) -> Generator[None, None, None]:
    """What is to be looked at and what is known of it, a step at each `next()`."""
    pickle.dump((tuple(paths), tuple(views)), file)
    for count, item in enumerate(states.items(), start=1):
        pickle.dump(item, file)
        if count % _STATES_PER_STEP == 0:
            yield
    file.flush()
    file.seek(0)


def read_request(file: BinaryIO) -> tuple[_Paths, dict[bytes, ZoneState], _Paths]:
    """The other end of `write_request`: paths, states, views."""
    paths, views = pickle.load(file)
    states: dict[bytes, ZoneState] = {}
    while True:
        try:
            key, state = pickle.load(file)
        except EOFError:
            return paths, states, views
        states[key] = state


class UpdateWriter:
    """Writes records to a binary file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write_news(self, news: ZoneNews) -> None:
        """One zone. Where it is to be served, its blocks come next."""
        self._write(_NEWS, pickle.dumps(news))

    def write_block(self, block: bytes) -> None:
        """One of `zone.handover.write_blocks`."""
        self._write(_BLOCK, block)

    def write_ending(self, ending: Ending) -> None:
        """The last record."""
        self._write(_END, pickle.dumps(ending))
        self._file.flush()

    def _write(self, kind: bytes, payload: bytes) -> None:
        self._file.write(_HEAD.pack(kind, len(payload)))
        self._file.write(payload)


def read_update(file: BinaryIO) -> Iterator[ZoneNews | memoryview | Ending]:
    """The records in order; a block is a view that holds until the next one. Raises BadUpdate.

    Does not move the file's position, which processes share that have it from one another.
    """
    octets = os.fstat(file.fileno()).st_size
    if not octets:
        raise BadUpdate("the process that reads zones has written nothing")
    with mmap.mmap(file.fileno(), octets, access=mmap.ACCESS_READ) as mapped:
        at = 0
        while at + _HEAD.size <= octets:
            kind, size = _HEAD.unpack_from(mapped, at)
            at += _HEAD.size
            with memoryview(mapped) as whole, whole[at : at + size] as payload:
                if len(payload) < size:
                    break
                yield payload if kind == _BLOCK else pickle.loads(payload)
            at += size
            if kind == _END:
                return
    raise BadUpdate("the process that reads zones has not finished")


def open_anonymous() -> BinaryIO:
    """An empty file without a name, to be written and read. Raises OSError."""
    if hasattr(os, "memfd_create"):  # Linux
        return open(os.memfd_create("minidns"), "w+b")
    import tempfile  # not needed elsewhere, and some milliseconds to import

    return cast(BinaryIO, tempfile.TemporaryFile())
