"""The resolver's cache in a file, from one run of the server to the next.

A head, the groups with what tells them apart, the answers, the most useful first, and a checksum
of all. Nothing is used before the checksum is right; what is damaged, of another form, or not this
user's alone is left aside with one line in the log. Moments are of a clock that starts anew with
the machine, so the time by the calendar is kept with them: time that has passed meanwhile counts,
and where the calendar has gone back none has.
"""

import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from math import floor
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import BinaryIO

from minidns.resolver.cache import Cache, Kept

log = logging.getLogger(__name__)

_MAGIC = b"minidns cache\n"
_FORMAT = 1  # to be raised with each change here, of `cached_answer` or of keys in `cache`
_HEAD = Struct("<14sHcddI")  # magic, format, byte order, Unix time, monotonic time, groups
_GROUP = Struct("<I16s")  # number, what tells it apart
_ENTRY = Struct("<IHIB")  # group, octets of key and answer, marks
_USED, _NEGATIVE = 1, 2  # marks
_SUM = 32  # octets of the checksum
_ORDER = sys.byteorder[:1].encode()  # packed answers have the machine's
_PIECE = 2**20  # octets written at once
_SYNC = 8 * 2**20  # octets; more than that does not wait for the disk at the end
_SPARE = 2**20  # octets of a file beside its answers
_MODE = 0o600
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class _Damaged(Exception):
    """Why a file is not used."""


class CacheFile:
    """The file of one cache, which is loaded once, before there are answers, and saved at the end.

    `groups` of both: what tells a group apart from all others, 16 octets, by its number. Entries
    come back for a group where that is what it was, under the number that it has now.
    """

    def __init__(
        self,
        path: Path,
        cache: Cache,
        unix_time: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._path = path
        self._cache = cache
        self._unix_time = unix_time
        self._monotonic = monotonic

    def load(self, groups: Mapping[int, bytes]) -> int:
        """Take back what is of use; how many answers that was. Raises nothing."""
        try:
            content = self._read()
            if content is None:
                return 0
            count = self._take_back(content, groups)
        except (_Damaged, OSError, StructError, ArithmeticError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            log.warning("cache file '%s': %s; it is ignored", self._path, why)
            return 0
        log.info("cache file '%s': answers taken: %d", self._path, count)
        return count

    def save(self, groups: Mapping[int, bytes], seconds: float) -> int:
        """Write as many answers as the time allows; how many that was. Raises nothing.

        Nothing may change in the cache meanwhile. There is the old file or the new one, whole.
        """
        until = self._monotonic() + seconds
        made = Path(f"{self._path}.new")
        try:
            with suppress(FileNotFoundError):  # of a process that was killed
                made.unlink()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(made, flags, _MODE), "wb", 0) as file:
                count = self._write(file, groups, until)
            os.replace(made, self._path)
        except OSError as error:  # no space, no permission
            with suppress(OSError):
                made.unlink()
            log.warning("cache file '%s' is not written: %s", self._path, error.strerror)
            return 0
        return count

    def forget(self) -> None:
        """For a flush of the cache: what was flushed must not come back."""
        with suppress(OSError):
            self._path.unlink()

    def _read(self) -> bytes | None:
        """The whole, with the checksum, which is right; None where there is no file."""
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags)
        except FileNotFoundError:
            parent = self._path.parent
            if not parent.is_dir():
                log.warning(
                    "cache file '%s': the cache is not kept: there is no directory '%s', make it",
                    self._path,
                    parent,
                )
            return None
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _Damaged("it is no file")
            if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
                raise _Damaged("others may write to it")
            most = self._cache.stats()["max_bytes"] + _SPARE
            if status.st_size > most:
                raise _Damaged(f"it has more octets than the cache may have ({most:,})")
            content = file.read(most)
        head = content[: _HEAD.size]
        if len(head) < _HEAD.size or not head.startswith(_MAGIC):
            raise _Damaged("it is no cache of minidns")
        _, number, order, *_ = _HEAD.unpack(head)
        if (number, order) != (_FORMAT, _ORDER):
            raise _Damaged("another version of minidns, or another kind of machine, has written it")
        with memoryview(content) as octets:
            made = blake2b(octets[:-_SUM], digest_size=_SUM)
        if made.digest() != content[-_SUM:]:
            raise _Damaged("it is damaged")
        return content

    def _take_back(self, content: bytes, groups: Mapping[int, bytes]) -> int:
        *_, unix_time, monotonic, count = _HEAD.unpack_from(content)
        now = self._monotonic()
        passed = max(0.0, self._unix_time() - unix_time)
        ahead = floor(now - monotonic - passed)  # whole: TTLs count down at whole seconds
        numbers = {text: number for number, text in groups.items()}
        at = _HEAD.size
        now_of: dict[int, int] = {}
        for _ in range(count):
            number, text = _GROUP.unpack_from(content, at)
            at += _GROUP.size
            if text in numbers:
                now_of[number] = numbers[text]
        taken, end, size = 0, len(content) - _SUM, _ENTRY.size
        put_back = self._cache.put_back
        while at < end:
            number, key_size, packed_size, marks = _ENTRY.unpack_from(content, at)
            at += size
            middle = at + key_size
            rest, packed = content[at:middle], content[middle : middle + packed_size]
            at = middle + packed_size
            if number in now_of:
                is_used, is_negative = marks & _USED != 0, marks & _NEGATIVE != 0
                kept = Kept(now_of[number], rest, packed, is_used, is_negative)
                taken += put_back(kept, ahead, now)
        return taken

    def _write(self, file: BinaryIO, groups: Mapping[int, bytes], until: float) -> int:
        """All of a file, on the disk at the end; how many answers it has."""
        now = self._monotonic()
        head = _HEAD.pack(_MAGIC, _FORMAT, _ORDER, self._unix_time(), now, len(groups))
        pending = [head, *(_GROUP.pack(*item) for item in groups.items())]
        checksum = blake2b(digest_size=_SUM)
        count = waiting = unsynced = 0
        room = self._cache.stats()["max_bytes"]
        for number, rest, packed, is_used, is_negative in self._of(groups, now):
            marks = is_used * _USED | is_negative * _NEGATIVE
            entry = _ENTRY.pack(number, len(rest), len(packed), marks)
            size = len(entry) + len(rest) + len(packed)
            if (room := room - size) < 0:
                break
            pending += (entry, rest, packed)
            waiting += size
            count += 1
            if waiting >= _PIECE:
                _write_all(file, pending, checksum)
                unsynced, waiting = unsynced + waiting, 0
                if unsynced >= _SYNC:
                    os.fsync(file.fileno())
                    unsynced = 0
                if self._monotonic() >= until:
                    log.warning("cache file '%s': no time for all of it", self._path)
                    break
        _write_all(file, pending, checksum)
        _write_all(file, [checksum.digest()], checksum)
        os.fsync(file.fileno())
        return count

    def _of(self, groups: Mapping[int, bytes], now: float) -> Iterator[Kept]:
        return (kept for kept in self._cache.kept(now) if kept.group_number in groups)


def _write_all(file: BinaryIO, pending: list[bytes], checksum: "blake2b") -> None:
    data = memoryview(b"".join(pending))
    pending.clear()
    checksum.update(data)
    while data:
        data = data[file.write(data) :]
