"""`minidns convert`: a zone from YAML to a master file (RFC 1035 section 5), or the other way.

Includes, anchors and `$GENERATE` are resolved in what is written, and comments do not survive. A
master file needs a SOA, so that which minidns makes is written where YAML has none; to YAML only
one that the source has. Faults go to standard error, and a zone with an error is not written.
Exit code 0 when it was, 1 when the zone is refused, 2 when it cannot be read or written.
"""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from minidns.cli import output

if TYPE_CHECKING:
    from minidns.zone.directory import Reading, ZoneSource

WRITTEN = 0
REFUSED = 1
NOT_POSSIBLE = 2
_YAML = "yaml"
_ZONE = "zone"
_EPILOG = """\
What is written has the zone's records with includes resolved, without comments. Exit code: 0
written, 1 the zone is refused (see `minidns check`), 2 it cannot be read or written."""

_STANDARD_OUTPUT = Path("-")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `convert` to the command's parser."""
    parser = subparsers.add_parser(
        "convert",
        help="turn a YAML zone into a master file, or the other way",
        description="Write a zone in the other form: YAML (.yaml, .yml, or a directory "
        "'example.com./' of them) as a master file, a master file (.zone, .db, .master, .txt) "
        "as YAML.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a zone file or a split directory; a file with another suffix is taken for a master "
        "file when --origin says which zone it holds",
    )
    parser.add_argument(
        "--to", choices=(_YAML, _ZONE), help="the form to write (default: the other one)"
    )
    parser.add_argument(
        "--origin", metavar="NAME", help="the zone's name (default: that of the file)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write (default: -, standard output)"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace FILE where there is one already"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read, convert, write."""
    from minidns.zone.directory import read_source
    from minidns.zone.faults import is_refused

    path: Path | None = None if arguments.output == _STANDARD_OUTPUT else arguments.output
    if path is not None and path.exists() and not arguments.force:
        return _give_up(f"'{path}' is there already: add --force to replace it")
    try:
        source = _find_source(arguments.source, arguments.origin)
        reading = read_source(source)
    except (ValueError, OSError) as error:
        return _give_up(str(error))
    for line in output.fault_lines(reading.faults):
        output.say(line)
    if is_refused(reading.faults) or not reading.is_zone:
        return REFUSED
    form = arguments.to or _other_form(source)
    if reading.falls_through and form == _ZONE:
        output.say("minidns: 'fallthrough: true' is left out: a master file has no word for it")
    text = _convert(source, reading, form)
    if path is None:
        output.write(text.removesuffix("\n"))
        return WRITTEN
    try:
        _write_file(path, text, arguments.force)
    except FileExistsError:
        return _give_up(f"'{path}' is there already: add --force to replace it")
    except OSError as error:
        return _give_up(f"'{path}' cannot be written: {error.strerror or error}")
    return WRITTEN


def _give_up(message: str) -> int:
    output.say(f"minidns: {message}")
    return NOT_POSSIBLE


def _find_source(path: Path, name: str | None) -> "ZoneSource":
    """The files to read. Raises ValueError (BadName, BadIdn), or OSError."""
    from minidns.zone.directory import ZoneSource, source_of
    from minidns.zone.source import MASTER_SUFFIXES, YAML_SUFFIXES

    if not path.exists():
        raise ValueError(f"'{path}' does not exist: name a zone file or a split directory")
    origin = None if name is None else _read_origin(name)
    if path.is_dir() and origin is None and not path.name.endswith("."):
        raise ValueError(f"'{path}' is no split directory by its name: name one zone, '{path}/...'")
    if path.is_dir() or path.suffix in YAML_SUFFIXES | MASTER_SUFFIXES:
        return source_of(path, origin)
    if origin is None and path.suffix == ".txt":
        origin = _read_origin(path.stem)
    if origin is None:
        raise ValueError(f"'{path}': its suffix tells no form of zone file, write --origin NAME")
    return ZoneSource(origin, (path,), path.parent)


def _read_origin(name: str) -> bytes:
    """Lower-case wire. Raises BadName, BadIdn."""
    from minidns.wire.name import ROOT, name_from_text
    from minidns.zone.idna import to_ascii

    if name == ".":
        return ROOT
    return name_from_text(to_ascii(name.removesuffix(".")) + ".").lower()


def _other_form(source: "ZoneSource") -> str:
    from minidns.zone.source import YAML_SUFFIXES

    return _ZONE if all(path.suffix in YAML_SUFFIXES for path in source.paths) else _YAML


def _convert(source: "ZoneSource", reading: "Reading", form: str) -> str:
    from minidns.wire.codes import RRType
    from minidns.zone.master_writer import write_master
    from minidns.zone.yaml_writer import write_yaml

    if form == _ZONE:
        return write_master(source.origin, reading.records)
    records = reading.records
    if any(fault.rule == "no-soa" for fault in reading.faults):
        records = [record for record in records if record.rtype != RRType.SOA]
    return write_yaml(source.origin, records, reading.falls_through)


def _write_file(path: Path, text: str, force: bool) -> None:
    """Write the whole file beside its place, then put it there. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if force:
            beside.replace(path)
        else:
            path.hardlink_to(beside)  # unlike a rename it never replaces
    finally:
        beside.unlink(missing_ok=True)
