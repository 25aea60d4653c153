"""Verdicts on zones beside those of BIND's `named-checkzone` and Knot's `kzonecheck`.

What is refused here is refused by at least one of them; what has no error here loads in both. The
zones are a handful in which the rules are those of the RFCs: limits of our own are not among them,
nor is what these two disagree about (below a DNAME, NS at a wildcard, missing glue).
"""

import subprocess
from pathlib import Path

import pytest

from minidns.zone.faults import is_refused
from tests import peers
from tests.zone.zone_lines import ORIGIN, SOUND, TTL, check_lines

CHECKERS = {  # program -> Debian package, arguments before the file
    "named-checkzone": ("bind9-utils", ["-i", "local", ORIGIN]),
    "kzonecheck": ("knot-dnssecutils", ["-o", ORIGIN]),
}
SOA = "SOA ns1 hostmaster 2 7200 3600 1209600 300"

REFUSED = [
    "a CNAME b.example.net.\na A 192.0.2.1",
    "a CNAME b.example.net.\na DNAME b.example.net.",
    "a CNAME b.example.net.\na CNAME c.example.net.",
    "a DNAME b.example.net.\na DNAME c.example.net.",
    "@ CNAME b.example.net.",
    f"@ {SOA}",
    f"a {SOA}",
    r"a TYPE41 \# 0",
    r"a TYPE0 \# 0",
    r"a TYPE200 \# 0",
    r"a TYPE255 \# 0",
    "\n".join(rf"a TYPE65280 \# 1000 {number:04x}{'00' * 998}" for number in range(80)),
]
LOADED = [
    "",
    "a CNAME b.example.net.\na NSEC b CNAME NSEC",
    "a CNAME b.example.net.\na CNAME B.example.net.",
    "a CNAME b\nb CNAME a",
    "a DNAME b\nb DNAME a",
    "a NS ns.a\nns.a A 192.0.2.1\na DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
    "a NS ns.a\nns.a A 192.0.2.1\na TXT x\ny.a A 192.0.2.1",
    "a MX 10 b\nb CNAME c",
    "a MX 10 b\nb TXT x",
    "a 300 A 192.0.2.1\na 600 A 192.0.2.2",
    "a A 192.0.2.1\na A 192.0.2.1",
    "* A 192.0.2.1\n*.a MX 10 b.example.com",
    r"a TYPE65280 \# 4 0a000001",
    "\n".join(f"a A 192.0.2.{number}" for number in range(100)),
    "\n".join(rf"a TYPE65280 \# 1000 {number:04x}{'00' * 998}" for number in range(60)),
]


def is_loaded_by(program: str, lines: str, directory: Path) -> bool:
    package, arguments = CHECKERS[program]
    path = peers.find_program(program)
    if path is None:
        pytest.skip(f"{program} is not installed (Debian: apt-get install {package})")
    zone = directory / "zone"
    zone.write_text(f"$ORIGIN {ORIGIN}\n$TTL {TTL}\n{SOUND}{lines}\n")
    run = subprocess.run([path, *arguments, str(zone)], capture_output=True, check=False)
    return run.returncode == 0


@pytest.mark.parametrize("lines", REFUSED)
def test_what_is_refused_is_refused_by_one_of_them(lines: str, tmp_path: Path) -> None:
    assert is_refused(check_lines(lines))
    assert not all(is_loaded_by(program, lines, tmp_path) for program in CHECKERS)


@pytest.mark.parametrize("lines", LOADED)
def test_what_has_no_error_is_loaded_by_both(lines: str, tmp_path: Path) -> None:
    assert not is_refused(check_lines(lines))
    assert all(is_loaded_by(program, lines, tmp_path) for program in CHECKERS)
