"""The command `minidns`: its subcommands, its exit codes, and how it ends when it is interrupted.

Exit codes: 0 as asked, 1 a zone is refused, 2 wrong usage or no start, 130 interrupted, 141 nobody
reads the output (128 and the signal's number, as a shell has it). A subcommand's module gives
`add_parser(subparsers)`, which sets `run` to a function from the parsed arguments to an exit code,
and imports what it works with there: `minidns --version` has to load no DNS.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import TextIO

from minidns import __version__
from minidns.cli import cache, check, convert, health, lesson, output, schema, serve, sockets

USAGE = 2
INTERRUPTED = 128 + signal.SIGINT
NOBODY_READS = 128 + signal.SIGPIPE

log = logging.getLogger(__name__)


def run() -> int:
    """The entry point: `main()` on the process's own arguments and streams. For `sys.exit()`."""
    _fill_streams()
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        code = NOBODY_READS
    except OSError as error:  # a full disk below standard output, for one
        output.say(f"minidns: {error.strerror or error}")
        log.debug("where it happened", exc_info=True)
        code = USAGE
    finally:
        _let_go(sys.stdout)
        _let_go(sys.stderr)
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code. Wrong usage raises SystemExit(2)."""
    parser = _make_parser()
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help()
        return 0
    code: int = arguments.run(arguments)
    return code


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minidns",
        description="A DNS server: UDP and TCP on one address, answers from YAML zones.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (serve, check, convert, schema, health, cache, sockets, lesson):
        module.add_parser(subparsers)
    return parser


class _Version(argparse.Action):
    """The version, and whether the path of a query is compiled here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.util import find_spec

        found = find_spec("minidns.responder.ordinary")
        is_compiled = found is not None and not str(found.origin).endswith(".py")
        print(f"minidns {__version__}{' (compiled)' if is_compiled else ''}")
        parser.exit()


def _fill_streams() -> None:
    """A process may be started with closed streams; their numbers must not become sockets'."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, so this one
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _let_go(stream: TextIO) -> None:
    """What cannot be written any more must not turn into a traceback at the interpreter's end."""
    try:
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
