"""The JSON Schema: sound in itself, and of one mind with the reader."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from minidns.wire.rdata import type_to_text
from minidns.wire.rdata_types import RDATA_TYPES
from minidns.zone.schema import DRAFT, zone_schema
from minidns.zone.schema_words import FIELD_WORDS, TYPE_WORDS
from minidns.zone.yaml_file import read_yaml_zone
from minidns.zone.yaml_writer import write_yaml
from tests.harness import wire_name
from tests.zone.editor import LOADERS, complaints, is_value
from tests.zone.yaml_text import read, write

ZONES = sorted((Path(__file__).parents[2] / "zones").glob("*.yaml"))
FORMAT = r"""---
'':
  - type: SOA
    value: {mname: ns1.example.com., rname: hostmaster.example.com., serial: 1, refresh: 7200,
      retry: 3600, expire: 1209600, minimum: 300}
  - type: NS
    values: [ns1.example.com., ns2.example.com.]
  - type: MX
    values:
      - {exchange: mx1.example.com., preference: 10}
      - {priority: 20, value: mx2.example.com.}
  - type: CAA
    value: {flags: 0, tag: issue, value: letsencrypt.org}
'*': {type: CNAME, value: www.example.com.}
www: {type: A, ttl: 300, values: &WEB [203.0.113.42, 203.0.113.43]}
www.sub: {type: A, values: *WEB}
2: {type: A, value: 192.0.2.4}
_sip._tcp: {type: SRV, value: {priority: 10, weight: 20, port: 5060, target: sip.example.com.}}
txt: {type: TXT, values: ['v=DKIM1\; k=rsa\; p=A/k']}
"""
TYPES = [type_to_text(code) for code in RDATA_TYPES]
EXAMPLES = [(name, example) for name in TYPES for example in TYPE_WORDS[name].examples]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(EXAMPLES)]


def is_read(directory: Path, text: str) -> bool:
    """Whether the reader takes the file without a word."""
    reading = read(directory, text)
    assert reading.records or reading.faults
    return not reading.faults


def file_of(name: str, value: Any) -> str:
    """JSON is YAML."""
    return json.dumps({"a": {"type": name, "value": value}})


def test_the_schema_is_one() -> None:
    schema = zone_schema()
    assert schema["$schema"] == DRAFT == jsonschema.Draft7Validator.META_SCHEMA["$id"]
    jsonschema.Draft7Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_every_type_and_field_has_words() -> None:
    assert sorted(TYPE_WORDS) == sorted(TYPES)
    definitions = zone_schema()["definitions"]
    fields = {name for rtype in TYPES for name in definitions[rtype].get("properties", {})}
    assert sorted(FIELD_WORDS) == sorted(fields)


def test_the_types_are_offered_with_their_rfcs() -> None:
    offered, *_ = zone_schema()["definitions"]["record"]["properties"]["type"]["anyOf"]
    assert offered["enum"] == TYPES
    for name, description in zip(TYPES, offered["enumDescriptions"], strict=True):
        assert ("RFC" in description) is (name != "ALIAS")


@pytest.mark.parametrize("loader", LOADERS)
def test_the_example_of_the_format(loader: type[yaml.SafeLoader]) -> None:
    assert complaints(FORMAT, loader) == []


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("path", ZONES, ids=lambda path: path.name)
def test_the_zones_of_the_repository(path: Path, loader: type[yaml.SafeLoader]) -> None:
    assert complaints(path.read_text(), loader) == []


@pytest.mark.parametrize(("name", "value"), EXAMPLES, ids=IDS)
def test_examples(tmp_path: Path, name: str, value: Any) -> None:
    text = file_of(name, value)
    assert is_read(tmp_path, text)
    assert complaints(text) == []


@pytest.mark.parametrize(("name", "value"), EXAMPLES, ids=IDS)
def test_what_is_written_of_examples(tmp_path: Path, name: str, value: Any) -> None:
    origin = wire_name("example.com.")
    records, _ = read_yaml_zone(write(tmp_path, file_of(name, value)), origin, tmp_path)
    written = write_yaml(origin, records)
    assert [complaints(written, loader) for loader in LOADERS] == [[], []]


# What a field may be replaced with.
ODD = [-1, 2**40, 1.5, "", "x", "x y", "a..b", "1 2", [], {}, [1], {"a": 1}, [[]], "☃", "-"]
# What a schema cannot tell: how many octets digits stand for, which words are types, moments.
DIGITS = frozenset({"digest", "fingerprint", "certificate_association_data", "salt", "next"})
KEYS = frozenset({"public_key", "signature", "expiration", "inception"})
TYPE_NAMES = frozenset({"type_covered", "types"})


def can_tell(field: str, odd: Any) -> bool:
    if field in DIGITS:
        return odd not in (2**40, "1 2")
    if field in KEYS:
        return odd not in (2**40, [])
    if field in TYPE_NAMES:
        return odd not in ("x", "x y", "1 2", "-", [1], -1, 2**40)
    return True


@pytest.mark.parametrize(("name", "value"), EXAMPLES, ids=IDS)
def test_fields_that_are_missing_or_odd(tmp_path: Path, name: str, value: Any) -> None:
    """The reader and the schema think the same of each."""
    if isinstance(value, str):
        return
    for field in value:
        changes = [{**value, field: odd} for odd in ODD if can_tell(field, odd)]
        for changed in [{key: value[key] for key in value if key != field}, *changes]:
            text = file_of(name, changed)
            assert is_read(tmp_path, text) is is_value(name, changed), text


@pytest.mark.parametrize("name", TYPES)
def test_odd_values(tmp_path: Path, name: str) -> None:
    odd_values = [*ODD, "a.", "192.0.2.1", "::1", "1.2.3.4.5", "10 a.", "0 issue", "1 2 3 a."]
    if name not in ("TXT", "SPF"):
        odd_values += [r"\#", r"\# 1 zz", r"\# x"]
    for odd in odd_values:
        if (name, odd) != ("OPENPGPKEY", 2**40) and odd != [1]:
            text = file_of(name, odd)
            assert is_read(tmp_path, text) is is_value(name, odd), text
