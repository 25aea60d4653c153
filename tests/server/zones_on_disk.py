"""A zones directory that is edited, and what a reload makes of it, without a process or a loop."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import dns.name

from minidns.server.holding import Changes, Holding
from minidns.server.take_over import Taken, build_catalog
from minidns.server.update import open_anonymous
from minidns.server.watch import Watch
from minidns.server.zone_reader import write_update
from minidns.zone.directory import load_zones
from minidns.zone.model import Zone

FIRST_SECOND = 1_700_000_000  # of the modification times
SOA = """
'':
  - {type: SOA, value: ns.example.com. h.example.com. 7 7200 3600 1209600 300}
  - {type: NS, value: ns.example.com.}
"""
ADDRESS = "www: {type: A, value: 192.0.2.%d}\n"
GOOD = SOA + ADDRESS % 1
BETTER = SOA + ADDRESS % 2
BROKEN = SOA + "www: {type: A, value: 192.0.2.256}\n"
WITHOUT_SOA = "'': {type: NS, value: ns.example.net.}\n"


def wire(name: str) -> bytes:
    return dns.name.from_text(name).to_wire()


def run_to_end(steps: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class Disk:
    """Zones in `root`, or in `paths`. Every edit is a second later than the one before."""

    def __init__(self, root: Path, *paths: Path, **files: str) -> None:
        self.root = root
        self.paths = paths or (root,)
        self.now = FIRST_SECOND
        self.write(**files)
        # Long after the edits, so that what was read is certain to be what was seen.
        self.holding = Holding(load_zones(self.paths), started_ns=2**63)
        self.watch = Watch(self.holding.fingerprints())
        self.taken: Taken | None = None

    def write(self, at: int | None = None, **files: str) -> None:
        """Files by name; two underscores stand for a dot, `at` is their modification time."""
        self.now += 1
        for name, text in files.items():
            path = self.root / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path, (at or self.now, at or self.now))

    def reload(self) -> Changes:
        old = self.holding.catalog
        with open_anonymous() as update:
            write_update(update, self.paths, self.holding.states)
            self.taken = run_to_end(build_catalog(update, old))
        changes: Changes = run_to_end(self.holding.take(self.taken))
        self.holding.catalog = self.taken.catalog
        self.watch.expect(self.holding.fingerprints())
        return changes

    def zone(self, name: str = "example.com.") -> Zone:
        zone = self.holding.catalog.zones[wire(name)]
        assert isinstance(zone, Zone)
        return zone

    def address(self, name: str = "www.example.com.", zone: str = "example.com.") -> str:
        (rdata,) = self.zone(zone).nodes[wire(name)].rrsets[1].rdatas
        return ".".join(map(str, rdata))
