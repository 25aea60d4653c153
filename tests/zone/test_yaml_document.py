"""YAML below the zone format: texts, anchors, merges, equal keys, tags, documents, marks."""

from pathlib import Path

import pytest
import yaml

from minidns.zone import yaml_document, yaml_reader
from minidns.zone.yaml_document import CHARACTERS_PER_NODE, MAX_NESTING
from minidns.zone.yaml_reader import YamlReader
from minidns.zone.yaml_tree import Map, Missing, Sequence, Text, mark_of
from tests.zone.yaml_text import read, read_nodes, write


@pytest.fixture(params=["libyaml", "python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML: libyaml's, and the one where libyaml is missing."""
    assert yaml_document._PARSER is yaml.CSafeLoader
    if request.param == "python":
        monkeypatch.setattr(yaml_document, "_PARSER", yaml.SafeLoader)


both_parsers = pytest.mark.usefixtures("_parser")


@both_parsers
@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("plain", "plain"),
        ("'single ''quoted'''", "single 'quoted'"),
        (r'"double \x41 \u00fc"', "double A ü"),
        ("|\n  two\n  lines", "two\nlines\n"),
        (">-\n  one\n  line", "one line"),
        ("no", "no"),
        ("~", "~"),
        ("''", ""),
    ],
)
def test_a_scalar_is_its_text(tmp_path: Path, written: str, text: str) -> None:
    entries, faults = read_nodes(tmp_path, f"key: {written}\n")
    assert (entries, faults) == ([("key", text)], [])
    assert type(entries[0][1]) is Text


def test_nothing_is_not_an_empty_text(tmp_path: Path) -> None:
    entries, faults = read_nodes(tmp_path, "a:\nb: {c: , d: ''}\n")
    assert faults == []
    (_, a), (_, b) = entries
    assert isinstance(a, Missing)
    assert isinstance(b, Map)
    assert isinstance(b["c"], Missing)
    assert not isinstance(b["d"], Missing)


@both_parsers
@pytest.mark.parametrize(
    "text", ["", "\n", "# a comment\n", "---\n", "---\n...\n", "%YAML 1.1\n---\n"]
)
def test_a_file_of_nothing_has_no_entries(tmp_path: Path, text: str) -> None:
    assert read_nodes(tmp_path, text) == ([], [])


@pytest.mark.parametrize("text", ["- a\n", "text\n", "'a: b'\n", "&x [a]\n"])
def test_the_top_must_be_a_map(tmp_path: Path, text: str) -> None:
    assert read_nodes(tmp_path, text) == ([], ["1:1 bad-structure"])


@both_parsers
def test_anchors_and_aliases(tmp_path: Path) -> None:
    text = "a: &t text\nb: &l [1, *t]\nc: &m {k: *l}\nd: [*t, *l, *m]\n'*': *t\n*t : last\n"
    entries, faults = read_nodes(tmp_path, text)
    assert faults == []
    assert dict(entries)["d"] == ["text", ["1", "text"], {"k": ["1", "text"]}]
    assert [key for key, _ in entries] == ["a", "b", "c", "d", "*", "text"]


def test_a_top_map_with_an_anchor_is_read_too(tmp_path: Path) -> None:
    assert read_nodes(tmp_path, "&top\na: 1\nb: 2\n") == ([("a", "1"), ("b", "2")], [])


@both_parsers
def test_merges(tmp_path: Path) -> None:
    text = (
        "a: &a {x: 1, y: 1}\n"
        "b: &b {<<: *a, y: 2, z: 2}\n"
        "c: {<<: [*a, *b], w: 3}\n"
        "d: {<<: {x: 4}}\n"
        "'<<': {quoted: no merge}\n"
        "<<: {e: 5}\n"
    )
    entries, faults = read_nodes(tmp_path, text)
    assert faults == []
    assert entries == [
        ("a", {"x": "1", "y": "1"}),
        ("b", {"x": "1", "y": "2", "z": "2"}),
        ("c", {"x": "1", "y": "1", "z": "2", "w": "3"}),
        ("d", {"x": "4"}),
        ("<<", {"quoted": "no merge"}),
        ("e", "5"),
    ]


def test_own_keys_win_over_merged_ones_above(tmp_path: Path) -> None:
    text = "<<: {a: merged, b: merged}\na: own\n"
    assert read_nodes(tmp_path, text) == ([("a", "own"), ("b", "merged")], [])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: &a {x: 1}\nb: {x: 2, <<: *a}\n", "2:11"),  # 2 in YAML, 1 in octoDNS
        ("b: {x: [1], <<: {x: [1]}}\n", "1:13"),
        ("x: 2\n<<: {x: 1}\n", "2:1"),
        ("b: {<<: {x: 1}, <<: {x: 2}}\n", "1:17"),  # 1 here, 2 in octoDNS
        ("b: {<<: text}\n", "1:5"),
        ("b: {<<: [text]}\n", "1:5"),
        ("b: {<<: [[{x: 1}]]}\n", "1:5"),
        ("b: {<<: }\n", "1:5"),
    ],
)
def test_a_merge_that_means_two_things_or_nothing(tmp_path: Path, text: str, place: str) -> None:
    assert read_nodes(tmp_path, text)[1] == [f"{place} bad-merge"]


def test_a_merge_of_what_is_there_already(tmp_path: Path) -> None:
    entries, faults = read_nodes(tmp_path, "a: &a {x: 1}\nb: {x: 1, <<: *a}\n")
    assert (entries[1], faults) == (("b", {"x": "1"}), [])


@both_parsers
@pytest.mark.parametrize(
    ("text", "first", "place"),
    [
        ("www: 1\nftp: 1\nwww: 2\n", 1, "3:1"),
        ("www:\n  type: A\n  ttl: 1\n  type: B\n", 2, "4:3"),
        ("www: {a: 1,\n b: 2, a: 3}\n", 1, "2:8"),
        ("2: a\n'2': b\n", 1, "2:1"),  # one is a number to YAML 1.1
        ("? a\n: 1\n? a\n: 2\n", 1, "3:3"),
        ("&k a: 1\n*k : 2\n", 1, "2:1"),
    ],
)
def test_equal_keys_show_both_lines(tmp_path: Path, text: str, first: int, place: str) -> None:
    reading = read(tmp_path, text)
    (found,) = (fault for fault in reading.faults if fault.rule == "equal-keys")
    assert f"{found.mark.line}:{found.mark.column}" == place
    assert f"first in line {first}" in found.message


def test_the_first_of_equal_keys_counts(tmp_path: Path) -> None:
    entries, _ = read_nodes(tmp_path, "a: {k: 1, k: 2}\na: 3\n")
    assert entries == [("a", {"k": "1"})]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: &x 1\nb: &x 2\n", ["2:4 equal-anchors"]),
        ("a: *x\n", ["1:4 undefined-alias"]),
        ("a: *x\nb: &x 1\n", ["1:4 undefined-alias"]),
        ("a: &x [*x]\n", ["1:8 recursive-alias"]),
        ("a: &x {<<: *x}\n", ["1:12 recursive-alias"]),
        ("&top\na: *top\n", ["2:4 recursive-alias"]),
        ("*x : 1\nb: 2\n", ["1:1 undefined-alias"]),
    ],
)
def test_aliases_that_lead_nowhere(tmp_path: Path, text: str, faults: list[str]) -> None:
    assert read_nodes(tmp_path, text)[1] == faults


@both_parsers
@pytest.mark.parametrize(
    "tagged",
    [
        "!!str x",
        "!!int 1",
        "!x y",
        "! y",
        "!!python/object/apply:os.system [x]",
        "!<tag:x,2000:y> z",
    ],
)
def test_tags_are_refused(tmp_path: Path, tagged: str) -> None:
    assert read_nodes(tmp_path, f"a: {tagged}\nb: 1\n")[1] == ["1:4 unknown-tag"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("!!map {a: b}\n", "1:1"),
        ("!!str a: b\n", "1:1"),
        ("a: !!map {b: c}\n", "1:4"),
        ("a: !include [b.yaml]\n", "1:4"),
        ("a: !include {b: c}\n", "1:4"),
        ("%TAG !e! tag:example.com,2000:\n---\na: !e!x y\n", "3:4"),
    ],
)
def test_tags_on_anything(tmp_path: Path, text: str, place: str) -> None:
    assert read_nodes(tmp_path, text)[1] == [f"{place} unknown-tag"]


@both_parsers
@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2\n", "a: 1\n...\n---\nb: 2\n"])
def test_a_second_document(tmp_path: Path, text: str) -> None:
    entries, faults = read_nodes(tmp_path, text)
    assert entries == [("a", "1")]
    line = text.splitlines().index("---") + 1
    assert faults == [f"{line}:1 second-document"]


def test_the_end_of_a_document(tmp_path: Path) -> None:
    assert read_nodes(tmp_path, "---\na: 1\n...\n# end\n") == ([("a", "1")], [])


@both_parsers
def test_marks_count_characters(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffa: [ü, {größe: wert}]\r\nb:\r  - 'ü' # c\n  - x\n")
    nodes = dict(YamlReader().read_entries(path, tmp_path))
    a, b = nodes["a"], nodes["b"]
    assert isinstance(a, Sequence)
    assert isinstance(b, Sequence)
    entry = a[1]
    assert isinstance(entry, Map)
    places = [a, a[0], entry, *entry, *entry.values(), b, *b]
    marks = [
        mark_of(node.place)
        for node in places
        if not isinstance(node, str) or isinstance(node, Text)
    ]
    assert {mark.file for mark in marks} == {str(path)}
    assert [mark[1:] for mark in marks] == [
        (1, 4),
        (1, 5),
        (1, 8),
        (1, 9),
        (1, 16),
        (3, 3),
        (3, 5),
        (4, 5),
    ]


def nested(depth: int) -> str:
    return f"a: {'[' * (depth - 1)}x{']' * (depth - 1)}\n"


@both_parsers
def test_nesting(tmp_path: Path) -> None:
    assert read_nodes(tmp_path, nested(MAX_NESTING))[1] == []
    assert read_nodes(tmp_path, nested(MAX_NESTING + 1))[1] == ["1:19 nesting-too-deep"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_nesting_without_end(tmp_path: Path, opening: str) -> None:
    (fault,) = read_nodes(tmp_path, opening * 20_000)[1]
    assert fault.split()[1] in ("nesting-too-deep", "yaml-syntax")


def test_nesting_counts_includes(tmp_path: Path) -> None:
    inner = "[" * 8 + "x" + "]" * 8
    assert read_nodes(tmp_path, "a: [[[[[[[!include i]]]]]]]", {"i": inner})[1] == []
    faults = read_nodes(tmp_path, "a: [[[[[[[[!include i]]]]]]]]", {"i": inner})[1]
    assert faults == ["1:8 nesting-too-deep"]


LAUGHS = "".join(
    f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]\n" for level in range(1, 13)
)


@pytest.mark.parametrize(
    "bomb",
    [
        f"l0: &l0 [ha]\n{LAUGHS}",
        f"l0: &l0 {{a: ha}}\n{LAUGHS}",
        f"l0: &l0 ha\n{LAUGHS}",
        f"l0: &l0 {'ha' * 30_000}\n{LAUGHS}",
    ],
    ids=["lists", "maps", "texts", "long texts"],
)
def test_a_bomb_is_refused_before_it_is_built(tmp_path: Path, bomb: str) -> None:
    entries, faults = read_nodes(tmp_path, bomb)
    assert [fault.split()[1] for fault in faults] == ["expansion-too-large"]
    assert len(entries) < 10


def test_a_bomb_of_merges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_EXPANDED", 100_000)
    keys = ", ".join(f"k{n}: {n}" for n in range(1000))
    text = f"a: &a {{{keys}}}\nb: {{<<: [{', '.join(['*a'] * 60)}]}}\n"
    assert read_nodes(tmp_path, text)[1] == ["2:5 expansion-too-large"]


def test_what_aliases_may_stand_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &a [1, 2]\nb: &b {x: *a, y: 3}\nc: *b\nd: {<<: *b}\n"  # 3, 5 and 5 + 2
    monkeypatch.setattr(yaml_reader, "MAX_EXPANDED", 15)
    assert read_nodes(tmp_path, text)[1] == []
    monkeypatch.setattr(yaml_reader, "MAX_EXPANDED", 14)
    assert read_nodes(tmp_path, text)[1] == ["4:5 expansion-too-large"]


def test_long_texts_count_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_EXPANDED", 9)
    text = "a: &a {}\nb: [*a, *a, *a]\n"
    nine = text.format("x" * (2 * CHARACTERS_PER_NODE))
    ten = text.format("x" * (3 * CHARACTERS_PER_NODE))
    assert read_nodes(tmp_path, nine)[1] == []
    assert read_nodes(tmp_path, ten)[1] == ["2:13 expansion-too-large"]


@pytest.mark.parametrize("value", ["*l2999", "{preference: 1, exchange: *l2999}"])
def test_aliases_of_aliases_do_not_recurse(tmp_path: Path, value: str) -> None:
    chain = "&l0 [x], " + ", ".join(f"&l{n} [*l{n - 1}]" for n in range(1, 3000))
    (fault,) = read(tmp_path, f"www: {{type: MX, octodns: [{chain}], value: {value}}}\n").places
    assert fault.split()[1] == "bad-structure"
