"""Owner names of a YAML zone file: the key of a record to an absolute wire name.

A key is relative to the zone; '' and '@' are the apex. Unicode labels become A-labels. A key with
a final dot is refused by octoDNS; here it is absolute, must be in the zone, and is warned of.
"""

import re
from typing import Protocol

from minidns.wire.name import MAX_NAME, BadName, is_at_or_below, name_from_text, name_to_text
from minidns.zone.idna import BadIdn, check_a_labels, find_mixed_scripts, to_ascii
from minidns.zone.yaml_tree import Place, Text

# One label that needs no second look: ASCII, no escape, no A-label.
_PLAIN_LABEL = re.compile(r"(?!xn--)[a-z0-9_*/-]{1,63}", re.IGNORECASE | re.ASCII)


class Report(Protocol):
    """Takes note of a fault."""

    def __call__(self, rule: str, place: Place, message: str) -> None: ...


class OwnerNames:
    """Makes the owner names of one zone; `origin` is its apex, lower-case wire."""

    def __init__(self, origin: bytes, report: Report) -> None:
        self._origin = origin
        self._report = report
        self._zone = name_to_text(origin)[:-1].lower()  # without the final dot; the root is ''
        self._room = MAX_NAME - len(origin) - 1  # octets that a label before the origin may have

    def read(self, key: Text) -> bytes | None:
        """The absolute wire name in the case of the file; None where it is refused."""
        if _PLAIN_LABEL.fullmatch(key) and len(key) <= self._room:
            return len(key).to_bytes(1, "big") + key.encode("ascii") + self._origin
        if key in ("", "@"):
            return self._origin
        try:
            return self._read(key)
        except BadName as error:
            self._report("bad-name", key.place, str(error))
        except BadIdn as error:
            self._report("bad-idn", key.place, str(error))
        return None

    def _read(self, key: Text) -> bytes | None:
        if any(char.isspace() for char in key):
            raise BadName(f"'{key}' has white space: remove it, or write \\032 where it is meant")
        text = to_ascii(key)
        if text is not key:
            mixed = find_mixed_scripts(key)
            if mixed is not None:
                self._report("mixed-script", key.place, f"{mixed}: write them in one script")
        doubt = check_a_labels(text)
        if doubt is not None:
            self._report("doubtful-idn", key.place, f"{doubt}: served as it is")
        name = name_from_text(text, self._origin)
        if text.endswith(".") and not text.endswith("\\."):
            return self._absolute(key, name)
        if self._zone and f".{text.lower()}".endswith(f".{self._zone}"):
            message = (
                f"'{key}' is relative to the zone, so it means '{name_to_text(name)}': "
                f"leave '{self._zone}' out"
            )
            self._report("owner-repeats-zone", key.place, message)
        return name

    def _absolute(self, key: Text, name: bytes) -> bytes | None:
        if not is_at_or_below(name.lower(), self._origin):
            message = f"'{key}' is not in the zone '{self._zone}.': move it to its own zone's file"
            self._report("out-of-zone", key.place, message)
            return None
        message = f"'{key}' is absolute: write names relative to the zone, as octoDNS needs them"
        self._report("absolute-owner", key.place, message)
        return name
