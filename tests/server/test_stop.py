"""How the command ends: by signals, with queries under way, without its terminal, as process 1."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import dns.message
import pytest

from tests.server.command import COM, SECONDS, Running, serving, write_zones

PARTIAL = 5  # octets of a message that has begun
NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")
# As a terminal emulator starts a program: in a session with a terminal of its own. The second
# argument is "ignored" where SIGHUP is, as nohup(1) has it.
IN_TERMINAL = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)
if sys.argv[2] == "ignored":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return write_zones(tmp_path / "zones", com=COM)


@pytest.fixture
def server(zones: Path) -> Iterator[Running]:
    with serving(zones) as running:
        yield running


def framed_query() -> bytes:
    wire = dns.message.make_query("www.example.com.", "A").to_wire()
    return len(wire).to_bytes(2, "big") + wire


def read_reply(stream: socket.socket) -> dns.message.Message:
    with stream.makefile("rb") as file:
        return dns.message.from_wire(file.read(int.from_bytes(file.read(2), "big")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_in_order(server: Running, number: signal.Signals) -> None:
    code, said = server.end(number)
    assert (code, said) == (0, f"minidns: info: {number.name}: stopping\n")


def test_log_level(zones: Path) -> None:
    with serving(zones, "--log-level", "warning") as running:
        assert running.end() == (0, "")


def test_message_that_has_begun_is_answered(server: Running) -> None:
    with server.connect() as first, server.connect() as second:
        query = framed_query()
        for stream in (first, second):
            stream.sendall(query)
            assert read_reply(stream).answer
            stream.sendall(query[:PARTIAL])
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping")
        first.sendall(query[PARTIAL:])
        assert read_reply(first).answer
        assert first.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):  # while the second is waited for
            server.connect()
        second.sendall(query[PARTIAL:])
        assert read_reply(second).answer
        assert second.recv(1) == b""
    assert server.finish() == (0, "")


def test_idle_connections_are_closed(server: Running) -> None:
    with server.connect() as stream:
        stream.sendall(framed_query())
        assert read_reply(stream).answer
        code, _ = server.end()
        assert code == 0
        assert stream.recv(1) == b""


def test_datagrams_that_have_arrived_are_answered(server: Running) -> None:
    count = 100
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.connect(server.addresses[0])
        for number in range(count):
            query = dns.message.make_query("www.example.com.", "A", id=number)
            client.send(query.to_wire())
        assert server.end()[0] == 0
        numbers = {dns.message.from_wire(client.recv(4096)).id for _ in range(count)}
    assert numbers == set(range(count))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_it_at_once(server: Running, number: signal.Signals) -> None:
    with server.connect() as stream:
        stream.sendall(framed_query())
        assert read_reply(stream).answer
        stream.sendall(framed_query()[:PARTIAL])  # something to wait for
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping")
        code, _ = server.end(number)
    assert code == 128 + number


def test_without_anybody_who_reads_its_log(server: Running) -> None:
    assert server.process.stderr is not None
    server.process.stderr.close()
    query = dns.message.make_query("www.example.com.", "A")
    assert server.ask(query).answer
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(SECONDS) == 0


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare (util-linux)")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_as_process_1(zones: Path, number: signal.Signals, workers: str) -> None:
    probe = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"a process namespace is not permitted: {probe.stderr.strip()}")
    with serving(zones, "--workers", workers, prefix=NAMESPACE) as running:
        outer = running.process.pid
        children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        server = int(children[0])
        status = Path(f"/proc/{server}/status").read_text()
        assert f"NSpid:\t{server}\t1\n" in status
        os.kill(server, number)
        code, said = running.finish()
    assert code == 0
    assert f"{number.name}: stopping" in said


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends; the first is closed in the tests."""
    ends = os.openpty()
    yield ends
    os.close(ends[1])


def in_terminal(zones: Path, terminal: int, sighup: str = "") -> AbstractContextManager[Running]:
    prefix = (sys.executable, "-c", IN_TERMINAL, str(terminal), sighup)
    return serving(zones, prefix=prefix, descriptors=(terminal,))


def test_ends_with_its_terminal(zones: Path, terminal: tuple[int, int]) -> None:
    master, slave = terminal
    with in_terminal(zones, slave) as server:
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("reloaded in")  # the terminal is there: it asks for no end
        os.close(master)
        assert server.finish() == (0, "minidns: info: SIGHUP: stopping\n")


def test_outlives_its_terminal_under_nohup(zones: Path, terminal: tuple[int, int]) -> None:
    master, slave = terminal
    with in_terminal(zones, slave, "ignored") as server:
        os.close(master)
        server.wait_for("reloaded in")
        assert server.ask(dns.message.make_query("www.example.com.", "A")).answer
