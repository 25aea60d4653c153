"""The system calls of the server's start, as strace(1) sees them and docs/sockets.md shows them."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from minidns.sockets.linux import IS_LINUX
from tests.server.command import COM, READY, ROOT, command, environment, write_zones

SECONDS = 60
CALLS = "socket,setsockopt,bind,listen"
TEXT = ROOT / "docs/sockets.md"


def missing() -> str | None:
    """Why the calls cannot be seen here."""
    if not IS_LINUX or shutil.which("strace") is None:
        return "needs strace (Debian: apt-get install strace)"
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return "strace may not look at a process here" if done.returncode else None


REASON = missing()


def has_ipv6() -> bool:
    try:
        with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def calls_of_start(tmp_path: Path, listen: str) -> list[str]:
    """Those of UDP and TCP sockets, one a line, without process numbers and padding."""
    trace = tmp_path / "trace"
    zones = write_zones(tmp_path / "zones", com=COM)
    process = subprocess.Popen(
        ["strace", "-f", "-e", f"trace={CALLS}", "-o", trace]
        + command("serve", "--zones", zones, "--listen", listen),
        env=environment(XDG_RUNTIME_DIR=str(tmp_path)),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        assert any(line.startswith(READY) for line in process.stderr)
        # The server is strace's child, and ends strace by its own end.
        (server,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(server), signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    return list(ip_calls(trace.read_text().splitlines()))


def ip_calls(lines: list[str]) -> Iterator[str]:
    """Without what belongs to sockets of other families."""
    descriptors = set()
    for line in lines:
        call = re.sub(r"^\d+ +", "", line)
        made = re.match(r"socket\((AF_INET6?), .* = (\d+)$", call)
        if made:
            descriptors.add(made[2])
        elif call.startswith("socket("):
            descriptors.discard(call.rpartition(" = ")[2])
        used = re.match(r"\w+\((\d+)[,)]", call)
        if made or (used and used[1] in descriptors):
            yield re.sub(r" +=", " =", call)


def normal(calls: list[str]) -> list[str]:
    """Descriptors by their order, ports the kernel chose as PORT, buffers as root may set them."""
    numbers: dict[str, str] = {}
    found = []
    for call in calls:
        if "FORCE," in call and "EPERM" in call:
            continue  # without CAP_NET_ADMIN; the plain option follows
        call = re.sub(r"SO_(RCV|SND)BUF,", r"SO_\1BUFFORCE,", call)
        call = re.sub(r"htons\([1-9]\d*\)", "htons(PORT)", call)
        made = re.match(r"socket\(.* = (\d+)$", call)
        if made:
            numbers[made[1]] = f"fd{len(numbers)}"
            call = re.sub(r"\d+$", numbers[made[1]], call)
        else:
            call = re.sub(r"\((\d+)", lambda match: f"({numbers[match[1]]}", call, count=1)
        found.append(call)
    return found


def shown_in_text(listen: str) -> list[str]:
    """The lines below the command with this listen address."""
    for block in re.findall(r"```console\n(.*?)```", TEXT.read_text(), re.DOTALL):
        head, _, rest = block.partition("\n")
        if head == f"$ strace -f -e trace={CALLS} minidns serve --listen {listen}":
            return [line for line in rest.splitlines() if line]
    raise AssertionError(f"{TEXT.name} does not show the start with {listen}")


@pytest.mark.skipif(REASON is not None, reason=REASON or "")
@pytest.mark.parametrize("listen", ["127.0.0.1:0", ":0"])
def test_the_text_shows_what_the_start_calls(tmp_path: Path, listen: str) -> None:
    if listen == ":0" and not has_ipv6():
        pytest.skip("the text shows a machine with IPv6")
    assert normal(calls_of_start(tmp_path, listen)) == normal(shown_in_text(listen))


@pytest.mark.skipif(REASON is not None, reason=REASON or "")
def test_options_come_between_socket_and_bind(tmp_path: Path) -> None:
    """But for TCP_NODELAY, which is about the connections that a listener accepts."""
    at: dict[str, list[str]] = {}
    for call in normal(calls_of_start(tmp_path, ":0")):
        name, _, rest = call.partition("(")
        number = call.rpartition(" = ")[2] if name == "socket" else re.split("[,)]", rest)[0]
        at.setdefault(number, []).append("NODELAY" if "TCP_NODELAY" in call else name)
    kinds = [[name for name in names if name != "setsockopt"] for names in at.values()]
    udp, tcp = ["socket", "bind"], ["socket", "bind", "listen", "NODELAY"]
    assert kinds == [udp, tcp] * (2 if has_ipv6() else 1)
    for names in at.values():
        assert names[1:].index("bind") == names.count("setsockopt")
