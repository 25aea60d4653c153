"""`minidns check`: every fault of zones and configuration at once, for people, editors and CI.

Exit code 0 when nothing is refused (warnings or not), 1 when something is, 2 when a path that was
named is not there or holds no zone file.
The faults go to standard output, the sum of them to standard error.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from minidns.cli import output
from minidns.config import DEFAULT_ZONES
from minidns.zone.faults import ERROR

if TYPE_CHECKING:
    from minidns.zone.directory import LoadedZones
    from minidns.zone.model import Catalog, Fault

SOUND = 0
REFUSED = 1
UNUSABLE_PATH = 2
_TEXT = "text"
_JSON = "json"
_EPILOG = """\
Each fault is a line `file:line:column: rule: what is wrong and what would be right`; a warning has
the word `warning:` before its rule. Exit code: 0 nothing is refused, 1 a zone or the
configuration is refused, 2 a path is not there or is no zone file."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `check` to the command's parser."""
    parser = subparsers.add_parser(
        "check",
        help="check zone files and list every fault",
        description="Read zones as `serve` would, and list every fault with its place and rule.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help=f"a directory of zones, or one zone file (default: {DEFAULT_ZONES})",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a configuration file of `serve` to check, with the zones, hosts files and block "
        "lists that it names",
    )
    parser.add_argument(
        "--format",
        choices=(_TEXT, _JSON),
        default=_TEXT,
        help="text: a line for each fault; json: one list of objects, for CI (default: text)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check, print, and say by the exit code what was found."""
    from minidns.server.named_paths import unusable_paths
    from minidns.zone.directory import load_zones

    config = _read_config(arguments.config)
    named, views = config.zones, config.views
    if arguments.paths:
        named, views = tuple(arguments.paths), ()
    paths = (*named, *views)
    loaded = load_zones(named, None, views) if views else load_zones(named)
    of_config = [*config.faults, *config.find_more(loaded.catalog)]
    loaded = loaded._replace(faults=[*of_config, *loaded.faults])
    if arguments.format == _JSON:
        output.write(_to_json(loaded.faults))
    else:
        for line in output.fault_lines(loaded.faults):
            output.write(line)
    errors = sum(fault.severity == ERROR for fault in loaded.faults)
    output.say(f"minidns: {_summarize(loaded, errors)}")
    if unusable_paths(paths, loaded) or not loaded.zones:
        return UNUSABLE_PATH
    return REFUSED if errors else SOUND


class _Config(NamedTuple):
    """`find_more`: faults that show beside the zones only."""

    zones: tuple[Path, ...] = (DEFAULT_ZONES,)
    views: tuple[Path, ...] = ()
    faults: Sequence["Fault"] = ()
    find_more: "Callable[[Catalog], Sequence[Fault]]" = lambda _: ()


def _read_config(path: Path | None) -> _Config:
    """What a configuration names, and all of its faults."""
    if path is None:
        return _Config()
    from minidns.server.config_file import read_config
    from minidns.server.name_lists import read_name_lists
    from minidns.server.sources import shadowed_in

    settings, faults = read_config(path)
    resolver = settings.resolver
    lists = read_name_lists(resolver)
    return _Config(
        settings.zones,
        tuple(view.path for view in settings.views),
        [*faults, *lists.faults],
        lambda catalog: shadowed_in(resolver, lists, [catalog]),
    )


def _to_json(faults: Sequence["Fault"]) -> str:
    """A list of objects, in the order of the files."""
    listed = [
        {
            "file": fault.mark.file,
            "line": fault.mark.line,
            "column": fault.mark.column,
            "severity": fault.severity,
            "rule": fault.rule,
            "message": fault.message,
            "reference": fault.reference,
        }
        for fault in faults
    ]
    return json.dumps(listed, indent=2)


def _summarize(loaded: "LoadedZones", errors: int) -> str:
    refused = sum(each.zone is None for each in loaded.zones)
    warnings = len(loaded.faults) - errors
    checked = f"zones: {len(loaded.zones)}, refused: {refused}"
    return f"{checked}, errors: {errors}, warnings: {warnings}"
