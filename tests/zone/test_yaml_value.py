"""Values: octoDNS's fields in both spellings, texts in presentation form, names in Unicode."""

from pathlib import Path

import pytest

from tests.zone.yaml_text import read, read_one

LOC = (
    "{lat_degrees: 31, lat_minutes: 58, lat_seconds: 52.1, lat_direction: S, long_degrees: 115, "
    "long_minutes: 49, long_seconds: 11.7, long_direction: E, altitude: 20"
)
DIGEST = "2bb183af5f22588179a53b0a98631fad1a292118aef5e0ee2f0d5b4b2b0e1f2a"
KEY = "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+"
DATA = "certificate_association_data"


@pytest.mark.parametrize(
    ("rtype", "value", "rdata"),
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:db8::1", "2001:db8::1"),
        ("NS", "ns1.example.com.", "ns1.example.com."),
        ("PTR", "Host.Example.COM.", "Host.Example.COM."),
        ("MX", "{preference: 10, exchange: mx.example.com.}", "10 mx.example.com."),
        ("MX", "{priority: 10, value: mx.example.com.}", "10 mx.example.com."),
        ("MX", "{preference: 10, priority: 20, exchange: a., value: b.}", "10 a."),
        ("MX", "10 mx.example.com.", "10 mx.example.com."),
        ("SRV", "{priority: 1, weight: 2, port: 3, target: .}", "1 2 3 ."),
        ("CAA", "{flags: 128, tag: issue, value: ;}", '128 issue ";"'),
        ("CAA", "{tag: iodef, value: 'mailto:a@b'}", '0 iodef "mailto:a@b"'),  # as octoDNS has it
        ("CAA", "0 issue ca.example.net", '0 issue "ca.example.net"'),
        ("CNAME", "www.example.com.", "www.example.com."),
        ("LOC", LOC + "}", "31 58 52.100 S 115 49 11.700 E 20.00m"),
        (
            "LOC",
            LOC + ", size: 10, precision_horz: 10, precision_vert: 2}",
            "31 58 52.100 S 115 49 11.700 E 20.00m 10.00m 10.00m 2.00m",
        ),
        (
            "NAPTR",
            r"{order: 1, preference: 2, flags: S, service: SIP+D2U, "
            r"regexp: '!^(.*)$!sip:\1@a!', replacement: .}",
            r'1 2 "S" "SIP+D2U" "!^(.*)$!sip:\\1@a!" .',
        ),
        (
            "SSHFP",
            f"{{algorithm: 4, fingerprint_type: 2, fingerprint: {DIGEST}}}",
            f"4 2 {DIGEST}",
        ),
        (
            "DS",
            f"{{key_tag: 1, algorithm: 13, digest_type: 2, digest: {DIGEST}}}",
            f"1 13 2 {DIGEST}",
        ),
        (
            "DS",  # the older names, each of which means the next
            f"{{flags: 1, protocol: 13, algorithm: 2, public_key: {DIGEST}}}",
            f"1 13 2 {DIGEST}",
        ),
        (
            "TLSA",
            f"{{certificate_usage: 3, selector: 1, matching_type: 1, {DATA}: {DIGEST}}}",
            f"3 1 1 {DIGEST}",
        ),
        ("URI", "{priority: 10, weight: 1, target: 'https://a/'}", '10 1 "https://a/"'),
        ("OPENPGPKEY", KEY, KEY),
        ("HTTPS", "{svcpriority: 0, targetname: a.}", "0 a."),
        ("SVCB", "{svcpriority: 0, targetname: a., svcparams: {}}", "0 a."),
        (
            "HTTPS",
            "{svcpriority: 1, targetname: ., svcparams: {alpn: [h2, h3], port: 8443, "
            "ipv4hint: [192.0.2.1], ipv6hint: ['2001:db8::1'], mandatory: [alpn], key65000: x}}",
            '1 . mandatory="alpn" alpn="h2,h3" port="8443" ipv4hint="192.0.2.1" '
            'ipv6hint="2001:db8::1" key65000="x"',
        ),
        ("HTTPS", "1 . alpn=h2,h3", '1 . alpn="h2,h3"'),
        ("SPF", "v=spf1 -all", '"v=spf1 -all"'),
        ("ALIAS", "www.example.net.", "www.example.net."),
        ("TYPE65280", r"\# 4 0a000001", r"\# 4 0a000001"),
        ("A", r"\# 4 c0000201", "192.0.2.1"),
        ("TYPE1", "192.0.2.1", "192.0.2.1"),
        ("CERT", r"\# 6 000100000500", "PKIX 0 RSASHA1 AA=="),
    ],
)
def test_values(tmp_path: Path, rtype: str, value: str, rdata: str) -> None:
    assert read_one(tmp_path, f"a: {{type: {rtype}, value: {_quoted(value)}}}\n") == rdata


def _quoted(value: str) -> str:
    return value if value.startswith("{") else "'" + value + "'"


@pytest.mark.parametrize(
    ("value", "rdata"),
    [
        (r"'v=DKIM1\; p=A'", '"v=DKIM1; p=A"'),
        ("'v=DKIM1; p=A'", '"v=DKIM1; p=A"'),
        ("a;b", '"a;b"'),
        (r"'\;\;'", '";;"'),
        ("""'"aa" "bb"'""", '"aa" "bb"'),
        ("""'"aa"'""", '"aa"'),
        ("a b  c", '"a b  c"'),
        ("' a '", '" a "'),
        ("''", '""'),
        ("a: b", None),
        ("'a\"b'", r'"a\"b"'),
        ('"a\\tb"', r'"a\009b"'),
        (r"'\195\188'", r'"\\195\\188"'),  # only `\;` is special, as in octoDNS
        ("""'"\\195\\188"'""", r'"\195\188"'),
        ("ü", r'"\195\188"'),
        ("x" * 256, f'"{"x" * 255}" "x"'),
        ("x" * 600, f'"{"x" * 255}" "{"x" * 255}" "{"x" * 90}"'),
        (f"""'"{"x" * 256}" "y"'""", f'"{"x" * 255}" "x" "y"'),
    ],
)
def test_txt(tmp_path: Path, value: str, rdata: str | None) -> None:
    text = f"a:\n  type: TXT\n  value: {value}\n"
    if rdata is None:
        assert read(tmp_path, text).places == ["3:11 yaml-syntax"]
    else:
        assert read_one(tmp_path, text) == rdata


@pytest.mark.parametrize(
    ("rtype", "value", "rdata"),
    [
        ("CNAME", "bücher.example.", "xn--bcher-kva.example."),
        ("ALIAS", "Bücher.example.", "xn--bcher-kva.example."),
        ("NS", "ns.Faß.example.", "ns.xn--fa-hia.example."),
        ("MX", "{preference: 1, exchange: bücher.example.}", "1 xn--bcher-kva.example."),
        ("MX", "{priority: 1, value: bücher.example.}", "1 xn--bcher-kva.example."),
        ("MX", "1 bücher.example.", "1 xn--bcher-kva.example."),
        ("SRV", "{priority: 1, weight: 2, port: 3, target: ü.}", "1 2 3 xn--tda."),
        ("SRV", "1 2 3 ü.", "1 2 3 xn--tda."),
        ("HTTPS", "{svcpriority: 1, targetname: ü.}", "1 xn--tda."),
        (
            "SOA",
            "{mname: ü., rname: ü., serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1}",
            "xn--tda. xn--tda. 1 1 1 1 1",
        ),
    ],
)
def test_targets_in_unicode(tmp_path: Path, rtype: str, value: str, rdata: str) -> None:
    assert read_one(tmp_path, f"a: {{type: {rtype}, value: {value}}}\n") == rdata


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: {type: CNAME, value: ☃.}\n", "1:25 bad-idn"),
        ("a: {type: MX, value: {preference: 1, exchange: ☃.}}\n", "1:22 bad-idn"),
        ("a: {type: CNAME, value: www}\n", "1:25 bad-value"),
        ("a: {type: CNAME, value: www.example.com}\n", "1:25 bad-value"),
        ("a: {type: CNAME, value: a..b.}\n", "1:25 bad-value"),
        ("a: {type: MX, value: {preference: 65536, exchange: a.}}\n", "1:35 bad-value"),
        ("a: {type: MX, value: {preference: -1, exchange: a.}}\n", "1:35 bad-value"),
        ("a: {type: MX, value: 10}\n", "1:22 bad-value"),
        ("a: {type: MX, value: 10 a. b}\n", "1:22 bad-value"),
        ("a: {type: SRV, value: {priority: 1, weight: 2, port: 3}}\n", "1:23 bad-value"),
        ("a: {type: A, value: 192.0.2.256}\n", "1:21 bad-value"),
        ("a: {type: A, value: 192.0.2.01}\n", "1:21 bad-value"),
        ("a: {type: AAAA, value: 'fe80::1%eth0'}\n", "1:24 bad-value"),
        ("a: {type: CAA, value: {flags: 256, tag: a, value: b}}\n", "1:31 bad-value"),
        ("a: {type: CAA, value: {tag: a-b, value: b}}\n", "1:29 bad-value"),
        ("a: {type: TXT, value: '\"a'}\n", "1:23 bad-value"),
        ("a: {type: TXT, value: '\"\\256\"'}\n", "1:23 bad-value"),
        (r"a: {type: A, value: '\# 3 c00002'}" + "\n", "1:21 bad-value"),
        ("a: {type: LOC, value: {lat_degrees: 91}}\n", "1:23 bad-value"),
    ],
)
def test_refused(tmp_path: Path, text: str, place: str) -> None:
    reading = read(tmp_path, text)
    assert (reading.records, reading.places) == ([], [place])


def test_fields_that_a_type_does_not_have(tmp_path: Path) -> None:
    """octoDNS ignores them in silence."""
    reading = read(tmp_path, "a: {type: MX, value: {preference: 1, exchange: a., note: b}}\n")
    assert reading.records == ["a 3600 MX 1 a."]
    assert reading.places == ["1:52 unknown-key"]
    assert reading.faults[0].severity == "warning"


def test_a_misspelt_field_is_missing(tmp_path: Path) -> None:
    reading = read(tmp_path, "a: {type: MX, value: {preferenc: 1, exchange: a.}}\n")
    assert reading.records == []
    assert reading.places == ["1:23 unknown-key", "1:22 bad-value"]


def test_one_fault_is_reported_once(tmp_path: Path) -> None:
    params = "{svcpriority: 1, targetname: ., svcparams: {alpn: [!!str h2]}}"
    reading = read(tmp_path, f"a: {{type: HTTPS, value: {params}}}\n")
    assert (reading.records, reading.places) == ([], ["1:76 unknown-tag"])


def test_a_sound_value_beside_a_bad_one(tmp_path: Path) -> None:
    reading = read(tmp_path, "a: {type: A, values: [192.0.2.1, x]}\n")
    assert (reading.records, reading.places) == (["a 3600 A 192.0.2.1"], ["1:34 bad-value"])
