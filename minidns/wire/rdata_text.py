"""The presentation form of record data as tokens and character-strings (RFC 1035 section 5.1).

Tokens stand between white space or in double quotes and keep their escapes, since only the field
that a token fills knows what they mean there. Knows no record type.
"""

import re
from collections.abc import Iterable, Sequence

MAX_STRING = 255  # octets of a character-string, RFC 1035 section 3.3

_ESCAPE = re.compile(rb"\\(\d{3}|.?)", re.DOTALL)
# An escape, or the backslash of what is none: `\1` of a NAPTR regexp, RFC 3402 section 3.2.
_ESCAPE_OR_NOT = re.compile(r"(\\(?:\d{3}|\D))|\\", re.DOTALL)


class BadRdata(ValueError):
    """Record data that its type does not allow; str() says what would be right.

    `field` is the name of the field at fault where there is one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Token(str):
    """One token, without its quotes. `is_quoted` tells `"."` from `.`."""

    __slots__ = ("is_quoted",)
    is_quoted: bool


def make_token(text: str, is_quoted: bool = False) -> Token:
    """A token of that text."""
    token = Token(text)
    token.is_quoted = is_quoted
    return token


def split_tokens(text: str) -> list[Token]:
    """The tokens of a value in presentation form. Raises BadRdata for a quote left open."""
    if '"' not in text and "\\" not in text:
        return [make_token(word) for word in text.split()]
    tokens: list[Token] = []
    at, end = 0, len(text)
    while at < end:
        if text[at].isspace():
            at += 1
        elif text[at] == '"':
            close = _find_quote(text, at + 1)
            tokens.append(make_token(text[at + 1 : close], is_quoted=True))
            at = close + 1
        else:
            start = at
            at = _find_space(text, at)
            tokens.append(make_token(_without_quotes(text[start:at])))
    return tokens


def split_quoted(text: str) -> list[Token]:
    """The strings of `"aa" "bb"`. Raises BadRdata where something stands outside the quotes."""
    tokens = split_tokens(text)
    if not all(token.is_quoted for token in tokens):
        raise BadRdata(
            "a text that begins with a quote is one or more strings in quotes: "
            'write \'"aa" "bb"\', or \\" for a quote that is meant'
        )
    return tokens


def unescape(text: str) -> bytes:
    r"""The octets that a text with `\DDD` and `\X` escapes stands for; other characters in UTF-8.

    Raises BadRdata for a bad escape.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if b"\\" not in raw:
        return raw
    return _ESCAPE.sub(_unescape_one, raw)


def keep_back_references(text: str) -> str:
    r"""The text with the backslash of `\1` doubled: in a field of its own it can only be meant."""
    return _ESCAPE_OR_NOT.sub(lambda match: match[1] or r"\\", text)


def escape(octets: bytes, extra: bytes = b"") -> str:
    r"""Octets as text that may stand between quotes; `extra` octets get a backslash, too."""
    quoted = b'"\\' + extra
    return "".join(
        f"\\{chr(octet)}"
        if octet in quoted
        else chr(octet)
        if 0x20 <= octet < 0x7F
        else f"\\{octet:03d}"
        for octet in octets
    )


def quote(octets: bytes) -> str:
    """Octets as one quoted string."""
    return f'"{escape(octets)}"'


def string_wire(octets: bytes) -> bytes:
    """A character-string. Raises BadRdata where it is too long."""
    if len(octets) > MAX_STRING:
        raise BadRdata(f"a string of {len(octets)} octets: at most {MAX_STRING} fit")
    return bytes((len(octets),)) + octets


def text_wire(strings: Iterable[bytes]) -> bytes:
    """Character-strings one after the other, those over 255 octets cut into several."""
    pieces = []
    for octets in strings:
        for start in range(0, len(octets) or 1, MAX_STRING):
            pieces.append(string_wire(octets[start : start + MAX_STRING]))
    return b"".join(pieces)


def strings_of(wire: bytes) -> Sequence[bytes]:
    """The character-strings that `wire` consists of. Raises BadRdata where the last is cut."""
    strings = []
    at = 0
    while at < len(wire):
        end = at + 1 + wire[at]
        if end > len(wire):
            raise BadRdata("a string is cut off")
        strings.append(wire[at + 1 : end])
        at = end
    return strings


def _unescape_one(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if len(code) == 3:
        if int(code) > 255:
            raise BadRdata(f"\\{code.decode()} is no octet: the largest is \\255")
        return bytes((int(code),))
    if not code or code.isdigit():
        raise BadRdata(
            "a backslash is followed by three digits or by the character that is meant; "
            "write \\\\ for a backslash"
        )
    return code


def _find_quote(text: str, at: int) -> int:
    """Where the quote that was opened before `at` closes."""
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            return at
        at += 1
    raise BadRdata("a quote is not closed")


def _find_space(text: str, at: int) -> int:
    r"""Where a token that began without a quote ends; `key="a b"` is one."""
    while at < len(text) and not text[at].isspace():
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            at = _find_quote(text, at + 1)
        at += 1
    return min(at, len(text))


def _without_quotes(text: str) -> str:
    """The token without the quotes inside it that no backslash protects."""
    return re.sub(r'(\\.)|"', lambda match: match[1] or "", text, flags=re.DOTALL)
