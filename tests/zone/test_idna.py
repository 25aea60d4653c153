"""Names in Unicode to A-labels by IDNA 2008; dnspython's codec and RFC texts as the oracle."""

import dns.name
import pytest

from minidns.zone.idna import BadIdn, check_a_labels, find_mixed_scripts, to_ascii

MIXED = "p\u0430ypal"  # a Cyrillic a


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "www.example.",
        "_sip._tcp",
        "*",
        "0/25",
        "A.B",
        "a..b",
        "xn--bcher-kva",
        r"a\.b",
        "x" * 2000,
    ],
)
def test_ascii_stays_as_it_is(name: str) -> None:
    assert to_ascii(name) is name


@pytest.mark.parametrize(
    ("name", "ascii_form"),
    [
        ("bücher", "xn--bcher-kva"),
        ("bücher.example.", "xn--bcher-kva.example."),
        ("*.bücher", "*.xn--bcher-kva"),
        ("_sip.bücher", "_sip.xn--bcher-kva"),
        ("BÜCHER", "xn--bcher-kva"),
        ("bu\u0308cher", "xn--bcher-kva"),  # decomposed: normalized to NFC
        ("\uff57\uff57\uff57.bücher", "www.xn--bcher-kva"),  # full width
        ("faß", "xn--fa-hia"),  # RFC 5894 section 7.2: not fass
        ("βόλος", "xn--nxasmm1c"),  # RFC 5894 section 7.2: the final sigma is kept
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),  # once test names of the root
        ("مثال", "xn--mgbh0fb"),
    ],
)
def test_a_labels(name: str, ascii_form: str) -> None:
    assert to_ascii(name) == ascii_form


@pytest.mark.parametrize("name", ["bücher", "faß", "例え.テスト", "βόλος", "ü.ä.ö"])
def test_as_dnspython_has_them(name: str) -> None:
    oracle = dns.name.from_text(name, None, idna_codec=dns.name.IDNA_2008_Practical)
    assert to_ascii(name) == oracle.to_text()


@pytest.mark.parametrize(
    "name",
    [
        "☃",  # a symbol, RFC 5892
        "😀.example",
        "ü-",
        "-ü",
        "ü" * 60,
        "a.\u0308",  # begins with a combining mark, RFC 5891 section 4.2.3.2
        "xn--ü",
        "ü b",
        "ü_b",
        "\u05d0a1\u0661",  # mixed directions, RFC 5893
        "ü\ud800",
        "ü\\.b",
        "\u200dü",  # a joiner out of context, RFC 5892 appendix A
    ],
)
def test_labels_that_are_refused(name: str) -> None:
    with pytest.raises(BadIdn, match="IDNA 2008"):
        to_ascii(name)


def test_length_is_looked_at_first() -> None:
    """CVE-2022-45061 of Python's codec and CVE-2024-3651 of the package: quadratic time."""
    with pytest.raises(BadIdn, match="at most 255 octets"):
        to_ascii("ü" * 1025)
    with pytest.raises(BadIdn):
        to_ascii("\u0300" * 1024)


@pytest.mark.parametrize(
    "name", ["", "www", "a.b", "xn--bcher-kva", "XN--BCHER-KVA.example", "axn--b", "*.xn--tda"]
)
def test_sound_a_labels(name: str) -> None:
    assert check_a_labels(name) is None


@pytest.mark.parametrize(
    "name",
    ["xn--ls8h.example", "a.xn--a", "xn--fa-hia.xn--ls8h", "xn--", "xn--bcher-"],  # an emoji, ...
)
def test_doubtful_a_labels(name: str) -> None:
    doubt = check_a_labels(name)
    assert doubt is not None
    assert "IDNA 2008" in doubt


@pytest.mark.parametrize("name", ["xn--999999999", "www.xn--0", "xn--a_b"])
def test_no_punycode(name: str) -> None:
    with pytest.raises(BadIdn, match="no Punycode"):
        check_a_labels(name)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (MIXED, f"'{MIXED}' mixes Latin and Cyrillic letters"),
        (f"www.{MIXED}.x", f"'{MIXED}' mixes Latin and Cyrillic letters"),
        ("\u03b1b", "'\u03b1b' mixes Latin and Greek letters"),
        ("bücher.\u043f\u0440\u0438\u043c\u0435\u0440", None),
        ("日本go", None),  # Latin beside Japanese is usual
        ("-1_*", None),
        ("", None),
    ],
)
def test_mixed_scripts(name: str, found: str | None) -> None:
    assert find_mixed_scripts(name) == found
