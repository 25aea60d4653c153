"""Descriptors passed by systemd, in a child process as systemd starts it (sd_listen_fds(3))."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from minidns.sockets.linux import (
    IP_MTU_DISCOVER,
    IP_PMTUDISC_OMIT,
    IPV6_MTU_DISCOVER,
    IPV6_PMTUDISC_OMIT,
    IS_LINUX,
    SO_TIMESTAMP_OLD,
)
from minidns.sockets.systemd import BadPassedSocket, take_passed_sockets

pytestmark = pytest.mark.skipif(not IS_LINUX, reason="systemd is of Linux")

# First what systemd does: the descriptors become 3, 4, ..., LISTEN_PID is the process's own.
CHILD = """
import fcntl, json, os, socket, sys
given = json.loads(sys.argv[1])
high = [fcntl.fcntl(number, fcntl.F_DUPFD, 50) for number in given["descriptors"]]
for at, number in enumerate(high):
    os.dup2(number, 3 + at, inheritable=True)
os.environ["LISTEN_PID"] = given["pid"] or str(os.getpid())
from minidns.sockets.systemd import BadPassedSocket, take_passed_sockets
try:
    passed = take_passed_sockets()
except BadPassedSocket as error:
    bad, passed = str(error), None
else:
    bad = None
def facts(sock):
    is_udp = sock.type == socket.SOCK_DGRAM
    return {
        "descriptor": sock.fileno(),
        "port": sock.getsockname()[1],
        "cloexec": bool(fcntl.fcntl(sock.fileno(), fcntl.F_GETFD) & fcntl.FD_CLOEXEC),
        "blocking": sock.getblocking(),
        "pktinfo": sock.getsockopt(socket.IPPROTO_IP, 8) if is_udp else None,
        "timestamp": sock.getsockopt(socket.SOL_SOCKET, 29) if is_udp else None,
    }
print(json.dumps({
    "bad": bad,
    "left": [name for name in os.environ if name.startswith("LISTEN_")],
    "udp": [facts(sock) for sock in passed.udp] if passed else None,
    "tcp": [facts(sock) for sock in passed.tcp] if passed else None,
}))
"""


def run_child(
    descriptors: list[int], names: str = "", count: str | None = None, pid: str = ""
) -> dict[str, object]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LISTEN_FDS": str(len(descriptors)) if count is None else count,
        "LISTEN_FDNAMES": names,
    }
    given = json.dumps({"descriptors": descriptors, "pid": pid})
    done = subprocess.run(
        [sys.executable, "-c", CHILD, given],
        env=environment,
        pass_fds=descriptors,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    result: dict[str, object] = json.loads(done.stdout)
    assert result["left"] == []
    return result


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
    ):
        udp.bind(("0.0.0.0", 0))
        udp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP_OLD, 1)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        yield udp, tcp


def test_takes_both_kinds(pair: tuple[socket.socket, socket.socket]) -> None:
    udp, tcp = pair
    result = run_child([tcp.fileno(), udp.fileno()])
    common = {"cloexec": True, "blocking": False}
    assert result["tcp"] == [
        {
            **common,
            "descriptor": 3,
            "port": tcp.getsockname()[1],
            "pktinfo": None,
            "timestamp": None,
        }
    ]
    assert result["udp"] == [
        {**common, "descriptor": 4, "port": udp.getsockname()[1], "pktinfo": 1, "timestamp": 0}
    ]


def test_of_another_process(pair: tuple[socket.socket, socket.socket]) -> None:
    result = run_child([pair[0].fileno()], pid="1")
    assert (result["bad"], result["udp"]) == (None, None)


@pytest.mark.parametrize("count", ["x", "-1", "99999999999", "9" * 5000])
def test_count_that_is_no_number(count: str) -> None:
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count}
    with pytest.raises(BadPassedSocket, match=f"LISTEN_FDS is '{count}'"):
        take_passed_sockets(environment)
    assert environment == {}


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
def test_dual_stack_socket_heeds_no_path_mtu_for_either_family() -> None:
    """systemd binds `ListenDatagram=53` to :: for both."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
        passed = take_passed_sockets(environment, first=os.dup(sock.fileno()))
        assert passed is not None
        with passed.udp[0] as udp:
            assert udp.getsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_OMIT
            assert udp.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_OMIT
            assert udp.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO) == 1


def test_none_passed() -> None:
    result = run_child([], count="0")
    assert (result["bad"], result["udp"]) == (None, None)


def test_unix_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = socket.socketpair()
    with left, right:
        result = run_child([pair[0].fileno(), left.fileno()], names="dns:control")
    assert "descriptor 4 (control) from systemd is neither IPv4 nor IPv6" in str(result["bad"])


def test_file() -> None:
    with open(os.devnull) as file:
        assert "descriptor 3 from systemd is no socket" in str(run_child([file.fileno()])["bad"])


def test_connection(pair: tuple[socket.socket, socket.socket]) -> None:
    with socket.create_connection(pair[1].getsockname()) as client:
        assert "use Accept=no" in str(run_child([client.fileno()])["bad"])


def test_not_bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert "is not bound" in str(run_child([sock.fileno()])["bad"])


def test_nothing_in_the_environment() -> None:
    environment = {"PATH": "/bin"}
    assert take_passed_sockets(environment) is None
    assert environment == {"PATH": "/bin"}
