"""The kernel's table of sockets, against what Python's own sockets say of themselves."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from minidns.lesson import kernel_table, lab
from minidns.lesson.kernel_table import Row, find_state, read_table
from tests.lesson.runs import open_descriptors, run

LOOPBACK = "127.0.0.1"
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/net")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


def name_of(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"{host}:{port}"


@ON_LINUX
def test_connection_without_a_descriptor_until_it_is_accepted(stack: ExitStack) -> None:
    listener = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    client = stack.enter_context(socket.create_connection(listener.getsockname()))
    numbers = [listener.fileno(), client.fileno()]
    server, peer = name_of(listener), name_of(client)
    rows = [
        Row(listener.fileno(), "tcp", server, "0.0.0.0:0", "LISTEN"),
        Row(client.fileno(), "tcp", peer, server, "ESTAB"),
        Row(None, "tcp", server, peer, "ESTAB"),
    ]
    assert read_table(numbers) == rows
    accepted = stack.enter_context(listener.accept()[0])
    taken = rows[2]._replace(number=accepted.fileno())
    assert read_table([*numbers, accepted.fileno()]) == [*rows[:2], taken]


@ON_LINUX
def test_datagram_sockets_with_and_without_a_peer(stack: ExitStack) -> None:
    plain = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    plain.bind((LOOPBACK, 0))
    connected = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    connected.connect(plain.getsockname())
    assert read_table([connected.fileno(), plain.fileno()]) == [
        Row(connected.fileno(), "udp", name_of(connected), name_of(plain), "ESTAB"),
        Row(plain.fileno(), "udp", name_of(plain), "0.0.0.0:0", "UNCONN"),
    ]


@ON_LINUX
def test_ipv6_and_ipv4_mapped(stack: ExitStack) -> None:
    if not Path("/proc/net/udp6").exists():
        pytest.skip("needs IPv6")
    dual = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    dual.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    dual.bind(("::ffff:127.0.0.1", 0))
    port = dual.getsockname()[1]
    (row,) = read_table([dual.fileno()])
    assert row == Row(dual.fileno(), "udp6", f"[::ffff:127.0.0.1]:{port}", "[::]:0", "UNCONN")


@ON_LINUX
def test_what_the_kernel_does_not_list_says_so_itself(stack: ExitStack) -> None:
    bound = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    bound.bind((LOOPBACK, 0))
    before = open_descriptors()
    assert read_table([bound.fileno()]) == [Row(bound.fileno(), "tcp", name_of(bound), "-", "-")]
    assert open_descriptors() == before


@ON_LINUX
def test_what_remains_of_a_connection(stack: ExitStack) -> None:
    listener = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    with socket.create_connection(listener.getsockname()) as client:
        local, remote = name_of(listener), name_of(client)
        assert find_state(local, remote) == "ESTAB"
        assert find_state(remote, local) == "ESTAB"
        assert find_state(local, local) is None
        listener.accept()[0].close()
        assert client.recv(1) == b""
    assert find_state(local, remote) == "TIME-WAIT"
    row = Row(listener.fileno(), "tcp", local, "0.0.0.0:0", "LISTEN")
    assert read_table([listener.fileno()]) == [row]
    remains = Row(None, "tcp", local, remote, "TIME-WAIT")
    assert read_table([listener.fileno()], (local, remote)) == [row, remains]


def test_without_a_table_the_sockets_are_asked(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS."""
    listener = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    client = stack.enter_context(socket.create_connection(listener.getsockname()))
    monkeypatch.setattr(kernel_table, "has_kernel_table", lambda: False)
    assert read_table([listener.fileno(), client.fileno()]) == [
        Row(listener.fileno(), "tcp", name_of(listener), "-", "-"),
        Row(client.fileno(), "tcp", name_of(client), name_of(listener), "-"),
    ]
    assert find_state(name_of(client), name_of(listener)) is None


@pytest.mark.parametrize("number", range(1, 10))
def test_experiments_without_a_table(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_table, "has_kernel_table", lambda: False)
    monkeypatch.setattr(lab, "has_kernel_table", lambda: False)
    monkeypatch.setattr("minidns.lesson.collision.has_kernel_table", lambda: False)
    text, failures = run(number)
    assert failures == []
    is_shown = "\n  fd  proto  local address" in text
    assert is_shown == ("from getsockname() and" in text)
    assert is_shown or number in (8, 9)
