"""`minidns serve`: the start of the server, and what it says before it is ready.

Exit code 0 after SIGTERM or SIGINT, 1 when workers kept failing, 2 when it could not start.
Everything is said on standard error: the faults of configuration and zones, then one line with what
is served where, then the log, with the faults that a reload finds.
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minidns.cli import output
from minidns.cli.progress import load_zones_shown
from minidns.cli.serve_options import add_options, settings_of
from minidns.config import ResolverSettings, ServeSettings

if TYPE_CHECKING:
    from minidns.zone.model import Fault

STOPPED = 0
FAILED = 1
NOT_STARTED = 2


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
    add_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    from minidns.server.run import serve
    from minidns.server.start_error import StartError, WorkersFailed

    output.log_to_stderr(arguments.log_level)
    try:
        serve(_read_settings(arguments), _report, _announce, load_zones_shown)
    except (StartError, WorkersFailed) as error:
        output.say(f"minidns: {error}")
        return NOT_STARTED if isinstance(error, StartError) else FAILED
    return STOPPED


def _read_settings(arguments: argparse.Namespace) -> ServeSettings:
    """Raises StartError, the faults of a configuration file reported."""
    from minidns.server.start_error import StartError

    settings = ServeSettings(resolver=ResolverSettings())
    if arguments.config is not None:
        from minidns.server.config_file import read_config

        said = [key for key in ("forward", "hosts", "block") if getattr(arguments, key) is not None]
        settings, faults = read_config(arguments.config, said)
        _report(faults)
        if faults:
            raise StartError(f"not started: the configuration has errors ({len(faults)})")
    settings = settings_of(arguments, settings)
    resolver = settings.resolver
    if not (resolver.is_on or resolver.hosts):
        for option, is_said in (
            ("--allow", arguments.allow),
            ("--block", arguments.block),
            ("--cache-file", arguments.cache_file),
        ):
            if is_said:
                message = f"{option} is about names that are forwarded: leave --no-forward out"
                raise StartError(f"not started: {message}")
        return settings
    from minidns.server.conflicts import find_conflicts

    if conflicts := find_conflicts(settings):
        raise StartError(f"not started: {'; '.join(conflicts)}")
    return settings


def _report(faults: Sequence["Fault"]) -> None:
    for line in output.fault_lines(faults):
        output.say(line)


def _announce(ready: str) -> None:
    output.say(f"minidns: ready: {ready}")
