"""The control socket and its client: over a real socket in a directory of the test's own."""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from minidns.server.control_client import NoAnswerError, ask, is_alive
from minidns.server.control_place import (
    BadPlaceError,
    control_directory,
    control_path,
    control_sockets,
    make_private,
    paths_of,
    server_name,
    worker_path,
)
from minidns.server.control_socket import MAX_REQUEST, CommandError, ControlSocket

MANY = 1000


def echo(words: Sequence[str]) -> Iterator[str]:
    yield from words


def count(words: Sequence[str]) -> Iterator[str]:
    return (str(number) for number in range(MANY))


def refuse(words: Sequence[str]) -> list[str]:
    raise CommandError("that cannot be done")


def with_socket(path: Path, work: Callable[[], Any]) -> Any:
    """What `work` gives in a thread, while the socket is open."""

    async def run() -> Any:
        control = ControlSocket(path, {"echo": echo, "count": count, "refuse": refuse})
        await control.open()
        try:
            return await asyncio.to_thread(work)
        finally:
            await control.close()

    return asyncio.run(run())


def raw(path: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while more := sock.recv(4096):
            received += more
    return received


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sock"


def test_words_come_back(path: Path) -> None:
    lines = with_socket(path, lambda: list(ask(path, ["echo", "a b", "ü"])))
    assert lines == ["a b", "ü"]


def test_each_line_of_many_once(path: Path) -> None:
    lines = with_socket(path, lambda: list(ask(path, ["count"])))
    assert lines == [str(number) for number in range(MANY)]


def test_refused_command(path: Path) -> None:
    with pytest.raises(NoAnswerError, match="that cannot be done"):
        with_socket(path, lambda: list(ask(path, ["refuse"])))


def test_unknown_command_names_those_there_are(path: Path) -> None:
    with pytest.raises(NoAnswerError, match="there are: echo, count, refuse"):
        with_socket(path, lambda: list(ask(path, ["halt"])))


@pytest.mark.parametrize(
    "request_",
    [b"", b"\n", b"x\n", b"{}\n", b'["a", 1]\n', b"[]\n", b"\xff\n", b"[" * 3000 + b"\n"],
)
def test_request_that_is_none(path: Path, request_: bytes) -> None:
    def work() -> tuple[bytes, list[str]]:
        return raw(path, request_), list(ask(path, ["echo", "still here"]))

    received, lines = with_socket(path, work)
    assert received.startswith(b"error\n")
    assert lines == ["still here"]


def test_request_without_end(path: Path) -> None:
    def work() -> list[str]:
        with suppress(ConnectionError):  # reset, since not all was read
            raw(path, b"[" * (4 * MAX_REQUEST))
        return list(ask(path, ["echo", "still here"]))

    assert with_socket(path, work) == ["still here"]


def test_only_its_user_may_open_it(path: Path) -> None:
    mode = with_socket(path, lambda: stat.S_IMODE(path.stat().st_mode))
    assert mode == stat.S_IRUSR | stat.S_IWUSR


def test_gone_at_the_end(path: Path) -> None:
    assert with_socket(path, lambda: is_alive(path))
    assert not path.exists()
    assert not is_alive(path)
    with pytest.raises(NoAnswerError, match=r"no server answers at '.*s\.sock'"):
        list(ask(path, ["echo"]))


def test_one_that_was_left_over_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
    assert path.exists()
    assert with_socket(path, lambda: list(ask(path, ["echo", "new"]))) == ["new"]


def test_one_that_lives_is_left_alone(path: Path) -> None:
    def work() -> list[str]:
        with pytest.raises(OSError, match="in use"):
            with_socket(path, lambda: None)
        return list(ask(path, ["echo", "first"]))

    assert with_socket(path, work) == ["first"]


def test_a_file_is_left_alone(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        with_socket(path, lambda: None)
    assert path.read_text() == "mine"


def test_a_place_taken_by_another_is_not_removed(path: Path) -> None:
    def work() -> None:
        path.unlink()
        path.write_text("mine")

    with_socket(path, work)
    assert path.read_text() == "mine"


def test_a_client_that_leaves_in_the_middle(path: Path) -> None:
    def work() -> list[str]:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(json.dumps(["count"]).encode() + b"\n")
        return list(ask(path, ["echo", "still here"]))

    assert with_socket(path, work) == ["still here"]


def test_one_request_a_connection_and_it_ends(path: Path) -> None:
    assert with_socket(path, lambda: raw(path, b'["echo", "x"]\n["echo", "y"]\n')) == b"ok\nx\n"


def test_directories(tmp_path: Path) -> None:
    runtime = {"XDG_RUNTIME_DIR": "/run/user/7"}
    assert control_directory(runtime, 7) == Path("/run/user/7/minidns")
    assert control_directory({"XDG_RUNTIME_DIR": "not/absolute"}, 0) == Path("/run/minidns")
    assert control_directory({}, 7).name == "minidns-7"


def test_private_directory(tmp_path: Path) -> None:
    place = tmp_path / "place"
    make_private(place)
    make_private(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    place.chmod(0o755)
    with pytest.raises(BadPlaceError, match="chmod 700"):
        make_private(place)


def test_link_is_no_private_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(0o700)
    os.symlink(tmp_path / "real", tmp_path / "link")
    with pytest.raises(BadPlaceError):
        make_private(tmp_path / "link")


def test_names(tmp_path: Path) -> None:
    path = control_path(tmp_path, "127.0.0.1:53")
    assert path == tmp_path / "127.0.0.1:53.sock"
    assert paths_of(path) == [path]
    workers = [worker_path(path, number) for number in (1, 2)]
    for worker in workers:
        worker.touch()
    assert paths_of(path) == workers
    assert control_sockets(tmp_path) == workers
    assert {server_name(worker) for worker in workers} == {"127.0.0.1:53"}
    assert control_sockets(tmp_path / "none") == []


def test_closing_what_was_never_opened(path: Path) -> None:
    asyncio.run(ControlSocket(path, {}).close())
    assert not path.exists()
