"""YAML 1.1 reads `no`, 010, 1:30, 1.10 as what nobody meant; here a scalar is what is written.

Where octoDNS, which uses PyYAML, would take a number for another one, the file is refused.
"""

import base64
from pathlib import Path

import pytest
import yaml

from tests.zone.yaml_text import read, read_one

TRAPS = [
    "no",
    "No",
    "off",
    "y",
    "~",
    "null",
    "010",
    "0o10",
    "0x1F",
    "1_000",
    "1:30",
    "190:20:30.15",
    "1.10",
    "1e3",
    ".inf",
    "-.INF",
    ".NaN",
    "+12",
    "2026-10-01",
    "2001-12-14t21:59:43.10-05:00",
    "00112233445566",
    "=",
    "<<",
]


@pytest.mark.parametrize("text", TRAPS)
def test_a_text_is_what_is_written(tmp_path: Path, text: str) -> None:
    assert read_one(tmp_path, f"a: {{type: TXT, value: {text}}}\n") == f'"{text}"'
    assert read_one(tmp_path, f"a: {{type: TXT, values: [{text}]}}\n") == f'"{text}"'
    assert read_one(tmp_path, f"a:\n  type: TXT\n  values:\n  - {text}\n") == f'"{text}"'


def test_most_of_them_are_traps() -> None:
    """PyYAML makes something else of each, or fails."""
    for text in TRAPS:
        if text in ("y", "0o10", "1e3", "=", "<<"):  # of YAML 1.2, or special
            continue
        assert yaml.safe_load(f"[{text}]") != [text]


@pytest.mark.parametrize(
    "name", ["no", "010", "1_000", "2026-10-01", "1.10", "null", "0x1F", "1e3"]
)
def test_a_name_is_what_is_written(tmp_path: Path, name: str) -> None:
    reading = read(tmp_path, f"{name}: {{type: A, value: 192.0.2.1}}\n")
    assert reading.records == [f"{name} 3600 A 192.0.2.1"]
    assert reading.faults == []


def test_an_address_of_base_60(tmp_path: Path) -> None:
    assert yaml.safe_load("2001:10:20:30:40:50:1:2") == 5602001869620062
    found = read_one(tmp_path, "a: {type: AAAA, value: 2001:10:20:30:40:50:1:2}\n")
    assert found == "2001:10:20:30:40:50:1:2"


def test_a_fingerprint_of_digits(tmp_path: Path) -> None:
    digits = "0011223344556677001122334455667700112233"
    fields = f"{{algorithm: 1, fingerprint_type: 1, fingerprint: {digits}}}"
    assert read_one(tmp_path, f"a: {{type: SSHFP, value: {fields}}}\n") == f"1 1 {digits}"


def test_hexadecimal_like_a_float(tmp_path: Path) -> None:
    digits = "12e4" * 16
    fields = f"{{key_tag: 1, algorithm: 8, digest_type: 2, digest: {digits}}}"
    assert read_one(tmp_path, f"a: {{type: DS, value: {fields}}}\n") == f"1 8 2 {digits}"


def test_base64_of_digits(tmp_path: Path) -> None:
    assert read_one(tmp_path, "a: {type: OPENPGPKEY, value: 0123}\n") == "0123"
    assert base64.b64decode("0123")


def test_words_as_fields(tmp_path: Path) -> None:
    fields = "{flags: 0, tag: no, value: 1.10}"
    assert read_one(tmp_path, f"a: {{type: CAA, value: {fields}}}\n") == '0 no "1.10"'
    fields = "{order: 1, preference: 2, flags: '', service: NO, regexp: '', replacement: .}"
    assert read_one(tmp_path, f"a: {{type: NAPTR, value: {fields}}}\n") == '1 2 "" "NO" "" .'


@pytest.mark.parametrize("ttl", ["0", "300", "'300'", "2147483647"])
def test_ttl(tmp_path: Path, ttl: str) -> None:
    reading = read(tmp_path, f"a: {{type: A, ttl: {ttl}, value: 192.0.2.1}}\n")
    number = ttl.strip("'")
    assert reading.records == [f"a {number} A 192.0.2.1"]
    assert reading.faults == []


@pytest.mark.parametrize(
    "ttl",
    ["010", "00", "1_000", "1:30", "60.5", "300.0", "0x10", "+5", "-1", "1e3", "1h", "null", "no"]
    + ["''", "'3 0'", "٣", "²", "[300]", "{a: 1}"],
)
def test_no_ttl(tmp_path: Path, ttl: str) -> None:
    reading = read(tmp_path, f"a: {{type: A, ttl: {ttl}, value: 192.0.2.1}}\n")
    assert (reading.records, reading.places) == ([], ["1:19 bad-ttl"])


@pytest.mark.parametrize("ttl", ["2147483648", "9" * 5000])
def test_a_ttl_too_large(tmp_path: Path, ttl: str) -> None:
    reading = read(tmp_path, f"a: {{type: A, ttl: {ttl}, value: 192.0.2.1}}\n")
    assert (reading.records, reading.places) == ([], ["1:19 ttl-too-large"])


SRV = "{{priority: {}, weight: 1, port: 443, target: a.}}"


@pytest.mark.parametrize(
    "number", ["010", "'010'", "00", "1_0", "0x1F", "0o17", "1:30", "1.0", "+1"]
)
def test_no_number(tmp_path: Path, number: str) -> None:
    """010 is 8 to octoDNS; whether it stands in quotes, where it is 10, is not looked at."""
    reading = read(tmp_path, f"a: {{type: SRV, value: {SRV.format(number)}}}\n")
    assert (reading.records, reading.places) == ([], ["1:34 bad-value"])


@pytest.mark.parametrize(
    "value",
    [
        "{type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {port: 0443}}}",
        "{type: DNSKEY, value: {flags: 257, protocol: 3, algorithm: 010, public_key: AAAA}}",
        "{type: SOA, value: {mname: a., rname: b., serial: 0755, refresh: 1, retry: 1, expire: 1,"
        " minimum: 1}}",
        "{type: LOC, value: {lat_degrees: 012, lat_minutes: 1, lat_seconds: 1, lat_direction: N,"
        " long_degrees: 1, long_minutes: 1, long_seconds: 1, long_direction: E, altitude: 1}}",
        "{type: DS, value: {flags: 010, protocol: 8, algorithm: 1, public_key: aa}}",
    ],
)
def test_no_octal_anywhere(tmp_path: Path, value: str) -> None:
    records, faults = read(tmp_path, f"a: {value}\n")
    assert records == []
    (fault,) = faults
    assert "without leading zeros" in fault.message


def test_leading_zeros_in_presentation_form(tmp_path: Path) -> None:
    """As in a master file; no YAML takes the whole for a number."""
    assert read_one(tmp_path, "a: {type: MX, value: 010 a.}\n") == "10 a."


@pytest.mark.parametrize("null", ["", "null", "~", "Null", "NULL", "''"])
def test_null_is_no_value_of_a_parameter(tmp_path: Path, null: str) -> None:
    """octoDNS writes `no-default-alpn: null`."""
    params = f"{{alpn: [h2], no-default-alpn: {null}}}"
    value = f"{{svcpriority: 1, targetname: ., svcparams: {params}}}"
    found = read_one(tmp_path, f"a: {{type: HTTPS, value: {value}}}\n")
    assert found == '1 . alpn="h2" no-default-alpn'
