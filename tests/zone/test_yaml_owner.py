"""Owner names of a YAML zone: relative, the apex, wildcards, Unicode, escapes, limits."""

from pathlib import Path

import pytest

from tests.zone.yaml_text import read

A = "{type: A, value: 192.0.2.1}"
LONGEST = ".".join(["a" * 49] * 4 + ["b" * 41])  # 242 octets before the 13 of example.com.


def owner_of(tmp_path: Path, key: str, origin: str = "example.com.") -> tuple[list[str], list[str]]:
    quoted = key.replace("'", "''")
    reading = read(tmp_path, f"'{quoted}': {A}\n", origin)
    return [record.split(" 3600 ")[0] for record in reading.records], reading.places


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("", "@"),
        ("@", "@"),
        ("www", "www"),
        ("WWW", "WWW"),
        ("a.b.c", "a.b.c"),
        ("*", "*"),
        ("*.a", "*.a"),
        ("a.*", "a.*"),
        ("_sip._tcp", "_sip._tcp"),
        ("0/25", "0/25"),
        (r"a\.b", r"a\.b"),
        (r"a\032b", r"a\032b"),
        ("bücher", "xn--bcher-kva"),
        ("BÜCHER", "xn--bcher-kva"),
        ("*.bücher", "*.xn--bcher-kva"),
        ("_sip.bücher", "_sip.xn--bcher-kva"),
        ("faß", "xn--fa-hia"),
        ("xn--bcher-kva", "xn--bcher-kva"),
        ("a" * 63, "a" * 63),
        (LONGEST, LONGEST),
    ],
)
def test_owners(tmp_path: Path, key: str, owner: str) -> None:
    assert owner_of(tmp_path, key) == ([owner], [])


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("a..b", "bad-name"),
        (".a", "bad-name"),
        ("a b", "bad-name"),
        ("a\u00a0b", "bad-name"),
        ("a" * 64, "bad-name"),
        ("x" + LONGEST, "bad-name"),
        (r"\256", "bad-name"),
        ("a\\", "bad-name"),
        ("☃", "bad-idn"),
        ("-ü-", "bad-idn"),
        ("xn--\\", "bad-idn"),
        ("xn--ü", "bad-idn"),
        ("xn--999999999", "bad-idn"),
        ("ü" * 64, "bad-idn"),
        ("www.", "out-of-zone"),
        ("www.example.net.", "out-of-zone"),
        ("example.com.net.", "out-of-zone"),
        ("com.", "out-of-zone"),
        (".", "out-of-zone"),
    ],
)
def test_refused(tmp_path: Path, key: str, rule: str) -> None:
    assert owner_of(tmp_path, key) == ([], [f"1:1 {rule}"])


@pytest.mark.parametrize(
    ("key", "owner", "rule"),
    [
        ("www.example.com.", "www", "absolute-owner"),
        ("www.EXAMPLE.com.", "www", "absolute-owner"),
        ("example.com.", "@", "absolute-owner"),
        ("www.example.com", "www.example.com", "owner-repeats-zone"),
        ("example.com", "example.com", "owner-repeats-zone"),
        ("xn--a", "xn--a", "doubtful-idn"),
        ("p\u0430ypal", "xn--pypal-4ve", "mixed-script"),  # a Cyrillic a
    ],
)
def test_warned_of(tmp_path: Path, key: str, owner: str, rule: str) -> None:
    assert owner_of(tmp_path, key) == ([owner], [f"1:1 {rule}"])


def test_a_name_that_only_ends_like_the_zone(tmp_path: Path) -> None:
    assert owner_of(tmp_path, "myexample.com") == (["myexample.com"], [])


@pytest.mark.parametrize("key", ["", "@"])
def test_the_root_zone(tmp_path: Path, key: str) -> None:
    assert owner_of(tmp_path, key, ".") == (["@"], [])


def test_names_below_the_root(tmp_path: Path) -> None:
    assert owner_of(tmp_path, "com", ".") == (["com"], [])
    assert owner_of(tmp_path, "com.", ".") == (["com"], ["1:1 absolute-owner"])
    assert owner_of(tmp_path, ".", ".") == (["@"], ["1:1 absolute-owner"])


def test_a_reverse_zone(tmp_path: Path) -> None:
    origin = "2.0.192.in-addr.arpa."
    text = "1: {type: PTR, value: a.example.}\n010: {type: PTR, value: b.example.}\n"
    reading = read(tmp_path, text, origin)
    assert reading.records == ["1 3600 PTR a.example.", "010 3600 PTR b.example."]
    assert reading.faults == []


def test_faults_of_records_below_a_refused_name(tmp_path: Path) -> None:
    reading = read(tmp_path, "a..b: [{type: A, value: x}, {type: AA}]\n")
    assert reading.records == []
    assert reading.places == ["1:1 bad-name", "1:25 bad-value", "1:36 unknown-type"]
