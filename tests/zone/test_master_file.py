"""Master files (RFC 1035 section 5): what is read, against dnspython and BIND.

Faults are in test_master_faults.py.
"""

from pathlib import Path

import dns.exception
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.zone.master_file import MasterZone, read_master_zone
from minidns.zone.master_rdata import RdataReader, RefusedRdata
from minidns.zone.master_words import read_entries
from minidns.zone.model import Mark
from tests.zone.master_text import (
    HEAD,
    HEAD_LINES,
    RFC_ZONES,
    by_bind,
    by_dnspython,
    lines_of,
    read,
    read_sound,
    wire_of,
)

FORMS = {
    "ttl class type": "a 60 IN A 192.0.2.1",
    "class ttl type": "a IN 60 A 192.0.2.1",
    "ttl type": "a 60 A 192.0.2.1",
    "class type": "a IN A 192.0.2.1",
    "lower case": "a in a 192.0.2.1",
    "tabs": "a\t60\tIN\tA\t192.0.2.1",
    "units": "a 1h30m A 192.0.2.1",
    "units in capitals": "a 1W2D3H4M5S A 192.0.2.1",
    "apex": "@ A 192.0.2.1",
    "absolute owner": "a.example. A 192.0.2.1",
    "case kept": "Aa.Example. A 192.0.2.1",
    "owner omitted": "a A 192.0.2.1\n A 192.0.2.2\n\tAAAA 2001:db8::1",
    "owner of digits": "2 A 192.0.2.1",
    "owner like a class": "in IN A 192.0.2.1",
    "owner like a type": "mx MX 10 mx",
    "wildcard": "*.a A 192.0.2.1",
    "escapes in an owner": r"a\.b\032c\@.d A 192.0.2.1",
    "at sign as a label": r"\@ A 192.0.2.1",
    "dollar sign as a label": r"\$TTL A 192.0.2.1",
    "relative and absolute names": "a MX 10 b\n MX 20 b.example.net.\n MX 30 @",
    "root as a target": "a MX 0 .",
    "comments": "; all\na A 192.0.2.1 ; rest\n  ; indented",
    "comment without space": "a A 192.0.2.1;rest",
    "empty lines": "\n   \n\t\na A 192.0.2.1\n\n",
    "parentheses": "a SRV ( 1 ; one\n 2\n\n3 b ) ; end",
    "nested parentheses": "a SRV ( 1 ( 2\n ) 3\nb )",
    "parentheses without spaces": "a MX(10 b)",
    "parentheses around all": "( a\nA 192.0.2.1 )",
    "quotes": 'a TXT "one; (two)" three "" "f\\"our"',
    "quotes without spaces": 'a TXT "a"b"c""d"',
    "escapes in a string": r'a TXT "\000\255\\ \"" \065\ b',
    "UTF-8 in a string": 'a TXT "grün" blå',
    "known type by number": "a TYPE1 192.0.2.1",
    "class by number": "a CLASS1 A 192.0.2.1",
    "known type in generic form": r"a A \# 4 c0 00 02 01",
    "unknown type": r"a TYPE65280 \# 4 0a00 0001",
    "no data": r"a TYPE65280 \# 0",
    "bitmap": "a NSEC b A TXT TYPE1234",
    "origin": "$ORIGIN sub\na TXT x\n$ORIGIN deeper\na CNAME @\n$ORIGIN example.\nb TXT x",
    "directive in lower case": "$ttl 60\na A 192.0.2.1",
    "default and stated TTL": "a 60 A 192.0.2.1\nb A 192.0.2.2\n$TTL 7\nc A 192.0.2.3",
    "no line end": "a A 192.0.2.1",
    "owner stays over a directive": "a A 192.0.2.1\n$TTL 60\n AAAA 2001:db8::1",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_forms_are_read_as_dnspython_reads_them(tmp_path: Path, text: str) -> None:
    assert read_sound(tmp_path, HEAD + text) == by_dnspython(HEAD + text)


def test_forms_are_read_as_bind_reads_them(tmp_path: Path) -> None:
    pieces = [text for name, text in FORMS.items() if "TTL" not in name]
    text = HEAD + "\n$ORIGIN example.\n$TTL 9\n".join(pieces) + "\n"
    ours = {line[:2] + line[3:] for line in read_sound(tmp_path, text)}
    assert ours == {line[:2] + line[3:] for line in by_bind(tmp_path, text)}


@pytest.mark.parametrize("path", RFC_ZONES, ids=lambda path: path.stem)
def test_zones_of_the_rfcs(path: Path) -> None:
    origin = "." if path.stem == "root" else path.stem
    records, faults = read_master_zone(path, wire_of(origin), path.parent)
    assert faults == []
    assert sorted(set(lines_of(records))) == by_dnspython(path.read_text(), origin)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, end: bytes) -> None:
    text = HEAD + "a SRV ( 1 ; x\n2 3 b )\n"
    data = b"\xef\xbb\xbf" + text.encode().replace(b"\n", end)
    assert read_sound(tmp_path, data) == by_dnspython(text)


def test_latin_1_in_a_comment_is_no_fault(tmp_path: Path) -> None:
    data = HEAD.encode() + b"a A 192.0.2.1 ; gr\xfcn\n"
    assert read_sound(tmp_path, data) == by_dnspython(HEAD + "a A 192.0.2.1")


def test_case_and_place_are_kept(tmp_path: Path) -> None:
    zone = read(tmp_path, HEAD + "Www MX 1 Mail.Example.NET.\n  MX ( 2\n x )\n\n\t TXT y\n")
    records = zone.records[3:]
    assert [record.owner for record in records] == [b"\x03Www\x07example\x00"] * 3
    assert records[0].rdata == b"\x00\x01\x04Mail\x07Example\x03NET\x00"
    name = str(tmp_path / "example.zone")
    first = HEAD_LINES + 1
    places = [(first, 1), (first + 1, 3), (first + 4, 3)]
    assert [record.mark for record in records] == [Mark(name, *place) for place in places]


# RFC 2308 section 4: $TTL first; RFC 1035 section 5.1: then the last TTL stated; then the SOA's
# minimum, as before RFC 2308.
TTLS = {
    "last stated": ("@ 60 SOA ns h 1 2 3 4 5\na TXT x\nb 70 TXT x\nc TXT x", [60, 60, 70, 70]),
    "$TTL after stated": ("@ 60 SOA ns h 1 2 3 4 5\na TXT x\n$TTL 8\nb TXT x", [60, 60, 8]),
    "stated after $TTL": ("$TTL 8\n@ SOA ns h 1 2 3 4 5\na 60 TXT x\nb TXT x", [8, 60, 8]),
    "SOA's minimum": ("@ SOA ns h 1 2 3 4 5\na TXT x", [5, 5]),
    "SOA's minimum with units": ("@ SOA ns h 1 2 3 4 1h\na TXT x", [3600, 3600]),
    "zero": ("$TTL 0\n@ SOA ns h 1 2 3 4 5\na TXT x", [0, 0]),
    "largest": ("@ 2147483647 SOA ns h 1 2 3 4 5", [2147483647]),
}


@pytest.mark.parametrize(("text", "expected"), TTLS.values(), ids=TTLS.keys())
def test_ttls(tmp_path: Path, text: str, expected: list[int]) -> None:
    zone = read(tmp_path, text)
    assert zone.faults == []
    assert [record.ttl for record in zone.records] == expected


def test_alias_is_a_type_here(tmp_path: Path) -> None:
    generic = (
        rf"a ALIAS b.example.net.{chr(10)}c TYPE65401 \# 15 01 62 07 6578616d706c65 036e6574 00"
    )
    lines = read_sound(tmp_path, HEAD + generic)
    target = b"\x01b\x07example\x03net\x00"
    assert [line for line in lines if line[1] == 65401] == [
        (b"\x01a\x07example\x00", 65401, 9, target),
        (b"\x01c\x07example\x00", 65401, 9, target),
    ]


def test_the_root_zone(tmp_path: Path) -> None:
    text = "@ 5 SOA ns. h. 1 2 3 4 5\n NS ns.\nns 5 A 192.0.2.1\nexample.com 5 NS ns\n"
    assert read_sound(tmp_path, text, ".") == by_dnspython(text, ".")


# Includes


def test_include(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.inc").write_text(" TXT same\n$TTL 7\nb TXT x\n$ORIGIN deep\nc TXT x\n")
    (tmp_path / "parts" / "b c.inc").write_text("$INCLUDE a.inc\nd TXT x\n")
    text = (
        "a TXT x\n$INCLUDE parts/a.inc\n TXT a-again\nd TXT x\n"
        '$INCLUDE "parts/b c.inc" sub\n$INCLUDE parts/a.inc other.example.\n'
    )
    zone = read(tmp_path, HEAD + text)
    assert zone.faults == []
    name = wire_of("example.")
    expected = [
        (b"\x01a" + name, 9, b"\x01x"),
        (b"\x01a" + name, 9, b"\x04same"),
        (b"\x01b" + name, 7, b"\x01x"),
        (b"\x01c\x04deep" + name, 7, b"\x01x"),
        (b"\x01a" + name, 7, b"\x07a-again"),
        (b"\x01d" + name, 7, b"\x01x"),
        (b"\x01d" + name, 7, b"\x04same"),
        (b"\x01b\x03sub" + name, 7, b"\x01x"),
        (b"\x01c\x04deep\x03sub" + name, 7, b"\x01x"),
        (b"\x01d\x03sub" + name, 7, b"\x01x"),
        (b"\x01d" + name, 7, b"\x04same"),
        (b"\x01b\x05other" + name, 7, b"\x01x"),
        (b"\x01c\x04deep\x05other" + name, 7, b"\x01x"),
    ]
    assert [(one.owner, one.ttl, one.rdata) for one in zone.records[3:]] == expected
    parts = tmp_path / "parts"
    first = tmp_path / "example.zone"
    assert zone.files == [
        first,
        parts / "a.inc",
        parts / "b c.inc",
        parts / "a.inc",
        parts / "a.inc",
    ]
    assert zone.records[4].mark == Mark(str(parts / "a.inc"), 1, 2)


def test_include_as_bind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # BIND's includes are relative to where it runs
    (tmp_path / "a.inc").write_text(" TXT same\n$TTL 7\nb TXT x\n$ORIGIN deep\nc TXT x\n")
    text = HEAD + "a 9 TXT x\n$INCLUDE a.inc\n TXT a-again\nd TXT x\n$INCLUDE a.inc sub\n"
    ours = {line[:2] + line[3:] for line in read_sound(tmp_path, text)}
    assert ours == {line[:2] + line[3:] for line in by_bind(tmp_path, text)}


# $GENERATE: the owners and strings that BIND 9.18 makes

GENERATED = {
    "h$ TXT $": (["h8", "h9", "h10"], ["8", "9", "10"]),
    "h$.x TXT a$b": (["h8.x", "h9.x", "h10.x"], ["a8b", "a9b", "a10b"]),
    "${1}h TXT x": (["9h", "10h", "11h"], ["x"] * 3),
    "${-9,3}h TXT x": (["-01h", "000h", "001h"], ["x"] * 3),
    "h TXT ${0,3}": (["h"] * 3, ["008", "009", "010"]),
    "h TXT ${0,3,o}": (["h"] * 3, ["010", "011", "012"]),
    "h TXT ${0,2,x}": (["h"] * 3, ["08", "09", "0a"]),
    "h TXT ${+0,0,X}": (["h"] * 3, ["8", "9", "A"]),
    "h TXT ${8,0,n}": (["h"] * 3, ["0.1", "1.1", "2.1"]),
    "h TXT ${2,5,N}": (["h"] * 3, ["A.0.0", "B.0.0", "C.0.0"]),
    "h TXT ${0,4,n}": (["h"] * 3, ["8.0.", "9.0.", "a.0."]),
    "h TXT $$": (["h"] * 3, ["$"] * 3),
    r"h TXT \$": (["h"] * 3, ["$"] * 3),
    r'h TXT "\"$ $\""': (["h"] * 3, ["8 8", "9 9", "10 10"]),
    "h 60 IN TXT $": (["h"] * 3, ["8", "9", "10"]),
    "h IN 60 TXT $ ; comment": (["h"] * 3, ["8", "9", "10"]),
}


@pytest.mark.parametrize(("line", "expected"), GENERATED.items(), ids=GENERATED.keys())
def test_generate(tmp_path: Path, line: str, expected: tuple[list[str], list[str]]) -> None:
    zone = read(tmp_path, f"{HEAD}$GENERATE 8-10 {line}\n")
    assert zone.faults == []
    made = zone.records[3:]
    assert [one.owner for one in made] == [wire_of(f"{owner}.example.") for owner in expected[0]]
    assert [one.rdata[1:].decode() for one in made] == expected[1]
    assert {one.mark for one in made} == {Mark(str(tmp_path / "example.zone"), HEAD_LINES + 1, 1)}


def test_generate_as_bind(tmp_path: Path) -> None:
    text = HEAD + "".join(f"$GENERATE 8-10 {line}\n" for line in GENERATED)
    text += '$GENERATE 1-20/7 m$ MX "$ mail${0,2}"\n$GENERATE 3-3 a CNAME b$.net.\n'
    ours = {line[:2] + line[3:] for line in read_sound(tmp_path, text)}
    assert ours == {line[:2] + line[3:] for line in by_bind(tmp_path, text)}


# Record data is what dnspython makes of it, plain forms and all

WORDS = r"""
0 1 10 65535 65536 -1 +1 1_0 01 . @ a a.b. a..b A TXT 192.0.2.1 192.0.2.256 2001:db8::1 ::1 ::g
"a" "a\"b" "" \065 \# 4 c0000201 aa == alpn=h2 1h \300 mail "10" issue
"""
TYPES = """
A NS CNAME SOA PTR MX TXT AAAA SRV NAPTR DNAME DS SSHFP TLSA CAA HTTPS RRSIG NSEC URI HINFO RP LOC
OPENPGPKEY CERT APL TYPE65280
"""


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(TYPES.split()), st.lists(st.sampled_from(WORDS.split()), max_size=5))
def test_record_data_is_what_dnspython_makes(rdtype: str, words: list[str]) -> None:
    text = " ".join(words)
    code = dns.rdatatype.from_text(rdtype)
    entry = next(read_entries(f"x {text}".encode(), _no_fault))
    origin = dns.name.from_text("example.")
    try:
        expected = dns.rdata.from_text("IN", code, text, origin, relativize=False).to_wire()
    except dns.exception.DNSException:
        with pytest.raises(RefusedRdata):
            RdataReader().read(code, entry.words, 1, origin.to_wire())
    else:
        assert RdataReader().read(code, entry.words, 1, origin.to_wire()) == expected


def _no_fault(rule: str, line: int, column: int, message: str) -> None:
    raise AssertionError(message)


@pytest.mark.parametrize("count", [1, 2])
def test_files_of_a_zone_gather(tmp_path: Path, count: int) -> None:
    zone = MasterZone(wire_of("example."))
    for number in range(count):
        path = tmp_path / f"{number}.zone"
        path.write_text("a 5 TXT x\n")
        zone.read(path, tmp_path)
    assert len(zone.records) == len(zone.files) == count
