"""`minidns cache`: look into the cache of a running server, or empty it, over its control socket.

Exit code 0 when it was done, 2 where no server answers or the name is none.
"""

import argparse
from pathlib import Path

from minidns.cli import output
from minidns.cli.running import ask_all, find_server, sum_up

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
        lines = ask_all(find_server(arguments.control), words)
        if arguments.words == ["stats"]:
            lines = (f"{name} {number}" for name, number in sum_up(lines).items())
        for line in lines:
            output.write(line)
    except NoAnswerError as error:
        output.say(f"minidns: {error}")
        return NOT_DONE
    return DONE
