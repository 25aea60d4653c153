"""Names that are not to be found: hosts lines, a domain a line, `*.domain`, response policy zones.

A hosts line blocks its names, a domain alone blocks itself and all below it, `*.domain` what is
below. Of several entries above a name the nearest counts, of equal ones that of the first list; a
name of an allow list, and what is below it, is never blocked. Octets come in, nothing is opened.
Response policy zones (draft-vixie-dnsop-dns-rpz) are read by `resolver.policy_zone`.
"""

import io
import re
from collections.abc import Callable

from minidns.resolver.hosts import MAX_FAULTS, LineFault, read_host_address
from minidns.resolver.packed_names import PackedNames, write
from minidns.resolver.policy_zone import Entry, is_policy_zone, read_policy_zone
from minidns.resolver.verdict import NXDOMAIN, PASS, Verdict
from minidns.wire.name import ROOT, BadName, name_from_text

_ITSELF_BITS = 16  # of an entry's number, for the verdict about the name itself
_MAX_VERDICTS: int = 2**_ITSELF_BITS - 1
_PLAIN = re.compile(rb"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
_LENGTHS = [bytes((length,)) for length in range(64)]
_MAX_PLAIN = 253  # characters
# Addresses that stand for no host: lists have them in front of what they block.
_NOWHERE = frozenset({bytes(4), bytes((127, 0, 0, 1)), b"\xff" * 4, bytes(16), bytes(15) + b"\x01"})
_NO_ENTRIES = frozenset({b"localhost", b"localhost.localdomain", b"0.0.0.0"})  # of hosts files


class BlockList:
    """The entries of all lists. `answer` is what a name gets whose list says nothing else."""

    def __init__(self, answer: Verdict = NXDOMAIN) -> None:
        self._answer = answer
        self._entries = PackedNames()  # name: about itself, and 16 bits up, about below
        self._log = bytearray()  # what is not among them yet
        self._verdicts: list[Verdict | None] = [None]
        self._indices: dict[Verdict, int] = {}
        self._allowed: set[bytes] = set()

    def __len__(self) -> int:
        self.pack()
        return len(self._entries)

    def pack(self) -> None:
        """Make what was taken in ready to be looked for; seconds for a million entries.

        Else the first look does it.
        """
        if self._log:
            log = self._entries.log() + self._log if len(self._entries) else self._log
            self._log = bytearray()
            self._entries = PackedNames(log, _merge)

    def find(self, qname: bytes) -> Verdict | None:
        """What a name (lower-case wire) gets; None where it is not blocked."""
        if self._log:
            self.pack()
        get = self._entries.get
        held = get(qname)
        number = held & _MAX_VERDICTS if held else 0
        name = qname
        while not number:
            length = name[0]
            if not length:
                return None
            name = name[1 + length :]
            held = get(name)
            if held:
                number = held >> _ITSELF_BITS
        verdict: Verdict | None = self._verdicts[number]
        if verdict is PASS or (self._allowed and self._is_allowed(qname)):
            return None
        return verdict

    def add(self, data: bytes) -> list[LineFault]:
        """Take in the octets of a list; the lines that cannot be used."""
        if is_policy_zone(data):
            return read_policy_zone(data, self._note_entry)
        return self._read_lines(data, self._block_line)

    def allow(self, data: bytes) -> list[LineFault]:
        """Take in a list of names, one a line or in hosts form, that are never blocked."""
        return self._read_lines(data, self._allow_line)

    def _read_lines(self, data: bytes, take: Callable[[list[bytes]], None]) -> list[LineFault]:
        faults: list[LineFault] = []
        for number, line in enumerate(io.BytesIO(data), 1):
            words = line.partition(b"#")[0].split()
            if not words or words[0][:1] in b"!;":
                continue
            try:
                take(words)
            except ValueError as error:
                if len(faults) < MAX_FAULTS:
                    faults.append(LineFault(number, str(error)))
        return faults

    def _block_line(self, words: list[bytes]) -> None:
        if len(words) == 1:
            word = words[0]
            number = self._number_of(self._answer)
            if word[:2] == b"*.":
                self._note(read_name(word[2:]), 0, number)
            else:
                self._note(read_name(word), number, number)
            return
        octets = read_host_address(words[0].decode("utf-8", "replace"))
        verdict = self._answer
        if octets not in _NOWHERE:
            verdict = Verdict.of_addresses([octets])
        for word in words[1:]:
            if word.lower() not in _NO_ENTRIES:
                self._note(read_name(word), self._number_of(verdict), 0)

    def _allow_line(self, words: list[bytes]) -> None:
        for word in words[1:] or words:
            self._allowed.add(read_name(word.removeprefix(b"*.")))

    def _note_entry(self, entry: Entry) -> None:
        number = self._number_of(entry.verdict or self._answer)
        self._note(entry.name, 0 if entry.is_below else number, number if entry.is_below else 0)

    def _note(self, name: bytes, itself: int, below: int) -> None:
        write(self._log, name, itself | below << _ITSELF_BITS)

    def _number_of(self, verdict: Verdict) -> int:
        number = self._indices.get(verdict)
        if number is None:
            if len(self._verdicts) > _MAX_VERDICTS:
                raise ValueError(f"over {_MAX_VERDICTS:,} different answers: leave some out")
            number = self._indices[verdict] = len(self._verdicts)
            self._verdicts.append(verdict)
        return number

    def _is_allowed(self, name: bytes) -> bool:
        while name != ROOT:
            if name in self._allowed:
                return True
            name = name[1 + name[0] :]
        return False


def _merge(earlier: int, later: int) -> int:
    """Of entries for one name the first counts, for itself and for what is below."""
    itself = earlier & _MAX_VERDICTS or later & _MAX_VERDICTS
    below = earlier >> _ITSELF_BITS or later >> _ITSELF_BITS
    return itself | below << _ITSELF_BITS


def read_name(word: bytes) -> bytes:
    """Lower-case wire. Raises BadName, a ValueError."""
    word = word.lower()
    if len(word) > _MAX_PLAIN or not _PLAIN.fullmatch(word):
        text = word.decode("utf-8", "replace")
        if any(mark in text for mark in "|^$/"):
            raise BadName(f"'{text}' is a rule of a browser's filter: write the domain alone")
        name = name_from_text(text, ROOT).lower()
        if name == ROOT:
            raise BadName("the root cannot be blocked: write a domain")
        return name
    labels = word.removesuffix(b".").split(b".")
    return b"".join([_LENGTHS[len(label)] + label for label in labels]) + ROOT
