"""The floor of the figures: floor.c, a C loop that sends each datagram back and knows no DNS."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.peers import LOOPBACK, POLL_SECONDS, START_SECONDS, Peer, PeerError, free_port, stop

FLOOR = "floor"
SOURCE = Path(__file__).with_name("floor.c")
COMPILER = "cc"
_PROBE = bytes(12)


def missing_compiler() -> str | None:
    """None where the floor can be built."""
    if shutil.which(COMPILER) is None:
        return f"{COMPILER} is not installed (Debian: apt-get install gcc libc6-dev)"
    return None


@contextmanager
def run_floor(prefix: Sequence[str]) -> Iterator[Peer]:
    """Compile it, run it with `prefix` before the command, end it. Raises PeerError."""
    with tempfile.TemporaryDirectory(prefix="bench-floor-") as made:
        program = Path(made) / FLOOR
        compile_ = [COMPILER, "-O2", "-o", str(program), str(SOURCE)]
        built = subprocess.run(compile_, capture_output=True, text=True, check=False)
        if built.returncode:
            raise PeerError(f"{SOURCE} does not compile:\n{built.stderr}")
        port = free_port()
        process = subprocess.Popen([*prefix, str(program), LOOPBACK, str(port)])
        try:
            _wait_for_echo(process, port)
            yield Peer(FLOOR, "recvmmsg and sendmmsg in C", LOOPBACK, port, process.pid)
        finally:
            stop(process)


def _wait_for_echo(process: subprocess.Popen[bytes], port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((LOOPBACK, port))
        udp.settimeout(POLL_SECONDS)
        for _ in range(int(START_SECONDS / POLL_SECONDS)):
            try:
                udp.send(_PROBE)
                if udp.recv(len(_PROBE)):
                    return
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS)
                    break
    raise PeerError(f"{SOURCE} does not answer on port {port}")
