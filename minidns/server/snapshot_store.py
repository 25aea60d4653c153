"""The directory where snapshots of zones are kept.

What stands there is served, so it must be ours alone: a directory that somebody else owns or may
write to is not used. Files appear whole by renaming, have mode 0600, and are bounded: so many of a
zone, so many octets in all, the oldest go first. Where nothing can be read or written there are no
snapshots, and nobody is told: none is ever needed.
"""

import logging
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from minidns.zone.snapshot import Snapshots

log = logging.getLogger(__name__)

MAX_PER_ZONE = 3  # a zone is read from several places where it is tried out and served
MAX_OCTETS = 4 * 2**30  # of all; a zone of a million records has about 90 MiB
_MODE = 0o700
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def snapshots_in(directory: Path | None) -> Snapshots | None:
    """Those of a directory; None for none."""
    return None if directory is None else Snapshots(SnapshotStore(directory))


class _Kept(NamedTuple):
    changed_ns: int
    octets: int
    name: str


class SnapshotStore:
    """Files of a directory, as `zone.snapshot.Store` has it.

    The directory is made when the first is written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_warned = False

    def read(self, name: str) -> bytes | None:
        """All octets of one; None where there is none, for whatever reason."""
        if not self._is_ours():
            return None
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with open(os.open(self._directory / name, flags), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or not _is_private(status):
                    return None
                return file.read(MAX_OCTETS)
        except OSError:
            return None

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """In the place of one of that name; older ones may go for it."""
        with suppress(OSError):
            self._directory.parent.mkdir(_MODE, parents=True, exist_ok=True)
            self._directory.mkdir(_MODE)
        if not self._is_ours():
            return
        try:
            descriptor, temporary = tempfile.mkstemp(".new", f"{name}.", self._directory)  # 0600
        except OSError:
            return
        try:
            with open(descriptor, "wb") as file:
                file.writelines(pieces)
            os.replace(temporary, self._directory / name)
        except OSError:  # no space, perhaps
            with suppress(OSError):
                os.unlink(temporary)
            return
        self._make_room(name)

    def remove(self, name: str) -> None:
        """If it is there."""
        if self._is_ours():
            with suppress(OSError):
                os.unlink(self._directory / name)

    def _is_ours(self) -> bool:
        try:
            status = os.stat(self._directory)
        except OSError:
            return False
        if stat.S_ISDIR(status.st_mode) and _is_private(status):
            return True
        if not self._is_warned:
            self._is_warned = True
            log.warning(
                "'%s' is not a directory that this user alone owns and may write to: "
                "no snapshots of zones; 'chmod 700' it, or name another with --cache-dir",
                self._directory,
            )
        return False

    def _make_room(self, written: str) -> None:
        """Remove what is over the bounds, the oldest first, but not what was written."""
        zone = written.partition("-")[0]
        octets, of_zone = 0, 0
        for kept in sorted(self._list(), reverse=True):  # the newest first
            octets += kept.octets
            of_zone += kept.name.startswith(zone)
            is_left_over = kept.name.startswith(f"{written}.")  # of a process that was killed
            is_too_many = kept.name.startswith(zone) and of_zone > MAX_PER_ZONE
            if kept.name != written and (is_left_over or is_too_many or octets > MAX_OCTETS):
                self.remove(kept.name)
                octets -= kept.octets

    def _list(self) -> Iterator[_Kept]:
        with suppress(OSError), os.scandir(self._directory) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        yield _Kept(status.st_mtime_ns, status.st_size, entry.name)


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
