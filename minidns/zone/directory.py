"""Zone files to a catalog that can be served: read, checked as a whole, compiled.

Each zone stands for itself: what is wrong with one leaves the others as they are, and a refused
zone is in the catalog as a `BrokenZone`, so that its names are never taken for somebody else's.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.name import count_labels, name_to_text
from minidns.zone.build import build_zone
from minidns.zone.check import check_zone
from minidns.zone.faults import ERROR, fault, is_refused
from minidns.zone.fingerprint import NOTHING, Fingerprint, directories_of, fingerprint_of
from minidns.zone.model import BrokenZone, Catalog, Fault, Mark, Record, Zone
from minidns.zone.soa import find_serial, follow, make_soa
from minidns.zone.source import YAML_SUFFIXES, ZoneSource, find_sources, source_of
from minidns.zone.yaml_file import YamlZone

__all__ = [
    "LoadedZone",
    "LoadedZones",
    "Previous",
    "Reading",
    "ZoneSource",
    "find_sources",
    "is_fragment",
    "load_source",
    "load_zones",
    "may_be_fragment",
    "read_source",
    "source_of",
]


CONTENT = 16  # octets of a digest of what a zone holds; it has to tell two edits apart, no more
_RECORDS_PER_DIGEST = 1000  # that are made one piece of octets on their way into it


class Previous(NamedTuple):
    """The zone as it has been served so far, for one that takes its place."""

    serial: int
    content: bytes  # `Reading.content`


class Reading(NamedTuple):
    """What the files of a zone hold, the SOA that was made included, and what is wrong with it.

    `is_zone` is False for octoDNS's own configuration. `content` is a digest of the records as the
    files have them: without the SOA that was made, and in their order.
    """

    records: list[Record]
    faults: list[Fault]
    files: tuple[Path, ...]
    is_zone: bool = True
    content: bytes = b""


class LoadedZone(NamedTuple):
    """`zone` is None where it was refused, or where the file is no zone; `is_zone` tells which.

    `stats` says what `source.paths` were before they were opened, and what includes were after.
    """

    source: ZoneSource
    zone: Zone | None
    faults: list[Fault]
    files: tuple[Path, ...]
    is_zone: bool = True
    content: bytes = b""
    stats: Fingerprint = NOTHING


class LoadedZones(NamedTuple):
    """All zones of one start. `faults` are those of all files, and of files that hold no zone.

    `others` are files that were read and are no zones: parts of zones, octoDNS's configuration.
    `directories` is what the directories were before it was looked what is in them.
    """

    catalog: Catalog
    zones: list[LoadedZone]
    faults: list[Fault]
    others: Sequence[LoadedZone] = ()
    directories: Fingerprint = NOTHING


def read_source(source: ZoneSource, previous: Previous | None = None) -> Reading:
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
    content = _digest(records)
    _add_soa(source, records, faults, files, previous, content)
    found = check_zone(source.origin, records)
    if is_refused(faults):  # what was not read is missing, so a warning may be none
        found = [one for one in found if one.severity == ERROR]
    return Reading(records, faults + found, tuple(files), content=content)


def load_source(source: ZoneSource, previous: Previous | None = None) -> LoadedZone:
    """One zone, ready to be served unless it has an error.

    Where a `previous` one is served, the serial of an SOA that is made follows it.
    """
    stats = fingerprint_of(source.paths)
    records, faults, files, is_zone, content = read_source(source, previous)
    stats |= fingerprint_of(path for path in files if str(path) not in stats)
    zone = None
    if is_zone and not is_refused(faults):
        zone = build_zone(source.origin, records)
    return LoadedZone(source, zone, faults, files, is_zone, content, stats)


def load_zones(paths: Sequence[Path]) -> LoadedZones:
    """All zones of these files and directories."""
    directories = fingerprint_of(directories_of(paths))
    sources, faults = find_sources(paths)
    zones: list[LoadedZone] = []
    others: list[LoadedZone] = []
    loaded = [load_source(source) for source in sources]
    readings = Counter(path for one in loaded for path in one.files)
    held: dict[bytes, Zone | BrokenZone] = {}
    for one in loaded:
        if is_fragment(one.source, readings):
            others.append(one)
            continue
        faults += one.faults
        (zones if one.is_zone else others).append(one)
        if one.is_zone:
            origin = one.source.origin
            held[origin] = BrokenZone(origin) if one.zone is None else one.zone
    return LoadedZones(Catalog(held), zones, faults, others, directories)


def is_fragment(source: ZoneSource, readings: Mapping[Path, int]) -> bool:
    """Whether it is a file that others include, and not by its name a zone of its own.

    `readings` says how often each file was read, for all zones together.
    """
    return may_be_fragment(source) and readings.get(source.paths[0], 0) > 1


def may_be_fragment(source: ZoneSource) -> bool:
    """Whether a name of one label (`common.yaml`) may be a part of a zone that includes it."""
    return count_labels(source.origin) == 1 and len(source.paths) == 1


def _digest(records: Sequence[Record]) -> bytes:
    digest = blake2b(digest_size=CONTENT)
    for start in range(0, len(records), _RECORDS_PER_DIGEST):
        batch = records[start : start + _RECORDS_PER_DIGEST]
        owners, rtypes, ttls, rdatas, _ = zip(*batch, strict=True)
        numbers = array("Q", (*rtypes, *ttls, *map(len, rdatas)))
        digest.update(b"".join((*owners, *rdatas)) + numbers.tobytes())
    return digest.digest()


def _add_soa(
    source: ZoneSource,
    records: list[Record],
    faults: list[Fault],
    files: Sequence[Path],
    previous: Previous | None,
    content: bytes,
) -> None:
    """Give a zone without SOA one, with a warning."""
    if any(record.rtype == RRType.SOA for record in records):
        return
    where = (*source.paths, source.root)[0]
    mark = Mark(str(where), 1, 1)
    directories = {path.parent for path in source.paths if path.parent != source.root}
    serial = find_serial(_modification_times([*files, *directories]))
    if previous is not None:
        serial = follow(serial, previous.serial, content != previous.content)
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
