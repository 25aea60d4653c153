"""The control socket at the start of a server: alone in its place, or none where it has none."""

import asyncio
import fcntl
import logging
import os
import socket
from pathlib import Path

import pytest

from minidns.server.control import cache_command, open_control
from minidns.server.control_socket import CommandError
from tests.server.command import write_nowhere


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = tmp_path / "minidns"
    directory.mkdir(0o700)
    return directory


def left_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def test_what_was_left_over_is_removed_while_nobody_else_looks(place: Path) -> None:
    """Another server may have bound one, and not be listening yet."""
    left_over(place / "old.sock")

    async def run() -> None:
        descriptor = os.open(place, os.O_RDONLY)
        with socket.create_server(("127.0.0.1", 0)) as named:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            opening = asyncio.create_task(open_control({}, None, named, 0))
            await asyncio.sleep(0)
            assert [path.name for path in place.iterdir()] == ["old.sock"]
            os.close(descriptor)
            control = await opening
            assert control is not None
            host, port = named.getsockname()
            assert [path.name for path in place.iterdir()] == [f"{host}:{port}.sock"]
            await control.close()

    asyncio.run(run())


def test_a_place_that_stays_locked_is_used_all_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minidns.server.control._LOCK_SECONDS", 0.0)

    async def run() -> None:
        descriptor = os.open(place, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with socket.create_server(("127.0.0.1", 0)) as named:
            control = await open_control({}, None, named, 2)
            assert control is not None
            assert control.path.exists()
            await control.close()
        os.close(descriptor)

    asyncio.run(run())


@pytest.mark.parametrize(("worker", "lines"), [(0, 1), (1, 1), (2, 0)])
def test_no_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, worker: int, lines: int
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/dev/null")
    with socket.create_server(("127.0.0.1", 0)) as named, caplog.at_level(logging.DEBUG):
        assert asyncio.run(open_control({}, None, named, worker)) is None
    assert [record.levelname for record in caplog.records if "control" in record.name] == [
        "WARNING"
    ] * lines


def test_no_directory_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_nowhere(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as named:
        assert asyncio.run(open_control({}, None, named, 0)) is None
    assert "no control socket" in caplog.text
    assert "docker run --tmpfs /tmp" in caplog.text
    assert "--control" in caplog.text


def test_a_server_without_a_cache_says_so() -> None:
    with pytest.raises(CommandError, match="forwards no names"):
        cache_command(None)(["stats"])
