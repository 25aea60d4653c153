"""Kinds of fields that record data consists of: text to octets and back.

A kind that `takes_rest` stands last in its type and fills itself with all tokens that are left.
Every `read` raises BadRdata (or BadName) with words for whoever wrote the text; every `show` gives
the text of the field that begins at an octet, and where the next one begins.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple, Protocol

from minidns.wire.name import MAX_LABEL, MAX_NAME, name_from_text, name_to_text
from minidns.wire.rdata_mnemonics import ALGORITHMS, type_code, type_to_text
from minidns.wire.rdata_text import (
    BadRdata,
    Token,
    escape,
    quote,
    string_wire,
    strings_of,
    text_wire,
    unescape,
)

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
_PERIOD = re.compile(r"(?:\d+[wdhms])+", re.IGNORECASE | re.ASCII)
_TIMESTAMP = re.compile(r"\d{14}", re.ASCII)  # YYYYMMDDHHmmSS, RFC 4034 section 3.2
_OCTETS = {
    str(number): number for number in range(256)
}  # `01` is none: 1 or 8 to different readers
_IPV6_GROUPS = 8  # of 16 bits, RFC 4291 section 2.2
_ZEROS = "0000"
# The form that most addresses have, groups on both sides of the `::`. `ipaddress` reads it too, in
# two and a half times the time; all other forms are left to it.
_COMPRESSED = re.compile(
    r"[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6}::[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6}",
    re.IGNORECASE | re.ASCII,
)
_TYPES_PER_WINDOW = 256  # RFC 4034 section 4.1.2
_MAX_BITMAP = 32  # octets, RFC 4034 section 4.1.2


class Shown(NamedTuple):
    """The text of a field and the octet after it."""

    text: str
    end: int


class Kind(Protocol):
    """What a field holds."""

    takes_rest: bool

    def read(self, tokens: Sequence[Token]) -> bytes:
        """The octets of the tokens: exactly one unless `takes_rest`."""

    def show(self, wire: bytes, at: int) -> Shown:
        """The text of the field at `at`."""


class SingleText(Kind, Protocol):
    """A kind whose octets depend on one text alone, whether that was quoted or not."""

    def read_text(self, text: str) -> bytes:
        """As `read` of one token."""


class Number:
    """An unsigned number of that many octets, in digits or by a word of `names`."""

    takes_rest = False

    def __init__(self, octets: int, names: dict[str, int] | None = None) -> None:
        self._octets = octets
        self._largest = 256**octets - 1
        self._names = names or {}

    def read(self, tokens: Sequence[Token]) -> bytes:
        text = tokens[0]
        named = self._names.get(text.upper())
        if named is not None:
            return named.to_bytes(self._octets, "big")
        return read_number(text, self._largest).to_bytes(self._octets, "big")

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(str(int.from_bytes(cut(wire, at, self._octets), "big")), at + self._octets)


class Period:
    """Seconds in 32 bits; `1h30m` is read too, as master files have it."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        text = tokens[0]
        if _PERIOD.fullmatch(text):
            parts = re.findall(r"(\d+)(\D)", text.lower())
            seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
        else:
            seconds = read_number(text, 2**32 - 1)
        if seconds >= 2**32:
            raise BadRdata(f"'{text}' is over {2**32 - 1} seconds")
        return seconds.to_bytes(4, "big")

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(str(int.from_bytes(cut(wire, at, 4), "big")), at + 4)


class Moment:
    """The inception or expiration of a signature (RFC 4034 section 3.2)."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        text = tokens[0]
        if not _TIMESTAMP.fullmatch(text):
            return read_number(text, 2**32 - 1).to_bytes(4, "big")
        try:
            moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise BadRdata(f"'{text}' is no moment: write YYYYMMDDHHmmSS in UTC") from None
        return (int(moment.timestamp()) & 0xFFFFFFFF).to_bytes(4, "big")

    def show(self, wire: bytes, at: int) -> Shown:
        seconds = int.from_bytes(cut(wire, at, 4), "big")
        return Shown(f"{datetime.fromtimestamp(seconds, UTC):%Y%m%d%H%M%S}", at + 4)


class Name:
    """A domain name, uncompressed; written absolute."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        return self.read_text(tokens[0])

    def read_text(self, text: str) -> bytes:
        if not text.isprintable() or " " in text:  # a name in zone data is hardly meant so
            raise BadRdata(f"'{text}' has white space: one name, or \\032 where a space is meant")
        return name_from_text(text)

    def show(self, wire: bytes, at: int) -> Shown:
        end = at
        while (length := cut(wire, end, 1)[0]) != 0:
            if length > MAX_LABEL:
                raise BadRdata("a label over 63 octets, or a compressed name")
            end += 1 + length
        if end + 1 - at > MAX_NAME:
            raise BadRdata(f"a name over {MAX_NAME} octets")
        return Shown(name_to_text(cut(wire, at, end + 1 - at)), end + 1)


class Ipv4:
    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        return self.read_text(tokens[0])

    def read_text(self, text: str) -> bytes:
        try:
            first, second, third, fourth = text.split(".")
            return bytes((_OCTETS[first], _OCTETS[second], _OCTETS[third], _OCTETS[fourth]))
        except (KeyError, ValueError):
            raise BadRdata(
                f"'{text}' is no IPv4 address: write four numbers up to 255, as 192.0.2.1"
            ) from None

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(str(IPv4Address(cut(wire, at, 4))), at + 4)


class Ipv6:
    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        return self.read_text(tokens[0])

    def read_text(self, text: str) -> bytes:
        if _COMPRESSED.fullmatch(text):
            groups = text.split(":")  # an empty one for the `::`
            zeros = _ZEROS * (_IPV6_GROUPS + 1 - len(groups))
            if zeros:
                return bytes.fromhex("".join([one.zfill(4) if one else zeros for one in groups]))
        try:
            address = IPv6Address(text)
        except AddressValueError:
            raise BadRdata(f"'{text}' is no IPv6 address, as 2001:db8::1 is") from None
        if address.scope_id is not None:
            raise BadRdata(f"'{text}' has a scope: leave out what begins with %")
        return address.packed

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(str(IPv6Address(cut(wire, at, 16))), at + 16)


class String:
    """One character-string (RFC 1035 section 3.3)."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        return string_wire(unescape(tokens[0]))

    def show(self, wire: bytes, at: int) -> Shown:
        length = cut(wire, at, 1)[0]
        return Shown(quote(cut(wire, at + 1, length)), at + 1 + length)


class Strings:
    """One or more character-strings; longer ones are cut into several."""

    takes_rest = True

    def read(self, tokens: Sequence[Token]) -> bytes:
        return text_wire(map(unescape, tokens))

    def show(self, wire: bytes, at: int) -> Shown:
        strings = strings_of(wire[at:])
        if not strings:
            raise BadRdata("no string at all")
        return Shown(" ".join(map(quote, strings)), len(wire))


class Tag:
    """The property of a CAA record: letters and digits (RFC 8659 section 4.1)."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        text = tokens[0]
        if not (text.isascii() and text.isalnum()):
            raise BadRdata(f"'{text}' is no tag: it has letters and digits, as issue or iodef")
        return string_wire(text.encode())

    def show(self, wire: bytes, at: int) -> Shown:
        length = cut(wire, at, 1)[0]
        return Shown(escape(cut(wire, at + 1, length)), at + 1 + length)


class Rest:
    """Octets up to the end, written as one string (CAA's value, URI's target)."""

    takes_rest = False

    def __init__(self, may_be_empty: bool) -> None:
        self._may_be_empty = may_be_empty

    def read(self, tokens: Sequence[Token]) -> bytes:
        octets = unescape(tokens[0])
        if not octets and not self._may_be_empty:
            raise BadRdata("an empty text")
        return octets

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(quote(wire[at:]), len(wire))


class TypeField:
    """A record type by its name."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        return type_code(tokens[0]).to_bytes(2, "big")

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(type_to_text(int.from_bytes(cut(wire, at, 2), "big")), at + 2)


class TypeBitmap:
    """Record types by their names (RFC 4034 section 4.1.2)."""

    takes_rest = True

    def read(self, tokens: Sequence[Token]) -> bytes:
        windows: dict[int, bytearray] = {}
        for code in sorted(set(map(type_code, tokens))):
            window, bit = divmod(code, _TYPES_PER_WINDOW)
            bitmap = windows.setdefault(window, bytearray())
            bitmap.extend(bytes(bit // 8 + 1 - len(bitmap)))
            bitmap[bit // 8] |= 0x80 >> bit % 8
        return b"".join(bytes((window, len(bits))) + bits for window, bits in windows.items())

    def show(self, wire: bytes, at: int) -> Shown:
        names = []
        last = -1
        while at < len(wire):
            window, length = cut(wire, at, 2)
            bits = cut(wire, at + 2, length)
            if window <= last or not 1 <= length <= _MAX_BITMAP or not bits[-1]:
                raise BadRdata("a bitmap of types that is not as RFC 4034 section 4.1.2 has it")
            last = window
            for index, octet in enumerate(bits):
                codes = (window * _TYPES_PER_WINDOW + index * 8 + bit for bit in range(8))
                names += [type_to_text(code) for code in codes if octet & 0x80 >> code % 8]
            at += 2 + length
        return Shown(" ".join(names), len(wire))


U8, U16, U32 = Number(1), Number(2), Number(4)
ALGORITHM = Number(1, ALGORITHMS)
PERIOD, MOMENT = Period(), Moment()
NAME, IPV4, IPV6 = Name(), Ipv4(), Ipv6()
STRING, STRINGS, TAG = String(), Strings(), Tag()
TEXT, TARGET = Rest(may_be_empty=True), Rest(may_be_empty=False)
TYPE, TYPES = TypeField(), TypeBitmap()


def read_number(text: str, largest: int) -> int:
    """A number in digits, at most `largest`. Raises BadRdata."""
    if not (text.isascii() and text.isdigit()):
        raise BadRdata(f"'{shorten(text)}' is no number: write 0 to {largest} in digits")
    if len(text) > 10 or int(text) > largest:
        raise BadRdata(f"{shorten(text)} is too large: at most {largest}")
    return int(text)


def cut(wire: bytes, at: int, length: int) -> bytes:
    """Octets of `wire`. Raises BadRdata where there are not so many."""
    piece = wire[at : at + length]
    if len(piece) != length:
        raise BadRdata("the data ends too early")
    return piece


def shorten(text: str) -> str:
    """A text for a message, cut where it is long."""
    return text if len(text) <= 40 else f"{text[:37]}..."
