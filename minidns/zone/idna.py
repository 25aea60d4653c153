"""Owner names and targets in Unicode: to A-labels by IDNA 2008 (RFC 5891), label by label.

Labels in ASCII stay as they are, so that `_sip`, `*` and `0/25` remain possible beside Unicode
ones, as in octoDNS. Mapping (case, full-width forms) is that of UTS 46, whose result for a label
that IDNA 2008 allows is the label itself. A-labels in a file are checked, never rewritten.
Python's own "idna" codec is not used: it is IDNA 2003, and slow on long input (CVE-2022-45061).
"""

import unicodedata

import idna as idna_package

_A_LABEL = "xn--"  # RFC 5890 section 2.3.2.1
_MAX_TEXT = 1024  # characters; no longer text is a name of 255 octets, even with escapes
_SCRIPTS_KEPT_APART = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")  # look-alikes, UTS 39


class BadIdn(ValueError):
    """A label that IDNA refuses; str() says which and why."""


def to_ascii(name: str) -> str:
    """The name with each Unicode label as A-label. Raises BadIdn."""
    if name.isascii():
        return name
    if len(name) > _MAX_TEXT:
        raise BadIdn(f"a name of {len(name)} characters: it has at most 255 octets")
    return ".".join(map(_label_to_ascii, name.split(".")))


def check_a_labels(name: str) -> str | None:
    """What is doubtful about the A-labels of a name in ASCII, None where nothing is.

    Raises BadIdn where a label begins with `xn--` and what follows is no Punycode (RFC 3492).
    """
    doubt = None
    for label in name.lower().split("."):
        if not label.startswith(_A_LABEL):
            continue
        try:
            label[len(_A_LABEL) :].encode("ascii").decode("punycode")
        except UnicodeError:
            raise BadIdn(f"'{label}' begins with xn-- and is no Punycode: mend it") from None
        try:
            idna_package.decode(label)
        except UnicodeError as error:  # IDNAError is one; emoji names are registered so
            doubt = f"'{label}' is not a name that IDNA 2008 allows ({error})"
    return doubt


def find_mixed_scripts(name: str) -> str | None:
    """The scripts of the first label that mixes scripts with look-alike letters, if one does."""
    for label in name.split("."):
        words = {unicodedata.name(char, "").split(" ")[0] for char in label}
        scripts = [script for script in _SCRIPTS_KEPT_APART if script in words]
        if len(scripts) > 1:
            return f"'{label}' mixes {' and '.join(script.title() for script in scripts)} letters"
    return None


def _label_to_ascii(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna_package.encode(label, uts46=True).decode("ascii")
    except UnicodeError as error:  # IDNAError is one
        raise BadIdn(f"'{label}' is not a label that IDNA 2008 allows: {error}") from None
