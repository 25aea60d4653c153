"""Owner names and origins of a master file: words to absolute wire names (RFC 1035 section 5.1).

A name without a final dot is relative to the origin of its file; a line that begins with white
space has the owner of the record before it. Names are octets here, so that nothing is guessed:
characters outside ASCII are refused, and the A-label or the escape is asked for.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minidns.wire.name import BadName, is_at_or_below, name_to_text
from minidns.zone.master_words import Entry, Word, wire_name
from minidns.zone.model import Mark

REFUSED = b""  # stands for an owner whose fault is reported


class Report(Protocol):
    """Takes note of a fault."""

    def __call__(self, rule: str, mark: Mark, message: str) -> None: ...


@dataclass(slots=True)
class MasterText:
    """A file that is being read: what its names are relative to, and whose records come next.

    `chain` holds the real paths of the files that led here, and its own.
    """

    path: Path
    chain: tuple[str, ...]
    zone: bytes  # the apex, lower-case wire
    note: Report
    origin: bytes  # wire
    owner: bytes | None = None  # None before the first; REFUSED after one that has a fault

    def mark(self, word: Word) -> Mark:
        """The place of a word."""
        return Mark(str(self.path), word.line, word.column)

    def report(self, rule: str, word: Word, message: str) -> None:
        """Note a fault at a word."""
        self.note(rule, self.mark(word), message)

    def report_at(self, rule: str, line: int, column: int, message: str) -> None:
        """Note a fault at a place."""
        self.note(rule, Mark(str(self.path), line, column), message)

    def owner_of(self, entry: Entry) -> bytes:
        """The owner of a record; REFUSED where it has a fault."""
        first = entry.words[0]
        if not entry.is_indented:
            self.owner = self.read_owner(first, first.value)
        elif self.owner is None:
            message = "no owner is stated before this record: write '@' for the zone itself"
            self.report("bad-name", first, message)
            self.owner = REFUSED
        return self.owner

    def read_owner(self, word: Word, text: str) -> bytes:
        """The owner that `text`, at `word`, states; REFUSED where it has a fault."""
        owner = self.read_name(word, text)
        if owner is None:
            return REFUSED
        if is_at_or_below(owner.lower(), self.zone):
            return owner
        meant = name_to_text(owner)
        stands_for = "" if meant == text else f" stands for '{meant}' and"
        message = f"'{text}'{stands_for} is not in the zone '{name_to_text(self.zone)}': "
        self.report("out-of-zone", word, f"{message}move it to its own zone's file")
        return REFUSED

    def read_name(self, word: Word, text: str) -> bytes | None:
        """The absolute name that `text` at `word` stands for; None where it has a fault."""
        try:
            if word.is_quoted_string():
                raise BadName(f"the name '{text}' is in quotes: write it without")
            return wire_name(text, self.origin)
        except BadName as error:
            self.report("bad-name", word, str(error))
            return None
