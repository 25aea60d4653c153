"""Zone files to a catalog that can be served: read, checked as a whole, compiled.

Each zone stands for itself: what is wrong with one leaves the others as they are, and a refused
zone is in the catalog as a `BrokenZone`, so that its names are never taken for somebody else's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.name import count_labels, name_to_text
from minidns.zone.build import build_zone
from minidns.zone.check import check_zone
from minidns.zone.faults import ERROR, fault, is_refused
from minidns.zone.model import BrokenZone, Catalog, Fault, Mark, Record, Zone
from minidns.zone.soa import find_serial, make_soa
from minidns.zone.source import YAML_SUFFIXES, ZoneSource, find_sources, source_of
from minidns.zone.yaml_file import YamlZone

__all__ = [
    "LoadedZone",
    "LoadedZones",
    "Reading",
    "ZoneSource",
    "find_sources",
    "load_source",
    "load_zones",
    "read_source",
    "source_of",
]


class Reading(NamedTuple):
    """What the files of a zone hold, the SOA that was made included, and what is wrong with it.

    `is_zone` is False for octoDNS's own configuration.
    """

    records: list[Record]
    faults: list[Fault]
    files: tuple[Path, ...]
    is_zone: bool = True


class LoadedZone(NamedTuple):
    """`zone` is None where it was refused, or where the file is no zone; `is_zone` tells which."""

    source: ZoneSource
    zone: Zone | None
    faults: list[Fault]
    files: tuple[Path, ...]
    is_zone: bool = True


class LoadedZones(NamedTuple):
    """All zones of one start. `faults` are those of all files, and of files that hold no zone."""

    catalog: Catalog
    zones: list[LoadedZone]
    faults: list[Fault]


def read_source(source: ZoneSource) -> Reading:
    """The records of a zone and all of its faults."""
    records: list[Record] = []
    faults = list(source.faults)
    files: list[Path] = []
    yaml_paths = [path for path in source.paths if path.suffix in YAML_SUFFIXES]
    if yaml_paths:
        yaml = YamlZone(source.origin)
        for path in yaml_paths:
            yaml.read(path, source.root)
        if yaml.is_configuration and not yaml.records:
            return Reading([], yaml.faults, tuple(yaml.files), is_zone=False)
        records += yaml.records
        faults += yaml.faults
        files += yaml.files
    master_paths = [path for path in source.paths if path.suffix not in YAML_SUFFIXES]
    if master_paths:
        # dnspython takes a tenth of a second to import, and YAML alone needs none of it.
        from minidns.zone.master_file import MasterZone

        master = MasterZone(source.origin)
        for path in master_paths:
            master.read(path, source.root)
        records += master.records
        faults += master.faults
        files += master.files
    _add_soa(source, records, faults, files)
    found = check_zone(source.origin, records)
    if is_refused(faults):  # what was not read is missing, so a warning may be none
        found = [one for one in found if one.severity == ERROR]
    return Reading(records, faults + found, tuple(files))


def load_source(source: ZoneSource) -> LoadedZone:
    """One zone, ready to be served unless it has an error."""
    records, faults, files, is_zone = read_source(source)
    zone = None
    if is_zone and not is_refused(faults):
        zone = build_zone(source.origin, records)
    return LoadedZone(source, zone, faults, files, is_zone)


def load_zones(paths: Sequence[Path]) -> LoadedZones:
    """All zones of these files and directories."""
    sources, faults = find_sources(paths)
    loaded = [load_source(source) for source in sources]
    readings = Counter(path for one in loaded for path in one.files)
    kept = [one for one in loaded if not _is_fragment(one.source, readings)]
    zones: dict[bytes, Zone | BrokenZone] = {}
    for one in kept:
        faults += one.faults
        if one.is_zone:
            origin = one.source.origin
            zones[origin] = BrokenZone(origin) if one.zone is None else one.zone
    return LoadedZones(Catalog(zones), [one for one in kept if one.is_zone], faults)


def _add_soa(
    source: ZoneSource, records: list[Record], faults: list[Fault], files: Sequence[Path]
) -> None:
    """Give a zone without SOA one, with a warning."""
    if any(record.rtype == RRType.SOA for record in records):
        return
    where = (*source.paths, source.root)[0]
    mark = Mark(str(where), 1, 1)
    directories = {path.parent for path in source.paths if path.parent != source.root}
    serial = find_serial(_modification_times([*files, *directories]))
    soa = make_soa(source.origin, records, serial, mark)
    records.insert(0, soa)
    if not is_refused(faults):
        name = name_to_text(source.origin)
        message = f"{name} has no SOA: one is made, its serial from the files' time of change"
        faults.append(fault("no-soa", mark, message))


def _modification_times(paths: Sequence[Path]) -> list[float]:
    """Unix times in seconds; of a file that has gone meanwhile, none."""
    times = []
    for path in paths:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return times


def _is_fragment(source: ZoneSource, readings: Mapping[Path, int]) -> bool:
    """Whether it is a file that others include, and not by its name a zone of its own.

    A name of one label (`common.yaml`) that another zone includes is a part of that zone.
    """
    if count_labels(source.origin) != 1 or len(source.paths) != 1:
        return False
    return readings.get(source.paths[0], 0) > 1
