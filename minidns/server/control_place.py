"""Where the control sockets of running servers are: one file for each server, in one directory.

`$XDG_RUNTIME_DIR/minidns` (XDG Base Directory Specification), `/run/minidns` for root, else a
directory below the one for temporary files. It is this user's alone, or it is not used.
"""

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SUFFIX = ".sock"
_WORKER = "#"  # between the server's name and the worker's number
_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class BadPlaceError(Exception):
    """There is no directory, or others can reach it; the message says the way out."""


def control_directory(environment: Mapping[str, str], uid: int) -> Path:
    """The directory, whether or not it is there. Raises BadPlaceError where there can be none."""
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime):
        return Path(runtime, "minidns")
    if uid == 0:
        return Path("/run/minidns")
    try:
        return Path(tempfile.gettempdir(), f"minidns-{uid}")
    except FileNotFoundError:
        raise BadPlaceError(
            "no directory for temporary files can be written to: mount one at /tmp "
            "(docker run --tmpfs /tmp), or give another place with --control"
        ) from None


def control_path(directory: Path, address: str) -> Path:
    """The socket of the server whose first listen address this is, as `127.0.0.1:5053`."""
    return directory / f"{address.replace('/', '_')}{SUFFIX}"


def worker_path(path: Path, number: int) -> Path:
    """The socket of one of several workers of a server."""
    return path.with_name(f"{path.name.removesuffix(SUFFIX)}{_WORKER}{number}{SUFFIX}")


def paths_of(path: Path) -> list[Path]:
    """The sockets of one server: `path`, or those of its workers."""
    start = f"{path.name.removesuffix(SUFFIX)}{_WORKER}"
    workers = [one for one in control_sockets(path.parent) if one.name.startswith(start)]
    return workers or [path]


def server_name(path: Path) -> str:
    """What tells one server from another in a directory."""
    return path.name.removesuffix(SUFFIX).partition(_WORKER)[0]


def make_private(directory: Path) -> None:
    """Make the directory, or see that it is as it would be made. Raises BadPlaceError, OSError."""
    with suppress(FileExistsError):
        directory.mkdir(_MODE)
    status = directory.lstat()
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS
    if not stat.S_ISDIR(status.st_mode) or not is_ours:
        raise BadPlaceError(
            f"'{directory}' is not a directory that this user alone may open: "
            f"'chmod 700' it, or give another place with --control"
        )


def control_sockets(directory: Path) -> list[Path]:
    """Of all servers, in the order of their names; those of ended ones may be among them."""
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)
    except OSError:
        return []
