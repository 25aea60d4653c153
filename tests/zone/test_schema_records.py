"""Records, owners, TTLs and traps of YAML in the JSON Schema, beside what the reader says."""

from pathlib import Path

import pytest
import yaml

from minidns.zone.faults import ERROR
from tests.zone.editor import LOADERS, complaints
from tests.zone.yaml_text import read

A = "{type: A, value: 192.0.2.1}"
SRV = "{priority: 1, weight: 2, port: 3, target: a.}"


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "text",
    [
        f"'': {A}\n'@': {{type: TXT, value: x}}\n'*': {A}\n'*.a': {A}\n",
        f"2: {A}\n-1_: {A}\n1.10: {A}\n2026-10-01: {A}\nno: {A}\n~x: {A}\n",
        f"www: [{A}, {{type: AAAA, value: '::1'}}]\n",
        f"a: []\n_sip._tcp: {{type: SRV, value: {SRV}}}\n0/25: {A}\n",
        f"bücher: {A}\n'a\\.b': {A}\n{'a' * 63}: {A}\n",
        "a: {type: A, values: 192.0.2.1}\nb: {type: A, value: [192.0.2.1, 192.0.2.2]}\n",
        "a: {type: A, ttl: 0, value: 192.0.2.1}\nb: {type: A, ttl: '300', value: 192.0.2.1}\n",
        "a: {type: A, ttl: 2147483647, value: 192.0.2.1}\n",
        "a: &a {type: A, value: 192.0.2.1}\nb: *a\nc: {<<: *a, ttl: 60}\nd: [*a]\n",
        "a: {type: TXT, values: [no, 1.10, 0x1F, 1:30, 2026-10-01, '', \"a\\tb\"]}\n",
        "a: {type: AAAA, value: 2001:10:20:30:40:50:1:2}\n",
        "a: {type: AAAA, values: ['::', '::1', '2001:db8::', '::ffff:192.0.2.1']}\n",
        "a: {type: AAAA, values: ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:192.0.2.1']}\n",
        "a: {type: SSHFP, value: {algorithm: 1, fingerprint_type: 1, fingerprint: "
        "0011223344556677001122334455667700112233}}\n",
        "a: {type: DS, value: {key_tag: 1, algorithm: 8, digest_type: 9, digest: 001122}}\n",
        "a: {type: DS, value: {flags: 1, protocol: 8, algorithm: 9, public_key: aa}}\n",
        "a: {type: MX, value: {priority: 1, value: a.}}\nb: {type: MX, value: 10 a.}\n",
        "a: {type: MX, value: {preference: '1', exchange: ü.example.}}\n",
        "a: {type: CAA, value: {tag: no, value: 1.10}}\nb: {type: CAA, value: 0 issue a}\n",
        "a: {type: TYPE65280, value: '\\# 1 0a'}\nb: {type: CERT, value: '\\# 6 000100000500'}\n",
        "a: {type: A, value: '\\# 4 c0000201'}\nb: {type: MX, value: '\\# 3 0001 00'}\n",
        "a: {type: TYPE1, value: 192.0.2.1}\n",
        "a: {type: TYPE15, values: [{preference: 1, exchange: a.}, 2 b.]}\n",
        "a: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [h2, h3], "
        "port: 443, ipv4hint: 192.0.2.1, ipv6hint: ['::1'], ech: AAT+DQAA, mandatory: [alpn], "
        "key65000: 1, no-default-alpn: , dohpath: '/q{?dns}'}}}\n",
        "a: {type: SVCB, value: {svcpriority: 1, targetname: ., svcparams: 'alpn=\"h2,h3\"'}}\n",
        "a: {type: HTTPS, value: 1 . alpn=h2 no-default-alpn}\nb: {type: HTTPS, value: 0 a.}\n",
        "a: {type: LOC, value: 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m}\n",
        "a: {type: NSEC, value: {next: b., types: A MX}}\nb: {type: NSEC, value: c. A TYPE65280}\n",
        "a: {type: RRSIG, value: A 13 2 3600 20300101000000 20290101000000 1 a. AAAA}\n",
        "a: {type: DNSKEY, value: {flags: 256, protocol: 3, algorithm: ED448, public_key: AAAA}}\n",
        "a: {type: SOA, value: {mname: a., rname: b., serial: 1, refresh: 2h, retry: 1h30m, "
        "expire: 1w, minimum: 5}}\n",
        f"a: {A[:-1]}, octodns: {{ignored: no, lenient: yes, healthcheck: {{host: null}}}}}}\n",
        f"a: {A[:-1]}, minidns: {{}}}}\n'': {{minidns: {{}}}}\n",
        f"'': {A[:-1]}, minidns: {{fallthrough: true}}}}\n",
        "'': {minidns: {fallthrough: 'no'}}\n",
    ],
)
def test_both_take(tmp_path: Path, text: str, loader: type[yaml.SafeLoader]) -> None:
    assert [str(fault) for fault in read(tmp_path, text).faults] == []
    assert complaints(text, loader) == []


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "text",
    [
        "a: {type: XX, value: 192.0.2.1}\n",
        "a: {type: TYPE65280, value: [[x]]}\n",
        "a: {type: CERT, value: x}\n",
        "a: {value: 192.0.2.1}\n",
        "a: {}\n",
        "a: {type: A}\n",
        "a: {type: A, value: }\n",
        "a: {type: A, values: []}\n",
        "a: {type: A, values: [[192.0.2.1]]}\n",
        "a: {type: A, values: [192.0.2.1, {a: b}]}\n",
        "a: {type: [A], value: 192.0.2.1}\n",
        "a: {type: , value: 192.0.2.1}\n",
        "a: 192.0.2.1\n",
        "a:\n",
        "a: [192.0.2.1]\n",
        f"a: [[{A}]]\n",
        "- a\n",
        "a: {type: A, ttl: -1, value: 192.0.2.1}\n",
        "a: {type: A, ttl: 1h, value: 192.0.2.1}\n",
        "a: {type: A, ttl: '010', value: 192.0.2.1}\n",
        "a: {type: A, ttl: 2147483648, value: 192.0.2.1}\n",
        "a: {type: A, ttl: 1.5, value: 192.0.2.1}\n",
        "a: {type: A, ttl: , value: 192.0.2.1}\n",
        "a: {type: A, ttl: [1], value: 192.0.2.1}\n",
        "a: {type: A, ttl: true, value: 192.0.2.1}\n",
        "a: {type: A, value: 192.0.2.256}\n",
        "a: {type: A, value: 192.0.2.01}\n",
        "a: {type: A, value: 10}\n",
        "a: {type: AAAA, value: 10}\n",
        "a: {type: AAAA, value: '1::2::3'}\n",
        "a: {type: AAAA, value: '1:2:3:4:5:6:7'}\n",
        "a: {type: CNAME, value: www}\n",
        "a: {type: CNAME, value: a..b.}\n",
        f"a: {{type: CNAME, value: {'a' * 64}.}}\n",
        "a: {type: TXT, value: {a: b}}\n",
        "a: {type: SRV, value: {priority: 1, weight: 2, port: 3}}\n",
        "a: {type: SRV, value: {priority: 1, weight: 2, port: 65536, target: a.}}\n",
        "a: {type: SRV, value: 1 2 a.}\n",
        "a: {type: MX, value: {preference: 1}}\n",
        "a: {type: MX, value: {exchange: a.}}\n",
        "a: {type: MX, value: 10}\n",
        "a: {type: CAA, value: {flags: 0, value: x}}\n",
        "a: {type: DS, value: {key_tag: 1, algorithm: 8, digest: aa}}\n",
        "a: {type: DS, value: {flags: 1, algorithm: 8, public_key: aa}}\n",
        "a: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alp: h2}}}\n",
        "a: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {port: x}}}\n",
        "a: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {ohttp: x}}}\n",
        f"a..b: {A}\n",
        f".a: {A}\n",
        f"a b: {A}\n",
        f"{'a' * 64}: {A}\n",
        f"a: {A[:-1]}, minidns: {{x: 1}}}}\n",
        f"a: {A[:-1]}, minidns: x}}\n",
        "'': {minidns: {fallthrough: maybe}}\n",
    ],
)
def test_both_refuse(tmp_path: Path, text: str, loader: type[yaml.SafeLoader]) -> None:
    assert any(fault.severity == ERROR for fault in read(tmp_path, text).faults)
    assert complaints(text, loader)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a: {type: mx, value: 10 a.}\n", []),  # octoDNS needs capitals
        ("a: {type: A, value: 192.0.2.1, tll: 300}\n", ["unknown-key"]),
        ("a: {type: MX, value: {preference: 1, exchange: a., x: 1}}\n", ["unknown-key"]),
        ("a: {type: A, octodns: {ignored: true}}\n", []),  # octoDNS checks what it ignores
    ],
)
def test_the_schema_alone_refuses(tmp_path: Path, text: str, rules: list[str]) -> None:
    assert [fault.rule for fault in read(tmp_path, text).faults] == rules
    assert len(complaints(text)) == 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"a: {A}\na: {A}\n", "equal-keys"),
        ("a: {type: A, ttl: 010, value: 192.0.2.1}\n", "bad-ttl"),
        ("a: {type: TXT, value: !!str x}\n", "unknown-tag"),
        ("a: {type: URLFWD, value: x}\n", "type-skipped"),
        ("a: {type: Provider/X, value: x}\n", "type-skipped"),
        ("a: {type: A, value: 192.0.2.1, values: [192.0.2.2]}\n", "value-and-values"),
        ("a: {type: A, value: 192.0.2.1, geo: {NA: [192.0.2.2]}}\n", "plain-values"),
        ("a: {type: A, value: 192.0.2.1, dynamic: {pools: {}, rules: []}}\n", "plain-values"),
        ("a: {type: TYPE65280, value: x}\n", "bad-value"),
        (f"www.example.com.: {A}\n", "absolute-owner"),
    ],
)
def test_the_reader_alone_finds(tmp_path: Path, text: str, rule: str) -> None:
    assert [fault.rule for fault in read(tmp_path, text).faults] == [rule]
    assert complaints(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "a: !include b.yaml\n",
        "a: [!include b.yml]\n",
        "a: {type: A, values: !include sub/b.yaml}\n",
        "a: {type: MX, value: !include b.yaml}\n",
    ],
)
def test_includes_are_files_of_yaml(text: str) -> None:
    """An editor that knows the tag sees the name of the file, as a text."""
    assert complaints(text) == []
    assert complaints(text.replace("b.yaml", "b.txt").replace("b.yml", "b.txt"))
