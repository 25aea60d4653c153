"""Kinds of fields that hold octets which text writes in base 16, 32 or 64 (RFC 4648).

As `rdata_fields` has it, of which these are more.
"""

import base64
import binascii
from collections.abc import Sequence

from minidns.wire.rdata_fields import Shown, cut, shorten
from minidns.wire.rdata_text import BadRdata, Token, string_wire


class Hex:
    """Octets up to the end in hexadecimal, white space allowed in it."""

    takes_rest = True

    def read(self, tokens: Sequence[Token]) -> bytes:
        return read_hex("".join(tokens))

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(wire[at:].hex(), len(wire))


class Base64:
    """Octets up to the end in Base64, white space allowed in it."""

    takes_rest = True

    def read(self, tokens: Sequence[Token]) -> bytes:
        text = "".join(tokens)
        try:
            return base64.b64decode(text.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise BadRdata(f"'{shorten(text)}' is no Base64") from None

    def show(self, wire: bytes, at: int) -> Shown:
        return Shown(base64.b64encode(wire[at:]).decode(), len(wire))


class Salt:
    """A salt in hexadecimal, `-` for none (RFC 5155 section 3.3)."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        return string_wire(b"" if tokens[0] == "-" else read_hex(tokens[0]))

    def show(self, wire: bytes, at: int) -> Shown:
        length = cut(wire, at, 1)[0]
        return Shown(cut(wire, at + 1, length).hex() or "-", at + 1 + length)


class HashedOwner:
    """The next hashed owner name in Base32 with the extended alphabet (RFC 5155 section 3.3)."""

    takes_rest = False

    def read(self, tokens: Sequence[Token]) -> bytes:
        text = tokens[0].upper()
        try:
            octets = base64.b32hexdecode(text + "=" * (-len(text) % 8))
        except (binascii.Error, ValueError):
            octets = b""
        if not octets:
            raise BadRdata(f"'{tokens[0]}' is no Base32hex (0-9 and A-V)")
        return string_wire(octets)

    def show(self, wire: bytes, at: int) -> Shown:
        length = cut(wire, at, 1)[0]
        text = base64.b32hexencode(cut(wire, at + 1, length)).decode().rstrip("=")
        return Shown(text, at + 1 + length)


HEX, BASE64, SALT, HASHED_OWNER = Hex(), Base64(), Salt(), HashedOwner()


def read_hex(text: str) -> bytes:
    """Octets in hexadecimal. Raises BadRdata."""
    try:
        return binascii.unhexlify(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        raise BadRdata(f"'{shorten(text)}' is not hexadecimal (two digits an octet)") from None
