"""Paths that the user named and that hold nothing: no zone stands for them, so nothing can answer.

A zone with a fault answers SERVFAIL; a mistyped directory has no name to answer for, and to serve
without it would look like success. Where one vanishes later its zones stay as they are: it was
unmounted, or is being replaced, more often than meant to serve nothing.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from minidns.zone.directory import LoadedZones
from minidns.zone.faults import ERROR
from minidns.zone.model import Fault


def unusable_paths(paths: Sequence[Path], loaded: LoadedZones) -> list[Fault]:
    """The errors about `paths` themselves: not there, not readable, no zone file by their name."""
    of_zones = {fault for zone in loaded.zones for fault in zone.faults}
    return errors_about(paths, (fault for fault in loaded.faults if fault not in of_zones))


def errors_about(paths: Sequence[Path], faults: Iterable[Fault]) -> list[Fault]:
    """Those of `faults`, which are of no zone, that are about `paths` themselves."""
    named = {str(path) for path in paths}
    return [fault for fault in faults if fault.severity == ERROR and fault.mark.file in named]
