"""NSD, Knot DNS and BIND as authoritative peers: in the foreground, on loopback, on a free port.

Each runs from a temporary directory with nothing of the machine's own configuration, serves the
master files it is given, recursion and rate limits off, and is ended by its own process id.
The settings are those that make the three comparable: one worker, EDNS size 1232 (RFC 9715), record
sets in the order of the file, and what `Tuning` says. A missing binary is a skip with the package's
name.
Nothing here knows minidns, or what an answer ought to be.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode

LOOPBACK = "127.0.0.1"
EDNS_SIZE = 1232  # octets, RFC 9715 section 3.1
START_SECONDS = 20.0  # from exec to the last zone answering; named is the slowest, about 0.5 s
STOP_SECONDS = 5.0  # from SIGTERM to SIGKILL
POLL_SECONDS = 0.005  # between two looks at a starting server
PROBE_SECONDS = 0.2  # for one answer of a server that may still be loading
PORT_TRIES = 3  # a free port may be taken by somebody else before the server binds it

Zones = Mapping[str, Path]  # origin ("example.", "." for the root) to its master file


class PeerError(RuntimeError):
    """A server that did not come to serve; the text holds what it wrote."""


class Peer(NamedTuple):
    """A server that runs and answers. `pid` is the process that was started."""

    name: str
    version: str
    address: str
    port: int
    pid: int


class Tuning(NamedTuple):
    """What differs between a comparison of answers and one of speed."""

    minimal: bool = False  # nothing in authority and additional that need not be there
    # Answered, RFC 7873. Not by Knot, which would send a client without one away (BADCOOKIE).
    cookies: bool = False


class Kind(NamedTuple):
    """How a server program is run: `configure(directory, port, zones, tuning)`."""

    name: str
    program: str
    package: str
    configure: Callable[[Path, int, Zones, Tuning], str]  # the text of its configuration
    arguments: Callable[[Path], list[str]]  # of the configuration file
    version_flag: str


def require(name: str) -> None:
    """Skip the calling test where the server is not installed."""
    reason = missing(name)
    if reason:
        import pytest

        pytest.skip(reason)


def missing(name: str) -> str | None:
    """None where the server can be run, else why not and what would help."""
    return missing_program(KINDS[name])


def missing_program(kind: Kind) -> str | None:
    """The same for any kind of server."""
    if find_program(kind.program) is None:
        return f"{kind.program} is not installed (Debian: apt-get install {kind.package})"
    return None


@contextmanager
def run_peer(name: str, zones: Zones, prefix: Sequence[str] = ()) -> Iterator[Peer]:
    """The server `name` of KINDS, ready to answer for all `zones`, ended on exit.

    `prefix` is put before the command (`taskset -c 0`). Raises PeerError when the server ends
    or stays silent for START_SECONDS.
    """
    with run_kind(KINDS[name], zones, prefix) as peer:
        yield peer


@contextmanager
def run_kind(
    kind: Kind,
    zones: Zones,
    prefix: Sequence[str] = (),
    tuning: Tuning | None = None,
    origins: Sequence[str] = (),
    start_seconds: float = START_SECONDS,
) -> Iterator[Peer]:
    """A server of any kind, as `run_peer` has it.

    It is ready when it answers for `origins`, by default for all zones.
    """
    program = find_program(kind.program)
    if program is None:
        raise PeerError(missing_program(kind))
    with tempfile.TemporaryDirectory(prefix=f"peer-{kind.name}-") as made:
        directory = Path(made)

        def command(port: int) -> list[str]:
            config = directory / "config"
            config.write_text(kind.configure(directory, port, zones, tuning or Tuning()))
            return [*prefix, program, *kind.arguments(config)]

        version, served = program_version(kind), list(origins or zones)
        with run_server(command, served, directory, start_seconds) as (process, port):
            yield Peer(kind.name, version, LOOPBACK, port, process.pid)


@contextmanager
def run_server(
    command: Callable[[int], Sequence[str]],
    origins: Sequence[str],
    directory: Path,
    start_seconds: float = START_SECONDS,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Any server in the foreground: `command` is given a free port, `directory` is where it runs.

    What it writes goes to `directory`/log. Raises PeerError as `run_peer` does.
    """
    log = directory / "log"
    for tries_left in reversed(range(PORT_TRIES)):
        port = free_port()
        with log.open("wb") as out:
            process = subprocess.Popen(
                command(port), cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        try:
            wait_until_serving(process, port, origins, log, start_seconds)
        except BaseException as error:
            stop(process)
            if tries_left and isinstance(error, PeerError) and "in use" in str(error):
                continue
            raise
        break
    try:
        yield process, port
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> int:
    """End a process that was started here: SIGTERM, and SIGKILL after STOP_SECONDS."""
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def free_port() -> int:
    """A port of LOOPBACK that is free for UDP and TCP at this moment."""
    losers: list[socket.socket] = []
    try:
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            losers.append(udp)  # kept open, so that the next try is another number
            udp.bind((LOOPBACK, 0))
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                try:
                    tcp.bind(udp.getsockname())
                except OSError:
                    continue
                return int(udp.getsockname()[1])
    finally:
        for each in losers:
            each.close()


def wait_until_serving(
    process: subprocess.Popen[bytes],
    port: int,
    origins: Sequence[str],
    log: Path,
    start_seconds: float = START_SECONDS,
) -> None:
    """Return when an authoritative answer came for the SOA of each origin, by UDP and by TCP."""
    tries = int(start_seconds / POLL_SECONDS)
    waiting = list(origins)
    for _ in range(tries):
        while waiting and _is_served(port, waiting[-1]):
            waiting.pop()
        if not waiting:
            return
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        break
    raise PeerError(f"{process.args!r} does not serve {waiting[-1]}:\n{log.read_text()[-4000:]}")


def find_program(program: str) -> str | None:
    """The path of a program; /usr/sbin is looked at too, which a user's PATH may lack."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def program_version(kind: Kind) -> str:
    """The first line that the server says of its version."""
    program = find_program(kind.program)
    if program is None:
        return "not installed"
    run = subprocess.run([program, kind.version_flag], capture_output=True, text=True, check=False)
    lines = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()]
    return lines[0].strip() if lines else "unknown"


def _is_served(port: int, origin: str) -> bool:
    query = dns.message.make_query(origin, "SOA")
    try:
        for ask in (dns.query.tcp, dns.query.udp):  # TCP tells at once that nobody listens
            reply = ask(query, LOOPBACK, timeout=PROBE_SECONDS, port=port)
            if reply.rcode() != dns.rcode.NOERROR or not reply.flags & dns.flags.AA:
                return False
    except (OSError, EOFError, dns.exception.DNSException):
        return False
    return True


def _configure_nsd(directory: Path, port: int, zones: Zones, tuning: Tuning) -> str:
    return (
        f'server:\n  ip-address: {LOOPBACK}@{port}\n  username: ""\n  chroot: ""\n'
        f'  zonesdir: "{directory}"\n  database: ""\n  pidfile: "{directory}/pid"\n'
        f'  xfrdfile: "{directory}/xfrd"\n  xfrdir: "{directory}"\n'
        f'  zonelistfile: "{directory}/zonelist"\n  cookie-secret-file: "{directory}/cookies"\n'
        "  server-count: 1\n  hide-version: yes\n  hide-identity: yes\n"
        f"  minimal-responses: {_yes(tuning.minimal)}\n  answer-cookie: {_yes(tuning.cookies)}\n"
        "  round-robin: no\n  refuse-any: no\n"
        "  rrl-ratelimit: 0\n  rrl-whitelist-ratelimit: 0\n"
        f"  ipv4-edns-size: {EDNS_SIZE}\n"
        "remote-control:\n  control-enable: no\n"
    ) + "".join(
        f'zone:\n  name: "{origin}"\n  zonefile: "{path.resolve()}"\n'
        for origin, path in zones.items()
    )


def _configure_knot(directory: Path, port: int, zones: Zones, tuning: Tuning) -> str:
    return (
        f'server:\n  rundir: "{directory}"\n  listen: {LOOPBACK}@{port}\n'
        "  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
        f"  udp-max-payload: {EDNS_SIZE}\n"
        f'database:\n  storage: "{directory}/db"\n'
        "log:\n  - target: stderr\n    any: warning\n"
        f'template:\n  - id: default\n    storage: "{directory}"\n    semantic-checks: soft\n'
        "    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none\n"
        "zone:\n"
    ) + "".join(
        f'  - domain: "{origin}"\n    file: "{path.resolve()}"\n' for origin, path in zones.items()
    )


def _configure_bind(directory: Path, port: int, zones: Zones, tuning: Tuning) -> str:
    return (
        f'options {{\n  directory "{directory}";\n'
        f"  listen-on port {port} {{ {LOOPBACK}; }};\n  listen-on-v6 {{ none; }};\n"
        '  pid-file none;\n  session-keyfile none;\n  managed-keys-directory ".";\n'
        "  recursion no;\n  allow-query { any; };\n  allow-query-cache { none; };\n"
        "  allow-transfer { none; };\n  notify no;\n  empty-zones-enable no;\n"
        "  dnssec-validation no;\n  zero-no-soa-ttl no;\n"
        f"  minimal-responses {'yes' if tuning.minimal else 'no-auth'};\n"
        f"  answer-cookie {_yes(tuning.cookies)};\n"
        "  rrset-order { order none; };\n  check-names primary ignore;\n  check-integrity no;\n"
        f"  edns-udp-size {EDNS_SIZE};\n  max-udp-size {EDNS_SIZE};\n"
        "  version none;\n  hostname none;\n  server-id none;\n};\ncontrols { };\n"
    ) + "".join(
        f'zone "{origin}" {{ type primary; file "{path.resolve()}"; }};\n'
        for origin, path in zones.items()
    )


def _yes(is_on: bool) -> str:
    return "yes" if is_on else "no"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("nsd", "nsd", "nsd", _configure_nsd, lambda c: ["-d", "-c", str(c)], "-v"),
        Kind("knot", "knotd", "knot", _configure_knot, lambda c: ["-c", str(c)], "-V"),
        Kind(
            "bind", "named", "bind9", _configure_bind, lambda c: ["-g", "-n1", "-c", str(c)], "-v"
        ),
    )
}
