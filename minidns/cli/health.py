"""`minidns health`: whether a running server is well, for Docker, Kubernetes and whoever watches.

It is asked as its clients ask, over UDP and TCP; its control socket, where there is one, tells what
it does not answer as it should. Exit code 0 when it answers (`ready:`, or `degraded:` and what is
wrong), 1 when it does not, 2 for wrong usage. Dead upstreams or a zone that is refused are no
reason to end a server that answers all else, so those are not 1.
"""

import argparse
import math
import os
from collections.abc import Iterable
from pathlib import Path

from minidns.cli import output

WELL = 0
NOT_WELL = 1
DEFAULT_SERVER = "127.0.0.1:5053"
_TEXTS = {
    "broken": "{} has answered SERVFAIL for {} s",
    "stale": "{} is served as it was {} s ago",
    "down": "no upstream for {} answers",
}
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
_SHOWN = 5  # troubles in the line; more are counted


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `health` to the command's parser."""
    parser = subparsers.add_parser(
        "health",
        help="ask a running server over UDP and TCP whether it is well",
        description="Ask a running server over UDP and TCP whether it is well. The question "
        "(version.bind in class CHAOS) needs no zone and no upstream. Prints a line; the exit code "
        "is 0 where it answers over both, and 1 where it does not.",
    )
    parser.add_argument(
        "--server",
        default=DEFAULT_SERVER,
        metavar="ADDR:PORT",
        help=f"an address that it listens on (default: {DEFAULT_SERVER})",
    )
    parser.add_argument(
        "--name",
        default="",
        metavar="NAME",
        help="ask for the A records of this name instead; its rcode has to be NOERROR",
    )
    parser.add_argument(
        "--timeout",
        type=_read_seconds,
        default=1.0,
        metavar="SECONDS",
        help="how long a reply may take (default: 1)",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="its control socket, which tells what is degraded (default: that in its usual place, "
        "if there is one)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the line."""
    from minidns.server.control_client import NoAnswerError
    from minidns.server.self_query import NotWell, SelfQuery
    from minidns.sockets.listen_address import BadListenAddress, parse_listen_address

    try:
        server = parse_listen_address(arguments.server)
        host = _LOOPBACK.get(server.hosts[0], server.hosts[0])
        query = SelfQuery(host, server.port, arguments.name, arguments.timeout)
    except (BadListenAddress, ValueError) as error:
        output.say(f"minidns: {error}")
        return 2
    try:
        query.check()
        control = arguments.control
        troubles = _troubles(control, host, server.port, arguments.timeout)
    except (NotWell, NoAnswerError) as error:
        output.say(f"minidns: {error}")
        return NOT_WELL
    answers = f"{query} answers over UDP and TCP"
    if troubles:
        more = len(troubles) - _SHOWN
        shown = "; ".join(troubles[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        output.write(f"degraded: {answers}, but {shown}")
    else:
        output.write(f"ready: {answers}")
    return WELL


def _troubles(given: Path | None, host: str, port: int, seconds: float) -> list[str]:
    """What the server says of itself, nothing where it cannot be asked.

    Raises NoAnswerError where the socket was named.
    """
    from minidns.server.control_client import NoAnswerError, ask
    from minidns.server.control_place import paths_of

    paths = _control_sockets(host, port) if given is None else paths_of(given)
    found: dict[tuple[str, str], int] = {}
    for path in paths:
        try:
            _add(found, ask(path, ["health"], seconds))
        except NoAnswerError:
            if given is not None:
                raise
    return [_TEXTS[kind].format(name, age) for (kind, name), age in found.items()]


def _add(found: dict[tuple[str, str], int], lines: Iterable[str]) -> None:
    """Workers tell the same; the longest counts."""
    for line in lines:
        kind, name, age = line.split(" ")
        found[kind, name] = max(found.get((kind, name), 0), int(age))


def _control_sockets(host: str, port: int) -> list[Path]:
    """Of the server that listens there, going by the names of sockets in the usual place."""
    from minidns.server.control_place import (
        BadPlaceError,
        control_directory,
        control_sockets,
        server_name,
    )
    from minidns.sockets.host_port import join_host_port

    try:
        directory = control_directory(os.environ, os.geteuid())
    except BadPlaceError:
        return []
    same_port = [
        path for path in control_sockets(directory) if server_name(path).endswith(f":{port}")
    ]
    exact = [path for path in same_port if server_name(path) == join_host_port(host, port)]
    if exact:
        return exact
    return same_port if len(set(map(server_name, same_port))) == 1 else []


def _read_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if 0 < seconds < math.inf:
        return seconds
    raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds above 0")
