r"""Service parameters of SVCB and HTTPS (RFC 9460): `alpn="h2,h3" port=443` and their octets.

Values of `keyNNNNN` and of keys without a form of their own are octets with escapes. Within a list
a comma that is meant is written `\\,` (RFC 9460 appendix A.1).
"""

import base64
import binascii
import re
from collections.abc import Sequence

from minidns.wire.rdata_fields import IPV4, IPV6, Kind, Shown, cut, read_number
from minidns.wire.rdata_text import BadRdata, Token, escape, make_token, string_wire, unescape

MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT = range(7)

_KEYS = {  # registry "DNS SVCB Service Parameter Keys"
    "mandatory": MANDATORY,
    "alpn": ALPN,
    "no-default-alpn": NO_DEFAULT_ALPN,
    "port": PORT,
    "ipv4hint": IPV4HINT,
    "ech": ECH,
    "ipv6hint": IPV6HINT,
    "dohpath": 7,  # RFC 9461
    "ohttp": 8,  # RFC 9540
    "tls-supported-groups": 9,
}
_NAMES = {code: name for name, code in _KEYS.items()}
_WITHOUT_VALUE = frozenset({NO_DEFAULT_ALPN, 8})
_GROUPS = 9
_GENERIC = re.compile(r"key(0|[1-9]\d{0,4})", re.ASCII)
_LAST_KEY = 65_534  # 65535 is "invalid", RFC 9460 section 14.3.2
_HINTS: dict[int, tuple[Kind, int]] = {IPV4HINT: (IPV4, 4), IPV6HINT: (IPV6, 16)}


class ServiceParameters:
    """All parameters of a record, sorted by key."""

    takes_rest = True

    def read(self, tokens: Sequence[Token]) -> bytes:
        parameters: dict[int, bytes] = {}
        for token in tokens:
            name, equals, value = token.partition("=")
            key = _read_key(name)
            if key in parameters:
                raise BadRdata(f"'{name}' is given twice", field=name)
            parameters[key] = _read_value(name, key, value, bool(equals))
        _check_together(parameters)
        return b"".join(
            key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
            for key, value in sorted(parameters.items())
        )

    def show(self, wire: bytes, at: int) -> Shown:
        shown = [
            name if value is None else f'{name}="{value}"'
            for name, value in split_parameters(wire, at)
        ]
        return Shown(" ".join(shown), len(wire))


def split_parameters(wire: bytes, at: int) -> list[tuple[str, str | None]]:
    """Names and values, escaped as between quotes, of the parameters that begin at `at`.

    A value is None where the parameter has none. Raises BadRdata where the octets are no parameters
    that `read` could have made.
    """
    found = []
    last = -1
    while at < len(wire):
        key = int.from_bytes(cut(wire, at, 2), "big")
        length = int.from_bytes(cut(wire, at + 2, 2), "big")
        value = cut(wire, at + 4, length)
        if key <= last:
            raise BadRdata("parameters out of order")
        last = key
        found.append((_NAMES.get(key, f"key{key}"), _show_value(key, value)))
        at += 4 + length
    return found


def _read_key(name: str) -> int:
    code = _KEYS.get(name.lower())
    if code is not None:
        return code
    generic = _GENERIC.fullmatch(name.lower())
    if generic is not None and int(generic[1]) <= _LAST_KEY:
        return int(generic[1])
    known = ", ".join(_KEYS)
    raise BadRdata(f"'{name}' is no parameter: one of {known}, or key and a number", field=name)


def _read_value(name: str, key: int, value: str, has_value: bool) -> bytes:
    if name.lower() not in _KEYS:
        return unescape(value)
    if key in _WITHOUT_VALUE:
        if value:
            raise BadRdata(f"'{name}' has no value: leave out '={value}'", field=name)
        return b""
    if not value:
        raise BadRdata(f"'{name}' needs a value", field=name)
    try:
        return _read_known(key, value)
    except BadRdata as error:
        raise BadRdata(f"{name}: {error}", field=name) from None


def _read_known(key: int, value: str) -> bytes:
    if key == PORT:
        return read_number(value, 65_535).to_bytes(2, "big")
    if key == ECH:
        try:
            return base64.b64decode(value.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise BadRdata("no Base64") from None
    if key in _HINTS:
        kind, _ = _HINTS[key]
        return b"".join(kind.read([make_token(part)]) for part in value.split(","))
    if key == _GROUPS:
        return b"".join(read_number(n, 65_535).to_bytes(2, "big") for n in value.split(","))
    if key == MANDATORY:
        return _read_mandatory(value.split(","))
    if key == ALPN:
        protocols = _split_list(unescape(value))
        if not all(protocols):
            raise BadRdata("an empty protocol in the list")
        return b"".join(map(string_wire, protocols))
    return unescape(value)


def _read_mandatory(names: Sequence[str]) -> bytes:
    keys = sorted(map(_read_key, names))
    if MANDATORY in keys or len(set(keys)) != len(keys):
        raise BadRdata("each key once, and not mandatory itself (RFC 9460 section 8)")
    return b"".join(key.to_bytes(2, "big") for key in keys)


def _split_list(octets: bytes) -> list[bytes]:
    """The items of a comma-separated list, whose own escapes count now."""
    items = [b""]
    escaped = False
    for octet in octets:
        if not escaped and octet == ord("\\"):
            escaped = True
            continue
        if not escaped and octet == ord(","):
            items.append(b"")
        else:
            items[-1] += bytes((octet,))
        escaped = False
    return items


def _check_together(parameters: dict[int, bytes]) -> None:
    if NO_DEFAULT_ALPN in parameters and ALPN not in parameters:
        raise BadRdata("no-default-alpn needs alpn (RFC 9460 section 7.1.1)", "no-default-alpn")
    mandatory = parameters.get(MANDATORY, b"")
    for at in range(0, len(mandatory), 2):
        key = int.from_bytes(mandatory[at : at + 2], "big")
        if key not in parameters:
            name = _NAMES.get(key, f"key{key}")
            raise BadRdata(f"'{name}' is mandatory and missing (RFC 9460 section 8)", "mandatory")


def _show_value(key: int, value: bytes) -> str | None:
    if key in _WITHOUT_VALUE and not value:
        return None
    if key in _WITHOUT_VALUE or (key <= _GROUPS and not value):
        raise BadRdata(f"a value that {_NAMES[key]} cannot have")
    if key == PORT:
        return str(int.from_bytes(cut(value, 0, 2), "big"))
    if key == ECH:
        return base64.b64encode(value).decode()
    if key in _HINTS:
        kind, size = _HINTS[key]
        return ",".join(kind.show(value, at).text for at in range(0, len(value), size))
    if key in (MANDATORY, _GROUPS):
        numbers = [int.from_bytes(cut(value, at, 2), "big") for at in range(0, len(value), 2)]
        if key == _GROUPS:
            return ",".join(map(str, numbers))
        return ",".join(_NAMES.get(number, f"key{number}") for number in numbers)
    if key == ALPN:
        return escape(_join_list(value))
    return escape(value)


def _join_list(value: bytes) -> bytes:
    items = []
    at = 0
    while at < len(value):
        length = value[at]
        items.append(cut(value, at + 1, length).replace(b"\\", b"\\\\").replace(b",", b"\\,"))
        at += 1 + length
    return b",".join(items)
