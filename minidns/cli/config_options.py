"""The options of `serve` that a configuration file has too, and how the two become settings.

What the command line says wins over the file. Values are read as those of the file are, and the
same combinations are refused.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from minidns.config import BlockSettings, ForwardGroup, ServeSettings


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add --config and the options of the resolver."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings in YAML; what is said here wins"
    )
    parser.add_argument(
        "--forward",
        action="append",
        metavar="UPSTREAM",
        help="a resolver for all names that no zone here holds: 9.9.9.9, [2620:fe::fe]:53, "
        "tls://9.9.9.9#dns.quad9.net; may be given several times (default: the system's)",
    )
    parser.add_argument(
        "--allow",
        action="append",
        metavar="NETWORK",
        help="clients that may ask for names that no zone here holds; may be given several times "
        "(default: private networks)",
    )
    for name, text in (("hosts", "a hosts file"), ("block", "a list of names to block")):
        parser.add_argument(
            f"--{name}",
            action="append",
            type=Path,
            metavar="FILE",
            help=f"{text}; may be given several times",
        )
    parser.add_argument(
        "--cache-file", type=Path, metavar="FILE", help="keep the cache of answers over a restart"
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="SOCKET",
        help="the Unix socket of `minidns cache` (default: a place of the user's own)",
    )


def apply_options(arguments: argparse.Namespace, settings: ServeSettings) -> ServeSettings:
    """The settings with what the command line says of the resolver. `no_forward` is looked at too.

    Compare with `server.config_file.find_conflicts` afterwards.
    """
    resolver = replace(settings.resolver, is_on=not arguments.no_forward)
    if arguments.forward:
        # Groups for domains stay; what the file says of all names is replaced.
        kept = [group for group in resolver.forward or () if group.domain != "."]
        forward = (ForwardGroup(tuple(arguments.forward)), *kept)
        resolver = replace(resolver, forward=forward)
    if arguments.allow:
        resolver = replace(resolver, allow=tuple(arguments.allow))
    if arguments.hosts:
        resolver = replace(resolver, hosts=tuple(arguments.hosts))
    if arguments.block:
        block: BlockSettings = replace(resolver.block, files=tuple(arguments.block))
        resolver = replace(resolver, block=block)
    if arguments.cache_file:
        resolver = replace(resolver, cache=replace(resolver.cache, file=arguments.cache_file))
    return replace(settings, resolver=resolver, control=arguments.control or settings.control)
