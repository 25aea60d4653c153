"""PowerDNS, dnsmasq and CoreDNS as peers, beside those of tests/peers.py, and what a peer lacks.

The settings are each server's own defaults but for one thread, no log of queries, and no record
in an answer that need not be there. dnsmasq is told the addresses in its own words: it reads no
master file, its authoritative mode knows no wildcard, and with MX records it goes through the list
of them for each query, so it gets none.
"""

import getpass
from collections.abc import Mapping
from pathlib import Path

from bench.scenarios import Need
from tests.peers import KINDS, LOOPBACK, Kind, Tuning, Zones

_ADDRESSES = frozenset({"A", "AAAA"})
_TCP_CONNECTIONS = 200  # PowerDNS's default of 20 is below what clients here open
_EDNS_SIZE = 1232  # octets, RFC 9715 section 3.1


def _configure_powerdns(directory: Path, port: int, zones: Zones, tuning: Tuning) -> str:
    """Its cookies stay off: with them it answers a first query with BADCOOKIE."""
    named = directory / "named.conf"
    named.write_text(
        "".join(
            f'zone "{origin.rstrip(".")}" {{ type master; file "{path.resolve()}"; }};\n'
            for origin, path in zones.items()
        )
    )
    settings = (
        f"launch=bind\nbind-config={named}\nlocal-address={LOOPBACK}\nlocal-port={port}\n"
        f"socket-dir={directory}\ndaemon=no\nguardian=no\ndisable-syslog=yes\nloglevel=3\n"
        "receiver-threads=1\ndistributor-threads=1\nsecurity-poll-suffix=\n"
        f"udp-truncation-threshold={_EDNS_SIZE}\nmax-tcp-connections={_TCP_CONNECTIONS}\n"
    )
    (directory / "pdns.conf").write_text(settings)  # it takes a directory, and this name in it
    return settings


def _configure_dnsmasq(directory: Path, port: int, zones: Zones, tuning: Tuning) -> str:
    hosts = directory / "hosts"
    lines = []
    with hosts.open("w") as out:
        for origin, path in zones.items():
            for owner, rtype, rdata in _records(path):
                name = (f"{owner}.{origin}" if owner != "@" else origin).rstrip(".")
                if rtype in _ADDRESSES and not owner.startswith("*"):
                    out.write(f"{rdata} {name}\n")
                elif rtype == "SOA":
                    mname, rname, serial, refresh, retry, expire, _ = rdata.split()
                    lines += [
                        f"auth-zone={origin.rstrip('.')}\n",
                        f"auth-server={mname.rstrip('.')},{LOOPBACK}\n",
                        f"auth-soa={serial},{rname.rstrip('.')},{refresh},{retry},{expire}\n",
                    ]
    return (
        f"port={port}\nlisten-address={LOOPBACK}\nbind-interfaces\nno-resolv\nno-hosts\n"
        f"addn-hosts={hosts}\nauth-ttl=3600\nuser={getpass.getuser()}\npid-file=\nedns-packet-max={_EDNS_SIZE}\n"
    ) + "".join(lines)


def _configure_coredns(directory: Path, port: int, zones: Zones, tuning: Tuning) -> str:
    minimal = "  minimal\n" if tuning.minimal else ""
    files = "".join(f"  file {path.resolve()} {origin}\n" for origin, path in zones.items())
    return f".:{port} {{\n  bind {LOOPBACK}\n{minimal}{files}}}\n"


def _records(path: Path) -> list[list[str]]:
    """Owner, type and rdata of the lines of bench/datasets.py."""
    lines = path.read_text().splitlines()
    return [line.split(None, 2) for line in lines if not line.startswith("$")]


PEER_KINDS = KINDS | {
    kind.name: kind
    for kind in (
        Kind(
            "powerdns",
            "pdns_server",
            "pdns-server pdns-backend-bind",
            _configure_powerdns,
            lambda config: [f"--config-dir={config.parent}"],
            "--version",
        ),
        Kind(
            "dnsmasq",
            "dnsmasq",
            "dnsmasq-base",
            _configure_dnsmasq,
            lambda config: ["--keep-in-foreground", f"--conf-file={config}"],
            "--version",
        ),
        Kind(
            "coredns",
            "coredns",
            "none; see https://coredns.io",
            _configure_coredns,
            lambda config: ["-conf", str(config), "-quiet"],
            "-version",
        ),
    )
}

LACKS: Mapping[str, Mapping[Need, str]] = {
    "dnsmasq": {
        Need.WILDCARD: "no wildcard in an authoritative zone",
        Need.LONG_CONNECTIONS: "closes a TCP connection after 100 queries",
        Need.MANY: "made for the names of a home network; reads no zone file",
    },
}
