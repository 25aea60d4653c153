"""What stands between the owner and the data of a record: TTL, class and type.

TTL and class come in either order, and each may be missing (RFC 1035 section 5.1). A record
without a TTL has that of `$TTL`, else the last one stated, else the SOA's minimum (RFC 2308
section 4).
"""

import re
from typing import NamedTuple

from minidns.wire.rdata import BadRdata, type_code
from minidns.zone.master_names import MasterText
from minidns.zone.master_words import Word

MAX_TTL = 2**31 - 1  # seconds, RFC 2181 section 8

_TTL = re.compile(r"\d{1,20}|(?:\d{1,10}[wdhms]){1,5}", re.IGNORECASE | re.ASCII)
_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
_CLASS = re.compile(r"IN|CH|CHAOS|HS|HESIOD|CLASS\d{1,5}", re.IGNORECASE | re.ASCII)
_CLASS_IN = ("IN", "CLASS1")  # RFC 3597 section 5


class Head(NamedTuple):
    """`ttl` is in seconds, None where none is stated. The data begin at the index `data_at`."""

    ttl: int | None
    code: int  # of the type
    data_at: int


class HeadReader:
    """Reads the heads of the records of one zone, and knows the TTL of those that state none."""

    def __init__(self) -> None:
        self.soa_minimum: int | None = None  # seconds
        self._default: int | None = None  # seconds, of `$TTL`
        self._last: int | None = None  # seconds, the last that a record stated
        self._codes: dict[str, int] = {}

    def read(self, text: MasterText, words: list[Word], at: int) -> Head | None:
        """The head that begins at the index `at`; None where it has a fault, which is reported."""
        ttl: int | None = None
        class_word: Word | None = None
        while True:
            word = words[at]
            if ttl is None and word.value[:1].isdigit():
                ttl = self._last = self._read_ttl(text, word)
                if ttl is None:
                    return None
            elif class_word is None and _CLASS.fullmatch(word.value):
                class_word = word
            else:
                break
            at += 1
        if class_word is not None and class_word.value.upper() not in _CLASS_IN:
            message = f"class {class_word.value}: zones here are of class IN; remove the record"
            text.report("other-class", class_word, message)
            return None
        code = self._codes.get(word.value) or self._read_type(text, word)
        return None if code is None else Head(ttl, code, at + 1)

    def set_default(self, text: MasterText, word: Word) -> None:
        """`$TTL`. One that has a fault, which is reported, counts as 0."""
        self._default = self._read_ttl(text, word) or 0

    def implied_ttl(self, text: MasterText, word: Word) -> int:
        """Seconds for a record that states none. That there are none is reported once."""
        for ttl in (self._default, self._last, self.soa_minimum):
            if ttl is not None:
                return ttl
        message = "no TTL so far: write a line '$TTL 3600' above, for example"
        text.report("no-ttl", word, message)
        self._default = 0
        return 0

    def _read_ttl(self, text: MasterText, word: Word) -> int | None:
        """Seconds; None where the word has a fault, which is reported."""
        value = word.value
        if not _TTL.fullmatch(value) or word.is_quoted_string():
            message = f"'{value}' is no TTL: write seconds in digits, or 1h30m (w, d, h, m, s)"
            text.report("bad-ttl", word, message)
            return None
        parts = re.findall(r"(\d+)(\D?)", value.lower())
        ttl = sum(int(number) * _UNITS[unit or "s"] for number, unit in parts)
        if ttl > MAX_TTL:
            message = f"a TTL of {ttl} seconds: the largest is {MAX_TTL}"
            text.report("ttl-too-large", word, message)
            return None
        return ttl

    def _read_type(self, text: MasterText, word: Word) -> int | None:
        if word.is_eol():
            message = "the record ends before its type: write OWNER TTL IN TYPE DATA"
            text.report("master-syntax", word, message)
            return None
        try:
            if word.is_quoted_string():
                raise BadRdata(f"the type '{word.value}' is in quotes: write it without")
            code = self._codes[word.value] = type_code(word.value)
        except BadRdata as error:
            text.report("unknown-type", word, str(error))
            return None
        return code
