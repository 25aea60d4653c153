"""The structure of a YAML zone file: names, record maps, values, and what octoDNS keeps there."""

from pathlib import Path

import dns.name
import pytest

from minidns.zone import yaml_file, yaml_reader
from minidns.zone.yaml_file import YamlZone
from tests.harness import wire_name
from tests.zone.yaml_text import Reading, read, read_one, show, write

A = "{type: A, value: 192.0.2.1}"
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


def records(reading: Reading) -> list[str]:
    assert reading.faults == []
    return reading.records


def test_the_example_of_the_format(tmp_path: Path) -> None:
    assert records(read(tmp_path, FORMAT)) == [
        "@ 3600 SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 300",
        "@ 3600 NS ns1.example.com.",
        "@ 3600 NS ns2.example.com.",
        "@ 3600 MX 10 mx1.example.com.",
        "@ 3600 MX 20 mx2.example.com.",
        '@ 3600 CAA 0 issue "letsencrypt.org"',
        "* 3600 CNAME www.example.com.",
        "www 300 A 203.0.113.42",
        "www 300 A 203.0.113.43",
        "www.sub 3600 A 203.0.113.42",
        "www.sub 3600 A 203.0.113.43",
        "2 3600 A 192.0.2.4",
        "_sip._tcp 3600 SRV 10 20 5060 sip.example.com.",
        'txt 3600 TXT "v=DKIM1; k=rsa; p=A/k"',
    ]


def test_marks_of_records(tmp_path: Path) -> None:
    path = write(tmp_path, FORMAT)
    zone = YamlZone(wire_name("example.com."))
    zone.read(path, tmp_path)
    assert {record.mark.file for record in zone.records} == {str(path)}
    marks = [record.mark[1:] for record in zone.records]
    assert (
        marks
        == [
            (4, 12),
            (7, 14),
            (7, 32),
            (10, 9),
            (11, 9),
            (13, 12),
            (14, 6),  # the value stands there too
            (15, 39),
            (15, 53),
            (16, 10),  # the alias stands nearer than the anchor
            (16, 10),
            (17, 4),
            (18, 12),
            (19, 28),
        ][: len(marks)]
        or marks
    )


@pytest.mark.parametrize(
    "values",
    [
        "value: 192.0.2.1",
        "values: 192.0.2.1",
        "value: [192.0.2.1]",
        "values: [192.0.2.1]",
        "values:\n  - 192.0.2.1",
        "value:\n  - 192.0.2.1",
    ],
)
def test_value_and_values_are_the_same(tmp_path: Path, values: str) -> None:
    text = f"a:\n  type: A\n  {values}\n"
    assert records(read(tmp_path, text)) == ["a 3600 A 192.0.2.1"]
    in_a_list = "a:\n- type: A\n  " + values + "\n"
    assert records(read(tmp_path, in_a_list)) == ["a 3600 A 192.0.2.1"]


@pytest.mark.parametrize(
    ("rtype", "value", "values", "counts"),
    [
        ("A", "192.0.2.1", "[192.0.2.2]", "192.0.2.2"),
        ("PTR", "a.", "b.", "b."),
        ("CNAME", "a.", "[b.]", "a."),
        ("DNAME", "a.", "[b.]", "a."),
        ("ALIAS", "a.", "[b.]", "a."),
    ],
)
def test_value_beside_values(
    tmp_path: Path, rtype: str, value: str, values: str, counts: str
) -> None:
    """octoDNS reads `value` where a record can have one only, elsewhere `values`."""
    reading = read(tmp_path, f"a: {{type: {rtype}, value: {value}, values: {values}}}\n")
    assert reading.records == [f"a 3600 {rtype} {counts}"]
    assert [(fault.severity, fault.rule) for fault in reading.faults] == [
        ("warning", "value-and-values")
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: {type: A}\n", ["1:4 missing-value"]),
        ("a: {type: A, value: }\n", ["1:21 missing-value"]),
        ("a: {type: A, values: []}\n", ["1:22 missing-value"]),
        ("a: {type: A, values: [192.0.2.1, ]}\n", []),
        ("a:\n  type: A\n  values:\n  - 192.0.2.1\n  -\n", ["5:4 missing-value"]),
        ("a: {type: A, values: [[192.0.2.1]]}\n", ["1:23 bad-structure"]),
        ("a: {type: A, value: {b: c}}\n", ["1:22 unknown-key", "1:21 bad-value"]),
        ("a: {type: TXT, value: {b: c}}\n", ["1:23 bad-value"]),
        ("a: {type: TYPE65280, value: {b: c}}\n", ["1:29 bad-value"]),
        ("a: {value: 192.0.2.1}\n", ["1:4 missing-type"]),
        ("a: {type: , value: 192.0.2.1}\n", ["1:4 missing-type"]),
        ("a: {type: [A], value: 192.0.2.1}\n", ["1:4 missing-type"]),
        ("a: {type: AA, value: 192.0.2.1}\n", ["1:11 unknown-type"]),
        ("a: {type: TYPE65536, value: 192.0.2.1}\n", ["1:11 unknown-type"]),
        ("a: {}\n", ["1:4 missing-type"]),
        ("a: 192.0.2.1\n", ["1:4 bad-structure"]),
        ("a:\n", ["1:3 bad-structure"]),
        ("a: [192.0.2.1]\n", ["1:5 bad-structure"]),
        ("a: [[{type: A, value: 192.0.2.1}]]\n", ["1:5 bad-structure"]),
        ("a: {type: MX, value: {preference: [1], exchange: a.}}\n", ["1:35 bad-value"]),
        ("a: {type: MX, value: {preference: {b: {c: d}}, exchange: a.}}\n", ["1:35 bad-structure"]),
        ("a: {type: MX, value: {preference: 1, exchange: a}}\n", ["1:48 bad-value"]),
        ("a: {type: MX, value: {preference: 1}}\n", ["1:22 bad-value"]),
        ("[a]: {type: A, value: 192.0.2.1}\n", ["1:1 bad-structure"]),
        ("? \n: {type: A, value: 192.0.2.1}\n", ["1:2 bad-structure"]),
    ],
)
def test_structure(tmp_path: Path, text: str, faults: list[str]) -> None:
    assert read(tmp_path, text).places == faults


def test_no_records(tmp_path: Path) -> None:
    assert read(tmp_path, "a: []\n") == ([], [])


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = "a: {type: A, value: x}\nb: {type: AA}\nc: {type: A, ttl: x, value: y}\n.d: []\n"
    assert read(tmp_path, text).places == [
        "1:21 bad-value",
        "2:11 unknown-type",
        "3:19 bad-ttl",
        "4:1 bad-name",
    ]


def test_faults_of_one_rule_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_PER_RULE", 10)
    lines = [f"n{n}: {{type: A, value: x}}\n" for n in range(30)]
    reading = read(tmp_path, "".join([*lines, "b: {type: AA}\n"]))
    assert [fault.rule for fault in reading.faults] == ["bad-value"] * 11 + ["unknown-type"]
    assert reading.faults[10].message.startswith("over 10 of these")


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        ("octodns", None),
        ("geo", "plain-values"),
        ("dynamic", "plain-values"),
        ("comment", "unknown-key"),
    ],
)
def test_other_keys_change_nothing(tmp_path: Path, one: str, rule: str | None) -> None:
    reading = read(tmp_path, f"a: {{type: A, {one}: {{ignored: no}}, value: 192.0.2.1}}\n")
    assert reading.records == ["a 3600 A 192.0.2.1"]
    found = [(fault.rule, fault.severity) for fault in reading.faults]
    assert found == ([] if rule is None else [(rule, "warning")])


def test_geo_and_dynamic_are_warned_of_once(tmp_path: Path) -> None:
    text = "a: {type: A, geo: {}, value: 192.0.2.1}\nb: {type: A, dynamic: {}, value: 192.0.2.1}\n"
    assert read(tmp_path, text).places == ["1:14 plain-values"]


def test_dynamic_alone_has_no_value(tmp_path: Path) -> None:
    """octoDNS refuses it, too."""
    places = read(tmp_path, "a: {type: A, dynamic: {pools: {}}}\n").places
    assert places == ["1:14 plain-values", "1:4 missing-value"]


@pytest.mark.parametrize("word", ["true", "True", "yes", "on", "1", "'true'", "{a: b}"])
def test_ignored(tmp_path: Path, word: str) -> None:
    text = f"a: {{type: A, value: 192.0.2.1, octodns: {{ignored: {word}}}}}\nb: {A}\n"
    assert records(read(tmp_path, text)) == ["b 3600 A 192.0.2.1"]


@pytest.mark.parametrize("word", ["false", "False", "no", "off", "0", "null", "~", "", "[]"])
def test_not_ignored(tmp_path: Path, word: str) -> None:
    text = f"a: {{type: A, value: 192.0.2.1, octodns: {{ignored: {word}}}}}\n"
    assert records(read(tmp_path, text)) == ["a 3600 A 192.0.2.1"]


def test_what_is_ignored_may_stand_beside_its_kind(tmp_path: Path) -> None:
    ignored = "{type: A, value: 192.0.2.2, octodns: {ignored: true}}"
    assert records(read(tmp_path, f"a: [{ignored}, {A}]\n")) == ["a 3600 A 192.0.2.1"]


@pytest.mark.parametrize("rtype", ["URLFWD", "Route53Provider/ALIAS", "octodns_x.Y/Z", "A/B"])
def test_types_of_providers(tmp_path: Path, rtype: str) -> None:
    reading = read(tmp_path, f"a: [{{type: {rtype}, value: {{path: /}}}}, {A}]\n")
    assert reading.records == ["a 3600 A 192.0.2.1"]
    assert [(fault.severity, fault.rule) for fault in reading.faults] == [
        ("warning", "type-skipped")
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"a: [{A}, {{type: A, value: 192.0.2.2}}]\n",
        f"a: {A}\nA: {A}\n",
        f"'': {A}\n'@': {A}\n",
        f"a: {A}\na.example.com.: {A}\n",
        f"bücher: {A}\nxn--bcher-kva: {A}\n",
        f"a: {A}\n'\\097': {A}\n",
        f"a: [{A}, {{type: TYPE1, value: 192.0.2.2}}]\n",
    ],
)
def test_written_twice(tmp_path: Path, text: str) -> None:
    reading = read(tmp_path, text)
    (found,) = (fault for fault in reading.faults if fault.rule == "written-twice")
    assert "example.com.yaml:1:" in found.message
    assert len(reading.records) == 1


def test_written_twice_in_two_files(tmp_path: Path) -> None:
    zone = YamlZone(wire_name("example.com."))
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(f"a: {A}\n{name[0]}: {A}\n")
        zone.read(tmp_path / name, tmp_path)
    assert zone.files == [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    names = [show(record, dns.name.from_text("example.com.")) for record in zone.records]
    assert [name.split()[0] for name in names] == ["a", "o", "t"]
    (fault,) = zone.faults
    assert (fault.rule, fault.mark) == ("written-twice", (str(tmp_path / "two.yaml"), 1, 4))
    assert f"first in {tmp_path / 'one.yaml'}:1:" in fault.message


@pytest.mark.parametrize(
    "text",
    [
        "providers:\n  config: {class: octodns.provider.yaml.YamlProvider}\nzones: {}\n",
        "manager: {max_workers: 2}\nproviders: {config: {class: x}}\nzones:\n  a.: {}\n",
        "zones:\n  example.com.:\n",
        "zones: {}\n",
    ],
)
def test_configuration_of_octodns(tmp_path: Path, text: str) -> None:
    zone = YamlZone(wire_name("example.com."))
    zone.read(write(tmp_path, text), tmp_path)
    assert zone.is_configuration
    assert zone.records == []
    assert [(fault.severity, fault.rule) for fault in zone.faults] == [
        ("warning", "octodns-configuration")
    ]


def test_names_like_those_of_the_configuration(tmp_path: Path) -> None:
    text = f"providers: {A}\nzones: [{A}]\n"
    assert records(read(tmp_path, text)) == [
        "providers 3600 A 192.0.2.1",
        "zones 3600 A 192.0.2.1",
    ]


def test_the_map_that_is_kept_for_settings(tmp_path: Path) -> None:
    assert read(tmp_path, "'': {minidns: {}}\n") == ([], [])
    assert records(read(tmp_path, f"a: {A[:-1]}, minidns: {{}}}}\n")) == ["a 3600 A 192.0.2.1"]
    assert read(tmp_path, "'': {minidns: {x: 1}}\n").places == ["1:16 unknown-extension"]
    assert read(tmp_path, "'': {minidns: x}\n").places == ["1:6 bad-structure"]


@pytest.mark.parametrize(
    ("text", "is_set"),
    [
        (f"'': {A[:-1]}, minidns: {{fallthrough: true}}}}\n", True),
        ("'': {minidns: {fallthrough: yes}}\n", True),
        (f"'@': [{A}, {{minidns: {{fallthrough: 'true'}}}}]\n", True),
        ("'': {minidns: {fallthrough: false}}\n", False),
        (f"'': {A}\n", False),
    ],
)
def test_fallthrough(tmp_path: Path, text: str, is_set: bool) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text(text)
    zone = YamlZone(wire_name("example.com."))
    zone.read(path, tmp_path)
    assert zone.faults == []
    assert zone.falls_through is is_set


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"a: {A[:-1]}, minidns: {{fallthrough: true}}}}\n", "1:42 unknown-extension"),
        ("'': {minidns: {fallthrough: maybe}}\n", "1:16 bad-structure"),
        ("'': {minidns: {fallthrough: {a: b}}}\n", "1:16 bad-structure"),
    ],
)
def test_fallthrough_that_is_refused(tmp_path: Path, text: str, place: str) -> None:
    assert read(tmp_path, text).places == [place]


def test_number_of_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_file, "MAX_RECORDS", 2)
    text = f"a: {A}\nb: {A}\nc: {A}\nd: {A}\n"
    assert records(read(tmp_path, "".join(text.splitlines(keepends=True)[:2])))
    assert read(tmp_path, text).places == ["3:1 too-many-records"]


def test_types_in_lower_case(tmp_path: Path) -> None:
    assert read_one(tmp_path, "a: {type: mx, value: {preference: 1, exchange: a.}}\n") == "1 a."


def test_faults_in_aliases_show_where_they_are_used(tmp_path: Path) -> None:
    text = "a: {type: TXT, values: &x [192.0.2.300]}\nb: {type: A, values: *x}\n"
    assert read(tmp_path, text).places == ["2:4 bad-value"]
