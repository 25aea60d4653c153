"""What stands beside the package: sample zones, container files, Makefile.

The zones are read by PyYAML as plain texts and by dnspython, and asked through the responder; the
container itself is built and run by `tests/container/prove.sh`, which needs root.
"""

import json
import os
import shutil
import subprocess
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import dns.name
import dns.reversename
import pytest
import yaml

from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.zone.directory import load_zones
from tests.dockerfile import ROOT, arguments_of, dockerfile
from tests.harness import NOW, TCP, ask

ZONES = ROOT / "zones"
FORWARD = "example.com"
NETWORKS = (IPv4Network("192.0.2.0/24"), IPv6Network("2001:db8:53::/48"))
REVERSE = ("2.0.192.in-addr.arpa", "3.5.0.0.8.b.d.0.1.0.0.2.ip6.arpa")

Records = set[tuple[dns.name.Name, str, str]]  # owner, type, value


def read_plain(zone: str) -> Records:
    """The records of a zone file, every scalar a text and every map JSON."""
    origin = dns.name.from_text(zone)
    document = yaml.load((ZONES / f"{zone}.yaml").read_text(), yaml.BaseLoader)
    records: Records = set()
    for key, entry in document.items():
        owner = dns.name.from_text(key, origin) if key else origin
        for record in entry if isinstance(entry, list) else [entry]:
            if record.get("octodns", {}).get("ignored") == "true":
                continue
            values = record.get("values", record.get("value"))
            for value in values if isinstance(values, list) else [values]:
                text = value if isinstance(value, str) else json.dumps(value)
                records.add((owner, record["type"], text))
    return records


def served_addresses(records: Records) -> set[tuple[dns.name.Name, dns.name.Name]]:
    """Host and reverse name of each address in a network whose reverse zone is here."""
    return {
        (owner, dns.reversename.from_address(value))
        for owner, rtype, value in records
        if rtype in ("A", "AAAA") and any(ip_address(value) in network for network in NETWORKS)
    }


def test_forward_and_reverse_zones_agree() -> None:
    """Each address has a PTR, and each PTR names a host with that address."""
    addresses = served_addresses(read_plain(FORWARD))
    pointers = {
        (dns.name.from_text(value), owner)
        for zone in REVERSE
        for owner, rtype, value in read_plain(zone)
        if rtype == "PTR"
    }
    assert {address for _, address in pointers} == {address for _, address in addresses}
    assert pointers <= addresses
    for network, zone in zip(NETWORKS, REVERSE, strict=True):
        last = dns.reversename.from_address(str(network[-1]))
        assert last.is_subdomain(dns.name.from_text(zone))


@pytest.fixture(scope="module")
def responder() -> Responder:
    loaded = load_zones((ZONES,))
    assert [str(fault) for fault in loaded.faults] == []
    assert len(loaded.zones) == len(list(ZONES.iterdir())) == 1 + len(REVERSE)
    return Responder(loaded.catalog, Policy(), Cookies(b"k" * 16), lambda: float(NOW))


WEB = {"192.0.2.80", "192.0.2.81"}
WEB6 = {"2001:db8:53::80", "2001:db8:53::81"}

# One row for each construction that the zones are to show: what is asked, the data of the answer.
CONSTRUCTIONS: dict[str, tuple[str, str, set[str]]] = {
    "SOA": (
        "example.com",
        "SOA",
        {"ns1.example.com. hostmaster.example.com. 2026010101 7200 3600 1209600 300"},
    ),
    "NS": ("example.com", "NS", {"ns1.example.com.", "ns2.example.com."}),
    "MX in both spellings": ("example.com", "MX", {"10 mx1.example.com.", "20 mx2.example.com."}),
    "MX as one string": ("backup.example.com", "MX", {"10 mx2.example.com."}),
    "ALIAS, A": ("example.com", "A", WEB),
    "ALIAS, AAAA": ("example.com", "AAAA", WEB6),
    "CAA": (
        "example.com",
        "CAA",
        {
            '0 issue "ca.example.net"',
            '0 issuewild ";"',
            '0 iodef "mailto:security@example.com"',
        },
    ),
    "HTTPS": ("example.com", "HTTPS", {'1 . alpn="h3,h2"'}),
    "HTTPS with hints": (
        "www.example.com",
        "HTTPS",
        {
            '1 . alpn="h3,h2" ipv4hint="192.0.2.80,192.0.2.81"'
            ' ipv6hint="2001:db8:53::80,2001:db8:53::81"'
        },
    ),
    "SVCB alias": ("_api.example.com", "SVCB", {"0 api.dev.example.com."}),
    "semicolon": (
        "example.com",
        "TXT",
        {'"v=spf1 mx -all"', '"owner=Example Ltd; contact=hostmaster"'},
    ),
    "escaped semicolon": (
        "_dmarc.example.com",
        "TXT",
        {'"v=DMARC1; p=reject; rua=mailto:dmarc@example.com"'},
    ),
    "TXT in parts": (
        "notes.example.com",
        "TXT",
        {'"the first string, " "and the second"'},
    ),
    "anchor": ("static.example.com", "A", WEB),
    "CNAME chain": (
        "shop.example.com",
        "A",
        {"blog.example.com.", "www.example.com."} | WEB,
    ),
    "Unicode name": ("xn--bcher-kva.example.com", "CNAME", {"shop.example.com."}),
    "wildcard": ("anything.dev.example.com", "A", {"192.0.2.90"}),
    "beside the wildcard": ("api.dev.example.com", "A", {"192.0.2.91"}),
    "empty non-terminal": ("internal.dev.example.com", "A", set()),
    "DNAME": (
        "wiki.old.example.com",
        "A",
        {"apps.example.com.", "wiki.apps.example.com.", "192.0.2.100"},
    ),
    "delegation": ("host.lab.example.com", "A", set()),
    "DS": (
        "lab.example.com",
        "DS",
        {"60485 13 2 2de87cba18023efd32bc56c14d30649b09f97b8650c534820aab9e7782513234"},
    ),
    "SRV": (
        "_sip._tcp.example.com",
        "SRV",
        {"10 60 5060 sip1.example.com.", "10 40 5060 sip2.example.com."},
    ),
    "SRV that offers nothing": ("_pop3._tcp.example.com", "SRV", {"0 0 0 ."}),
    "NAPTR": (
        "sip.example.com",
        "NAPTR",
        {'50 50 "S" "SIP+D2T" "" _sip._tcp.example.com.'},
    ),
    "URI": ("_http._tcp.example.com", "URI", {'10 1 "https://www.example.com/"'}),
    "SSHFP": (
        "gate.example.com",
        "SSHFP",
        {"4 2 92ff3244a6b16e567f4fd34206dce2721716144ad24770086118ebcd6dba1eba"},
    ),
    "TLSA": (
        "_25._tcp.mx1.example.com",
        "TLSA",
        {"3 1 1 95f7a084db424c7826803e9845efd3fe9f2c8c54e9d805c55d19f1ee49ea1d1c"},
    ),
    "LOC": (
        "office.example.com",
        "LOC",
        {"52 22 23.000 N 4 53 32.000 E -2.00m 10.00m 100.00m 10.00m"},
    ),
    "number as a name": ("4.example.com", "A", {"192.0.2.4"}),
    "unknown type": ("sensor.example.com", "TYPE65280", {"\\# 4 0a000001"}),
    "ignored record": ("retired.example.com", "A", set()),
    "PTR": ("80.2.0.192.in-addr.arpa", "PTR", {"www.example.com."}),
    "classless delegation": (
        "193.2.0.192.in-addr.arpa",
        "PTR",
        {"193.192/28.2.0.192.in-addr.arpa."},
    ),
}


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_sample_zones_show_each_construction(name: str, responder: Responder) -> None:
    qname, qtype, expected = CONSTRUCTIONS[name]
    reply = ask(responder, qname, qtype, via=TCP)
    assert {rdata.to_text() for rrset in reply.answer for rdata in rrset} == expected


def test_dkim_key_is_cut_into_strings(responder: Responder) -> None:
    reply = ask(responder, "2026._domainkey.example.com", "TXT", via=TCP)
    strings = reply.answer[0][0].strings
    assert [len(string) for string in strings[:-1]] == [255]  # RFC 1035 section 3.3
    assert b"".join(strings).startswith(b"v=DKIM1; k=rsa; p=MIIBIjANBgkq")


def test_delegation_has_glue(responder: Responder) -> None:
    reply = ask(responder, "host.lab.example.com", via=TCP)
    glue = {(str(rrset.name), rdata.to_text()) for rrset in reply.additional for rdata in rrset}
    assert glue == {
        ("ns1.lab.example.com.", "198.51.100.53"),
        ("ns1.lab.example.com.", "2001:db8:1ab::53"),
        ("ns2.lab.example.com.", "198.51.100.54"),
    }


def test_dockerfile_has_two_stages_on_one_base() -> None:
    assert arguments_of("ARG") == ["BASE=python:3.11-slim", "COMPILE=1"]
    assert arguments_of("FROM") == ["${BASE} AS build", "${BASE}"]


def test_dockerfile_final_stage() -> None:
    """A numeric user (Kubernetes' runAsNonRoot needs one), both ports, PID 1 gets the signals."""
    words = [word for word, _ in dockerfile()]
    assert "RUN" not in words[max(i for i, word in enumerate(words) if word == "FROM") :]
    user, group = arguments_of("USER")[-1].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert set(arguments_of("EXPOSE")[0].split()) == {"53/udp", "53/tcp"}
    assert json.loads(arguments_of("ENTRYPOINT")[0]) == ["minidns"]
    command = json.loads(arguments_of("CMD")[0])
    assert command[:3] == ["serve", "--zones", "/zones"]
    assert "zones /zones" in arguments_of("COPY")


def test_docker_context_holds_what_is_copied() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for rest in arguments_of("COPY"):
        if rest.startswith("--from"):
            continue
        for source in rest.split()[:-1]:
            assert f"!{source}" in ignored
            assert (ROOT / source).exists()


def test_compose_runs_it_without_privileges() -> None:
    service: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"][
        "minidns"
    ]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == ["./zones:/zones:ro"]
    assert {port.rpartition(":")[2] for port in service["ports"]} == {"53/udp", "53/tcp"}


@pytest.mark.parametrize(
    ("python", "message"),
    [
        (None, "is not found: install Python 3.11 or newer"),
        ('case "$2" in *version_info*) exit 1;; esac; echo Python 3.9.2', "is Python 3.9.2"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv"),
    ],
    ids=["no Python", "an old one", "without venv"],
)
def test_make_says_which_python_it_needs(python: str | None, message: str, tmp_path: Path) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    named = tmp_path / "python"
    if python is not None:
        named.write_text(f"#!/bin/sh\n{python}\n")
        named.chmod(0o755)
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")  # of the `make test` above
    done = subprocess.run(
        [make, "serve", f"PYTHON={named}"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in outer},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / ".venv").exists()
