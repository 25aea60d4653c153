r"""What each kind of field may hold, for the JSON Schema: in a map, and as tokens of a text.

An editor sees what YAML made of a file: a number of a fingerprint that has digits alone, a boolean
of `no`. So numbers and booleans are allowed wherever a text that looks like one can be meant. All
keywords of a schema stand side by side, without `anyOf`, since each applies to its own JSON type
only and editors then name what is wrong. Patterns are what ECMA 262 and Python have in common.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from minidns.wire.rdata_binary import BASE64, HASHED_OWNER, HEX, SALT
from minidns.wire.rdata_fields import (
    ALGORITHM,
    IPV4,
    IPV6,
    MOMENT,
    NAME,
    PERIOD,
    STRING,
    STRINGS,
    TAG,
    TARGET,
    TEXT,
    TYPE,
    TYPES,
    U8,
    U16,
    U32,
    Kind,
)
from minidns.wire.rdata_loc import Location
from minidns.wire.rdata_mnemonics import ALGORITHMS
from minidns.wire.rdata_svcb import ServiceParameters

Schema: TypeAlias = dict[str, Any]

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_GROUPS = f"{_GROUP}(?::{_GROUP}){{0,6}}"
_IPV6 = (  # RFC 4291 section 2.2; how many groups stand around '::' is left to the reader
    rf"(?:(?:{_GROUP}:){{7}}{_GROUP}|(?:{_GROUP}:){{6}}{_IPV4}"
    rf"|(?:{_GROUPS})?::(?:(?:{_GROUP}:){{0,5}}{_IPV4}|(?:{_GROUPS})?))"
)
_NAME = r"(?:\.|(?:(?:\\[0-9]{3}|\\[^0-9]|[^\s.\\\"]){1,63}\.)+)"  # absolute
_QUOTED = r"\"(?:\\[\s\S]|[^\"\\])*\""
_STRING = rf"(?:{_QUOTED}|[^\s\"]\S*)"
_HEX = r"(?:[0-9A-Fa-f]\s*[0-9A-Fa-f]\s*)+"
_SIXTY_FOUR = r"[0-9A-Za-z+/]\s*"
_BASE64 = (
    rf"(?=\S)(?:(?:{_SIXTY_FOUR}){{4}})*"
    rf"(?:(?:{_SIXTY_FOUR}){{2}}=\s*=|(?:{_SIXTY_FOUR}){{3}}=)?"
)
_PERIOD = "(?:(?:[0-9]+[WDHMSwdhms])+|[0-9]{1,10})"
_ALGORITHM = f"(?:[0-9]{{1,3}}|{'|'.join(ALGORITHMS)})"
_SALT = "(?:-|(?:[0-9A-Fa-f]{2})*)"
_HASHED_OWNER = "[0-9A-Va-v]+"
_MOMENT = "[0-9]{1,14}"
_TAG = "[0-9A-Za-z]+"
_TYPE = "[0-9A-Za-z-]+"
_TYPES = rf"{_TYPE}(?:\s+{_TYPE})*"

_LARGEST = {octets: 256**octets - 1 for octets in (1, 2, 4)}
# 2001:10:20:30:40:50:1:2 is a number of base 60 in YAML 1.1; with eight digits it is at least this.
_SMALLEST_ADDRESS = 60**7


class FieldKind(NamedTuple):
    """`in_map` is the schema of the field, `in_text` the pattern of its tokens."""

    in_map: Schema
    in_text: str


def kind_of(kind: Kind) -> FieldKind:
    """What a field of that kind may hold. Raises KeyError for a kind that this does not know."""
    if isinstance(kind, Location):
        return FieldKind({}, _LOCATION)
    if isinstance(kind, ServiceParameters):
        return FieldKind(_PARAMETERS, _PARAMETERS_TEXT)
    return _KINDS[kind]


def whole_number(largest: int) -> Schema:
    """A number in digits. Leading zeros are refused: `010` is 8 in YAML 1.1, 10 in YAML 1.2."""
    return {
        "type": ["integer", "string"],
        "minimum": 0,
        "maximum": largest,
        "pattern": f"^(?:0|[1-9][0-9]{{0,{len(str(largest)) - 1}}})$",
        "patternErrorMessage": f"A whole number from 0 to {largest}.",
    }


def matching(pattern: str, message: str, *looks_like: str) -> Schema:
    """A text of that pattern, or one of the JSON types that YAML makes of such a text."""
    return {
        "type": ["string", *looks_like] if looks_like else "string",
        "pattern": rf"^\s*{pattern}\s*$",
        "patternErrorMessage": message,
    }


def _list_of(item: Schema, description: str) -> Schema:
    """A list, one item, or a text of items with commas between them."""
    types = item["type"] if isinstance(item["type"], list) else [item["type"]]
    return {
        "type": ["array", *types],
        "items": item,
        "minItems": 1,
        "minLength": 1,
        "description": description,
    }


_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_IPV4_SCHEMA = matching(_IPV4, "An IPv4 address, as 192.0.2.1.")
_IPV6_SCHEMA = {
    **matching(_IPV6, "An IPv6 address, as 2001:db8::1.", "integer"),
    "minimum": _SMALLEST_ADDRESS,
}
_BASE64_SCHEMA = {**matching(_BASE64, "Base64.", "integer"), "minimum": 0}
_TYPE_SCHEMA = matching(_TYPE, "The name of a record type.")

_KINDS: Mapping[Kind, FieldKind] = {
    U8: FieldKind(whole_number(_LARGEST[1]), "[0-9]{1,3}"),
    U16: FieldKind(whole_number(_LARGEST[2]), "[0-9]{1,5}"),
    U32: FieldKind(whole_number(_LARGEST[4]), "[0-9]{1,10}"),
    ALGORITHM: FieldKind(
        {
            **matching(_ALGORITHM, "A number or a mnemonic, as ECDSAP256SHA256.", "integer"),
            "minimum": 0,
            "maximum": _LARGEST[1],
            "examples": [13, "ECDSAP256SHA256"],
        },
        _ALGORITHM,
    ),
    PERIOD: FieldKind(
        {
            **matching(_PERIOD, "Seconds, or a period as 1h30m.", "integer"),
            "minimum": 0,
            "maximum": _LARGEST[4],
        },
        _PERIOD,
    ),
    MOMENT: FieldKind({**matching(_MOMENT, "YYYYMMDDHHmmSS.", "integer"), "minimum": 0}, _MOMENT),
    NAME: FieldKind(
        matching(_NAME, "An absolute name, with the dot at its end: www.example.com."), _NAME
    ),
    IPV4: FieldKind(_IPV4_SCHEMA, _IPV4),
    IPV6: FieldKind(_IPV6_SCHEMA, _IPV6),
    STRING: FieldKind(_SCALAR, _STRING),
    STRINGS: FieldKind(_SCALAR, r"[\s\S]*"),
    TAG: FieldKind(
        {
            **matching(_TAG, "Letters and digits, as issue.", "integer", "boolean"),
            "minimum": 0,
            "examples": ["issue", "issuewild", "iodef", "issuemail"],
        },
        _TAG,
    ),
    TEXT: FieldKind(_SCALAR, _STRING),
    TARGET: FieldKind({**_SCALAR, "minLength": 1}, _STRING),
    HEX: FieldKind({**matching(_HEX, "Hexadecimal.", "integer"), "minimum": 0}, _HEX),
    BASE64: FieldKind(_BASE64_SCHEMA, _BASE64),
    SALT: FieldKind(
        {**matching(_SALT, "Hexadecimal, '-' for none.", "integer"), "minimum": 0}, _SALT
    ),
    HASHED_OWNER: FieldKind(
        {**matching(_HASHED_OWNER, "Base32hex (0-9 and A-V).", "integer"), "minimum": 0},
        _HASHED_OWNER,
    ),
    TYPE: FieldKind(_TYPE_SCHEMA, _TYPE),
    TYPES: FieldKind(
        {**matching(_TYPES, "Names of record types.", "array"), "items": _TYPE_SCHEMA},
        _TYPES,
    ),
}

_WITHOUT_VALUE: Schema = {"type": ["null", "string"], "maxLength": 0}
_PARAMETER_VALUES: Mapping[str, Schema] = {
    "alpn": _list_of(
        {"type": ["string", "number"], "minLength": 1, "examples": ["h2", "h3"]},
        "Protocols, the best first (RFC 9460 section 7.1).",
    ),
    "no-default-alpn": {
        **_WITHOUT_VALUE,
        "description": "Has no value: nothing but alpn is spoken (RFC 9460 section 7.1).",
    },
    "port": {**whole_number(_LARGEST[2]), "description": "RFC 9460 section 7.2."},
    "ipv4hint": _list_of(_IPV4_SCHEMA, "Addresses to begin with (RFC 9460 section 7.3)."),
    "ipv6hint": _list_of(_IPV6_SCHEMA, "Addresses to begin with (RFC 9460 section 7.3)."),
    "ech": {**_BASE64_SCHEMA, "description": "Encrypted Client Hello, in Base64 (RFC 9848)."},
    "mandatory": _list_of(
        {"type": "string", "minLength": 1},
        "Parameters that a client has to understand (RFC 9460 section 8).",
    ),
    "dohpath": {"type": "string", "minLength": 1, "description": "RFC 9461 section 5."},
    "ohttp": {**_WITHOUT_VALUE, "description": "Has no value (RFC 9540 section 4)."},
    "tls-supported-groups": _list_of(whole_number(_LARGEST[2]), "Groups of TLS by number."),
}
_PARAMETER = rf"(?:{'|'.join(_PARAMETER_VALUES)}|key[0-9]{{1,5}})(?:=(?:{_QUOTED}|[^\s\"]*))?"
_PARAMETERS_TEXT = rf"{_PARAMETER}(?:\s+{_PARAMETER})*"
_PARAMETERS: Schema = {
    **matching(_PARAMETERS_TEXT, 'As alpn="h2,h3" port=443.', "object", "null"),
    "properties": dict(_PARAMETER_VALUES),
    "patternProperties": {"^key[0-9]{1,5}$": {"type": ["string", "number", "boolean", "null"]}},
    "additionalProperties": False,
}

_ANGLE = r"[0-9]{1,3}(?:\s+[0-9]{1,2}(?:\s+[0-9]{1,2}(?:\.[0-9]{1,3})?)?)?"
_METRES = r"-?[0-9]{1,10}(?:\.[0-9]{1,2})?[mM]?"
_LOCATION = rf"{_ANGLE}\s+[NSns]\s+{_ANGLE}\s+[EWew](?:\s+{_METRES}){{1,4}}"
_SECONDS: Schema = {
    **matching(r"[0-9]{1,2}(?:\.[0-9]{1,3})?", "Seconds, below 60.", "number"),
    "minimum": 0,
    "exclusiveMaximum": 60,
}
_SIZE: Schema = {**matching(_METRES, "Metres.", "number"), "minimum": 0, "maximum": 90_000_000}
# LOC, which is one kind of field, by the parts that octoDNS gives names to (RFC 1876 section 2).
LOCATION_FIELDS: Mapping[str, Schema] = {
    "lat_degrees": whole_number(90),
    "lat_minutes": whole_number(59),
    "lat_seconds": _SECONDS,
    "lat_direction": {"enum": ["N", "S"]},
    "long_degrees": whole_number(180),
    "long_minutes": whole_number(59),
    "long_seconds": _SECONDS,
    "long_direction": {"enum": ["E", "W"]},
    "altitude": {
        **matching(_METRES, "Metres above the sea.", "number"),
        "minimum": -100_000,
        "maximum": 42_849_672.95,
    },
    "size": _SIZE,
    "precision_horz": _SIZE,
    "precision_vert": _SIZE,
}
LOCATION_DEFAULTS = frozenset({"size", "precision_horz", "precision_vert"})  # RFC 1876 section 3
