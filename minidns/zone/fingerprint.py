"""What tells that a file has changed without opening it: its modification time, size and the like.

Symbolic links are followed, so a link that is turned to another file (Kubernetes turns `..data`
when a ConfigMap changes) is a change. Of a directory it tells that something came, went or was
renamed. Compares with nothing and keeps nothing: that is for who watches.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

# Modification time (ns), size (octets), inode number, time of the last change of the inode (ns):
# editors replace files, `cp -p` and `mv` bring old modification times along. None: not there.
Stat = tuple[int, int, int, int] | None
Fingerprint = Mapping[str, Stat]  # by path

NOTHING: Fingerprint = MappingProxyType({})


def fingerprint_of(paths: Iterable[str | Path]) -> dict[str, Stat]:
    """What these files are now. A file that is written to next is another after that."""
    return {str(path): stat_of(str(path)) for path in paths}


def stat_of(path: str) -> Stat:
    """What one file is now; None where it cannot be seen, for whatever reason."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)


def directories_of(paths: Sequence[Path]) -> list[str]:
    """What tells that zones come or go: `paths` themselves, and directories of split zones there.

    `paths` are zone files and directories, as `zone.source.find_sources` takes them.
    """
    found = []
    for path in paths:
        found.append(str(path))
        try:
            with os.scandir(path) as entries:
                found += [e.path for e in entries if e.name.endswith(".") and e.is_dir()]
        except OSError:  # a file, or nothing; what is wrong with it is said where it is read
            continue
    return found
