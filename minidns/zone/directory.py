"""Zone files to a catalog that can be served: read, checked as a whole, compiled.

Each zone stands for itself: what is wrong with one leaves the others as they are, and a refused
zone is in the catalog as a `BrokenZone`, so that its names are never taken for somebody else's.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.name import count_labels, name_to_text
from minidns.zone.build import build_zone
from minidns.zone.check import check_zone
from minidns.zone.collector import collector_at_rest
from minidns.zone.faults import ERROR, fault, is_refused
from minidns.zone.fingerprint import NOTHING, Fingerprint, directories_of, fingerprint_of
from minidns.zone.include import ZoneFiles
from minidns.zone.model import BrokenZone, Catalog, Fault, Mark, Record, Zone
from minidns.zone.progress import Progress
from minidns.zone.snapshot import Snapshot, Snapshots
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
    digests: Mapping[Path, bytes] = MappingProxyType({})  # of the octets of `files`
    made_serial: int | None = None  # of an SOA that was made
    falls_through: bool = False


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

    In the catalog are all zones by their keys (`zone.zone_key`); where there are views it is none
    to answer from.

    `others` are files that were read and are no zones: parts of zones, octoDNS's configuration.
    `directories` is what the directories were before it was looked what is in them.
    """

    catalog: Catalog
    zones: list[LoadedZone]
    faults: list[Fault]
    others: Sequence[LoadedZone] = ()
    directories: Fingerprint = NOTHING


def read_source(
    source: ZoneSource, previous: Previous | None = None, progress: Progress | None = None
) -> Reading:
    """The records of a zone and all of its faults."""
    opened = ZoneFiles(None if progress is None else progress.take)
    is_zone, falls_through, records, faults = _read_files(source, opened)
    if progress is not None:
        progress.end_reading()
    files = tuple(opened.paths)
    if not is_zone:
        return Reading([], faults, files, is_zone=False)
    faults = [*source.faults, *faults]
    content = _digest(records, falls_through)
    serial = None
    if not any(record.rtype == RRType.SOA for record in records):
        serial = _made_serial(source, files, previous, content)
        _add_soa(source, records, faults, serial)
    found = check_zone(source.origin, records, falls_through)
    if is_refused(faults):  # what was not read is missing, so a warning may be none
        found = [one for one in found if one.severity == ERROR]
    return Reading(
        records,
        faults + found,
        files,
        content=content,
        digests=opened.digests,
        made_serial=serial,
        falls_through=falls_through,
    )


def load_source(
    source: ZoneSource,
    previous: Previous | None = None,
    snapshots: Snapshots | None = None,
    progress: Progress | None = None,
) -> LoadedZone:
    """One zone, ready to be served unless it has an error.

    Where a `previous` one is served, the serial of an SOA that is made follows it.
    """
    stats = fingerprint_of(source.paths)
    if progress is not None:
        progress.begin(source)
    with collector_at_rest():
        kept = snapshots.find(source) if snapshots else None
        if kept is None or not _is_current(source, kept, previous):
            loaded = _load_files(source, previous, snapshots, progress)
        else:
            loaded = LoadedZone(source, kept.zone, kept.faults, kept.files, content=kept.content)
    stats |= fingerprint_of(path for path in loaded.files if str(path) not in stats)
    return loaded._replace(stats=stats)


def load_zones(
    paths: Sequence[Path],
    snapshots: Snapshots | None = None,
    views: Sequence[Path] = (),
    progress: Progress | None = None,
) -> LoadedZones:
    """All zones of these files and directories, and of views. `progress` tells how far it is."""
    directories = fingerprint_of(directories_of((*paths, *views)))
    sources, faults = find_sources(paths, views)
    if progress is not None:
        progress.expect(sources)
    zones: list[LoadedZone] = []
    others: list[LoadedZone] = []
    with collector_at_rest():
        loaded = [load_source(source, None, snapshots, progress) for source in sources]
    readings = Counter((one.source.view, path) for one in loaded for path in one.files)
    held: dict[bytes, Zone | BrokenZone] = {}
    for one in loaded:
        if is_fragment(one.source, readings):
            others.append(one)
            continue
        faults += one.faults
        (zones if one.is_zone else others).append(one)
        if one.is_zone:
            source = one.source
            held[source.key] = BrokenZone(source.origin) if one.zone is None else one.zone
    return LoadedZones(Catalog(held), zones, faults, others, directories)


def is_fragment(source: ZoneSource, readings: Mapping[tuple[int, Path], int]) -> bool:
    """Whether it is a file that others include, and not by its name a zone of its own.

    `readings` says how often each file was read, for all zones of a view together.
    """
    return may_be_fragment(source) and readings.get((source.view, source.paths[0]), 0) > 1


def may_be_fragment(source: ZoneSource) -> bool:
    """Whether a name of one label (`common.yaml`) may be a part of a zone that includes it."""
    return count_labels(source.origin) == 1 and len(source.paths) == 1


def _read_files(
    source: ZoneSource, opened: ZoneFiles
) -> tuple[bool, bool, list[Record], list[Fault]]:
    """Whether it is a zone, whether it falls through, and what its files hold.

    What reads them is gone afterwards.
    """
    falls_through = False
    records: list[Record] = []
    faults: list[Fault] = []
    yaml_paths = [path for path in source.paths if path.suffix in YAML_SUFFIXES]
    if yaml_paths:
        yaml = YamlZone(source.origin, opened)
        for path in yaml_paths:
            yaml.read(path, source.root)
        if yaml.is_configuration and not yaml.records:
            return False, False, [], yaml.faults
        falls_through = yaml.falls_through
        records += yaml.records
        faults += yaml.faults
    master_paths = [path for path in source.paths if path.suffix not in YAML_SUFFIXES]
    if master_paths:
        # dnspython takes a tenth of a second to import, and YAML alone needs none of it.
        from minidns.zone.master_file import MasterZone

        master = MasterZone(source.origin, opened)
        for path in master_paths:
            master.read(path, source.root)
        records += master.records
        faults += master.faults
    return True, falls_through, records, faults


def _load_files(
    source: ZoneSource,
    previous: Previous | None,
    snapshots: Snapshots | None,
    progress: Progress | None,
) -> LoadedZone:
    reading = read_source(source, previous, progress)
    zone = None
    if reading.is_zone and not is_refused(reading.faults):
        zone = build_zone(source.origin, reading.records, reading.falls_through)
    reading.records.clear()  # several times the memory of the zone, which is written next
    _, faults, files, is_zone, content, digests, serial, _ = reading
    if snapshots and zone:
        snapshots.keep(source, Snapshot(zone, faults, files, digests, content, serial))
    return LoadedZone(source, zone, faults, files, is_zone, content)


def _is_current(source: ZoneSource, kept: Snapshot, previous: Previous | None) -> bool:
    """Whether an SOA made now would be the one that was made then."""
    serial = kept.made_serial
    return serial is None or serial == _made_serial(source, kept.files, previous, kept.content)


def _digest(records: Sequence[Record], falls_through: bool) -> bytes:
    digest = blake2b(digest_size=CONTENT, person=b"falls through" if falls_through else b"")
    for start in range(0, len(records), _RECORDS_PER_DIGEST):
        batch = records[start : start + _RECORDS_PER_DIGEST]
        owners, rtypes, ttls, rdatas, _ = zip(*batch, strict=True)
        numbers = array("Q", (*rtypes, *ttls, *map(len, rdatas)))
        digest.update(b"".join((*owners, *rdatas)) + numbers.tobytes())
    return digest.digest()


def _made_serial(
    source: ZoneSource, files: Sequence[Path], previous: Previous | None, content: bytes
) -> int:
    """The serial of an SOA that is made."""
    serial = find_serial(_modification_times([*files, *source.directories]))
    if previous is not None:
        serial = follow(serial, previous.serial, content != previous.content)
    return serial


def _add_soa(source: ZoneSource, records: list[Record], faults: list[Fault], serial: int) -> None:
    """Give a zone without SOA one, with a warning."""
    where = (*source.paths, source.root)[0]
    mark = Mark(str(where), 1, 1)
    soa = make_soa(source.origin, records, serial, mark)
    records.insert(0, soa)
    if not is_refused(faults):
        name = name_to_text(source.origin)
        message = f"{name} has no SOA: one is made, its serial from the files' modification times"
        faults.append(fault("no-soa", mark, message))


def _modification_times(paths: Sequence[Path]) -> list[float]:
    """Unix times in seconds; of one that has gone meanwhile, none.

    Those of the inodes' change would grow in more cases, but differ between hosts that have the
    same files.
    """
    times = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        times.append(status.st_mtime)
    return times
