r"""The record data of an entry of a master file: dnspython's record types read it.

What they refuse is said in the words that `wire.rdata` has for the same value in a YAML file, at
the word that is wrong. ALIAS is a name as CNAME's is; `\# 4 0a000001` (RFC 3597 section 5) is
read for every type.
"""

from typing import Any

import dns.exception
import dns.ipv4
import dns.ipv6
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from minidns.wire.codes import RRType
from minidns.wire.name import BadName, name_to_text
from minidns.wire.rdata import MAX_RDATA, BadRdata, rdata_from_value, type_to_text
from minidns.wire.rdata_text import MAX_STRING
from minidns.wire.rdata_types import RDATA_TYPES, TEXT_TYPES
from minidns.zone.master_words import BadWord, Word, Words, wire_name

_GENERIC = r"\#"
_IN = dns.rdataclass.IN
_NAME_KIND = RDATA_TYPES[RRType.NS].fields[0].kind
_ROOT = dns.name.root  # no name is left to complete: `Words` has done it
_WRAPPER: Any = dns.exception.ExceptionWrapper  # it has no types


_NUMBERS_BEFORE_NAME: dict[int, int] = {  # 16 bits each
    RRType.NS: 0,
    RRType.CNAME: 0,
    RRType.PTR: 0,
    RRType.DNAME: 0,
    RRType.ALIAS: 0,
    RRType.MX: 1,
    RRType.SRV: 3,
}


class RefusedRdata(Exception):
    """Record data that is refused at `word`; str() says why and what would be right."""

    def __init__(self, word: Word, message: str) -> None:
        super().__init__(message)
        self.word = word


class RdataReader:
    """Reads record data; the same words make the same octets."""

    def __init__(self) -> None:
        self._words = Words()

    def read(self, code: int, words: list[Word], at: int, origin: bytes) -> bytes:
        """The record data, uncompressed, that the words from `at` on hold.

        `origin` (wire) completes relative names. Raises RefusedRdata.
        """
        rdata = _read_plain(code, words[at:-1], origin)
        if rdata is None:
            rdata = self._read_any(code, words, at, origin)
        if len(rdata) > MAX_RDATA:
            message = f"{len(rdata):,} octets: record data has at most {MAX_RDATA:,}"
            raise RefusedRdata(words[at], f"{type_to_text(code)}: {message}")
        return rdata

    def _read_any(self, code: int, words: list[Word], at: int, origin: bytes) -> bytes:
        """By dnspython's class for the type."""
        self._words.start(words, at, origin)
        read_as = RRType.CNAME if code == RRType.ALIAS else code
        try:
            # Every exception becomes one: record types raise whatever their parts raise.
            with _WRAPPER(dns.exception.SyntaxError):
                rdtype = dns.rdatatype.RdataType.make(read_as)
                data = dns.rdata.from_text(_IN, rdtype, self._words, _ROOT, relativize=False)
                return data.to_wire() or b""
        except dns.exception.SyntaxError as error:
            raise self._explain(code, words, at, origin, error) from None

    def _explain(
        self, code: int, words: list[Word], at: int, origin: bytes, error: Exception
    ) -> RefusedRdata:
        name = type_to_text(code)
        word = self._words.last
        if words[at].value == _GENERIC:
            return RefusedRdata(words[at], f"{name}: {_explain_generic(code, words, at)}")
        if words[at].is_eol():
            return RefusedRdata(words[at], f"{name}: the data is missing: {_form_of(code)}")
        if isinstance(error.__cause__, BadWord):
            return RefusedRdata(word, f"{name}: {error}: {_form_of(code)}")
        if code not in RDATA_TYPES:
            return RefusedRdata(word, f"{name}: '{word.value}' does not fit: {_form_of(code)}")
        try:
            rdata_from_value(code, _absolute_text(code, words[at:-1], origin))
        except BadRdata as refused:
            names = [field.name for field in RDATA_TYPES[code].fields]
            if refused.field in names:
                word = words[min(at + names.index(refused.field), len(words) - 1)]
            return RefusedRdata(word, f"{name}: {refused}")
        return RefusedRdata(word, f"{name}: '{word.value}' does not fit: {_form_of(code)}")


def _read_plain(code: int, words: list[Word], origin: bytes) -> bytes | None:
    """What dnspython makes of the commonest types where they are plain, in a tenth of its time.

    None for all else, and for what has a fault.
    """
    if any(word.has_escape for word in words):
        return None
    if code == RRType.TXT:
        strings = [word.value.encode() for word in words]
        if not strings or max(map(len, strings)) > MAX_STRING:
            return None
        return b"".join(bytes((len(octets),)) + octets for octets in strings)
    if any(word.is_quoted_string() for word in words):
        return None
    numbers = _NUMBERS_BEFORE_NAME.get(code)
    try:
        if numbers is not None and len(words) == numbers + 1:
            name = wire_name(words[-1].value, origin)
            return b"".join(map(_two_octets, words[:-1])) + name
        if code == RRType.A and len(words) == 1:
            return dns.ipv4.inet_aton(words[0].value)
        if code == RRType.AAAA and len(words) == 1:
            return dns.ipv6.inet_aton(words[0].value)
    except (ValueError, OverflowError, dns.exception.SyntaxError):  # BadName is a ValueError
        return None
    return None


def _two_octets(word: Word) -> bytes:
    if not (word.value.isascii() and word.value.isdigit()):
        raise ValueError
    return int(word.value).to_bytes(2, "big")


def _explain_generic(code: int, words: list[Word], at: int) -> str:
    try:
        rdata_from_value(code, " ".join(word.value for word in words[at:-1]))
    except BadRdata as refused:
        return str(refused)
    return f"these octets are no {type_to_text(code)} data: mend them"


def _absolute_text(code: int, words: list[Word], origin: bytes) -> str:
    """The value as a YAML file would have it, its names absolute."""
    fields = RDATA_TYPES[code].fields if code in RDATA_TYPES else ()
    texts = []
    for index, word in enumerate(words):
        if word.is_quoted_string() or code in TEXT_TYPES:
            texts.append(f'"{word.value}"')
        elif index < len(fields) and fields[index].kind is _NAME_KIND:
            texts.append(_absolute_name(word.value, origin))
        else:
            texts.append(word.value)
    return " ".join(texts)


def _absolute_name(text: str, origin: bytes) -> str:
    try:
        return name_to_text(wire_name(text, origin))
    except BadName:
        return text  # it is not what dnspython stopped at


def _form_of(code: int) -> str:
    """What a record of that type consists of."""
    if code not in RDATA_TYPES:
        return "mend it, or write '\\# LENGTH HEX' (RFC 3597)"
    return f"the fields are {' '.join(field.name for field in RDATA_TYPES[code].fields)}"
