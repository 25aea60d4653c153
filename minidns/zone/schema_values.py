r"""The value of a record of each type, for the JSON Schema: octoDNS's fields, or one text.

Made from `wire.rdata_types`, the table that the reader uses. A text is the presentation form of
the type or, for any type, `\# 4 0a000001` (RFC 3597 section 5).
"""

from collections.abc import Mapping, Sequence

from minidns.wire.codes import RRType
from minidns.wire.rdata import type_to_text
from minidns.wire.rdata_types import LOC, RDATA_TYPES, TEXT_TYPES, Field
from minidns.zone.schema_fields import LOCATION_DEFAULTS, LOCATION_FIELDS, Schema, kind_of
from minidns.zone.schema_words import FIELD_WORDS, TYPE_WORDS

_GENERIC = r"\\#\s+[0-9]+(?:\s+[0-9A-Fa-f]+)*"  # RFC 3597 section 5
# octoDNS once named the fields of DS after those of DNSKEY: what it is now, by what it was.
_OLDER_DS = {
    "flags": "key_tag",
    "protocol": "algorithm",
    "algorithm": "digest_type",
    "public_key": "digest",
}
_MISSING_IN_OCTODNS = {257: frozenset({"flags"})}  # of CAA, which then are 0


def describe_type(code: int) -> str:
    """One line about a type of the table, with its RFC."""
    return f"{TYPE_WORDS[type_to_text(code)].summary} ({RDATA_TYPES[code].reference})"


def value_of(code: int) -> Schema:
    """The schema of one value of a type of the table."""
    fields = RDATA_TYPES[code].fields
    words = _words_about(code)
    if code == LOC:
        return {**_map_schema(code, LOCATION_FIELDS, LOCATION_DEFAULTS), **words}
    if len(fields) == 1:
        schema = dict(kind_of(fields[0].kind).in_map)
        if code not in TEXT_TYPES:
            schema["pattern"] = _pattern(fields)
        return {**schema, **words}
    known: dict[str, Schema] = {}
    for field in fields:
        known |= dict.fromkeys((field.name, *field.older), _in_map(field))
    optional = {field.name for field in fields if field.may_be_missing}
    optional |= _MISSING_IN_OCTODNS.get(code, frozenset())
    schema = _map_schema(code, known, optional | {name for f in fields for name in f.older})
    older = [field for field in fields if field.older]
    if older:
        names = {name for field in older for name in (field.name, *field.older)}
        schema["required"] = [name for name in schema["required"] if name not in names]
        schema["allOf"] = [_one_of(field) for field in older]
    if code == RRType.DS:
        _add_older_ds(schema)
    return {**schema, **words}


def _words_about(code: int) -> Schema:
    name = type_to_text(code)
    examples = TYPE_WORDS[name].examples
    texts = [example for example in examples if isinstance(example, str)]
    snippets = [
        {"label": f"{name} {index}", "description": TYPE_WORDS[name].summary, "body": example}
        for index, example in enumerate(examples, 1)
        if not isinstance(example, str)
    ]
    words: Schema = {"description": describe_type(code)}
    if texts:
        words["examples"] = texts
    if snippets:  # editors show maps among `examples` as "[object Object]"
        words["defaultSnippets"] = snippets
    return words


def generic_value() -> Schema:
    """A value of a type that has no fields here."""
    return {
        "type": "string",
        "pattern": rf"^\s*{_GENERIC}\s*$",
        "patternErrorMessage": r"The form of RFC 3597: '\# LENGTH HEX', as '\# 4 0a000001'.",
        "description": "octets in the form of RFC 3597 section 5",
        "examples": [r"\# 4 0a000001"],
    }


def _map_schema(
    code: int, known: Mapping[str, Schema], optional: frozenset[str] | set[str]
) -> Schema:
    fields = RDATA_TYPES[code].fields
    names = " ".join(known) if code == LOC else " ".join(field.name for field in fields)
    return {
        "type": ["object", "string"],
        "properties": {name: _described(name, schema) for name, schema in known.items()},
        "required": [name for name in known if name not in optional],
        "additionalProperties": False,
        "pattern": _pattern(fields),
        "patternErrorMessage": f"A map of the fields, or one text of them in order: {names}.",
    }


def _in_map(field: Field) -> Schema:
    schema = kind_of(field.kind).in_map
    if field.may_be_missing:  # may be empty, too
        return {**schema, "pattern": f"{schema['pattern']}|^$"}
    return schema


def _described(name: str, schema: Schema) -> Schema:
    return {**schema, "description": FIELD_WORDS[name]}


def _one_of(field: Field) -> Schema:
    """The field is there, under its name or an older one."""
    return {"anyOf": [{"required": [name]} for name in (field.name, *field.older)]}


def _pattern(fields: Sequence[Field]) -> str:
    """The fields in presentation form, or the octets of RFC 3597."""
    pattern = ""
    for field in fields:
        tokens = (r"\s+" if pattern else "") + kind_of(field.kind).in_text
        pattern += f"(?:{tokens})?" if field.may_be_missing else tokens
    return rf"^\s*(?:(?!\\#){pattern}|{_GENERIC})\s*$"


def _add_older_ds(schema: Schema) -> None:
    fields = {field.name: field for field in RDATA_TYPES[RRType.DS].fields}
    for older, name in _OLDER_DS.items():
        if older not in schema["properties"]:
            described = _described(name, _in_map(fields[name]))
            schema["properties"][older] = {**described, "deprecationMessage": f"Now {name}."}
    required = schema.pop("required")
    schema["anyOf"] = [{"required": required}, {"required": list(_OLDER_DS)}]
