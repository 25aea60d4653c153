r"""The text of a master file as entries: words that know where they stand (RFC 1035 section 5.1).

An entry is a line, or several that parentheses join; comments are gone. The words are dnspython's
tokens, and `Words` hands them to its record types as its own tokenizer would, which reads one
character at a time and knows no column. Words keep their escapes: what fills them says what they
mean. Knows no record type and no directive.
"""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import dns.name
import dns.tokenizer
from dns.tokenizer import EOL, IDENTIFIER, QUOTED_STRING

from minidns.wire.name import BadName, labels_of, name_from_text
from minidns.zone.idna import BadIdn, to_ascii

# Characters of the lines of one entry. The longest rdata, 65,535 octets each written `\DDD`, is
# half of it.
MAX_ENTRY = 512 * 1024

_WORD = re.compile(
    r"((?:[^ \t;()\"\\]++|\\.)++)"  # 1: a word
    r'|"((?:[^"\\]++|\\.)*+)"'  # 2: a string
    r'|([;()"\\])'  # 3: a comment, a parenthesis, or what is left open
)
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_ODD = re.compile(rb"[^\t\n\r\x20-\x7e]|\r(?!\n)")  # an octet that words are looked at for
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_UTF8 = re.compile(r"[\udc80-\udcff]")  # how "surrogateescape" keeps octets


class Report(Protocol):
    """Takes note of a fault; `line` and `column` count from 1."""

    def __call__(self, rule: str, line: int, column: int, message: str) -> None: ...


class Word(dns.tokenizer.Token):
    """A token and its place. The last of an entry is no word: its `ttype` is EOL."""

    def __init__(self, ttype: int, value: str, line: int, column: int) -> None:
        super().__init__(ttype, value, "\\" in value)
        self.line = line
        self.column = column


class Entry(NamedTuple):
    """One record or directive. `is_indented` says that it began with white space."""

    words: list[Word]
    is_indented: bool


def read_entries(
    data: bytes, report: Report, make_octets: Callable[[bytes], io.BytesIO] = io.BytesIO
) -> Iterator[Entry]:
    """The entries of a file that have no fault in themselves; faults are reported.

    A parenthesis that never closes ends the entries.
    """
    if data.startswith(_UTF16_BOMS):
        report("encoding", 1, 1, "the file is UTF-16: save it as UTF-8")
        return
    data = data.removeprefix(_UTF8_BOM)
    lexer = _Lexer(report, is_odd=_ODD.search(data) is not None)
    for number, octets in enumerate(make_octets(data), 1):
        entry = lexer.take(number, octets.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
        if entry is not None:
            yield entry
        elif lexer.cannot_go_on:
            break
    lexer.end()


def read_words(text: str, place: Word, report: Report) -> list[Word]:
    """The words of a text that stands at `place`; none where it has a fault, which is reported."""

    def report_at_place(rule: str, line: int, column: int, message: str) -> None:
        report(rule, place.line, place.column, message)

    lexer = _Lexer(report_at_place, is_odd=not text.isprintable() or not text.isascii())
    entry = lexer.take(1, text)
    lexer.end()
    if entry is None:
        return []
    return [Word(word.ttype, word.value, place.line, place.column) for word in entry.words]


def wire_name(text: str, origin: bytes) -> bytes:
    """The absolute name that a text relative to `origin` stands for. Raises BadName."""
    if text.isascii():
        return name_from_text(text, origin)
    try:
        a_labels = to_ascii(text)
    except BadIdn as error:
        raise BadName(str(error)) from None
    raise BadName(f"'{text}' holds a character outside ASCII: write '{a_labels}'")


class Words(dns.tokenizer.Tokenizer):
    """Hands the words of one entry after the other to dnspython's record types.

    Names are made here, so that what is wrong with one is said as everywhere in the zone's files.
    """

    def __init__(self) -> None:
        super().__init__("", "")
        self._words: list[Word] = []
        self._at = 0
        self._origin = b""

    def start(self, words: list[Word], at: int, origin: bytes) -> None:
        """Begin with the word at index `at`; `origin` (wire) completes relative names."""
        self._words = words
        self._at = at
        self._origin = origin

    @property
    def last(self) -> Word:
        """The word that was taken last."""
        return self._words[min(self._at, len(self._words)) - 1]

    def get(self, want_leading: bool = False, want_comment: bool = False) -> Any:
        """The next word; the end of the entry over and over after the last."""
        self._at += 1
        return self._words[self._at - 1] if self._at <= len(self._words) else self._words[-1]

    def unget(self, token: Any) -> None:
        """Give the word back that was taken last."""
        self._at -= 1

    def get_eol_as_token(self) -> Any:
        """The end of the entry. Raises BadWord where there is more."""
        word = self.get()
        if not word.is_eol():
            raise BadWord(f"'{word.value}' is one too many")
        return word

    def as_name(
        self,
        token: Any,
        origin: dns.name.Name | None = None,
        relativize: bool = False,
        relativize_to: dns.name.Name | None = None,
    ) -> dns.name.Name:
        """The absolute name that a word stands for. Raises BadWord."""
        if not token.is_identifier():
            raise BadWord("a name is missing" if token.is_eol() else "a name has no quotes")
        try:
            return dns.name.Name([*labels_of(wire_name(token.value, self._origin)), b""])
        except BadName as error:
            raise BadWord(str(error)) from None


class BadWord(ValueError):
    """A word that cannot stand where it does; str() says why. dnspython wraps it."""


class _Lexer:
    """Takes the lines of a file and makes entries of them."""

    def __init__(self, report: Report, is_odd: bool) -> None:
        self.cannot_go_on = False
        self._report = report
        self._is_odd = is_odd
        self._words: list[Word] = []
        self._is_indented = False
        self._is_good = True
        self._opened: list[tuple[int, int]] = []  # line and column of parentheses
        self._size = 0

    def take(self, number: int, line: str) -> Entry | None:
        """The entry that ends with this line, if one does and has no fault."""
        if not self._opened:
            self._words = []
            self._is_indented = line[:1] in (" ", "\t")
            self._is_good = True
            self._size = 0
        self._size += len(line)
        if self._size > MAX_ENTRY:
            self._refuse_size(number)
            return None
        end = self._split(number, line)
        if self._opened or not self._words or not self._is_good:
            return None
        self._words.append(Word(EOL, "", number, end + 1))
        return Entry(self._words, self._is_indented)

    def end(self) -> None:
        """The file ends."""
        if self._opened and not self.cannot_go_on:
            line, column = self._opened[-1]
            message = "the parenthesis is not closed, and takes in the rest of the file: write ')'"
            self._report("master-syntax", line, column, message)

    def _split(self, number: int, line: str) -> int:
        """Take in the words of a line; returns where they end."""
        words = self._words
        end = 0
        for match in _WORD.finditer(line):
            kind = match.lastindex
            if kind == 3:
                if match[3] == ";":
                    break
                if not self._delimiter(match[3], number, match.start() + 1):
                    self._is_good = False
                    break
            else:
                ttype = IDENTIFIER if kind == 1 else QUOTED_STRING
                word = Word(ttype, match[kind or 0], number, match.start() + 1)
                words.append(word)
                if self._is_odd:
                    self._look_at(word)
            end = match.end()
        return end

    def _delimiter(self, char: str, number: int, column: int) -> bool:
        """Whether what is neither word nor comment may stand there."""
        if char == "(":
            self._opened.append((number, column))
            return True
        if char == ")" and self._opened:
            self._opened.pop()
            return True
        if char == ")":
            message = "a parenthesis is closed that was not opened: write '(' before, or '\\)'"
        elif char == '"':
            message = (
                'the quote is not closed in its line: write ", or \\" for a quote that is meant'
            )
        else:
            message = "a backslash at the end of a line: write '\\\\' for a backslash"
        self._report("master-syntax", number, column, message)
        return False

    def _look_at(self, word: Word) -> None:
        """Report characters that no word may have."""
        control, octet = _CONTROL.search(word.value), _NOT_UTF8.search(word.value)
        if control is not None:
            code = ord(control[0])
            message = f"a control character (0x{code:02x}): remove it, or write '\\{code:03d}'"
        elif octet is not None:
            code = ord(octet[0]) & 0xFF
            message = (
                f"octet 0x{code:02x} is not UTF-8 (Latin-1, perhaps): save the file as UTF-8, "
                f"or write '\\{code:03d}'"
            )
        else:
            return
        self._report("encoding", word.line, word.column, message)
        self._is_good = False

    def _refuse_size(self, number: int) -> None:
        if self._opened:
            self.cannot_go_on = True
            number, column = self._opened[0]
            message = (
                f"what is in this parenthesis has over {MAX_ENTRY:,} characters, no record has: "
                "is ')' missing?"
            )
        else:
            column = 1
            message = f"a line of over {MAX_ENTRY:,} characters: no record has so many"
        self._report("master-syntax", number, column, message)
