"""`minidns sockets` against running servers."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import dns.message
import pytest

from minidns.cli import sockets
from tests.server.command import COM, NET, command, environment, run_command, serving, write_zones

WWW = dns.message.make_query("www.example.com.", "A")


@pytest.fixture
def zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("COLUMNS", raising=False)
    return write_zones(tmp_path / "zones", com=COM)


def test_a_server_that_forwards_nothing(zones: Path) -> None:
    with serving(zones, "--no-forward") as server:
        server.ask(WWW)
        host, port = server.addresses[0]
        with server.connect() as stream:
            server.ask(WWW, is_tcp=True)  # so that the other has been accepted, too
            result = run_command("sockets")
            assert (result.returncode, result.stderr) == (0, "")
            here = stream.getsockname()[1]
        lines = [line.split() for line in result.stdout.splitlines()]
        assert lines[0][:4] == ["fd", "proto", "local", "remote"]
        assert [line[1:5] for line in lines[1:4]] == [
            ["udp", f"{host}:{port}", "-", "bound"],
            ["tcp", f"{host}:{port}", "-", "LISTEN"],
            ["tcp", f"{host}:{port}", f"{host}:{here}", "ESTABLISHED"],
        ]
        assert "UDP: queries 1, replies 1," in result.stdout
        asked = run_command("cache", "stats")
        assert asked.returncode == 2
        assert "it forwards no names" in asked.stderr
        assert server.end()[0] == 0
    result = run_command("sockets")
    assert result.returncode == 2
    assert "no server of this user is running" in result.stderr


def test_json_of_all_workers(zones: Path, tmp_path: Path) -> None:
    control = tmp_path / "own.sock"
    with serving(zones, "--control", str(control), "--workers", "2") as server:
        for _ in range(5):
            server.ask(WWW)
        result = run_command("sockets", "--json", "--control", control)
        rows = json.loads(result.stdout)
        assert [row["worker"] for row in rows] == [1, 1, 2, 2]
        assert {row["pid"] for row in rows}.isdisjoint({server.process.pid})
        assert sum(row["queries"] for row in rows if row["protocol"] == "udp") == 5
        assert all(7 in row["experiments"] for row in rows)
        text = run_command("sockets", "--control", control).stdout
        assert text.startswith("worker")
        assert "UDP: queries 5, replies 5," in text


def test_a_socket_to_an_upstream(tmp_path: Path, zones: Path) -> None:
    """A stream is kept for the next question."""
    far = write_zones(tmp_path / "far", net=NET)
    control = tmp_path / "own.sock"
    with serving(far, "--no-forward", "--control", str(tmp_path / "far.sock")) as upstream:
        host, port = upstream.addresses[0]
        forward = ("--forward", f"tcp://{host}:{port}", "--control", str(control))
        with serving(zones, *forward) as server:
            server.ask(dns.message.make_query("mail.example.net.", "AAAA"))
            rows = json.loads(run_command("sockets", "--json", "--control", control).stdout)
    (row,) = [row for row in rows if row["role"] == "upstream"]
    assert (row["protocol"], row["remote"]) == ("tcp", f"{host}:{port}")
    assert row["experiments"] == [1]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_watched_until_interrupted(zones: Path, more: tuple[str, ...]) -> None:
    with serving(zones):
        process = subprocess.Popen(
            command("sockets", "--watch", *more),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "")
    if more:
        assert [row["protocol"] for row in json.loads(first)] == ["udp", "tcp"]
    else:
        assert first.startswith("fd")
    assert "\x1b" not in first + rest


def test_shown_again_each_second() -> None:
    class Enough(Exception):
        pass

    done: list[float | str] = []

    def sleep(seconds: float) -> None:
        if len(done) == 4:
            raise Enough
        done.append(seconds)

    with pytest.raises(Enough):
        sockets.watch(lambda: done.append("table"), sleep)
    assert done == [1.0, "table", 1.0, "table"]


def test_renewed_in_place_on_a_terminal(zones: Path) -> None:
    """Nothing scrolls: fewer lines than the terminal has, and no line break after the last."""
    master, slave = os.openpty()
    try:
        with serving(zones):
            process = subprocess.Popen(
                command("sockets", "--watch"),
                env=environment(COLUMNS="80", LINES="4"),
                stdin=subprocess.DEVNULL,
                stdout=slave,
                stderr=slave,
            )
            shown = b""
            deadline = time.monotonic() + 20
            while b"\x1b[J" not in shown and time.monotonic() < deadline:
                shown += os.read(master, 4096)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
    finally:
        os.close(master)
        os.close(slave)
    text = shown.decode().partition("\x1b[J")[0].replace("\r\n", "\n")
    assert text.startswith("\x1b[Hfd")
    lines = text.split("\n")
    assert len(lines) == 3
    assert re.fullmatch(r"\(\d more lines: make the terminal higher\)\x1b\[K", lines[-1])


def test_no_place_for_a_control_socket(zones: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so, also with several workers, and the server runs."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/dev/null")
    with serving(zones, "--workers", "2") as server:
        assert server.ask(WWW).answer
        assert sum("no control socket" in line for line in server.said) == 1
        code, rest = server.end()
        assert (code, rest) == (0, "minidns: info: SIGTERM: stopping\n")


def test_trace_of_a_server_with_workers(zones: Path) -> None:
    with serving(zones, "--trace", "--workers", "2") as server:
        for is_tcp in (False, True):
            server.ask(WWW, is_tcp)
            protocol = "tcp" if is_tcp else "udp"
            line = server.wait_for(" us")[-1]
            assert re.match(rf"worker [12]: [\d:.]{{15}} {protocol} 127\.0\.0\.1:\d+ > ", line)
            assert " www.example.com. IN A -> NOERROR AA 2/0/0 65 octets " in line
