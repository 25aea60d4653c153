"""`minidns serve`: the arguments of the server, and what it says before it is ready.

Exit code 0 after SIGTERM or SIGINT, 1 when workers kept failing, 2 when it could not start.
Everything is said on standard error: the faults of the zones, then one line with what is served
where, then the log, with the faults that a reload finds.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minidns.cli import output
from minidns.config import (
    DEFAULT_PORT,
    DEFAULT_ZONES,
    ForwardGroup,
    ResolverSettings,
    ServeSettings,
)

if TYPE_CHECKING:
    from minidns.zone.model import Fault

STOPPED = 0
FAILED = 1
NOT_STARTED = 2
MAX_WORKERS = 256  # more than cores that are worth it; a slip of the finger asks for more


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve` to the command's parser."""
    parser = subparsers.add_parser(
        "serve",
        help="answer DNS queries from zone files",
        description="Answer DNS queries over UDP and TCP from zone files. One line on standard "
        "error says what is served where once it is. Zones follow their files; SIGHUP looks at "
        "them at once. SIGTERM or SIGINT ends it when the queries under way are answered, with "
        "exit code 0; a start that fails has exit code 2.",
    )
    parser.add_argument(
        "--zones",
        action="append",
        type=Path,
        metavar="PATH",
        help="a directory of zones, or one zone file; may be given several times "
        f"(default: {DEFAULT_ZONES})",
    )
    parser.add_argument(
        "--listen",
        action="append",
        metavar="ADDR:PORT",
        help="an address to bind over UDP and TCP: 192.0.2.1:53, [2001:db8::1]:53, :53 for all "
        "addresses, localhost:5053; port 0 takes a free one; may be given several times (default: "
        f"127.0.0.1:{DEFAULT_PORT} and [::1]:{DEFAULT_PORT}). Sockets that systemd passes are used "
        "instead",
    )
    forwarding = parser.add_mutually_exclusive_group()
    forwarding.add_argument(
        "--forward",
        action="append",
        metavar="UPSTREAM",
        help="a resolver for all names that no zone here holds: 9.9.9.9, [2620:fe::fe]:53, "
        "tcp://9.9.9.9, tls://9.9.9.9#dns.quad9.net; may be given several times, and is asked in "
        "that order (default: such names are REFUSED)",
    )
    forwarding.add_argument(
        "--no-forward",
        action="store_true",
        help="answer for the zones alone, as without --forward",
    )
    parser.add_argument(
        "--allow",
        action="append",
        metavar="NETWORK",
        help="clients that are answered for names that no zone here holds, as 10.0.0.0/8; may be "
        "given several times (default: private networks)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="do not start when a zone has an error; without it such a zone answers SERVFAIL and "
        "the others are served",
    )
    parser.add_argument(
        "--cache-dir",
        type=_read_directory,
        default=_default_cache_dir(),
        metavar="DIR",
        help="where zones of 10,000 records and more are kept as they were loaded, for the next "
        "start; '' for nowhere (default: minidns in $XDG_CACHE_HOME or ~/.cache)",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="the Unix socket of `minidns cache`, there with --forward (default: one in a "
        "directory of this user's own)",
    )
    parser.add_argument(
        "--nsid",
        default="",
        metavar="TEXT",
        help="the name of this server, given to clients that ask for it (RFC 5001, dig +nsid)",
    )
    parser.add_argument(
        "--chaos-version",
        default="",
        metavar="TEXT",
        help="the answer to version.bind and version.server TXT in class CHAOS (default: REFUSED)",
    )
    parser.add_argument(
        "--chaos-identity",
        default="",
        metavar="TEXT",
        help="the answer to id.server and hostname.bind TXT in class CHAOS (RFC 4892; default: "
        "REFUSED)",
    )
    parser.add_argument(
        "--rotate",
        action="store_true",
        help="turn the records of a set by one place with each answer",
    )
    parser.add_argument(
        "--reuse-port",
        action="store_true",
        help="share the address with other processes that say the same (SO_REUSEPORT)",
    )
    parser.add_argument(
        "--workers",
        type=_read_workers,
        default=1,
        metavar="N",
        help="processes that answer on the same addresses, among which the kernel divides the "
        "clients (default: 1)",
    )
    parser.add_argument(
        "--log-level",
        choices=output.LEVELS,
        default="info",
        help="how much is logged on standard error (default: info)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    from minidns.server.run import serve
    from minidns.server.start_error import StartError, WorkersFailed

    output.log_to_stderr(arguments.log_level)
    settings = _settings_of(arguments)
    try:
        _check(arguments, settings)
        serve(settings, _report, _announce)
    except (StartError, WorkersFailed) as error:
        output.say(f"minidns: {error}")
        return NOT_STARTED if isinstance(error, StartError) else FAILED
    return STOPPED


def _read_workers(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_WORKERS:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to {MAX_WORKERS}")


def _read_directory(text: str) -> Path | None:
    return Path(text) if text else None


def _default_cache_dir() -> Path | None:
    """As the XDG Base Directory Specification has it, which ignores relative paths."""
    caches = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(caches):
        home = os.environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        caches = os.path.join(home, ".cache")
    return Path(caches, "minidns")


def _settings_of(arguments: argparse.Namespace) -> ServeSettings:
    return ServeSettings(
        zones=tuple(arguments.zones or (DEFAULT_ZONES,)),
        listen=tuple(arguments.listen or ()),
        strict=arguments.strict,
        reuse_port=arguments.reuse_port,
        workers=arguments.workers,
        nsid=arguments.nsid,
        chaos_version=arguments.chaos_version,
        chaos_identity=arguments.chaos_identity,
        rotate=arguments.rotate,
        cache_dir=arguments.cache_dir,
        control=arguments.control,
        resolver=ResolverSettings(
            is_on=bool(arguments.forward),
            forward=(ForwardGroup(tuple(arguments.forward or ())),),
            allow=None if arguments.allow is None else tuple(arguments.allow),
        ),
    )


def _check(arguments: argparse.Namespace, settings: ServeSettings) -> None:
    """Raises StartError."""
    from minidns.server.start_error import StartError

    if not settings.resolver.is_on:
        for option, value in (("--allow", arguments.allow), ("--control", arguments.control)):
            if value is not None:
                message = f"{option} is about names that are forwarded: say --forward, too"
                raise StartError(f"not started: {message}")
        return
    from minidns.server.config_file import find_conflicts

    if conflicts := find_conflicts(settings):
        raise StartError(f"not started: {'; '.join(conflicts)}")


def _report(faults: Sequence["Fault"]) -> None:
    for line in output.fault_lines(faults):
        output.say(line)


def _announce(ready: str) -> None:
    output.say(f"minidns: ready: {ready}")
