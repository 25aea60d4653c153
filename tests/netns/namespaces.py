"""Network namespaces joined by veth pairs, each held by a process that ends with the test.

Nothing is left behind: a namespace is gone when nobody is in it, and its links with it. Ports are
its own, so that fixed ones do no harm.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

_HOLD = "echo here; exec cat"  # until its standard input is closed, so until the test has ended


class Namespace(NamedTuple):
    """One of them, held by a process. What is put behind `prefix` runs there."""

    pid: int
    prefix: tuple[str, ...]

    def run(self, script: str) -> None:
        """Lines of sh, usually of ip(8); the first that fails is an error."""
        command = [*self.prefix, "sh", "-ec", script]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@contextmanager
def namespace() -> Iterator[Namespace]:
    """With its loopback up; or a skip where none can be made."""
    for program in ("unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: apt-get install util-linux iproute2)")
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", _HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != "here\n":
            pytest.skip("no network namespace can be made here, which takes root")
        made = Namespace(holder.pid, ("nsenter", f"--net=/proc/{holder.pid}/ns/net", "--"))
        made.run("ip link set lo up")
        yield made


def join(near: Namespace, near_name: str, far: Namespace, far_name: str) -> None:
    """A cable: a veth pair, both ends up."""
    near.run(
        f"ip link add {near_name} type veth peer name {far_name} netns {far.pid}\n"
        f"ip link set {near_name} up"
    )
    far.run(f"ip link set {far_name} up")
