"""Opening the files of a zone: regular files, bounded in size, includes under the zones root.

`open_zone_file` is the one place that reads zone data from disk, `ZoneFiles` remembers what it read
for a zone. A FIFO, a device or a directory is refused without waiting for it: the file is opened
with O_NONBLOCK and looked at with fstat.
`find_include` turns the name in an include into a path: relative to the including file, and after
symbolic links are followed still under the root (PowerDNS and Unbound bound the depth, too).
Knows nothing of what the files hold.
"""

import io
import os
import stat
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

MAX_FILE = 256 * 1024 * 1024  # octets of one zone file
MAX_INCLUDE_DEPTH = 10  # includes inside includes, as Unbound's MAX_INCLUDE_DEPTH
MAX_INCLUDES = 10_000  # of one zone, each time one is named
DIGEST = 32  # octets


class UnreadableFile(Exception):
    """A file that is not read. `rule` is a slug of `zone.faults`; str() says why."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def open_zone_file(path: Path) -> bytes:
    """All octets of a regular file of at most MAX_FILE octets. Raises UnreadableFile."""
    try:
        # O_NONBLOCK: a FIFO without a writer must not stop the program.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UnreadableFile("no-such-path", f"'{path}' does not exist") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UnreadableFile("unreadable-file", _why(path, error)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("unreadable-file", f"'{path}' is not a regular file")
        if status.st_size > MAX_FILE:
            raise UnreadableFile("file-too-large", _too_large(path))
        with open(descriptor, "rb", closefd=False) as file:  # refuses a directory when it is made
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UnreadableFile("unreadable-file", _why(path, error)) from None
    finally:
        os.close(descriptor)
    if len(data) > MAX_FILE:  # it grew since fstat
        raise UnreadableFile("file-too-large", _too_large(path))
    return data


class ZoneFiles:
    """The files of one zone, as they are read."""

    def __init__(self, watch: "Callable[[NamedOctets, Path], None] | None" = None) -> None:
        """`watch` is told of what a parser takes, when it begins."""
        self._watch = watch
        # In the order of reading, each as often; those too that could not be read, but may be soon.
        self.paths: list[Path] = []
        self.digests: dict[Path, bytes] = {}  # of what was read; empty: not the same each time

    def read(self, path: Path) -> bytes:
        """All octets of a file. Raises UnreadableFile."""
        self.paths.append(path)
        data = open_zone_file(path)
        digest = digest_of(data)
        if self.digests.setdefault(path, digest) != digest:
            self.digests[path] = b""
        return data

    def octets(self, data: bytes, path: Path) -> "NamedOctets":
        """What was read of a file, for a parser."""
        octets = NamedOctets(data, str(path))
        if self._watch is not None:
            self._watch(octets, path)
        return octets


def digest_of(data: bytes | memoryview) -> bytes:
    """What tells octets from any others, also those of somebody who wishes it did not."""
    return blake2b(data, digest_size=DIGEST).digest()


def find_include(including: Path, name: str, root: Path) -> Path:
    """The path that `name` means in the file `including`. Raises UnreadableFile where refused."""
    if not name or "\x00" in name or not _is_unicode(name):
        raise UnreadableFile("bad-include", "an include needs the name of a file")
    if Path(name).is_absolute() or name.startswith("~"):
        raise UnreadableFile(
            "bad-include", f"'{name}' is absolute: includes are relative to the including file"
        )
    path = Path(os.path.normpath(including.parent / name))
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise UnreadableFile(
            "bad-include",
            f"'{name}' leads to '{real}', outside the zones directory '{root}': move it inside",
        )
    return path


def _is_unicode(name: str) -> bool:
    """Whether the name has no half of a surrogate pair, which PyYAML's own parser lets through."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _why(path: Path, error: OSError | ValueError) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"'{path}' cannot be read: {reason}"


def _too_large(path: Path) -> str:
    return f"'{path}' is larger than {MAX_FILE // (1024 * 1024)} MiB: split it into several files"


class NamedOctets(io.BytesIO):
    """Octets with the name of their file, which the parser's marks show."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name
        self.size = len(data)
