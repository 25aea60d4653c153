"""A socket that gives its port back, on this kernel; and where none does."""

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from minidns.sockets import ephemeral
from minidns.sockets.ephemeral import NO_PORTS, ephemeral_ports, load_give_back
from minidns.sockets.linux import IS_LINUX

pytestmark = pytest.mark.skipif(not IS_LINUX, reason="what Linux does")
ANYWHERE = {socket.AF_INET: ("0.0.0.0", 0), socket.AF_INET6: ("::", 0, 0, 0)}


@pytest.fixture(autouse=True)
def new_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release="6.1.0-18-amd64"))


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_each_port_is_given_back_and_another_one_drawn(
    family: socket.AddressFamily, address: str
) -> None:
    give_back = load_give_back()
    if give_back is None:
        pytest.skip("not this kernel")
    ports = []
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        try:
            peer.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6")
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            for _ in range(20):
                sock.connect(peer.getsockname())
                ports.append(sock.getsockname()[1])
                assert give_back(sock.fileno())
                assert sock.getsockname() == ANYWHERE[family]
                with pytest.raises(OSError, match="not connected"):
                    sock.getpeername()
                # The port is anybody's again.
                with socket.socket(family, socket.SOCK_DGRAM) as other:
                    other.bind((address, ports[-1]))
    assert len(set(ports)) > 15
    assert set(ports) <= set(ephemeral_ports())


def test_what_is_no_socket_has_nothing_to_give_back() -> None:
    give_back = load_give_back()
    if give_back is None:
        pytest.skip("not this kernel")
    with Path(os.devnull).open() as file:
        assert not give_back(file.fileno())


def test_the_range_is_the_administrators() -> None:
    code = (
        "from pathlib import Path; from minidns.sockets import ephemeral\n"
        "Path('/proc/sys/net/ipv4/ip_local_port_range').write_text('2000 2999')\n"
        "ephemeral._FIRST_KERNEL = (0,)\n"
        "print(ephemeral.ephemeral_ports())"
    )
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode and ("unshare" in done.stderr or "PermissionError" in done.stderr):
        pytest.skip("no network namespace to be had")
    assert (done.stdout, done.stderr) == ("range(2000, 3000)\n", "")


@pytest.mark.parametrize("release", ["5.18.19", "4.4.0", "5.4.0-150-generic", ""])
def test_an_old_kernel_draws_none(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    assert ephemeral_ports() == NO_PORTS


@pytest.mark.parametrize("text", [None, "", "1024", "a b"])
def test_a_range_that_cannot_be_read(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "range"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(ephemeral, "_RANGE", path)
    assert ephemeral_ports() == NO_PORTS


@pytest.mark.parametrize("result", [-1, 0])
def test_a_system_that_does_not(result: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, or says nothing and leaves the port."""

    def connect(*_: object) -> int:
        return result

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(connect=connect))
    assert load_give_back() is None


def test_a_system_without_that_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    assert load_give_back() is None
