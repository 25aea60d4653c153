"""`minidns cache`: look into the cache of a running server, or empty it, over its control socket.

Exit code 0 when it was done, 2 where no server answers or the name is none.
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from minidns.cli import output

DONE = 0
NOT_DONE = 2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `cache` to the command's parser."""
    parser = subparsers.add_parser(
        "cache",
        help="look into the cache of a running server, or empty it",
        description="Ask a running server about the answers that it keeps. It is found by its "
        "control socket, which only the user who runs it may open.",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="the control socket of the server (default: of the one that runs)",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text in (
        ("stats", "print what is kept, and how often it was of use: a name and a number a line"),
        ("dump", "print what is kept, as lines of a master file, with the seconds that are left"),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(words=[name])
    flush = commands.add_parser("flush", help="forget all, or a name and what is below it")
    flush.add_argument("name", nargs="?", metavar="NAME", help="a domain name (default: all)")
    flush.set_defaults(words=["flush"])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the reply."""
    from minidns.server.control_client import NoAnswerError

    words = ["cache", *arguments.words]
    if getattr(arguments, "name", None) is not None:
        words.append(arguments.name)
    try:
        lines = _ask_all(_find(arguments.control), words)
        for line in _sum_up(lines) if arguments.words == ["stats"] else lines:
            output.write(line)
    except NoAnswerError as error:
        output.say(f"minidns: {error}")
        return NOT_DONE
    return DONE


def _find(given: Path | None) -> list[Path]:
    """The sockets of one server. Raises NoAnswerError."""
    from minidns.server.control_client import NoAnswerError, is_alive
    from minidns.server.control_place import (
        control_directory,
        control_sockets,
        paths_of,
        server_name,
    )

    if given is not None:
        return paths_of(given)
    directory = control_directory(os.environ, os.geteuid())
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


def _ask_all(paths: list[Path], words: list[str]) -> Iterator[str]:
    from minidns.server.control_client import ask

    for path in paths:
        yield from ask(path, words)


def _sum_up(lines: Iterator[str]) -> Iterator[str]:
    """`name number` lines of all workers, each name once."""
    totals: Counter[str] = Counter()
    for line in lines:
        name, _, number = line.rpartition(" ")
        totals[name] += int(number)
    for name, total in totals.items():
        yield f"{name} {total}"
