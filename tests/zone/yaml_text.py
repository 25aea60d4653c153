"""Reads YAML text as the zone example.com: records as dnspython prints them, faults by their place.

Two readers: one of DNS data, and one of the YAML below it, to entries of texts, lists and maps.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from minidns.wire.codes import RRType
from minidns.zone.model import Fault, Record
from minidns.zone.yaml_file import read_yaml_zone
from minidns.zone.yaml_reader import YamlReader
from minidns.zone.yaml_tree import Node
from tests.harness import wire_name

ORIGIN = "example.com."
_FILE = "example.com.yaml"


class Reading(NamedTuple):
    """`records` as `owner TTL type rdata`, names relative to the zone; faults as found."""

    records: list[str]
    faults: list[Fault]

    @property
    def places(self) -> list[str]:
        """`line:column rule` of each fault."""
        return [f"{fault.mark.line}:{fault.mark.column} {fault.rule}" for fault in self.faults]


def read(
    directory: Path,
    text: str | bytes,
    origin: str = ORIGIN,
    files: Mapping[str, str] | None = None,
) -> Reading:
    """What a zone file holds. `files` are others beside it, by their paths."""
    path = write(directory, text, files)
    records, faults = read_yaml_zone(path, wire_name(origin).lower(), directory)
    name = dns.name.from_text(origin)
    return Reading([show(record, name) for record in records], faults)


def read_one(directory: Path, text: str) -> str:
    """The rdata of the only record of a file without faults."""
    records, faults = read(directory, text)
    assert faults == []
    (record,) = records
    return record.split(" ", 3)[3]


def read_nodes(
    directory: Path, text: str | bytes, files: Mapping[str, str] | None = None
) -> tuple[list[tuple[str, Node]], list[str]]:
    """The entries of a file's top map, and `line:column rule` of each fault."""
    reader = YamlReader()
    path = write(directory, text, files)
    entries = [(str(key), node) for key, node in reader.read_entries(path, directory)]
    return entries, Reading([], reader.faults).places


def write(directory: Path, text: str | bytes, files: Mapping[str, str] | None = None) -> Path:
    """Write the zone file and others; the zone file's path."""
    path = directory / _FILE
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, other in (files or {}).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(other.encode())
    return path


def show(record: Record, origin: dns.name.Name) -> str:
    """One record; dnspython reads its octets."""
    owner, end = dns.name.from_wire(record.owner, 0)
    assert end == len(record.owner)
    if record.rtype == RRType.ALIAS:
        rtype, rdtype = "ALIAS", dns.rdatatype.CNAME
    else:
        rdtype = dns.rdatatype.RdataType.make(record.rtype)
        rtype = dns.rdatatype.to_text(rdtype)
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, record.rdata, 0, len(record.rdata))
    return f"{owner.relativize(origin)} {record.ttl} {rtype} {rdata.to_text()}"
