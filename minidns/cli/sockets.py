"""`minidns sockets`: the UDP and TCP sockets of a running server, asked over its control socket.

Exit code 0 when they were shown, 2 where no server answers, 130 when `--watch` is interrupted.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from minidns.cli import output
from minidns.cli.running import ask_all, find_server, sum_up
from minidns.cli.socket_text import Row, lines_of

SHOWN = 0
NOT_SHOWN = 2
WATCH_SECONDS = 1.0  # between two tables
_PIPED_COLUMNS = 10_000  # nothing is dropped where a program or a file reads
_HOME = "\x1b[H"
_CLEAR_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sockets` to the command's parser."""
    parser = subparsers.add_parser(
        "sockets",
        help="show the UDP and TCP sockets of a running server",
        description="Show the UDP and TCP sockets of a running server: descriptor, addresses, "
        "state, age, queries and octets, and which experiments of 'minidns lesson' explain them. "
        "The server is found by its control socket, which only the user who runs it may open.",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="the control socket of the server (default: of the one that runs)",
    )
    parser.add_argument(
        "--watch", action="store_true", help="show them again each second, until Ctrl-C"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a list of objects, with --watch one a line"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the table."""
    from minidns.server.control_client import NoAnswerError

    try:
        if arguments.json:
            indent = None if arguments.watch else 2
            show = _json_printer(arguments.control, indent)
        else:
            show = _table_printer(arguments.control, arguments.watch and sys.stdout.isatty())
        show()
        if arguments.watch:
            watch(show, time.sleep)
    except NoAnswerError as error:
        output.say(f"minidns: {error}")
        return NOT_SHOWN
    return SHOWN


def watch(show: Callable[[], None], sleep: Callable[[float], None]) -> None:
    """Until it is interrupted."""
    while True:
        sleep(WATCH_SECONDS)
        show()


def _rows(control: Path | None) -> tuple[list[Path], list[Row]]:
    paths = find_server(control)
    return paths, [json.loads(line) for line in ask_all(paths, ["sockets"])]


def _json_printer(control: Path | None, indent: int | None) -> Callable[[], None]:
    def show() -> None:
        output.write(json.dumps(_rows(control)[1], indent=indent))
        sys.stdout.flush()

    return show


def _table_printer(control: Path | None, in_place: bool) -> Callable[[], None]:
    def show() -> None:
        paths, rows = _rows(control)
        totals = sum_up(ask_all(paths, ["sockets", "totals"]))
        columns, height = _size()
        lines = lines_of(rows, totals, columns)
        if in_place:
            output.write(_in_place(lines, height))
        else:
            output.write("\n".join(lines))
        sys.stdout.flush()

    return show


def _size() -> tuple[int, int]:
    """Columns and lines of the terminal; COLUMNS and LINES say otherwise."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return _PIPED_COLUMNS, _PIPED_COLUMNS
    size = shutil.get_terminal_size()
    return size.columns, size.lines


def _in_place(lines: list[str], height: int) -> str:
    """From the top left corner on; what does not fit is left out, and said to be."""
    room = max(height - 1, 1)  # the cursor ends on a line of its own
    if len(lines) > room:
        left_out = len(lines) - room + 1
        lines = [*lines[: room - 1], f"({left_out} more lines: make the terminal higher)"]
    body = "\n".join(f"{line}{_CLEAR_LINE}" for line in lines)
    return f"{_HOME}{body}{_CLEAR_BELOW}"
