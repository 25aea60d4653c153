"""Any octets as a zone file give records or faults, and never an exception."""

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.zone import yaml_document
from minidns.zone.faults import ERROR, RULES
from tests.zone.yaml_text import read

WORDS = [
    *("www", "''", "'@'", "'*'", "*", "&a ", "*a", "<<", "? ", ": ", ":", "- ", "{", "}", "[", "]"),
    *(
        ", ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "\r",
        "|\n  ",
        ">-\n  ",
        '"',
        "'",
        "# ",
        "---\n",
        "...\n",
    ),
    *("!include ", "other", "!!str ", "!x ", "%YAML 1.1\n", "\\", "\\1", "\\;", '"\\ud800"', "~"),
    *("type: ", "ttl: ", "value: ", "values: ", "octodns: {ignored: ", "geo: ", "minidns: "),
    *("A", "MX", "TXT", "CNAME", "HTTPS", "LOC", "DS", "CAA", "NSEC", "SOA", "URLFWD", "TYPE65280"),
    *("192.0.2.1", "'2001:db8::1'", "a.", "10 a.", "'\\# 1 00'", "{preference: 1, exchange: a.}"),
    *(
        "{svcpriority: 1, targetname: ., svcparams: {alpn: [",
        "providers: ",
        "zones: {}",
        "010",
        "-1",
    ),
    *("9" * 30, "a" * 64, "a..b", "xn--a", "b\u00fc", "\u2603", "\u0663", "\x00", "\x85", "\u2028"),
    "www: {type: A, value: 192.0.2.1}\n",
    "a: &a {type: TXT, ttl: 60, values: [b, c]}\n",
]
DOCUMENTS = st.lists(st.sampled_from(WORDS), max_size=30).map("".join)
OCTETS = st.one_of(
    st.binary(max_size=60),
    DOCUMENTS.map(str.encode),
    st.builds(
        lambda a, b, c: a.encode() + b + c.encode(), DOCUMENTS, st.binary(max_size=3), DOCUMENTS
    ),
    st.tuples(DOCUMENTS, st.sampled_from(["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])).map(
        lambda pair: pair[0].encode(pair[1])
    ),
)
bounded = settings(max_examples=1500, deadline=None)


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
@given(data=OCTETS)
@bounded
def test_any_octets(data: bytes, parser: str) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory:
        patch.setattr(yaml_document, "_PARSER", getattr(yaml, parser))
        files = {"other": "type: A\nvalue: 192.0.2.1\n"}
        reading = read(Path(directory), data, files=files)
    for fault in reading.faults:
        assert fault.rule in RULES
        assert fault.mark.line > 0
        assert fault.mark.column > 0
        assert str(fault).isprintable()


@given(
    rtype=st.sampled_from(["A", "MX", "TXT", "SVCB", "LOC", "DS", "NSEC3", "TYPE65280", "ALIAS"]),
    value=st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.text(st.characters(codec="utf-8"), max_size=8),
        ),
        lambda below: st.one_of(
            st.lists(below, max_size=3),
            st.dictionaries(
                st.sampled_from(["preference", "exchange", "svcparams", "digest", "alpn", "types"]),
                below,
                max_size=3,
            ),
        ),
        max_leaves=6,
    ),
)
@bounded
def test_any_value(rtype: str, value: object) -> None:
    """Either a record comes of it or an error."""
    text = json.dumps({"a": {"type": rtype, "value": value}}, ensure_ascii=False)  # YAML, too
    with tempfile.TemporaryDirectory() as directory:
        reading = read(Path(directory), text)
    assert reading.records or any(fault.severity == ERROR for fault in reading.faults)
