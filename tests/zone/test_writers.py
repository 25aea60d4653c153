"""What is written as a master file or as YAML reads back as the same records.

Judges are dnspython, PyYAML and, where they are installed, BIND, NSD and Knot.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.zone.master_file import read_master_zone
from minidns.zone.master_writer import write_master
from minidns.zone.model import Mark, Record
from minidns.zone.yaml_file import read_yaml_zone
from minidns.zone.yaml_writer import write_yaml
from tests.zone.master_text import RFC_ZONES, by_dnspython, lines_of, read, wire_of
from tests.zone.record_data import DATA, TEXT, records_of

ORIGIN = wire_of("example.")
EVERY_TYPE = r"""$TTL 3600
@ SOA ns h.a\.b 2024010101 7200 3600 1209600 300
@ NS ns
@ NS ns.example.net.
ns A 192.0.2.1
ns AAAA 2001:db8::1
a AFSDB 1 b
a APL 1:192.0.2.0/24 !2:2001:db8::/32
a CAA 0 issue "ca.example.net; x=1"
a CDNSKEY 257 3 13 AAAA
a CDS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
a CERT PKIX 1 8 AAAA
a CSYNC 1 3 A NS AAAA
a DHCID AAAA
a EUI48 00-00-5e-00-53-2a
a EUI64 00-00-5e-ef-10-00-00-2a
a HINFO "x y" z
a HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAQ== b
a KX 1 b
a L32 10 192.0.2.2
a L64 10 2001:0db8:0001:0002
a LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m
a LP 10 b
a MX 10 Mail
a NAPTR 100 50 "u" "E2U+sip" "!^.*$!sip:x@example.net!" .
a NID 10 0014:4fff:ff20:ee64
a OPENPGPKEY AAAA
a RP b c
a RT 1 b
a SMIMEA 3 1 0 00
a SSHFP 1 1 0000000000000000000000000000000000000000
a SVCB 1 b alpn="h2,h3" port=443 key65280="x y"
a TLSA 3 1 0 00
a TXT "a;b" "c\"d" "\000\255\\" ""
a TYPE65280 \# 4 0a000001
a TYPE65281 \# 0
a URI 10 1 "https://example.net/"
a X25 "1234"
a ISDN "1" "2"
a IPSECKEY 10 1 2 192.0.2.1 AAAA
a ZONEMD 1 1 240 000000000000000000000000
a MINFO \# 4 01620000
b CNAME a
c DNAME a
d NS ns.d
d DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.d 60 A 192.0.2.2
*.w TXT no
\@ TXT x
\$ORIGIN TXT x
x\.y\032z\000 TXT x
2 PTR a
10 PTR a
_443._tcp HTTPS 0 .
_sip._udp SRV 1 2 5060 a
Case TXT x
"""


def read_all(directory: Path, text: str) -> list[Record]:
    zone = read(directory, text)
    assert zone.faults == []
    return zone.records


def read_back(directory: Path, text: str, origin: bytes = ORIGIN) -> list[Record]:
    path = directory / "again.zone"
    path.write_text(text, encoding="ascii")
    records, faults = read_master_zone(path, origin, directory)
    assert faults == []
    return records


def read_yaml_back(directory: Path, text: str, origin: bytes = ORIGIN) -> list[Record]:
    path = directory / "again.yaml"
    path.write_text(text, encoding="ascii")
    records, faults = read_yaml_zone(path, origin, directory)
    assert [fault for fault in faults if fault.severity == "error"] == []
    return records


def exact(records: list[Record]) -> list[tuple[bytes, int, int, bytes]]:
    return sorted(record[:4] for record in records)


def served(records: list[Record]) -> set[tuple[bytes, int, int, bytes]]:
    """Records as a zone has them: one TTL a set (RFC 2181 section 5.2), equal records once."""
    ttls: dict[tuple[bytes, int], int] = {}
    for owner, rtype, ttl, *_ in records:
        key = (owner.lower(), rtype)
        ttls[key] = min(ttl, ttls.get(key, ttl))
    return {
        (one.owner.lower(), one.rtype, ttls[one.owner.lower(), one.rtype], one.rdata)
        for one in records
    }


# Master files


def test_every_type_as_a_master_file(tmp_path: Path) -> None:
    records = read_all(tmp_path, EVERY_TYPE)
    text = write_master(ORIGIN, records)
    assert exact(read_back(tmp_path, text)) == exact(records)
    assert by_dnspython(text) == by_dnspython(EVERY_TYPE) == lines_of(records)


@pytest.mark.parametrize(
    "command",
    [
        ["named-checkzone", "-i", "none", "-k", "ignore", "example."],
        ["nsd-checkzone", "example."],
        ["kzonecheck", "-o", "example."],
    ],
    ids=lambda command: command[0],
)
def test_every_type_loads_elsewhere(tmp_path: Path, command: list[str]) -> None:
    program = shutil.which(command[0], path="/usr/bin:/usr/sbin:/bin:/sbin")
    if program is None:
        pytest.skip(f"{command[0]} (Debian packages bind9-utils, nsd, knot-dnssecutils) is missing")
    records = read_all(tmp_path, EVERY_TYPE + "ns ALIAS b.example.net.\n")
    path = tmp_path / "written.zone"
    path.write_text(write_master(ORIGIN, records))
    done = subprocess.run(
        [program, *command[1:], str(path)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_master_file_begins_with_the_soa_and_the_apex(tmp_path: Path) -> None:
    text = "$TTL 5\nb 6 TXT x\n@ A 192.0.2.1\n@ NS ns\n@ SOA ns h 1 2 3 4 5\na.b ALIAS c\n"
    written = write_master(ORIGIN, read_all(tmp_path, text))
    assert written.splitlines() == [
        "$ORIGIN example.",
        "@\t5\tIN\tSOA\tns.example. h.example. 1 2 3 4 5",
        "@\t5\tIN\tNS\tns.example.",
        "@\t5\tIN\tA\t192.0.2.1",
        'b\t6\tIN\tTXT\t"x"',
        "; ALIAS (octoDNS, PowerDNS) of c.example.: data without a meaning to other servers",
        "a.b\t5\tIN\tTYPE65401\t\\# 11 0163076578616d706c6500",
    ]


@pytest.mark.parametrize(
    ("code", "rdata"),
    [
        (16, b""),  # TXT of no string at all
        (47, b"\x00\x00\x02\x40\x00"),  # NSEC with an octet of zeros that a reader leaves out
    ],
)
def test_octets_that_no_presentation_form_keeps(code: int, rdata: bytes) -> None:
    record = Record(b"\x01a" + ORIGIN, code, 5, rdata, Mark("test", 1, 1))
    expected = f"a\t5\tIN\tTYPE{code}\t\\# {len(rdata)} {rdata.hex()}".rstrip()
    assert write_master(ORIGIN, [record]).splitlines()[1] == expected


def test_a_text_that_reads_back_as_other_octets_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dns.rdtypes.ANY.TXT.TXT, "to_text", lambda rdata: '"other"')
    record = Record(ORIGIN, 16, 5, b"\x01x", Mark("test", 1, 1))
    assert write_master(ORIGIN, [record]).splitlines()[1] == "@\t5\tIN\tTYPE16\t\\# 2 0178"


def test_an_owner_keeps_its_case(tmp_path: Path) -> None:
    text = "$TTL 5\nA.EXAMPLE. TXT x\nExample. TXT x\nB TXT x\n"
    records = read_all(tmp_path, text)
    assert exact(read_back(tmp_path, write_master(ORIGIN, records))) == exact(records)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(records_of(ORIGIN))
def test_any_records_as_a_master_file(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    text = write_master(ORIGIN, records)
    assert exact(read_back(tmp_path_factory.getbasetemp(), text)) == exact(records)


@settings(derandomize=True, deadline=None)
@given(DATA)
def test_any_record_as_dnspython_reads_it(data: tuple[int, bytes]) -> None:
    code, rdata = data
    line = write_master(ORIGIN, [Record(ORIGIN, code, 5, rdata, Mark("test", 1, 1))]).splitlines()[
        -1
    ]
    owner, ttl, rdclass, rdtype, text = [*line.split("\t", 4)]
    assert (owner, ttl, rdclass, int(dns.rdatatype.from_text(rdtype))) == ("@", "5", "IN", code)
    assert dns.rdata.from_text("IN", rdtype, text).to_wire() == rdata


# YAML


def test_every_type_as_yaml(tmp_path: Path) -> None:
    records = read_all(tmp_path, EVERY_TYPE)
    assert lines_of(read_yaml_back(tmp_path, write_yaml(ORIGIN, records))) == lines_of(records)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(records_of(ORIGIN))
def test_any_records_as_yaml(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    back = read_yaml_back(tmp_path_factory.getbasetemp(), write_yaml(ORIGIN, records))
    assert served(back) == served(records)


@pytest.mark.parametrize("path", RFC_ZONES, ids=lambda path: path.stem)
def test_zones_of_the_rfcs_both_ways(tmp_path: Path, path: Path) -> None:
    origin = wire_of("." if path.stem == "root" else path.stem)
    records, _ = read_master_zone(path, origin, path.parent)
    as_master = read_back(tmp_path, write_master(origin, records), origin)
    assert exact(as_master) == exact(records)
    as_yaml = read_yaml_back(tmp_path, write_yaml(origin, records), origin)
    assert served(as_yaml) == served(records)
    again = read_back(tmp_path, write_master(origin, as_yaml), origin)
    assert served(again) == served(records)


def test_yaml_is_as_octodns_writes_it(tmp_path: Path) -> None:
    """The form is that of octoDNS 1.22's YamlProvider, but for `? ''` and more quotes."""
    text = r"""$TTL 3600
@ NS ns
@ 300 MX 10 mail
@ 300 MX 20 mail.example.net.
10 A 192.0.2.1
2 A 192.0.2.1
*.w TXT "v=DKIM1; k=rsa"
no TXT no
no TXT 010
_sip._tcp SRV 1 2 5060 sip
h HTTPS 1 . alpn="h2,h3" no-default-alpn port=443
h 60 AAAA 2001:db8::1
h 70 AAAA 2001:db8::2
h 60 AAAA 2001:db8::1
"""
    expected = r"""---
'':
- ttl: 300
  type: MX
  values:
  - exchange: mail.example.
    preference: 10
  - exchange: mail.example.net.
    preference: 20
- type: NS
  value: ns.example.
'2':
  type: A
  value: 192.0.2.1
'10':
  type: A
  value: 192.0.2.1
'*.w':
  type: TXT
  value: 'v=DKIM1\; k=rsa'
_sip._tcp:
  type: SRV
  value:
    port: 5060
    priority: 1
    target: sip.example.
    weight: 2
h:
# RFC 2181 section 5.2: one TTL for the set, the smallest; not 70
- ttl: 60
  type: AAAA
  values:
  - '2001:db8::1'
  - '2001:db8::2'
- type: HTTPS
  value:
    svcparams:
      alpn:
      - h2
      - h3
      no-default-alpn:
      port: 443
    svcpriority: 1
    targetname: '.'
'no':
  type: TXT
  values:
  - 'no'
  - '010'
"""
    assert write_yaml(ORIGIN, read_all(tmp_path, text)) == expected


def test_a_zone_without_records() -> None:
    assert write_yaml(ORIGIN, []) == "---\n"
    assert write_master(ORIGIN, []) == "$ORIGIN example.\n"


PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12)
YAML_TRAPS = """
no No y N on off null ~ true 010 0x1f 1:30 1.10 1e3 .5 .inf .NaN = << * & ! - ? : # @ ` % | > {} []
2026-10-01 2001:10:20:30:40:50:1:2 00112233445566 1_000 +1 -1 a:b a#b ''
"""


@settings(derandomize=True, deadline=None)
@given(
    st.one_of(
        st.sampled_from(YAML_TRAPS.split()),
        PRINTABLE,
        TEXT.map(lambda octets: octets.decode("latin-1")),
    )
)
def test_every_yaml_reads_texts(text: str) -> None:
    octets = text.encode("latin-1")
    strings = bytes((len(octets),)) + octets
    record = Record(strings + ORIGIN if octets else ORIGIN, 16, 3600, strings, Mark("test", 1, 1))
    written = write_yaml(ORIGIN, [record])
    loaded: dict[Any, Any] = yaml.safe_load(written)
    ((name, entry),) = loaded.items()
    assert isinstance(name, str)
    assert isinstance(entry["value"], str)
    assert loaded == yaml.load(written, yaml.BaseLoader)
