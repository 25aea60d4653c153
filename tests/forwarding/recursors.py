"""Unbound and BIND as recursors over one authoritative server on loopback: upstreams to be asked.

Unbound mixes the case of names (caps-for-id), validates against the given keys, answers with at
most 512 octets over UDP and speaks TLS, too. BIND sends and answers cookies. Both say what they
are when asked for NSID. Nothing here knows minidns, or what an answer ought to be.
"""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import dns.exception
import dns.message
import dns.query
import pytest

from tests import peers

TLS_NAME = "recursor.example"
NSID = {"unbound": "unbound-upstream", "bind": "bind-upstream"}
UNBOUND_PAYLOAD = 512  # octets, so that much is truncated


class Recursor(NamedTuple):
    """One that runs and answers; `tls_port` is 0 where it has none."""

    process: "subprocess.Popen[bytes]"
    port: int
    tls_port: int = 0


class Authority(NamedTuple):
    """Whom they ask, and for which domains; `anchor` has DS or DNSKEY records of signed ones."""

    port: int
    origins: Sequence[str]
    anchor: Path
    unsigned: Sequence[str]


class Certificate(NamedTuple):
    """In PEM; it vouches for itself."""

    path: Path
    key: Path


def make_certificate(directory: Path) -> Certificate:
    """For TLS_NAME, by openssl."""
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names = ("-addext", f"subjectAltName=DNS:{TLS_NAME}")
    command = [find("openssl"), *words.split(), *names, "-keyout", made.key, "-out", made.path]
    subprocess.run(command, check=True, capture_output=True)
    return made


def find(program: str, package: str = "") -> str:
    """The path of a program, or a skip."""
    path = peers.find_program(program)
    if path is None:
        pytest.skip(f"{program} is not installed (Debian: apt-get install {package or program})")
    return path


@contextmanager
def run_unbound(
    directory: Path, authority: Authority, certificate: Certificate
) -> Iterator[Recursor]:
    program = find("unbound")
    tls_port = 0

    def command(port: int) -> list[str]:
        nonlocal tls_port
        tls_port = peers.free_port()
        config = directory / "unbound.conf"
        config.write_text(_unbound(directory, port, tls_port, authority, certificate))
        return [program, "-d", "-p", "-c", str(config)]

    with _run(command, directory / "unbound.log", authority) as (process, port):
        yield Recursor(process, port, tls_port)


@contextmanager
def run_bind(directory: Path, authority: Authority) -> Iterator[Recursor]:
    program = find("named", "bind9")

    def command(port: int) -> list[str]:
        config = directory / "named.conf"
        config.write_text(_bind(directory, port, authority))
        return [program, "-g", "-n1", "-c", str(config)]

    with _run(command, directory / "named.log", authority) as (process, port):
        yield Recursor(process, port)


@contextmanager
def _run(
    command: Callable[[int], list[str]], log: Path, authority: Authority
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """A free port may be taken before it is bound; then another is tried."""
    with ExitStack() as running:
        for _ in range(peers.PORT_TRIES):
            port = peers.free_port()
            with log.open("wb") as out:
                process = subprocess.Popen(
                    command(port), stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
            running.callback(peers.stop, process)
            if _answers(process, port, authority.origins[0]):
                yield process, port
                return
    raise peers.PeerError(f"{command(0)[0]} does not serve:\n{log.read_text()[-4000:]}")


def _answers(process: "subprocess.Popen[bytes]", port: int, domain: str) -> bool:
    query = dns.message.make_query(domain, "SOA")
    for _ in range(int(peers.START_SECONDS / peers.POLL_SECONDS)):
        try:
            if dns.query.tcp(query, peers.LOOPBACK, 2.0, port).answer:
                return True
        except (OSError, EOFError, dns.exception.DNSException):
            pass
        try:
            process.wait(peers.POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return False
    return False


def _unbound(
    directory: Path, port: int, tls_port: int, authority: Authority, certificate: Certificate
) -> str:
    return (
        "server:\n"
        f"  interface: {peers.LOOPBACK}@{port}\n  interface: {peers.LOOPBACK}@{tls_port}\n"
        f"  tls-port: {tls_port}\n"
        f'  tls-service-key: "{certificate.key}"\n  tls-service-pem: "{certificate.path}"\n'
        f'  directory: "{directory}"\n  username: ""\n  chroot: ""\n  pidfile: ""\n'
        "  use-syslog: no\n  verbosity: 0\n  num-threads: 1\n  do-ip6: no\n"
        "  do-not-query-localhost: no\n  qname-minimisation: no\n"
        f'  trust-anchor-file: "{authority.anchor}"\n'
        "  use-caps-for-id: yes\n"
        f"  edns-buffer-size: {UNBOUND_PAYLOAD}\n  max-udp-size: {UNBOUND_PAYLOAD}\n"
        f'  nsid: "ascii_{NSID["unbound"]}"\n'
        + "".join(f"  domain-insecure: {domain}\n" for domain in authority.unsigned)
        + "remote-control:\n  control-enable: no\n"
        + "".join(
            f'stub-zone:\n  name: "{domain}"\n  stub-addr: {peers.LOOPBACK}@{authority.port}\n'
            for domain in authority.origins
        )
    )


def _bind(directory: Path, port: int, authority: Authority) -> str:
    return (
        f'options {{\n  directory "{directory}";\n'
        f"  listen-on port {port} {{ {peers.LOOPBACK}; }};\n  listen-on-v6 {{ none; }};\n"
        '  pid-file none;\n  session-keyfile none;\n  managed-keys-directory ".";\n'
        "  recursion yes;\n  allow-query { any; };\n  empty-zones-enable no;\n"
        "  dnssec-validation no;\n  notify no;\n  send-cookie yes;\n  answer-cookie yes;\n"
        f'  server-id "{NSID["bind"]}";\n  version none;\n}};\ncontrols {{ }};\n'
    ) + "".join(
        f'zone "{domain}" {{ type forward; forward only; '
        f"forwarders {{ {peers.LOOPBACK} port {authority.port}; }}; }};\n"
        for domain in authority.origins
    )
