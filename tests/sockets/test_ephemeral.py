"""A socket that gives its port back, on this kernel; and where none does."""

import ctypes
import errno
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
        "settings = Path('/proc/sys/net/ipv4')\n"
        "(settings / 'ip_local_port_range').write_text('2000 2999')\n"
        "(settings / 'ip_local_reserved_ports').write_text('80,1990-2990,2995,4000')\n"
        "ephemeral._FIRST_KERNEL = (0,)\n"
        "print(sorted(ephemeral.ephemeral_ports()))"
    )
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode and ("unshare" in done.stderr or "PermissionError" in done.stderr):
        pytest.skip("no network namespace to be had")
    left = [2991, 2992, 2993, 2994, 2996, 2997, 2998, 2999]
    assert (done.stdout, done.stderr) == (f"{left}\n", "")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ephemeral, "_SETTINGS", tmp_path)
    (tmp_path / "ip_local_port_range").write_text("32768\t60999\n")
    (tmp_path / "ip_local_reserved_ports").write_text("\n")
    return tmp_path


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("release", "draws"),
    [
        ("6.1.0-18-amd64", True),
        ("5.19.0", True),
        ("5.18.19", False),
        ("4.4.0", False),
        ("5.4.0-150-generic", False),
        ("", False),
    ],
)
def test_an_old_kernel_draws_none(
    release: str, draws: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    assert ephemeral_ports() == (range(32_768, 61_000) if draws else NO_PORTS)


@pytest.mark.parametrize("text", [None, "", "1024", "a b", "1 65535", "1023 65535"])
def test_a_range_that_is_not_to_be_used(text: str | None, settings: Path) -> None:
    """Below 1024 a port may be a service's, and the kernel would draw those, too."""
    path = settings / "ip_local_port_range"
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert ephemeral_ports() == NO_PORTS


@pytest.mark.parametrize("text", [None, "a", "1-b"])
def test_reserved_ports_that_cannot_be_read(text: str | None, settings: Path) -> None:
    path = settings / "ip_local_reserved_ports"
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert ephemeral_ports() == NO_PORTS


@pytest.mark.parametrize(
    ("refused", "is_given_back"),
    [(("AF_INET",), True), (("AF_INET", "AF_INET6"), False)],
)
def test_families_that_are_refused(
    refused: tuple[str, ...], is_given_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by systemd's RestrictAddressFamilies."""
    if load_give_back() is None:
        pytest.skip("not this kernel")
    if not any(name == "::1" for name in _loopback()):
        pytest.skip("no IPv6")
    real = socket.socket

    def make(family: int, kind: int) -> socket.socket:
        if family in [getattr(socket, name) for name in refused]:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", make)
    assert (load_give_back() is not None) == is_given_back


def _loopback() -> list[str]:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("::1", 0))
        except OSError:
            return []
        return [sock.getsockname()[0]]


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
