"""What is served in one run: the zones of one directory, by name, as dnspython reads them."""

from pathlib import Path

import dns.zone
from dns.name import Name
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

ZONES = Path(__file__).parent / "zones"
WORLDS = ("main", "rfc1034")  # directories of ZONES; the second holds a root zone


class World:
    """Zones that are served together; `files` maps origin, as text, to master file."""

    def __init__(self, directory: Path) -> None:
        self.files = _find_files(directory)
        self.zones: dict[Name, dns.zone.Zone] = {}
        for origin, path in self.files.items():
            zone = dns.zone.from_file(str(path), origin, relativize=False, check_origin=False)
            assert zone.origin is not None
            self.zones[zone.origin] = zone
        self._cuts = [
            name
            for origin, zone in self.zones.items()
            for name, node in zone.nodes.items()
            if name != origin and node.get_rdataset(RdataClass.IN, RdataType.NS)
        ]

    def paths(self) -> list[tuple[Name, Path]]:
        """Origin and master file of each zone."""
        return list(zip(self.zones, self.files.values(), strict=True))

    def zone_of(self, name: Name) -> Name | None:
        """The origin of the deepest zone that holds the name, None where there is none."""
        while name not in self.zones:
            if len(name) <= 1:
                return None
            name = name.parent()
        return name

    def is_owner(self, name: Name) -> bool:
        """Whether any zone has records at this very name."""
        return any(name in zone.nodes for zone in self.zones.values())

    def is_below_cut(self, name: Name) -> bool:
        """Whether the name is at or below a zone cut of any zone."""
        return any(name.is_subdomain(cut) for cut in self._cuts)


def _find_files(directory: Path) -> dict[str, Path]:
    """Origin to master file. `root.zone` is the root's."""
    found = {}
    for path in sorted(directory.glob("*.zone")):
        origin = path.name.removesuffix(".zone")
        found["." if origin == "root" else f"{origin}."] = path
    return found
