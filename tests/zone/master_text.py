"""Master files for the tests: written to a directory, read by minidns, dnspython and BIND.

dnspython's `from_text` of a whole zone is the oracle; BIND's `named-compilezone` where dnspython
has no meaning of its own.
"""

import shutil
import subprocess
from pathlib import Path

import dns.name
import dns.zone
import pytest

from minidns.zone.master_file import MasterZone
from minidns.zone.model import Record

Line = tuple[bytes, int, int, bytes]  # owner in lower case, type, TTL, rdata

ORIGIN = "example."
HEAD = "$TTL 9\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"  # four lines
HEAD_LINES = HEAD.count("\n")
RFC_ZONES = sorted((Path(__file__).parents[1] / "differential" / "zones").glob("*/*.zone"))
_CHECKS_OFF = "-i none -k ignore -m ignore -n ignore -r ignore -S ignore -T ignore -W ignore"


def wire_of(origin: str) -> bytes:
    """Lower-case wire form, by dnspython."""
    return dns.name.from_text(origin).to_wire().lower()


def read(directory: Path, text: str | bytes, origin: str = ORIGIN) -> MasterZone:
    """What minidns reads of a master file with that text."""
    path = directory / "example.zone"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    zone = MasterZone(wire_of(origin))
    zone.read(path, directory)
    return zone


def read_sound(directory: Path, text: str | bytes, origin: str = ORIGIN) -> list[Line]:
    """The records of a master file in which there is no fault."""
    zone = read(directory, text, origin)
    assert zone.faults == []
    return lines_of(zone.records)


def lines_of(records: list[Record]) -> list[Line]:
    """What is to be compared of records, sorted."""
    return sorted((one.owner.lower(), one.rtype, one.ttl, one.rdata) for one in records)


def by_dnspython(text: str, origin: str = ORIGIN) -> list[Line]:
    """What dnspython reads; equal records once, and one TTL a set."""
    zone = dns.zone.from_text(
        text, dns.name.from_text(origin), relativize=False, check_origin=False
    )
    return sorted(
        (name.to_wire().lower(), int(rdata.rdtype), ttl, rdata.to_wire())
        for name, ttl, rdata in zone.iterate_rdatas()
    )


def by_bind(directory: Path, text: str, origin: str = ORIGIN) -> list[Line]:
    """What BIND reads of the text, in a form that dnspython reads with certainty."""
    if shutil.which("named-compilezone") is None:
        pytest.skip("named-compilezone (Debian package bind9-utils) is not installed")
    path = directory / "bind.zone"
    path.write_text(text)
    command = [
        "named-compilezone",
        "-q",
        *_CHECKS_OFF.split(),
        "-s",
        "full",
        "-o",
        "-",
        origin,
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return by_dnspython(done.stdout, origin)
