"""Which running server a command means, and what its workers say together.

A server is found by its control socket (`server.control_place`); with `--workers` each worker has
one. What they say is joined or added up here, since they do not know of each other.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path


def find_server(given: Path | None) -> list[Path]:
    """The control sockets of one server, of each of its workers. Raises NoAnswerError."""
    from minidns.server.control_client import NoAnswerError, is_alive
    from minidns.server.control_place import (
        BadPlaceError,
        control_directory,
        control_sockets,
        paths_of,
        server_name,
    )

    if given is not None:
        return paths_of(given)
    try:
        directory = control_directory(os.environ, os.geteuid())
    except BadPlaceError as error:
        raise NoAnswerError(f"no server of this user is found: {error}") from None
    alive = [path for path in control_sockets(directory) if is_alive(path)]
    servers = [list(paths) for _, paths in groupby(alive, server_name)]
    if len(servers) == 1:
        return servers[0]
    if servers:
        names = ", ".join(
            f"'{paths[0].with_name(server_name(paths[0]))}.sock'" for paths in servers
        )
        raise NoAnswerError(f"several servers run; say which with --control: {names}")
    raise NoAnswerError(
        f"no server of this user is running (looked in '{directory}'): "
        "start one with 'minidns serve', or name its socket with --control"
    )


def ask_all(paths: list[Path], words: list[str]) -> Iterator[str]:
    """The lines of all, one after the other. Raises NoAnswerError."""
    from minidns.server.control_client import ask

    for path in paths:
        yield from ask(path, words)


def sum_up(lines: Iterable[str]) -> dict[str, int]:
    """`name number` lines of all workers, each name once."""
    totals: Counter[str] = Counter()
    for line in lines:
        name, _, number = line.rpartition(" ")
        totals[name] += int(number)
    return dict(totals)
