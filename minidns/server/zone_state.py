"""What is known of one zone: which files it came from, how they were, what of them is served.

Pickled on its way to the process that reads zones (`server.zone_reader`) and back. Of the zone
itself it holds only what the next one is compared with.
"""

from pathlib import Path
from typing import NamedTuple

from minidns.zone.directory import LoadedZone, Previous
from minidns.zone.faults import is_refused
from minidns.zone.fingerprint import Fingerprint, Stat
from minidns.zone.model import Fault, Zone

# Equal to no file's: what was seen is not certain to be what was read, so it is read once more.
UNCERTAIN: Stat = (-1, -1, -1, -1)
# How coarse the times are that a kernel gives to files: a tick, at most 10 ms (CONFIG_HZ=100).
_TICK_NS = 20_000_000


class ZoneState(NamedTuple):
    """One zone's files as they were last read, and what of it is served."""

    paths: tuple[Path, ...]  # of its source
    root: Path
    stats: Fingerprint  # of every file read, includes too
    faults: tuple[Fault, ...]  # of the last reading
    is_refused: bool  # the last reading had an error
    previous: Previous | None  # what is served; None for SERVFAIL


def state_of(one: LoadedZone, previous: Previous | None, started_ns: int) -> ZoneState:
    """The state after a reading that leaves `previous` in service.

    `started_ns` is the Unix time at which reading began.
    """
    return ZoneState(
        paths=one.source.paths,
        root=one.source.root,
        stats=_certain(one, started_ns),
        faults=tuple(one.faults),
        is_refused=is_refused(one.faults),
        previous=previous,
    )


def previous_of(zone: Zone | None, one: LoadedZone) -> Previous | None:
    """What the next reading is compared with, where `zone` of this reading is served."""
    return None if zone is None else Previous(zone.serial, one.content)


def _certain(one: LoadedZone, started_ns: int) -> Fingerprint:
    """An include is looked at after it was read; if it changed meanwhile, its time tells."""
    known = {str(path) for path in one.source.paths}
    return {
        path: UNCERTAIN
        if stat is not None and path not in known and stat[3] > started_ns - _TICK_NS
        else stat
        for path, stat in one.stats.items()
    }
