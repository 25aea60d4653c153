"""The JSON Schema of the YAML zone format, for editors: completion, descriptions, plain mistakes.

Draft 7, not 2020-12: every release of yaml-language-server (VS Code and most other editors) knows
it, those before 1.20 nothing later, and nothing here needs more. A schema sees data, not YAML:
`minidns check` alone finds equal keys, what an include holds, and what records mean together. The
schema is stricter than the reader where octoDNS is: types are in capitals, and a key that has no
meaning in a record is an error. Types and fields come from `wire.rdata_types`.
"""

from minidns.wire.rdata import type_to_text
from minidns.wire.rdata_types import RDATA_TYPES
from minidns.zone.schema_fields import Schema, whole_number
from minidns.zone.schema_values import describe_type, generic_value, value_of
from minidns.zone.yaml_value import DEFAULT_TTL, MAX_TTL

DRAFT = "http://json-schema.org/draft-07/schema#"

_CODES = range(1, 65_536)
_NO_DATA = frozenset({41, *range(128, 256)})  # OPT, Q-types and meta-types: RFC 6895 section 3.1
_NUMBERED = "TYPE[0-9]{1,5}"  # RFC 3597 section 5
_PROVIDER_TYPE = "^(?:URLFWD|.*/.*)$"  # octoDNS's providers', no DNS records
_INCLUDE = r"\S\.ya?ml$"  # what an editor makes of `!include records.yaml`
# Owners: no white space, no empty label, at most 63 characters a label unless one is escaped.
_OWNER = r"^(?:@|[^\s\\]*\\\S*|[^\s.\\]{1,63}(?:\.[^\s.\\]{1,63})*\.?)?$"


def zone_schema() -> Schema:
    """The schema of one zone file."""
    return {
        "$schema": DRAFT,
        "title": "DNS zone (octoDNS YAML, minidns)",
        "description": (
            "Names relative to the zone that the file is named after, each with a record or a "
            "list of records. '' is the zone's own name, the apex."
        ),
        "type": "object",
        "properties": {
            "": _records("The apex: the zone's own name. NS, MX, CAA and TXT records stand here."),
            "*": _records("The wildcard: names that are not in the zone (RFC 4592)."),
            "<<": True,
        },
        "additionalProperties": _records("A name relative to the zone, with its records."),
        "propertyNames": {
            "pattern": _OWNER,
            "patternErrorMessage": "A name: labels of 1 to 63 characters, no white space.",
        },
        "definitions": {
            "records": {
                "anyOf": [
                    {"$ref": "#/definitions/record"},
                    {
                        "type": "array",
                        "items": {
                            "anyOf": [
                                {"$ref": "#/definitions/record"},
                                {"$ref": "#/definitions/include"},
                            ]
                        },
                    },
                    {"$ref": "#/definitions/include"},
                ]
            },
            "include": {
                "type": "string",
                "pattern": _INCLUDE,
                "description": "!include of a file: list it in `yaml.customTags` of the editor.",
            },
            "record": _record(),
            **{type_to_text(code): value_of(code) for code in RDATA_TYPES},
            "OCTETS": generic_value(),
            "NUMBERED": {
                "type": ["string", "number", "boolean", "object"],
                "description": "octets in the form of RFC 3597 section 5, or the type's own form",
            },
        },
    }


def _records(description: str) -> Schema:
    return {"allOf": [{"$ref": "#/definitions/records"}], "description": description}


def _record() -> Schema:
    fieldless = [type_to_text(code) for code in _CODES if _is_fieldless(code)]
    described = [type_to_text(code) for code in RDATA_TYPES]
    conditions = [_of_type([name], name) for name in described]
    conditions.append(_of_type(fieldless, "OCTETS"))
    conditions.append(_of_type([_NUMBERED], "NUMBERED"))
    conditions.append(
        {
            "if": _has_type({"not": {"pattern": _PROVIDER_TYPE}}),
            "then": {"anyOf": [{"required": ["value"]}, {"required": ["values"]}]},
        }
    )
    return {
        "type": "object",
        "properties": {
            "type": _type(fieldless),
            "ttl": {
                **whole_number(MAX_TTL),
                "description": "Seconds that the record may be kept (RFC 2181 section 8).",
                "default": DEFAULT_TTL,
                "examples": [60, 300, DEFAULT_TTL, 86_400],
            },
            "value": {"description": "One value, or a list of them."},
            "values": {"description": "A list of values, or one."},
            "octodns": _OCTODNS,
            "geo": _GEO,
            "dynamic": _DYNAMIC,
            "minidns": _MINIDNS,
            "<<": True,
        },
        "additionalProperties": False,
        "if": {"not": {"anyOf": [{"required": ["minidns"]}, {"required": ["<<"]}]}},
        "then": {"required": ["type"]},
        "allOf": conditions,
    }


def _is_fieldless(code: int) -> bool:
    """Whether the type has a name here and its data is written as octets."""
    if code in RDATA_TYPES or code in _NO_DATA:
        return False
    return not type_to_text(code).startswith("TYPE")


def _type(fieldless: list[str]) -> Schema:
    return {
        "description": "The type of the record.",
        "anyOf": [
            {
                "enum": [type_to_text(code) for code in RDATA_TYPES],
                "enumDescriptions": [describe_type(code) for code in RDATA_TYPES],
            },
            {
                "type": "string",
                "pattern": _one_of(fieldless),
                "description": "Its value is written as octets (RFC 3597 section 5).",
            },
            {
                "type": "string",
                "pattern": _one_of([_NUMBERED]),
                "description": "Any type by its number (RFC 3597 section 5).",
            },
            {
                "type": "string",
                "pattern": _PROVIDER_TYPE,
                "description": "A type of one of octoDNS's providers: skipped with a warning.",
            },
        ],
    }


def _has_type(schema: Schema) -> Schema:
    return {"properties": {"type": schema}, "required": ["type"]}


def _of_type(names: list[str], definition: str) -> Schema:
    """The values of records of these types are those of a definition.

    A pattern, since yaml-language-server takes "AAAA" for `const: "A"` while it completes.
    """
    value = {"$ref": f"#/definitions/{definition}"}
    values = {
        "anyOf": [
            value,
            {"type": "array", "items": value, "minItems": 1},
            {"$ref": "#/definitions/include"},
        ]
    }
    return {
        "if": _has_type({"pattern": _one_of(names)}),
        "then": {"properties": {"value": values, "values": values}},
    }


def _one_of(names: list[str]) -> str:
    return f"^(?:{'|'.join(names)})$"


_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_OCTODNS: Schema = {
    "type": "object",
    "description": "octoDNS's own settings. `ignored: true` leaves the record out.",
    "properties": {
        "ignored": {
            "type": ["boolean", "string"],
            "description": "Whether the record is left out.",
        },
        "lenient": {"type": ["boolean", "string"], "description": "Changes nothing here."},
        "included": {**_TEXTS, "description": "Providers; changes nothing here."},
        "excluded": {**_TEXTS, "description": "Providers; changes nothing here."},
        "healthcheck": {"type": "object", "description": "Changes nothing here."},
    },
}
_MINIDNS: Schema = {
    "type": "object",
    "description": "Settings of minidns for the zone, at its apex.",
    "properties": {
        "fallthrough": {
            "type": ["boolean", "string"],
            "enum": [True, False, "true", "false", "yes", "no", "on", "off"],
            "description": "Whether names that the zone lacks are asked upstream (--forward).",
            "default": False,
        },
    },
    "additionalProperties": False,
}
_GEO: Schema = {
    "type": "object",
    "description": "For octoDNS's providers: the plain values are served, with a warning.",
}
_DYNAMIC: Schema = {
    "type": "object",
    "description": "For octoDNS's providers: the plain values are served, with a warning.",
    "properties": {"pools": {"type": "object"}, "rules": {"type": "array"}},
}
