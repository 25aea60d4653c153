r"""The one door to dnslib: record data from text or fields to octets, and back.

A value is a text in presentation form (RFC 1035 section 5.1; `\# 4 0a000001` of RFC 3597 for any
type) or a map of octoDNS's fields. The octets are uncompressed, names in the case of the text.
dnslib's own classes compress names inside record data, lose escapes and lack a third of the types;
so the fields are read by the table of `rdata_types`, and dnslib is given classes for what it lacks
(`rdata_messages`). Knows no file and no zone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from minidns.wire.codes import RRType
from minidns.wire.name import BadName
from minidns.wire.rdata_binary import read_hex
from minidns.wire.rdata_fields import (
    IPV4,
    IPV6,
    NAME,
    STRING,
    TARGET,
    TEXT,
    Number,
    Period,
    SingleText,
    read_number,
)
from minidns.wire.rdata_loc import LOC_FIELDS
from minidns.wire.rdata_messages import TableRd
from minidns.wire.rdata_mnemonics import type_code, type_to_text
from minidns.wire.rdata_svcb import split_parameters
from minidns.wire.rdata_text import (
    BadRdata,
    Token,
    escape,
    keep_back_references,
    make_token,
    split_quoted,
    split_tokens,
    strings_of,
    text_wire,
)
from minidns.wire.rdata_types import (
    DIGEST_LENGTHS,
    LOC,
    RDATA_TYPES,
    SERVICE_TYPES,
    TEXT_TYPES,
    Field,
)

__all__ = [
    "BadRdata",
    "TableRd",
    "rdata_from_value",
    "rdata_to_text",
    "rdata_to_value",
    "type_code",
    "type_to_text",
]

MAX_RDATA = 65_535  # octets, RFC 1035 section 3.2.1

_GENERIC = r"\#"  # RFC 3597 section 5
_OLDER_DS = {  # octoDNS once named the fields of DS after those of DNSKEY
    "flags": "key_tag",
    "protocol": "algorithm",
    "algorithm": "digest_type",
    "public_key": "digest",
}
_LOC_DEFAULTS = {"size": "1", "precision_horz": "10000", "precision_vert": "10"}
_TEXTS = (STRING, TEXT, TARGET)


def rdata_from_value(code: int, value: str | Mapping[str, Any]) -> bytes:
    """The record data of one value. Raises BadRdata, with the field at fault for a map.

    The values of a map are texts, lists of texts, or (svcparams) a map of those.
    """
    if isinstance(value, str):
        simple = _ONE_TOKEN.get(code)
        if simple is not None and not value.startswith("\\#"):
            return _read_simple(simple, value)
        tokens = _tokens_of_text(code, value)
        if tokens and tokens[0] == _GENERIC and not tokens[0].is_quoted:
            return _read_generic(code, tokens[1:])
        return _read_fields(code, _share_out(code, tokens))
    if code not in RDATA_TYPES or code in TEXT_TYPES:
        raise BadRdata("its value is a text, not a map")
    return _read_fields(code, _tokens_of_map(code, value))


def rdata_to_text(code: int, rdata: bytes) -> str:
    """The presentation form, that of RFC 3597 where the type has none or the octets fit none."""
    try:
        shown = _show_fields(code, rdata)
    except BadRdata:
        return _show_generic(rdata)
    return " ".join(text for text in shown.values() if text)


def rdata_to_value(code: int, rdata: bytes) -> str | dict[str, Any]:
    """What `rdata_from_value` makes the same octets of: octoDNS's fields where it has a map."""
    try:
        shown = _show_fields(code, rdata)
        if code in TEXT_TYPES:
            return _text_value(rdata)
        if code == LOC:
            return _split_location(shown["location"])
        value: dict[str, Any] = {
            field.name: _plain(field, shown[field.name]) for field in RDATA_TYPES[code].fields
        }
        if code in SERVICE_TYPES:
            value["svcparams"] = dict(split_parameters(rdata, NAME.show(rdata, 2).end))
            if not value["svcparams"]:
                del value["svcparams"]
    except BadRdata:
        return _show_generic(rdata)
    return next(iter(value.values())) if len(value) == 1 else value


def _read_simple(kind: SingleText, text: str) -> bytes:
    try:
        return kind.read_text(text.strip())
    except BadName as error:
        raise BadRdata(str(error)) from None


def _tokens_of_text(code: int, text: str) -> list[Token]:
    if code in TEXT_TYPES and not text.startswith(_GENERIC):
        return split_quoted(text) if text.lstrip().startswith('"') else [_plain_text(text)]
    return split_tokens(text)


def _plain_text(text: str) -> Token:
    r"""octoDNS's form of TXT without quotes: `\;` is a semicolon, all else is itself."""
    return make_token(text.replace("\\;", ";").replace("\\", "\\\\"), is_quoted=True)


def _share_out(code: int, tokens: list[Token]) -> dict[str, list[Token]]:
    """The tokens of a presentation form by the field that they fill."""
    if code not in RDATA_TYPES:
        raise BadRdata(
            f"{type_to_text(code)} has no fields here: write '\\# LENGTH HEX' (RFC 3597)"
        )
    fields = RDATA_TYPES[code].fields
    shared: dict[str, list[Token]] = {}
    for field in fields:
        if field.kind.takes_rest:
            shared[field.name], tokens = tokens, []
        else:
            shared[field.name], tokens = tokens[:1], tokens[1:]
    if tokens:
        names = " ".join(field.name for field in fields)
        raise BadRdata(f"'{tokens[0]}' is one too many: the fields are {names}")
    return shared


def _read_fields(code: int, shared: Mapping[str, list[Token]]) -> bytes:
    pieces = []
    for field in RDATA_TYPES[code].fields:
        tokens = shared[field.name]
        if not tokens and not field.may_be_missing:
            raise BadRdata(f"{field.name} is missing", field.name)
        try:
            pieces.append(field.kind.read(tokens) if tokens else b"")
        except (BadRdata, BadName) as error:
            raise BadRdata(f"{field.name}: {error}", field.name) from None
    rdata = b"".join(pieces)
    if len(rdata) > MAX_RDATA:
        raise BadRdata(f"{len(rdata)} octets: record data has at most {MAX_RDATA}")
    _check_fields(code, pieces)
    return rdata


def _check_fields(code: int, pieces: Sequence[bytes]) -> None:
    """What fields ask of each other."""
    lengths = DIGEST_LENGTHS.get(code)
    if lengths is not None:
        wanted = lengths.get(pieces[-2][0])
        if wanted is not None and len(pieces[-1]) != wanted:
            name = RDATA_TYPES[code].fields[-1].name
            raise BadRdata(
                f"{name}: {len(pieces[-1])} octets, of type {pieces[-2][0]} it has {wanted}", name
            )
    if code in SERVICE_TYPES and pieces[0] == b"\x00\x00" and pieces[2]:
        raise BadRdata("svcparams: with svcpriority 0 there are none (RFC 9460 section 2.4.2)")


def _read_generic(code: int, tokens: list[Token]) -> bytes:
    """`\\# LENGTH HEX` (RFC 3597 section 5); for a known type the octets must fit it."""
    if not tokens:
        raise BadRdata("after \\# come the number of octets and the octets in hexadecimal")
    length = read_number(tokens[0], MAX_RDATA)
    rdata = read_hex("".join(tokens[1:]))
    if len(rdata) != length:
        raise BadRdata(f"\\# says {length} octets, there are {len(rdata)}")
    if code in RDATA_TYPES:
        try:
            _show_fields(code, rdata)
        except BadRdata as error:
            raise BadRdata(f"no {type_to_text(code)} data: {error}") from None
    return rdata


def _show_generic(rdata: bytes) -> str:
    return f"{_GENERIC} {len(rdata)} {rdata.hex()}".rstrip()


def _show_fields(code: int, rdata: bytes) -> dict[str, str]:
    """The text of each field. Raises BadRdata where the octets do not fit the type."""
    if code not in RDATA_TYPES:
        raise BadRdata("no fields")
    shown = {}
    at = 0
    for field in RDATA_TYPES[code].fields:
        shown[field.name], at = field.kind.show(rdata, at)
    if at != len(rdata):
        raise BadRdata(f"{len(rdata) - at} octets too many")
    return shown


def _tokens_of_map(code: int, value: Mapping[str, Any]) -> dict[str, list[Token]]:
    """The tokens by field that a map of octoDNS's fields stands for."""
    if code == LOC:
        return {"location": _location_tokens(value)}
    if code == RRType.DS and not value.keys() <= {"key_tag", *_OLDER_DS.values()}:
        value = {_OLDER_DS.get(key, key): item for key, item in value.items()}
    fields = RDATA_TYPES[code].fields
    shared = {}
    used = 0
    for field in fields:
        given = field.name
        if given not in value:
            given = next((name for name in field.older if name in value), "")
        if not given and not field.may_be_missing:
            others = f" (or {', '.join(field.older)})" if field.older else ""
            raise BadRdata(f"the field {field.name}{others} is missing")
        used += bool(given)
        try:
            shared[field.name] = _tokens_of_field(field, value[given]) if given else []
        except BadRdata as error:
            raise BadRdata(f"{given}: {error}", given) from None
    if used < len(value):
        known = {name for field in fields for name in (field.name, *field.older)}
        _refuse_unknown(value, known, [field.name for field in fields])
    return shared


def _refuse_unknown(value: Mapping[str, Any], known: set[str], names: Sequence[str]) -> None:
    for key in value:
        if key not in known:
            raise BadRdata(f"there is no field '{key}': the fields are {', '.join(names)}", key)


def _tokens_of_field(field: Field, item: Any) -> list[Token]:
    if field.name == "svcparams":
        return _parameter_tokens(item)
    if isinstance(item, str):
        if field.kind.takes_rest:
            return split_tokens(item)
        if item.startswith('"'):
            quoted = split_quoted(item)
            if len(quoted) > 1:
                raise BadRdata("one string, not several")
            return quoted
        return [make_token(keep_back_references(item) if field.kind in _TEXTS else item)]
    if isinstance(item, Sequence) and field.kind.takes_rest:
        return [token for text in item for token in split_tokens(text)]
    raise BadRdata("one value, not a list or a map")


def _parameter_tokens(item: Any) -> list[Token]:
    """The tokens of `svcparams`: a map, or a text in presentation form."""
    if isinstance(item, str):
        return split_tokens(item)
    if not isinstance(item, Mapping):
        raise BadRdata("a map, as {alpn: [h2, h3], port: 443}")
    tokens = []
    for key, value in item.items():
        if value is None or value == "":
            tokens.append(make_token(key))
        elif isinstance(value, str):
            tokens.append(make_token(f"{key}={_strip_quotes(value)}"))
        elif isinstance(value, Sequence):
            tokens.append(make_token(f"{key}={','.join(map(_strip_quotes, value))}"))
        else:
            raise BadRdata(f"{key}: a value or a list of them")
    return tokens


def _strip_quotes(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _location_tokens(value: Mapping[str, Any]) -> list[Token]:
    _refuse_unknown(value, set(LOC_FIELDS), LOC_FIELDS)
    tokens = []
    for name in LOC_FIELDS:
        item = value.get(name, _LOC_DEFAULTS.get(name))
        if item is None:
            raise BadRdata(f"the field {name} is missing")
        if not isinstance(item, str):
            raise BadRdata(f"{name}: one value, not a list or a map", name)
        tokens.append(make_token(item))
    return tokens


def _split_location(text: str) -> dict[str, Any]:
    words = (word.removesuffix("m") for word in text.split())
    return {
        name: word if name.endswith("direction") else _number(word)
        for name, word in zip(LOC_FIELDS, words, strict=True)
    }


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _plain(field: Field, text: str) -> Any:
    """A field as it stands in YAML: a number where it is one, a string without its quotes."""
    if isinstance(field.kind, Number | Period):
        return int(text)
    return text[1:-1] if text.startswith('"') else text


def _text_value(rdata: bytes) -> str:
    """A TXT value: one plain text where that gives the same strings again, else quoted strings."""
    strings = strings_of(rdata)
    whole = b"".join(strings)
    try:
        text = whole.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    is_plain = text.isprintable() and "\\" not in text and text == text.strip()
    if is_plain and text and not text.startswith('"') and text_wire([whole]) == rdata:
        return text.replace(";", "\\;")
    return " ".join(f'"{escape(octets, extra=b";")}"' for octets in strings)


_ONE_TOKEN: dict[int, SingleText] = {
    int(RRType.A): IPV4,
    int(RRType.AAAA): IPV6,
    int(RRType.NS): NAME,
    int(RRType.CNAME): NAME,
    int(RRType.PTR): NAME,
    int(RRType.DNAME): NAME,
    int(RRType.ALIAS): NAME,
}
