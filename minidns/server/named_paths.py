"""Paths that the user named and that hold nothing: no zone stands for them, so nothing can answer.

A zone with a fault answers SERVFAIL; a mistyped directory has no name to answer for, and to serve
without it would look like success.
"""

from collections.abc import Sequence
from pathlib import Path

from minidns.zone.directory import LoadedZones
from minidns.zone.faults import ERROR
from minidns.zone.model import Fault


def unusable_paths(paths: Sequence[Path], loaded: LoadedZones) -> list[Fault]:
    """The errors about `paths` themselves: not there, not readable, no zone file by their name."""
    named = {str(path) for path in paths}
    of_zones = {fault for zone in loaded.zones for fault in zone.faults}
    return [
        fault
        for fault in loaded.faults
        if fault.severity == ERROR and fault.mark.file in named and fault not in of_zones
    ]
