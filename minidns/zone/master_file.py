"""Master files (RFC 1035 section 5) to records: entries one after the other, and directives.

`$ORIGIN`, `$INCLUDE`, `$TTL` (RFC 2308 section 4) and BIND's `$GENERATE` are read. As in BIND and
NSD a `$TTL` in an included file stays in force after it; origin and owner are those of before.
How text becomes words, and words names, TTLs and data, is other modules'; what the records of a
zone mean together is `zone.check`'s.
"""

import os
import re
from pathlib import Path

from minidns.wire.codes import RRType
from minidns.zone.faults import fault
from minidns.zone.include import (
    MAX_FILE,
    MAX_INCLUDE_DEPTH,
    MAX_INCLUDES,
    UnreadableFile,
    ZoneFiles,
    find_include,
)
from minidns.zone.master_generate import BadGenerate, read_range, substitute, unquote
from minidns.zone.master_head import MAX_TTL, Head, HeadReader
from minidns.zone.master_names import REFUSED, MasterText
from minidns.zone.master_rdata import RdataReader, RefusedRdata
from minidns.zone.master_words import Word, read_entries, read_words
from minidns.zone.model import MAX_RECORDS, Fault, Mark, Record

MAX_GENERATED = 1_000_000  # records that the `$GENERATE`s of one zone make; ours
MAX_FAULTS = 100_000  # of one zone; a file of another kind has one in every line; ours

_FORMS = {
    "$ORIGIN": "$ORIGIN example.com.",
    "$TTL": "$TTL 3600",
    "$INCLUDE": "$INCLUDE FILE or $INCLUDE FILE ORIGIN",
    "$GENERATE": "$GENERATE 1-254 host-$ A 192.0.2.$ (data with spaces in quotes)",
}
_ARGUMENTS = {"$ORIGIN": (1, 1), "$TTL": (1, 1), "$INCLUDE": (1, 2), "$GENERATE": (4, 6)}


def read_master_zone(path: Path, origin: bytes, root: Path) -> tuple[list[Record], list[Fault]]:
    """The records of one master file and the faults found in it.

    `origin` is the zone's apex, lower-case wire. Includes stay under the directory `root`.
    """
    zone = MasterZone(origin)
    zone.read(path, root)
    return zone.records, zone.faults


class MasterZone:
    """The master files of one zone, read one after the other.

    `records`, `faults` and `files` (with includes, in the order of reading) gather in it. What was
    in the files is kept in `opened`, which the readers of a zone may share.
    """

    def __init__(self, origin: bytes, opened: ZoneFiles | None = None) -> None:
        self.records: list[Record] = []
        self.faults: list[Fault] = []
        self._opened = ZoneFiles() if opened is None else opened
        self._origin = origin
        self._root = Path()
        self._heads = HeadReader()
        self._rdata = RdataReader()
        self._octets = 0
        self._includes = 0
        self._generated = 0

    @property
    def files(self) -> list[Path]:
        """The files read so far."""
        return self._opened.paths

    def read(self, path: Path, root: Path) -> None:
        """Read a file. Includes stay under the directory `root`."""
        self._root = root
        text = MasterText(path, (), self._origin, self._report, self._origin)
        try:
            self._read_file(text, Mark(str(path), 1, 1))
        except _CannotGoOnError:
            return

    def _read_file(self, text: MasterText, mark: Mark) -> None:
        """Read a file; one that cannot be opened is reported at `mark`."""
        real = os.path.realpath(text.path)
        if real in text.chain:
            message = f"'{text.path}' includes itself, directly or through others"
            return self._report("include-loop", mark, f"{message}: remove this include")
        text.chain += (real,)
        try:
            data = self._opened.read(text.path)
        except UnreadableFile as error:
            return self._report(error.rule, mark, str(error))
        self._octets += len(data)
        if self._octets > MAX_FILE:
            message = f"the zone's files are over {MAX_FILE // (1024 * 1024)} MiB together"
            self._report("file-too-large", mark, message)
            raise _CannotGoOnError
        path, octets = text.path, self._opened.octets
        for entry in read_entries(data, text.report_at, lambda data: octets(data, path)):
            first = entry.words[0]
            if first.value[:1] != "$" or first.is_quoted_string():
                owner = text.owner_of(entry)
                head = self._heads.read(text, entry.words, 0 if entry.is_indented else 1)
                if head is not None:
                    self._add(text, owner, head, entry.words, head.data_at, text.mark(first))
            elif entry.is_indented:
                message = f"'{first.value}' is indented: a directive begins its line"
                text.report("bad-directive", first, message)
            else:
                self._read_directive(text, entry.words)
        return None

    def _report(self, rule: str, mark: Mark, message: str) -> None:
        self.faults.append(fault(rule, mark, message))
        if len(self.faults) == MAX_FAULTS:
            message = f"{MAX_FAULTS:,} faults so far: the rest is not read"
            self.faults.append(fault("too-many-faults", mark, message))
            raise _CannotGoOnError

    def _add(
        self, text: MasterText, owner: bytes, head: Head, words: list[Word], at: int, mark: Mark
    ) -> bool:
        """Add the record whose data begins at `at`; whether it has no fault."""
        try:
            rdata = self._rdata.read(head.code, words, at, text.origin)
        except RefusedRdata as error:
            text.report("bad-value", error.word, str(error))
            return False
        if head.code == RRType.SOA and self._heads.soa_minimum is None:
            self._heads.soa_minimum = min(int.from_bytes(rdata[-4:], "big"), MAX_TTL)
        ttl = self._heads.implied_ttl(text, words[0]) if head.ttl is None else head.ttl
        if owner == REFUSED:
            return False
        self.records.append(Record(owner, head.code, ttl, rdata, mark))
        if len(self.records) > MAX_RECORDS:
            message = f"the zone has over {MAX_RECORDS:,} records: divide it into several"
            self._report("too-many-records", mark, message)
            raise _CannotGoOnError
        return True

    def _read_directive(self, text: MasterText, words: list[Word]) -> None:
        name = words[0].value.upper()
        if name not in _FORMS:
            message = (
                f"there is no directive '{words[0].value}': {', '.join(_FORMS)} are there; "
                "an owner that begins with a dollar sign is written '\\$'"
            )
            return text.report("bad-directive", words[0], message)
        least, most = _ARGUMENTS[name]
        given = len(words) - 2  # without the directive and the end
        if not least <= given <= most:
            word = words[-1] if given < least else words[most + 1]
            what = "an argument is missing" if given < least else f"'{word.value}' is one too many"
            return text.report("bad-directive", word, f"{what}: write {_FORMS[name]}")
        if name == "$ORIGIN":
            text.origin = text.read_name(words[1], words[1].value) or text.origin
        elif name == "$TTL":
            self._heads.set_default(text, words[1])
        elif name == "$INCLUDE":
            self._include(text, words)
        else:
            self._generate(text, words)
        return None

    def _include(self, text: MasterText, words: list[Word]) -> None:
        word = words[1]
        self._includes += 1
        if self._includes > MAX_INCLUDES:
            text.report("include-depth", word, f"the zone has over {MAX_INCLUDES:,} includes")
            raise _CannotGoOnError
        if len(text.chain) > MAX_INCLUDE_DEPTH:
            message = f"includes are nested over {MAX_INCLUDE_DEPTH} deep"
            return text.report("include-depth", word, message)
        try:
            path = find_include(text.path, re.sub(r"\\(.)", r"\1", word.value), self._root)
        except UnreadableFile as error:
            return text.report(error.rule, word, str(error))
        origin: bytes | None = text.origin
        if not words[2].is_eol():
            origin = text.read_name(words[2], words[2].value)
        if origin is not None:
            included = MasterText(path, text.chain, self._origin, self._report, origin, text.owner)
            self._read_file(included, text.mark(word))
        return None

    def _generate(self, text: MasterText, words: list[Word]) -> None:
        head = self._heads.read(text, words, 3)
        if head is None:
            return None
        template = words[head.data_at]
        if head.data_at != len(words) - 2:
            word = words[min(head.data_at + 1, len(words) - 1)]
            what = "the data is missing" if template.is_eol() else f"'{word.value}' is too much"
            return text.report("bad-generate", word, f"{what}: write {_FORMS['$GENERATE']}")
        try:
            counters = read_range(words[1].value)
        except BadGenerate as error:
            return text.report("bad-generate", words[1], str(error))
        if self._generated + len(counters) > MAX_GENERATED:
            message = f"{len(counters):,} records more: all $GENERATE of a zone make at most"
            return text.report("generate-too-large", words[1], f"{message} {MAX_GENERATED:,}")
        self._generated += len(counters)
        data = unquote(template.value) if template.is_quoted_string() else template.value
        for counter in counters:
            if not self._generate_one(text, counter, head, words, data):
                break  # the others have the same fault
        return None

    def _generate_one(
        self, text: MasterText, counter: int, head: Head, words: list[Word], data: str
    ) -> bool:
        """Add the record that a counter stands for; whether it has no fault."""
        try:
            owner = text.read_owner(words[2], substitute(words[2].value, counter))
            made = read_words(substitute(data, counter), words[head.data_at], text.report_at)
        except BadGenerate as error:
            text.report("bad-generate", words[0], str(error))
            return False
        if owner == REFUSED or not made:
            return False
        return self._add(text, owner, head, made, 0, text.mark(words[0]))


class _CannotGoOnError(Exception):
    """The rest of the files is not read; the fault is noted."""
