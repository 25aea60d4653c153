"""The options of `minidns serve`, and how they and a configuration file become settings.

What the command line says wins over the file, whose relative paths are from its own directory. An
option that is not given is None, so that the file's word, or the default of `config`, stays.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from minidns.cli import output
from minidns.config import DEFAULT_PORT, DEFAULT_ZONES, ForwardGroup, ServeSettings

MAX_WORKERS = 256  # more than cores that are worth it; a slip of the finger asks for more
# Options that stand in the settings under their own name, as they are or as a tuple.
_PLAIN = ("workers", "nsid", "chaos_version", "chaos_identity", "control")
_FLAGS = ("strict", "reuse_port", "rotate", "auto_ptr", "trace")
_LISTS = ("zones", "listen")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all of them."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings in YAML, of which README has the list; what is said here wins over it",
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
        "that order (default: the resolvers of this system, /etc/resolv.conf)",
    )
    forwarding.add_argument(
        "--no-forward",
        action="store_true",
        default=None,
        help="answer from what is here alone; other names are REFUSED",
    )
    parser.add_argument(
        "--allow",
        action="append",
        metavar="NETWORK",
        help="clients that are answered for names that no zone here holds, as 10.0.0.0/8; may be "
        "given several times (default: private networks)",
    )
    parser.add_argument(
        "--hosts",
        action="append",
        type=Path,
        metavar="FILE",
        help="a file of addresses and names, as /etc/hosts, answered with their reverse names to "
        "clients as of --allow; may be given several times",
    )
    parser.add_argument(
        "--block",
        action="append",
        type=Path,
        metavar="FILE",
        help="a list of names that are not to be found: hosts lines, a domain a line, or a "
        "response policy zone; may be given several times",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        default=None,
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
        "--cache-file",
        type=Path,
        metavar="FILE",
        help="keeps the answers of other resolvers over a restart; with --workers each has one of "
        "its own, FILE.1, FILE.2 and so on (default: none)",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="the Unix socket of `minidns sockets` and `minidns cache` (default: one in a "
        "directory of this user's own)",
    )
    parser.add_argument(
        "--nsid",
        metavar="TEXT",
        help="the name of this server, given to clients that ask for it (RFC 5001, dig +nsid)",
    )
    parser.add_argument(
        "--chaos-version",
        metavar="TEXT",
        help="the answer to version.bind and version.server TXT in class CHAOS (default: REFUSED)",
    )
    parser.add_argument(
        "--chaos-identity",
        metavar="TEXT",
        help="the answer to id.server and hostname.bind TXT in class CHAOS (RFC 4892; default: "
        "REFUSED)",
    )
    parser.add_argument(
        "--rotate",
        action="store_true",
        default=None,
        help="turn the records of a set by one place with each answer",
    )
    parser.add_argument(
        "--auto-ptr",
        action="store_true",
        default=None,
        help="answer for the addresses of the zones: PTR records made from A and AAAA, where a "
        "reverse zone here, or one of private addresses, has none",
    )
    parser.add_argument(
        "--reuse-port",
        action="store_true",
        default=None,
        help="share the address with other processes that say the same (SO_REUSEPORT)",
    )
    parser.add_argument(
        "--workers",
        type=_read_workers,
        metavar="N",
        help="processes that answer on the same addresses, among which the kernel divides the "
        "clients (default: 1)",
    )
    parser.add_argument(
        "--trace",
        action="store_true",
        default=None,
        help="print a line for each query on standard error: its 5-tuple and descriptor, question, "
        "answer and microseconds; slower",
    )
    parser.add_argument(
        "--log-level",
        choices=output.LEVELS,
        default="info",
        help="how much is logged on standard error (default: info)",
    )


def settings_of(arguments: argparse.Namespace, settings: ServeSettings) -> ServeSettings:
    """`settings`, those of a file or the defaults, with what the command line says.

    `server.conflicts.find_conflicts` has what does not go together then.
    """
    said = {name: getattr(arguments, name) for name in (*_PLAIN, *_FLAGS, *_LISTS)}
    changed: dict[str, Any] = {
        name: tuple(value) if name in _LISTS else value
        for name, value in said.items()
        if value is not None
    }
    resolver = settings.resolver
    if arguments.forward:
        # Groups for domains stay; what the file says of all names is replaced.
        groups = [group for group in resolver.forward or () if group.domain != "."]
        forward = (ForwardGroup(tuple(arguments.forward)), *groups)
        resolver = replace(resolver, is_on=True, forward=forward)
    elif arguments.no_forward or resolver.forward == ():
        resolver = replace(resolver, is_on=False, forward=())
    if arguments.allow is not None:
        resolver = replace(resolver, allow=tuple(arguments.allow))
    if arguments.hosts is not None:
        resolver = replace(resolver, hosts=tuple(arguments.hosts))
    if arguments.block is not None:
        block = replace(resolver.block, files=tuple(arguments.block))
        resolver = replace(resolver, block=block)
    if arguments.cache_file is not None:
        cache = replace(resolver.cache, file=arguments.cache_file)
        resolver = replace(resolver, cache=cache)
    return replace(settings, resolver=resolver, cache_dir=arguments.cache_dir, **changed)


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
