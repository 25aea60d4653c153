"""The fields of a YAML record that become octets: its TTL and its values.

Unicode in names becomes A-labels here; what a field may hold is `wire.rdata`'s to say, and its
words are put where the field stands.
"""

from collections.abc import Mapping
from typing import Any

from minidns.wire.codes import RRType
from minidns.wire.rdata import BadRdata, rdata_from_value
from minidns.wire.rdata_fields import ALGORITHM, PERIOD, U8, U16, U32
from minidns.wire.rdata_loc import LOC_FIELDS
from minidns.wire.rdata_types import LOC, RDATA_TYPES, TEXT_TYPES
from minidns.zone.idna import BadIdn, to_ascii
from minidns.zone.yaml_owner import Report
from minidns.zone.yaml_tree import Failed, Map, Missing, Node, Place, Sequence, Text, nearer_place

DEFAULT_TTL = 3600  # seconds, octoDNS's default_ttl
MAX_TTL = 2**31 - 1  # seconds, RFC 2181 section 8

# Values, or fields of values, that are names and may be Unicode.
_TARGETS = frozenset({RRType.NS, RRType.CNAME, RRType.PTR, RRType.DNAME, RRType.ALIAS})
_TARGETS_AMONG_NUMBERS = frozenset({RRType.MX, RRType.SRV})
_TARGET_FIELDS: Mapping[int, tuple[str, ...]] = {
    RRType.MX: ("exchange", "value"),
    RRType.SRV: ("target",),
    RRType.SVCB: ("targetname",),
    RRType.HTTPS: ("targetname",),
    RRType.SOA: ("mname", "rname"),
    RRType.NAPTR: ("replacement",),
}

_CAA = 257
_OLDER_DS = {"flags": True, "protocol": True, "public_key": False}
_NUMBERS = frozenset({U8, U16, U32, ALGORITHM, PERIOD})
_WITHOUT_VALUE = ("no-default-alpn", "ohttp")  # parameters of SVCB and HTTPS
_NULLS = frozenset({"~", "null", "Null", "NULL"})  # YAML 1.1's words


class ValueReader:
    """Reads TTLs and values, and reports what is wrong with them."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def read_ttl(self, place: Place, node: Node) -> int | None:
        """Seconds; None where it is refused. `place` is the record's."""
        at = nearer_place(place, node.place)
        if isinstance(node, Failed):
            return None
        if not isinstance(node, Text) or not _is_number(node):
            shown = f"'{node}'" if isinstance(node, Text) else "a map or a list"
            message = f"{shown} is no TTL: write whole seconds in digits, 3600 for an hour"
            self._report("bad-ttl", at, message)
            return None
        if len(node) > len(str(MAX_TTL)) or int(str(node)) > MAX_TTL:
            message = f"a TTL of {node} seconds: the largest is {MAX_TTL}"
            self._report("ttl-too-large", at, message)
            return None
        return int(str(node))

    def read_rdata(self, code: int, type_text: Node, place: Place, value: Node) -> bytes | None:
        """The rdata of one value that stands at `place`; None where it is refused."""
        try:
            if type(value) is Text:
                plain = value if value.isascii() else _text_to_ascii(code, value)
                return rdata_from_value(code, plain)
            if isinstance(value, Map):
                return self._read_map(code, place, value)
        except (BadRdata, BadIdn) as error:
            field = getattr(error, "field", None)
            if field is not None and isinstance(value, Map) and field in value:
                place = nearer_place(place, value[field].place)
            rule = "bad-idn" if isinstance(error, BadIdn) else "bad-value"
            self._report(rule, place, f"{type_text}: {error}")
            return None
        if isinstance(value, Missing):
            self._report("missing-value", place, f"an empty value of {type_text}: remove it")
        elif not isinstance(value, Failed):
            message = f"a list inside the values of {type_text}: write one list"
            self._report("bad-structure", place, message)
        return None

    def _read_map(self, code: int, place: Place, value: Map) -> bytes | None:
        known = _FIELDS.get(code, {})
        fields: dict[str, Any] = {}
        for field, node in value.entries():
            if type(node) is not Text:
                if not _is_shallow(node):
                    message = f"'{field}' is nested too deep for a field of a record"
                    self._report("bad-structure", nearer_place(place, node.place), message)
                    return None
                if _holds_failed(node):
                    return None
            if known and field not in known:
                message = f"'{field}' is none of the fields {', '.join(known)}: it is ignored"
                self._report("unknown-key", nearer_place(place, field.place), message)
                continue
            if known.get(field):
                _check_number(field, field, node)
            fields[field] = node
            if field == "svcparams" and isinstance(node, Map):
                fields[field] = _adapt_parameters(node)
        if code == _CAA:
            fields.setdefault("flags", "0")  # as octoDNS has it
        return rdata_from_value(code, _map_to_ascii(code, fields))


def _is_number(text: Text) -> bool:
    """Digits that mean the same in every YAML: `010` is 8 in YAML 1.1, 10 in YAML 1.2."""
    return text.isascii() and text.isdigit() and (text[0] != "0" or len(text) == 1)


def _is_shallow(node: Node) -> bool:
    """Whether a field is a text, a list of texts, or a map of those (svcparams)."""
    below = list(node.values()) if isinstance(node, Map) else [node]
    return all(
        isinstance(one, Text)
        or (isinstance(one, Sequence) and all(isinstance(item, Text) for item in one))
        for one in below
    )


def _text_to_ascii(code: int, value: str) -> str:
    """The value with its names as A-labels. Raises BadIdn."""
    if code in _TARGETS:
        return to_ascii(value)
    if code in _TARGETS_AMONG_NUMBERS:
        return " ".join(map(to_ascii, value.split()))
    return value


def _holds_failed(node: Node) -> bool:
    """Whether a part of a field had a fault that is already reported."""
    if isinstance(node, Text):
        return isinstance(node, Failed)
    return any(map(_holds_failed, node.values() if isinstance(node, Map) else node))


def _check_number(field: str, name: str, node: Node) -> None:
    """Raises BadRdata for a number that YAML 1.1, and so octoDNS, takes for another."""
    if isinstance(node, Text) and node.isascii() and node.isdigit() and not _is_number(node):
        raise BadRdata(
            f"{name}: '{node}' is octal in YAML 1.1 and decimal in YAML 1.2: "
            "write the number without leading zeros",
            field,
        )


def _adapt_parameters(node: Map) -> dict[str, Node | str]:
    """The svcparams; octoDNS writes `no-default-alpn: null`. Raises BadRdata."""
    _check_number("svcparams", "svcparams: port", node.get("port", Sequence()))
    return {
        key: "" if key in _WITHOUT_VALUE and isinstance(item, Text) and item in _NULLS else item
        for key, item in node.items()
    }


def _fields_of(code: int) -> dict[str, bool]:
    """The fields of a type under all their names, and whether each is a number."""
    if code == LOC:
        return {name: not name.endswith("direction") for name in LOC_FIELDS}
    fields = {
        name: field.kind in _NUMBERS
        for field in RDATA_TYPES[code].fields
        for name in (field.name, *field.older)
    }
    return fields | _OLDER_DS if code == RRType.DS else fields


_FIELDS = {code: _fields_of(code) for code in RDATA_TYPES if code not in TEXT_TYPES}


def _map_to_ascii(code: int, value: dict[str, Any]) -> Mapping[str, Any]:
    """The fields with names as A-labels. Raises BadIdn."""
    changed: dict[str, Any] = {}
    for field in _TARGET_FIELDS.get(code, ()):
        target = value.get(field)
        if isinstance(target, Text) and not target.isascii():
            changed[field] = to_ascii(target)
    return value | changed if changed else value
