"""The servers as forwarders, each on one core, asking one authoritative server on loopback.

minidns as its user starts it with `--forward`. The others with their own defaults but for one
thread, no validation, nothing logged per query, a cache of the same size (dnsmasq with a small one,
as it is used, and with a large one), and the smallest answer.
"""

import getpass
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from bench.datasets import ORIGIN
from bench.peer_kinds import PEER_KINDS
from bench.servers import MINIDNS, ROOT, Contestant, minidns_command, minidns_version
from tests.peers import (
    LOOPBACK,
    POLL_SECONDS,
    PROBE_SECONDS,
    START_SECONDS,
    Kind,
    Peer,
    PeerError,
    find_program,
    missing_program,
    program_version,
    run_server,
)

LARGE = "dnsmasq-large"
FORWARDERS = ("dnsmasq", LARGE, "unbound", "bind", "coredns")
_CACHE_MIB = 64  # minidns's own default
# Names. The first holds those of `hits`, and dnsmasq has 150 by itself; the second is what Pi-hole
# sets. Its own evictions make misses dear.
_DNSMASQ_CACHE, _LARGE_CACHE = 2_000, 10_000
_EDNS_SIZE = 1232  # octets, RFC 9715 section 3.1
_WAITING = 1000  # queries; dnsmasq's default of 150 is below that of the others

_Configure = Callable[[Path, int, int], str]  # directory, port, port of the upstream


def missing(name: str, python: str) -> str | None:
    """None where the server can be run, else why not and what would help."""
    if name.startswith(MINIDNS):
        return Contestant(name, python=python, arguments=("--forward", "")).missing()
    if name == "coredns":
        return Contestant(name).missing()
    return missing_program(_kind(name))


@contextmanager
def run_forwarder(
    name: str, upstream: Peer, core: int, python: str, root: Path = ROOT
) -> Iterator[Peer]:
    """The server, bound to a core, once an answer of the upstream came through it.

    `root` is where minidns is. Raises PeerError.
    """
    prefix = ("taskset", "-c", str(core))
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as made:
        directory = Path(made)
        if name.startswith(MINIDNS):
            version = minidns_version(python, root)
            zones = directory / "zones"
            zones.mkdir()

            def command(port: int) -> Sequence[str]:
                return [
                    *minidns_command(python, prefix, root),
                    *("serve", "--zones", str(zones), "--listen", f"{LOOPBACK}:{port}"),
                    *("--forward", f"{upstream.address}:{upstream.port}", "--cache-dir", ""),
                    *("--control", str(directory / "control")),
                ]
        else:
            kind, configure = _kind(name), _CONFIGURE[name]
            version = _version(kind)

            def command(port: int) -> Sequence[str]:
                config = directory / "config"
                config.write_text(configure(directory, port, upstream.port))
                return [*prefix, str(find_program(kind.program)), *kind.arguments(config)]

        with run_server(command, (), directory) as (process, port):
            _wait(process, port, directory / "log")
            yield Peer(name, version, LOOPBACK, port, process.pid)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    query = dns.message.make_query(ORIGIN, "SOA")
    for _ in range(int(START_SECONDS / POLL_SECONDS)):
        try:
            for ask in (dns.query.tcp, dns.query.udp):  # TCP tells at once that nobody listens
                if not ask(query, LOOPBACK, PROBE_SECONDS, port).answer:
                    raise EOFError
        except (OSError, EOFError, dns.exception.DNSException):
            try:
                process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            return
    text = log.read_text(errors="replace")[-4000:]
    raise PeerError(f"{process.args!r} does not forward {ORIGIN}:\n{text}")


def _version(kind: Kind) -> str:
    """Unbound's line lacks its name."""
    version = program_version(kind)
    return version if kind.name in version.lower() else f"{kind.name} {version}"


def _kind(name: str) -> Kind:
    return _UNBOUND if name == "unbound" else PEER_KINDS["dnsmasq" if name == LARGE else name]


def _configure_dnsmasq(
    directory: Path, port: int, upstream: int, names: int = _DNSMASQ_CACHE
) -> str:
    return (
        f"port={port}\nlisten-address={LOOPBACK}\nbind-interfaces\nno-resolv\nno-hosts\n"
        f"server={LOOPBACK}#{upstream}\ncache-size={names}\n"
        f"dns-forward-max={_WAITING}\nuser={getpass.getuser()}\npid-file=\n"
        f"edns-packet-max={_EDNS_SIZE}\n"
    )


def _configure_unbound(directory: Path, port: int, upstream: int) -> str:
    return (
        f"server:\n  interface: {LOOPBACK}@{port}\n"
        f'  directory: "{directory}"\n  username: ""\n  chroot: ""\n  pidfile: ""\n'
        "  use-syslog: no\n  verbosity: 0\n  num-threads: 1\n"
        '  module-config: "iterator"\n  do-not-query-localhost: no\n'
        f"  msg-cache-size: {_CACHE_MIB // 2}m\n  rrset-cache-size: {_CACHE_MIB // 2}m\n"
        "  minimal-responses: yes\n  rrset-roundrobin: no\n"
        f"  edns-buffer-size: {_EDNS_SIZE}\n  max-udp-size: {_EDNS_SIZE}\n  do-ip6: no\n"
        "remote-control:\n  control-enable: no\n"
        f'forward-zone:\n  name: "."\n  forward-addr: {LOOPBACK}@{upstream}\n'
    )


def _configure_bind(directory: Path, port: int, upstream: int) -> str:
    return (
        f'options {{\n  directory "{directory}";\n'
        f"  listen-on port {port} {{ {LOOPBACK}; }};\n  listen-on-v6 {{ none; }};\n"
        '  pid-file none;\n  session-keyfile none;\n  managed-keys-directory ".";\n'
        f"  recursion yes;\n  allow-query {{ any; }};\n  allow-recursion {{ any; }};\n"
        f"  forward only;\n  forwarders {{ {LOOPBACK} port {upstream}; }};\n"
        f"  max-cache-size {_CACHE_MIB}m;\n  dnssec-validation no;\n  empty-zones-enable no;\n"
        "  minimal-responses yes;\n  rrset-order { order none; };\n"
        f"  edns-udp-size {_EDNS_SIZE};\n  max-udp-size {_EDNS_SIZE};\n"
        "  version none;\n  hostname none;\n  server-id none;\n};\ncontrols { };\n"
    )


def _configure_coredns(directory: Path, port: int, upstream: int) -> str:
    return (
        f".:{port} {{\n  bind {LOOPBACK}\n  forward . {LOOPBACK}:{upstream}\n"
        "  cache 3600 {\n    success 100000\n  }\n}\n"
    )


_UNBOUND = Kind(
    "unbound",
    "unbound",
    "unbound",
    lambda directory, port, zones, tuning: "",  # it serves no zone here
    lambda config: ["-d", "-p", "-c", str(config)],
    "-V",
)
_CONFIGURE: dict[str, _Configure] = {
    "dnsmasq": _configure_dnsmasq,
    LARGE: partial(_configure_dnsmasq, names=_LARGE_CACHE),
    "unbound": _configure_unbound,
    "bind": _configure_bind,
    "coredns": _configure_coredns,
}
