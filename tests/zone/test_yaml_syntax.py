"""What is no YAML or no text: the place, and words that say what to do."""

from pathlib import Path

import pytest
import yaml

from minidns.zone import yaml_document
from tests.zone.yaml_text import ORIGIN, Reading, read

A = "{type: A, value: 192.0.2.1}"
SYNTAX = "yaml-syntax"


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML: libyaml's, and the one where libyaml is missing."""
    if request.param == "python":
        monkeypatch.setattr(yaml_document, "_PARSER", yaml.SafeLoader)


def last_fault(reading: Reading) -> tuple[str, str]:
    """`line:column rule` and the message."""
    return reading.places[-1], reading.faults[-1].message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (f"*: {A}\n", "1:1", "quote it: '*'"),
        (f"* : {A}\n", "1:1", "quote it: '*'"),
        (f"a: {A}\n*.dev: {A}\n", "2:1", "quote it: '*.dev'"),
        (f"a: {A}\n@: {A}\n", "2:1", "quote it: '@'"),
        ("a: {type: TXT, value: @x}\n", "1:23", "quote it: '@x'"),
        ("a: {type: TXT, value: `x`}\n", "1:23", "quote it: '`x`'"),
        ("a: {type: TXT, value: %x}\n", "1:23", "quote it: '%x'"),
        ("a: {type: TXT, value: *}\n", "1:23", "quote it: '*'"),
        ("a: {type: TXT, value: &}\n", "1:23", "quote it: '&'"),
        (f"ü: {A}\nä: [{{x: *}}]\n", "2:9", "quote it: '*'"),
    ],
)
def test_what_has_a_meaning_of_its_own(tmp_path: Path, text: str, place: str, words: str) -> None:
    found, message = last_fault(read(tmp_path, text))
    assert found == f"{place} {SYNTAX}"
    assert words in message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (f"a:\n  type: A\n\tvalue: x\nb: {A}\n", "3:1", "indent with spaces"),
        ("a: type: A\n", "1:8", "a second ': ' in one line"),
        ("a\nb: x\n", "2:2", "a second ': ' in one line"),
        ("a: {type: TXT, value: 'abc}\n\n", "1:23", "begins here is not closed"),
        ('a: {type: TXT, value: "abc}\n\n', "1:23", "begins here is not closed"),
        (f"a: {{type: A\nb: {A}\n", "2:2", "is a brace not closed"),
        (f"a: [x\nb: {A}\n", "2:2", "is a bracket not closed"),
        (f"a: {A}}}\n", "1:31", "check indentation, braces and quotes"),
        ("a: 'x' y\n", "1:8", "check indentation, braces and quotes"),
        (f"  a: {A}\nb: {A}\n", "2:1", "in the same column"),
        ("a: - b\n", "1:4", "begin it in the next line"),
        ("%YAML 2.0\n---\na: b\n", "1:1", "mend the line"),
        ("a: {type: TXT, value: 'it's nice'}\n", "1:27", "write '' for an apostrophe"),
        ("a:\n  type: TXT\n  value: 'it's nice'\n", "3:14", "write '' for an apostrophe"),
        (f"a: {{type: TXT, value: x # y}}\nb: {A}\n", "2:1", "is a comment: quote"),
        ("a: {type: A; value: x}\n", "1:19", "a comma is missing before this"),
        ("a: {type: A value: x}\n", "1:18", "a comma is missing before this"),
    ],
)
def test_what_does_not_parse(tmp_path: Path, text: str, place: str, words: str) -> None:
    found, message = last_fault(read(tmp_path, text))
    assert found == f"{place} {SYNTAX}"
    assert words in message


def test_a_backslash_in_double_quotes(tmp_path: Path) -> None:
    found, message = last_fault(read(tmp_path, 'a: {type: TXT, value: "v=DKIM1\\; p="}\n'))
    assert found in (f"1:31 {SYNTAX}", f"1:32 {SYNTAX}")  # the parsers differ
    assert "use single quotes" in message


def test_what_stands_before_a_fault_is_read(tmp_path: Path) -> None:
    records, faults = read(tmp_path, f"a: {A}\nb: {{type: AA}}\nc: [\n")
    assert records == ["a 3600 A 192.0.2.1"]
    assert [fault.rule for fault in faults] == ["unknown-type", SYNTAX]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\x00", "1:1"),
        (b"a: b\n\xc3\xbc: \x1b[31m\n", "2:4"),
        (b"a: b\r\xc3\xbc: \x7f\n", "2:4"),
        (b"a: b\r\n\xc3\xbc: \x08\n", "2:4"),
        (b"\xef\xbb\xbf\xc3\xbc: \x0b\n", "1:4"),
        (b"\xc3\xbc: caf\xe9\n", "1:7"),
        (b"\xef\xbb\xbfa: \xff\n", "1:4"),
        (b"a: b\na: \xc3", "2:4"),
        (b"a: \xed\xa0\x80\n", "1:4"),  # half of a surrogate pair
        (b"\xc3\xbc: \xc2\x80\n", "1:4"),
        (b"\xef\xbb\xbfa: \xef\xbf\xbe\n", "1:4"),
        ("a: b\n".encode("utf-16"), "1:1"),
        (b"\xfe\xff" + "a: b\n".encode("utf-16-be"), "1:1"),
        ("a: b\n".encode("utf-16-le"), "1:2"),
        ("a: b\n".encode("utf-32"), "1:1"),
    ],
)
def test_what_is_no_text(tmp_path: Path, data: bytes, place: str) -> None:
    records, faults = reading = read(tmp_path, data)
    assert records == []
    assert reading.places == [f"{place} encoding"]
    assert faults[0].message.isprintable()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_ends_of_lines_and_byte_order_marks(tmp_path: Path, ending: str, start: str) -> None:
    text = start + ending.join([f"a: {A}", "bü: {type: AA}", ""])
    reading = read(tmp_path, text)
    assert reading.records == ["a 3600 A 192.0.2.1"]
    assert reading.places == ["2:12 unknown-type"]


def test_more_than_latin(tmp_path: Path) -> None:
    text = "a: {type: TXT, values: ['\U0001f600', '\u4e2d', '\xa0']}\n"
    assert read(tmp_path, text, ORIGIN).records == [
        'a 3600 TXT "\\240\\159\\152\\128"',
        'a 3600 TXT "\\228\\184\\173"',
        'a 3600 TXT "\\194\\160"',
    ]
