"""Unbound as a forwarder: in the foreground, on loopback, on a free port, asking whom it is told.

Its settings make it comparable: no validation, no answers of its own, nothing but the records of
the answer. Nothing here knows minidns, or what an answer ought to be.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import pytest

from tests import peers

PROGRAM, PACKAGE = "unbound", "unbound"


@contextmanager
def run_unbound(
    directory: Path, upstreams: Mapping[str, tuple[str, int]]
) -> Iterator[tuple[str, int]]:
    """Its address and port, once it answers; `upstreams` are by domain."""
    program = peers.find_program(PROGRAM)
    if program is None:
        pytest.skip(f"{PROGRAM} is not installed (Debian: apt-get install {PACKAGE})")
    directory.mkdir()
    config, log = directory / "unbound.conf", directory / "log"
    for _ in range(peers.PORT_TRIES):
        port = peers.free_port()
        config.write_text(_configure(directory, port, upstreams))
        with log.open("wb") as out:
            process = subprocess.Popen(
                [program, "-d", "-p", "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            if _answers(process, port, next(iter(upstreams))):
                yield peers.LOOPBACK, port
                return
        finally:
            peers.stop(process)
    raise peers.PeerError(f"unbound does not serve:\n{log.read_text()[-4000:]}")


def _answers(process: "subprocess.Popen[bytes]", port: int, domain: str) -> bool:
    query = dns.message.make_query(domain, "SOA")
    for _ in range(int(peers.START_SECONDS / peers.POLL_SECONDS)):
        try:
            if dns.query.tcp(query, peers.LOOPBACK, peers.PROBE_SECONDS, port).answer:
                return True
        except (OSError, EOFError, dns.exception.DNSException):
            pass
        try:
            process.wait(peers.POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return False
    return False


def _configure(directory: Path, port: int, upstreams: Mapping[str, tuple[str, int]]) -> str:
    return (
        "server:\n"
        f"  interface: {peers.LOOPBACK}@{port}\n"
        f'  directory: "{directory}"\n  username: ""\n  chroot: ""\n  pidfile: ""\n'
        "  use-syslog: no\n  verbosity: 0\n  num-threads: 1\n"
        '  module-config: "iterator"\n  do-not-query-localhost: no\n'
        "  minimal-responses: yes\n  rrset-roundrobin: no\n  qname-minimisation: no\n"
        "  edns-buffer-size: 1232\n  max-udp-size: 1232\n  do-ip6: no\n"
        "remote-control:\n  control-enable: no\n"
    ) + "".join(
        f'forward-zone:\n  name: "{domain}"\n  forward-addr: {host}@{upstream}\n'
        for domain, (host, upstream) in upstreams.items()
    )
