"""`minidns cache` against a running server that forwards to another."""

import signal
from pathlib import Path

import dns.message
import pytest

from minidns.cli.main import main
from tests.server.command import COM, NET, run_command, serving, write_nowhere, write_zones

OUTSIDE = dns.message.make_query("mail.example.net.", "AAAA")


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_looked_into_and_emptied(tmp_path: Path, more: tuple[str, ...]) -> None:
    far, near = write_zones(tmp_path / "far", net=NET), write_zones(tmp_path / "near", com=COM)
    control = tmp_path / "control.sock"

    def cache(*words: str) -> str:
        result = run_command("cache", "--control", control, *words)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    with serving(far) as upstream:
        host, port = upstream.addresses[0]
        forward = ("--forward", f"{host}:{port}", "--control", str(control))
        with serving(near, *forward, *more) as server:
            server.ask(OUTSIDE)
            assert "\nupstream_sent 1\n" in cache("stats")
            assert "mail.example.net. 3600 IN AAAA 2001:db8::25\n" in cache("dump").replace(
                " 3599 ", " 3600 "
            )
            assert "flushed 0\n" in cache("flush", "other.example.net")
            assert "flushed 1\n" in cache("flush", "example.net")
            assert cache("dump") == ""
            assert server.end()[0] == 0
    assert list(tmp_path.glob("*.sock")) == []


def test_found_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near = write_zones(tmp_path / "near", com=COM)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    result = run_command("cache", "stats")
    assert result.returncode == 2
    assert "no server of this user is running" in result.stderr
    forward = ("--forward", "127.0.0.1:1")
    with serving(near, *forward) as first, serving(near, *forward) as other:
        result = run_command("cache", "stats")
        assert result.returncode == 2
        assert "several servers run" in result.stderr
        host, port = other.addresses[0]
        place = tmp_path / "minidns" / f"{host}:{port}.sock"
        result = run_command("cache", "--control", place, "flush", "a..b")
        assert result.returncode == 2
        assert "'a..b.'" in result.stderr
        assert other.end()[0] == 0
        result = run_command("cache", "stats")
        assert result.returncode == 0
        assert "answers 0\n" in result.stdout
        first.end(signal.SIGKILL)
        assert len(list((tmp_path / "minidns").iterdir())) == 1
    with serving(near, *forward) as last:  # whose start clears away what was left over
        host, port = last.addresses[0]
        assert [path.name for path in (tmp_path / "minidns").iterdir()] == [f"{host}:{port}.sock"]


@pytest.mark.parametrize("command", [["cache", "stats"], ["sockets"]])
def test_no_directory_for_temporary_files(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_nowhere(monkeypatch)
    assert main(command) == 2
    said = capsys.readouterr().err
    assert said.startswith("minidns: no server of this user is found: ")
    assert "docker run --tmpfs /tmp" in said
    assert said.endswith("or give another place with --control\n")


def test_a_place_that_others_may_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near = write_zones(tmp_path / "near", com=COM)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "minidns").mkdir(0o755)
    with serving(near, "--forward", "127.0.0.1:1") as server:
        assert any("no control socket" in line for line in server.said)
        assert server.ask(dns.message.make_query("www.example.com.", "A")).answer
