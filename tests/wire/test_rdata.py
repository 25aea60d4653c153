"""Record data from texts and maps: dnspython is the oracle, and octoDNS's documents."""

from typing import Any

import dns.rdata
import pytest

from minidns.wire.rdata import (
    BadRdata,
    rdata_from_value,
    rdata_to_text,
    rdata_to_value,
    type_code,
    type_to_text,
)

SHA256 = "49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac49fd46e6c4b45c55d4ac49fd"
SHA384 = SHA256 + SHA256[:32]

# Examples of the RFCs that define the types.
PRESENTATIONS = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("AAAA", "::ffff:192.0.2.1"),
    ("NS", "ns1.example.com."),
    ("NS", r"a\.b\032c.Example.COM."),
    ("CNAME", "."),
    ("SOA", "ns1.example.com. host\\.master.example.com. 4294967295 7200 3600 1209600 300"),
    ("SOA", "ns1.example.com. h.example.com. 1 2h 1h30m 2w 5m"),
    ("PTR", "host.example.com."),
    ("HINFO", '"Generic PC clone" NetBSD-1.4'),
    ("MX", "10 mx.example.com."),
    ("MX", "0 ."),
    ("TXT", r'"aa" "b\"b;c" "\255\000"'),
    ("SPF", '"v=spf1 -all"'),
    ("RP", "louie.trantor.umd.edu. LAM1.people.umd.edu."),
    ("LOC", "42 21 54.000 N 71 06 18.000 W -24.00m 30.00m 10000.00m 10.00m"),
    ("LOC", "52 14 05 N 00 08 50 E 10m"),
    ("LOC", "32 7 19 S 116 2 25 E 10m"),
    ("LOC", "42 21 28.764 N 71 00 51.617 W -44m 2000m"),
    ("SRV", "10 20 5060 sip.example.com."),
    ("NAPTR", '100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.gatech.edu.'),
    ("NAPTR", r'100 10 "u" "sip+E2U" "!^(.*)$!sip:\\1@example.com!i" .'),
    ("DNAME", "frobozz-division.acme.example."),
    ("DS", f"60485 5 1 {SHA256[:40]}"),
    ("DS", f"60485 RSASHA256 2 {SHA256[:32]} {SHA256[32:]}"),
    ("DS", f"60485 14 4 {SHA384}"),
    ("SSHFP", "2 1 123456789abcdef67890123456789abcdef67890"),
    ("RRSIG", "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0"),
    ("NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234"),
    ("DNSKEY", "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3 Cbl+BBZH4b/0PY1kxkmvHjcZc8no"),
    ("NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG"),
    ("NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
    ("NSEC3PARAM", "1 0 12 aabbccdd"),
    ("TLSA", f"3 1 1 {SHA256}"),
    ("SMIMEA", f"3 1 1 {SHA256}"),
    ("CDS", "0 0 0 00"),
    ("CDNSKEY", "0 3 0 AA=="),
    ("OPENPGPKEY", "mQCNAzIBKgAAAQEEALRQUdlD"),
    ("CSYNC", "66 3 A NS AAAA"),
    ("ZONEMD", f"2018031500 1 1 {SHA384}"),
    ("SVCB", "0 foo.example.com."),
    ("SVCB", "1 ."),
    ("SVCB", "16 foo.example.com. port=53"),
    ("SVCB", "1 foo.example.com. key667=hello"),
    ("SVCB", r'1 foo.example.com. key667="hello\210qoo"'),
    ("SVCB", '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"'),
    ("SVCB", "1 example.com. ipv6hint=2001:db8:122:344::192.0.2.33"),
    ("SVCB", '16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint="192.0.2.1"'),
    ("SVCB", r'16 foo.example.org. alpn="f\\\\oo\\,bar,h2"'),
    ("HTTPS", "1 . alpn=h2 no-default-alpn port=443"),
    ("HTTPS", "1 svc.example. alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2"),
    ("URI", '10 1 "ftp://ftp1.example.com/public"'),
    ("CAA", '0 issue "ca1.example.net; account=230123"'),
    ("CAA", '128 tbs "Unknown"'),
    ("CAA", '0 issue ""'),
    ("TYPE65280", r"\# 4 0a000001"),
    ("TYPE65280", r"\# 6 0a00 0001 ffff"),
    ("TYPE65280", r"\# 0"),
    ("A", r"\# 4 c0000201"),
    ("MX", r"\# 5 000a 016d 00"),
]


@pytest.mark.parametrize(("rtype", "text"), PRESENTATIONS)
def test_presentation_form(rtype: str, text: str) -> None:
    expected = dns.rdata.from_text("IN", rtype, text).to_wire()
    code = type_code(rtype)
    assert rdata_from_value(code, text) == expected
    shown = rdata_to_text(code, expected)
    assert dns.rdata.from_text("IN", rtype, shown).to_wire() == expected
    assert rdata_from_value(code, shown) == expected
    value = rdata_to_value(code, expected)
    assert rdata_from_value(code, as_texts(value)) == expected


def as_texts(value: Any) -> Any:
    """As the reader of zone files gives it: every scalar a text, nothing an empty one."""
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    return "" if value is None else str(value)


FIELDS: list[tuple[str, dict[str, Any], str]] = [
    ("MX", {"exchange": "mx.example.com.", "preference": "10"}, "10 mx.example.com."),
    ("MX", {"value": "mx.example.com.", "priority": "10"}, "10 mx.example.com."),
    (
        "SRV",
        {"priority": "1", "weight": "2", "port": "3", "target": "t.example.com."},
        "1 2 3 t.example.com.",
    ),
    (
        "CAA",
        {"flags": "0", "tag": "issue", "value": "ca.example; a=b"},
        '0 issue "ca.example; a=b"',
    ),
    ("CAA", {"flags": "0", "tag": "issue", "value": ";"}, '0 issue ";"'),
    ("CAA", {"flags": "0", "tag": "issue", "value": r"a\; b"}, '0 issue "a; b"'),
    (
        "SSHFP",
        {"algorithm": "2", "fingerprint_type": "1", "fingerprint": SHA256[:40]},
        f"2 1 {SHA256[:40]}",
    ),
    (
        "NAPTR",
        {
            "order": "100",
            "preference": "10",
            "flags": "U",
            "service": "SIP+D2U",
            "regexp": "!^.*$!sip:info@example.com!",
            "replacement": ".",
        },
        '100 10 "U" "SIP+D2U" "!^.*$!sip:info@example.com!" .',
    ),
    (
        "NAPTR",
        {
            "order": "1",
            "preference": "1",
            "flags": '"u"',
            "service": '""',
            "regexp": r"!^(.*)$!sip:\1@example.com!",
            "replacement": ".",
        },
        r'1 1 "u" "" "!^(.*)$!sip:\\1@example.com!" .',
    ),
    (
        "DS",
        {"key_tag": "1", "algorithm": "13", "digest_type": "2", "digest": SHA256},
        f"1 13 2 {SHA256}",
    ),
    (  # octoDNS's older names, which were those of DNSKEY
        "DS",
        {"flags": "1", "protocol": "13", "algorithm": "2", "public_key": SHA256},
        f"1 13 2 {SHA256}",
    ),
    (
        "TLSA",
        {
            "certificate_usage": "3",
            "selector": "1",
            "matching_type": "1",
            "certificate_association_data": SHA256,
        },
        f"3 1 1 {SHA256}",
    ),
    ("URI", {"priority": "1", "weight": "2", "target": "https://a/b c"}, '1 2 "https://a/b c"'),
    (
        "LOC",
        {
            "lat_degrees": "31",
            "lat_minutes": "58",
            "lat_seconds": "52.1",
            "lat_direction": "S",
            "long_degrees": "115",
            "long_minutes": "49",
            "long_seconds": "11.7",
            "long_direction": "E",
            "altitude": "20",
            "size": "10",
            "precision_horz": "10",
            "precision_vert": "2",
        },
        "31 58 52.1 S 115 49 11.7 E 20m 10m 10m 2m",
    ),
    (
        "HTTPS",
        {
            "svcpriority": "1",
            "targetname": ".",
            "svcparams": {
                "alpn": ["h3", "h2"],
                "no-default-alpn": "",
                "port": "8443",
                "ipv4hint": ["192.0.2.1", "192.0.2.2"],
                "ipv6hint": "2001:db8::1",
                "key65000": "a b",
            },
        },
        "1 . alpn=h3,h2 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
        'ipv6hint=2001:db8::1 key65000="a b"',
    ),
    ("SVCB", {"svcpriority": "0", "targetname": "a.example."}, "0 a.example."),
    ("NSEC", {"next": "a.example.", "types": ["A", "RRSIG"]}, "a.example. A RRSIG"),
]


@pytest.mark.parametrize(("rtype", "fields", "text"), FIELDS)
def test_fields_of_octodns(rtype: str, fields: dict[str, Any], text: str) -> None:
    expected = dns.rdata.from_text("IN", rtype, text).to_wire()
    assert rdata_from_value(type_code(rtype), fields) == expected


TEXTS = [
    (r"v=DKIM1\; k=rsa\; p=A/k", [b"v=DKIM1; k=rsa; p=A/k"]),
    ("v=DKIM1; k=rsa", [b"v=DKIM1; k=rsa"]),
    ("two  spaces", [b"two  spaces"]),
    ('"aa" "bb"', [b"aa", b"bb"]),
    ('"aa""bb"', [b"aa", b"bb"]),
    ('say "hi"', [b'say "hi"']),
    (r"back\slash", [b"back\\slash"]),  # as octoDNS has it: only `\;` is special
    (r"\065 \" \\", [rb"\065 \" \\"]),
    (r'"\065\010" "\"\\\;"', [b"A\n", b'"\\;']),
    ("", [b""]),
    ('""', [b""]),
    ("gr\u00fc\u00df", "gr\u00fc\u00df".encode()),
    ("x" * 255, [b"x" * 255]),
    ("x" * 256, [b"x" * 255, b"x"]),
    ('"' + "x" * 256 + '" "y"', [b"x" * 255, b"x", b"y"]),
]


@pytest.mark.parametrize(("text", "strings"), TEXTS)
def test_txt(text: str, strings: list[bytes] | bytes) -> None:
    expected = [strings] if isinstance(strings, bytes) else strings
    for rtype in ("TXT", "SPF"):
        rdata = rdata_from_value(type_code(rtype), text)
        read = dns.rdata.from_wire("IN", rtype, rdata, 0, len(rdata))
        assert list(read.strings) == expected
        assert rdata_from_value(type_code(rtype), str(rdata_to_value(type_code(rtype), rdata))) == (
            rdata
        )


REFUSED = [
    ("A", "192.0.2", "no IPv4 address"),
    ("A", "192.0.2.256", "no IPv4 address"),
    ("A", "192.0.2.01", "no IPv4 address"),
    ("A", "2001:db8::1", "no IPv4 address"),
    ("A", "192.0.2.1 192.0.2.2", "no IPv4 address"),
    ("A", "", "no IPv4 address"),
    ("AAAA", "192.0.2.1", "no IPv6 address"),
    ("AAAA", "fe80::1%eth0", "scope"),
    ("NS", "ns1.example.com", "as 'ns1.example.com.'"),
    ("NS", "ns1", "write the whole name with its zone, as in 'ns1.example.com.'"),
    ("MX", "10 192.0.2.1", "no address and no URL"),
    ("CNAME", "https://www.example.com/", "no address and no URL"),
    ("SOA", "a. host@example.com 1 2 3 4 5", "as 'host.example.com.'"),
    ("NS", "a..b.", "empty label"),
    ("NS", "x" * 64 + ".", "63"),
    ("NS", ".".join(["x" * 63] * 4) + ".", "255"),
    ("NS", "ns1.example.com. more", "white space"),
    ("MX", "mx.example.com.", "preference: 'mx.example.com.' is no number"),
    ("MX", "10", "exchange is missing"),
    ("MX", "65536 mx.example.com.", "too large: at most 65535"),
    ("MX", "-1 mx.example.com.", "no number"),
    ("MX", "10 mx.example.com. 3", "'3' is one too many"),
    ("SRV", "1 2 3", "target is missing"),
    ("CAA", "0 is-sue x", "no tag"),
    ("CAA", "256 issue x", "too large"),
    ("URI", '1 1 ""', "empty"),
    ("DS", "1 13 2 abcd", "2 octets, of type 2 it has 32"),
    ("DS", "1 13 2 abc", "not hexadecimal"),
    ("DS", "1 13 2", "digest is missing"),
    ("SSHFP", "1 1 abcd", "of type 1 it has 20"),
    ("DNSKEY", "257 3 13 a-b", "no Base64"),
    ("NSEC3PARAM", "1 0 12 xyz", "not hexadecimal"),
    ("NSEC3", "1 0 0 - xyz", "Base32hex"),
    ("NSEC3", '1 0 0 - ""', "Base32hex"),
    ("NSEC", "a.example. NOSUCHTYPE", "NOSUCHTYPE"),
    ("RRSIG", "A 5 3 86400 20031322173103 20030220173103 1 a. AA==", "no moment"),
    ("SOA", "a. b. 1 2 3 4", "minimum is missing"),
    ("SOA", "a. b. 1 2 3 4 9999999999", "too large"),
    ("TXT", '"open', "not closed"),
    ("TXT", '"a" b', "in quotes"),
    ("TXT", r'"\256"', "no octet"),
    ("TXT", r'"\1"', "three digits"),
    ("HINFO", '"' + "x" * 256 + '" a', "at most 255"),
    ("LOC", "91 0 0 N 0 0 0 E 0m", "at most 90"),
    ("LOC", "1 60 0 N 0 0 0 E 0m", "below 60"),
    ("LOC", "1 0 0 X 0 0 0 E 0m", "N or S"),
    ("LOC", '1 0 0 "" 0 0 0 E 0m', "N or S"),
    ("LOC", "1 0 0 NS 0 0 0 E 0m", "N or S"),
    ("LOC", "1 0 0 N 0 0 0 E", "altitude"),
    ("LOC", "1 0 0 N 0 0 0 E 99999999m", "42849672.95m"),
    ("HTTPS", "0 . alpn=h2", "svcpriority 0"),
    ("HTTPS", "1 . nosuch=1", "no parameter"),
    ("HTTPS", "1 . port=1 port=2", "twice"),
    ("HTTPS", "1 . port=65536", "too large"),
    ("HTTPS", "1 . port", "needs a value"),
    ("HTTPS", "1 . no-default-alpn", "needs alpn"),
    ("HTTPS", "1 . alpn=h2 no-default-alpn=1", "has no value"),
    ("HTTPS", "1 . mandatory=port", "mandatory and missing"),
    ("HTTPS", "1 . mandatory=mandatory", "not mandatory itself"),
    ("HTTPS", "1 . ipv4hint=::1", "no IPv4 address"),
    ("HTTPS", "1 . alpn=h2,,h3", "empty protocol"),
    ("HTTPS", "1 . ech=***", "no Base64"),
    ("HTTPS", "1 . key65535=a", "no parameter"),
    ("TYPE65280", "0a000001", r"\# LENGTH HEX"),
    ("TYPE65280", r"\# 3 0a000001", "says 3 octets, there are 4"),
    ("TYPE65280", r"\#", "number of octets"),
    ("A", r"\# 3 0a0000", "no A data"),
    ("MX", r"\# 4 000ac00c", "compressed name"),
]


@pytest.mark.parametrize(("rtype", "text", "message"), REFUSED)
def test_refused(rtype: str, text: str, message: str) -> None:
    with pytest.raises(BadRdata) as caught:
        rdata_from_value(type_code(rtype), text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


REFUSED_FIELDS: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("MX", {"preference": "10"}, None, "exchange (or value) is missing"),
    ("MX", {"preference": "x", "exchange": "a."}, "preference", "no number"),
    ("MX", {"preference": "1", "exchange": "a"}, "exchange", "final dot"),
    ("MX", {"preference": "1", "exchange": "a.", "weight": "3"}, "weight", "no field 'weight'"),
    ("MX", {"preference": ["1"], "exchange": "a."}, "preference", "not a list"),
    ("LOC", {"lat_degrees": "1"}, None, "lat_minutes is missing"),
    ("HTTPS", {"svcpriority": "1", "targetname": ".", "svcparams": "port"}, "svcparams", "value"),
    (
        "HTTPS",
        {"svcpriority": "1", "targetname": ".", "svcparams": {"x": "1"}},
        "svcparams",
        "no parameter",
    ),
    ("TXT", {"value": "x"}, None, "a text"),
    ("TYPE65280", {"value": "x"}, None, "a text"),
]


@pytest.mark.parametrize(("rtype", "fields", "field", "message"), REFUSED_FIELDS)
def test_refused_fields(
    rtype: str, fields: dict[str, Any], field: str | None, message: str
) -> None:
    with pytest.raises(BadRdata) as caught:
        rdata_from_value(type_code(rtype), fields)
    assert message in str(caught.value)
    assert caught.value.field == field


def test_names_of_types() -> None:
    assert type_code("a") == 1
    assert type_code("TYPE1") == 1
    assert type_code("type65280") == 65280
    assert type_code("SMIMEA") == 53  # dnslib 0.9.26 has HIP there
    assert type_code("ALIAS") == 65401
    assert type_to_text(65280) == "TYPE65280"
    for bad in ("NOSUCH", "TYPE", "TYPE65536", "TYPE-1", "", "A "):
        with pytest.raises(BadRdata, match="TYPE65280"):
            type_code(bad)
    for bad, meant in (("AAA", "AAAA"), ("CNMAE", "CNAME"), ("HTTP", "HTTPS")):
        with pytest.raises(BadRdata, match=rf"is it {meant}\?"):
            type_code(bad)


def test_octets_that_fit_no_type_are_shown_generic() -> None:
    assert rdata_to_text(1, b"\x01") == r"\# 1 01"
    assert rdata_to_value(1, b"") == r"\# 0"
    assert rdata_to_text(62, b"\0\0\0\1\0\0\0\2\x40\0") == r"\# 10 00000001000000024000"
    assert rdata_to_text(15, b"\x00\x0a\xc0\x0c") == r"\# 4 000ac00c"
    assert rdata_to_text(64, b"\x00\x01\x00\x00\x03\x00\x01\x00") == r"\# 8 0001000003000100"
