"""Domain names in wire form, uncompressed: `b"\\x07example\\x03com\\x00"` (RFC 1035 section 3.1).

Wire names are `bytes`, so they are dict keys, and labels may hold any octet, dots too.
`bytes.lower()` is the canonical case of a wire name (RFC 4343): length octets are at most 63
and so never letters. Text is the presentation form of RFC 1035 section 5.1, always absolute.
"""

from collections.abc import Iterator

MAX_NAME = 255  # octets with the root label, RFC 1035 section 2.3.4
MAX_LABEL = 63  # octets, RFC 1035 section 2.3.4
ROOT = b"\x00"

_LENGTHS = [bytes((length,)) for length in range(MAX_LABEL + 1)]
_PLAIN = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*/+=:,<>!#%&'?[]^`{|}~"
)


class BadName(ValueError):
    """A text that is no domain name; the message says which rule it breaks."""


def name_from_text(text: str, origin: bytes | None = None) -> bytes:
    """Wire form, case kept. A text without final dot is relative to `origin` (wire).

    Raises BadName: empty label, label over 63 or name over 255 octets, bad escape, a character
    outside ASCII, or a relative text where there is no origin.
    """
    if text == ".":
        return ROOT
    if text == "@" and origin is not None:
        return origin
    labels, absolute = _split_labels(text)
    if not absolute and origin is None:
        raise BadName(f"'{text}' has no final dot: {_advise(text)}")
    wire = b"".join([_LENGTHS[len(label)] + label for label in labels])
    wire += ROOT if absolute or origin is None else origin
    if len(wire) > MAX_NAME:
        raise BadName(f"'{text}' is {len(wire)} octets long, a name has at most {MAX_NAME}")
    return wire


def _advise(text: str) -> str:
    """What whoever wrote a name without final dot may have meant."""
    if text.replace(".", "").isdigit() or ":" in text.partition("/")[0]:
        return "a name is wanted here, no address and no URL"
    if "@" in text:
        return f"write the @ as a dot, as '{text.replace('@', '.')}.'"
    if "." in text:
        return f"write the whole name, as '{text}.'"
    return f"write the whole name with its zone, as in '{text}.example.com.'"


def name_to_text(wire: bytes) -> str:
    """Presentation form with final dot; octets that are not plain are escaped (RFC 4343 2.1)."""
    if wire == ROOT:
        return "."
    parts = []
    for label in labels_of(wire):
        text = "".join(
            chr(octet)
            if octet in _PLAIN
            else f"\\{chr(octet)}"
            if octet in b'."\\;()@$'
            else f"\\{octet:03d}"
            for octet in label
        )
        parts.append(text)
    return ".".join(parts) + "."


def labels_of(wire: bytes) -> Iterator[bytes]:
    """The labels from left to right, without the root label."""
    at = 0
    while (length := wire[at]) != 0:
        yield wire[at + 1 : at + 1 + length]
        at += 1 + length


def count_labels(wire: bytes) -> int:
    """Labels without the root label."""
    return sum(1 for _ in labels_of(wire))


def parent_of(wire: bytes) -> bytes:
    """The name without its first label. The root has no parent: IndexError is a caller's fault."""
    return wire[1 + wire[0] :]


def is_at_or_below(name: bytes, ancestor: bytes) -> bool:
    """Whether `name` is `ancestor` or below it; both in lower case (RFC 9499 section 7)."""
    if not name.endswith(ancestor):
        return False
    start = len(name) - len(ancestor)
    at = 0
    while at < start:
        at += 1 + name[at]
    return at == start


def is_wildcard(wire: bytes) -> bool:
    """Whether the first label is exactly `*` (RFC 4592 section 2.1.1)."""
    return wire.startswith(b"\x01*")


def _split_labels(text: str) -> tuple[list[bytes], bool]:
    if "\\" in text:
        return _split_escaped(text)
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError:
        raise BadName(f"'{text}' holds a character outside ASCII") from None
    labels = raw.split(b".")
    absolute = labels[-1] == b""
    if absolute:
        labels.pop()
    for label in labels:
        if not 0 < len(label) <= MAX_LABEL:
            _check_label(text, label)
    if not labels:
        raise BadName("an empty name; the root is written '.'")
    return labels, absolute


def _split_escaped(text: str) -> tuple[list[bytes], bool]:
    labels: list[bytes] = []
    label = bytearray()
    at = 0
    absolute = False
    while at < len(text):
        char = text[at]
        at += 1
        absolute = False
        if char == ".":
            _check_label(text, label)
            labels.append(bytes(label))
            label.clear()
            absolute = True
        elif char == "\\":
            digits = text[at : at + 3]
            if len(digits) == 3 and digits.isascii() and digits.isdigit():
                if int(digits) > 255:
                    raise BadName(f"'{text}': \\{digits} is no octet, the largest is \\255")
                label.append(int(digits))
                at += 3
            elif digits and digits[0].isascii() and not digits[0].isdigit():
                label.append(ord(digits[0]))
                at += 1
            else:
                raise BadName(f"'{text}': a backslash is followed by three digits or a character")
        elif char.isascii():
            label.append(ord(char))
        else:
            raise BadName(f"'{text}' holds a character outside ASCII")
    if not absolute:
        _check_label(text, label)
        labels.append(bytes(label))
    return labels, absolute


def _check_label(text: str, label: bytes | bytearray) -> None:
    if not label:
        raise BadName(f"'{text}' has an empty label")
    if len(label) > MAX_LABEL:
        raise BadName(f"'{text}' has a label of {len(label)} octets, a label has at most 63")
