"""Locations (RFC 1876): degrees, minutes, seconds and metres as text, and their 16 octets.

Read and shown as one field that takes the rest of the tokens; `LOC_FIELDS` are the names that
octoDNS gives to the parts, in the order of the presentation form (RFC 1876 section 3).
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from minidns.wire.rdata_fields import Shown, cut
from minidns.wire.rdata_text import BadRdata, Token

LOC_FIELDS = (
    "lat_degrees",
    "lat_minutes",
    "lat_seconds",
    "lat_direction",
    "long_degrees",
    "long_minutes",
    "long_seconds",
    "long_direction",
    "altitude",
    "size",
    "precision_horz",
    "precision_vert",
)

_EQUATOR = 2**31  # both angles count from here, in thousandths of an arc second
_SEA_LEVEL = 10_000_000  # centimetres, RFC 1876 section 2
_DEFAULTS = ("1m", "10000m", "10m")  # size, horizontal and vertical precision, section 3
_LARGEST_SIZE = 9 * 10**9  # centimetres
_DECIMAL = re.compile(r"-?\d{1,10}(?:\.\d{1,3})?", re.ASCII)


class Location:
    """The whole record data of LOC."""

    takes_rest = True

    def read(self, tokens: Sequence[Token]) -> bytes:
        words = [str(token) for token in tokens]
        latitude = _read_angle(words, "NS", 90)
        longitude = _read_angle(words, "EW", 180)
        if not 1 <= len(words) <= 1 + len(_DEFAULTS):
            raise BadRdata("after the longitude come an altitude and at most three sizes, in m")
        altitude = _read_metres(words[0]) + _SEA_LEVEL
        if not 0 <= altitude < 2**32:
            raise BadRdata(f"an altitude of {words[0]}: it is -100000m to 42849672.95m")
        sizes = words[1:] + list(_DEFAULTS[len(words) - 1 :])
        return (
            b"\x00"
            + bytes(map(_pack_size, sizes))
            + b"".join(number.to_bytes(4, "big") for number in (latitude, longitude, altitude))
        )

    def show(self, wire: bytes, at: int) -> Shown:
        octets = cut(wire, at, 16)
        if octets[0] != 0:
            raise BadRdata("a LOC version above 0")
        latitude, longitude, altitude = (
            int.from_bytes(octets[start : start + 4], "big") for start in (4, 8, 12)
        )
        parts = [
            _show_angle(latitude, "NS"),
            _show_angle(longitude, "EW"),
            _show_metres(altitude - _SEA_LEVEL),
            *(_show_metres((octet >> 4) * 10 ** (octet & 15)) for octet in octets[1:4]),
        ]
        return Shown(" ".join(parts), at + 16)


def _read_angle(words: list[str], directions: str, most: int) -> int:
    """Take one angle off the front of the words."""
    numbers: list[str] = []
    while words and words[0].upper() not in (directions[0], directions[1]):
        numbers.append(words.pop(0))
        if len(numbers) > 3:
            break
    if not words or not 1 <= len(numbers) <= 3:
        raise BadRdata(
            "a location is degrees, minutes, seconds and N or S, the same with E or W, and an "
            "altitude: 52 22 23.000 N 4 53 32.000 E -2.00m"
        )
    direction = words.pop(0).upper()
    degrees, minutes, seconds = map(_read_decimal, [*numbers, "0", "0"][:3])
    if degrees % 1 or minutes % 1 or not (0 <= minutes < 60 and 0 <= seconds < 60):
        raise BadRdata("whole degrees, whole minutes and seconds, the last two below 60")
    thousandths = int((degrees * 3600 + minutes * 60 + seconds) * 1000)
    if not 0 <= thousandths <= most * 3_600_000:
        raise BadRdata(f"an angle of {degrees} degrees: at most {most}")
    return _EQUATOR + (thousandths if direction in "NE" else -thousandths)


def _read_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise BadRdata(f"'{text}' is no number with at most three decimals")
    return Decimal(text)


def _read_metres(text: str) -> int:
    """Centimetres of `12.50m`; the m may be missing."""
    metres = _read_decimal(text[:-1] if text[-1:] in ("m", "M") else text)
    if metres * 100 % 1:
        raise BadRdata(f"'{text}' is finer than a centimetre")
    return int(metres * 100)


def _pack_size(text: str) -> int:
    """A size as mantissa and exponent of ten, rounded down to one digit (RFC 1876 section 2)."""
    size = _read_metres(text)
    if not 0 <= size <= _LARGEST_SIZE:
        raise BadRdata(f"a size of {text}: it is 0 to 90000000m")
    exponent = max(len(str(size)) - 1, 0)
    return size // 10**exponent << 4 | exponent if size else 0


def _show_angle(number: int, directions: str) -> str:
    thousandths = abs(number - _EQUATOR)
    degrees, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    direction = directions[0] if number >= _EQUATOR else directions[1]
    return f"{degrees} {minutes} {rest // 1000}.{rest % 1000:03d} {direction}"


def _show_metres(centimetres: int) -> str:
    sign = "-" if centimetres < 0 else ""
    return f"{sign}{abs(centimetres) // 100}.{abs(centimetres) % 100:02d}m"
