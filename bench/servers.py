"""The servers that are compared, each in the foreground on one core, as a user starts them.

minidns runs from this checkout by its command line. The others run with the settings that the
differential test uses (tests/peers.py): one worker, no rate limit, nothing logged per query.
"""

import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers import KINDS, LOOPBACK, Peer, Zones, missing, run_peer, run_server

ROOT = Path(__file__).parents[1]
MINIDNS = "minidns"
NAMES = (MINIDNS, *KINDS)


def missing_server(name: str) -> str | None:
    """None where the server can be run, else why not and what would help."""
    return None if name == MINIDNS else missing(name)


@contextmanager
def run(name: str, zones: Zones, core: int) -> Iterator[Peer]:
    """The server `name` of NAMES, bound to a core, ready to answer for `zones`."""
    prefix = ("taskset", "-c", str(core))
    if name != MINIDNS:
        with run_peer(name, zones, prefix) as peer:
            yield peer
        return
    (directory,) = {path.parent for path in zones.values()}

    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))

    def command(port: int) -> list[str]:
        serve = ["serve", "--zones", str(directory), "--listen", f"{LOOPBACK}:{port}"]
        python = ["env", f"PYTHONPATH={paths}", sys.executable, "-m", "minidns"]
        return [*prefix, *python, *serve, "--no-forward"]

    with (
        tempfile.TemporaryDirectory(prefix="bench-minidns-") as made,
        run_server(command, list(zones), Path(made)) as (process, port),
    ):
        yield Peer(MINIDNS, _version(), LOOPBACK, port, process.pid)


def _version() -> str:
    implementation = f"{platform.python_implementation()} {platform.python_version()}"
    try:
        version = importlib.metadata.version("minidns-server")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed"
    return f"minidns {version}, {implementation}"
