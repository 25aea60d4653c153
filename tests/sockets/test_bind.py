"""Pairs of sockets: both or neither, one number, and what a user is told when it fails."""

import errno
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from minidns.sockets import bind
from minidns.sockets.bind import BoundPair, bind_all, bind_group, bind_pair
from minidns.sockets.bind_error import BindError, explain_bind_error
from minidns.sockets.control import SocketOptions, compose, control_for
from minidns.sockets.linux import IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, IPV6_MTU_DISCOVER, IS_LINUX
from minidns.sockets.listen_address import parse_listen_address
from minidns.sockets.pktinfo import IP_PKTINFO

HAS_IPV6 = socket.has_ipv6 and os.path.exists("/proc/net/if_inet6")
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="no IPv6 here")
needs_linux = pytest.mark.skipif(not IS_LINUX, reason="Linux only")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def open_sockets() -> set[str]:
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def ports_of(pairs: list[BoundPair]) -> set[int]:
    return {sock.getsockname()[1] for pair in pairs for sock in (pair.udp, pair.tcp)}


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_one_number_for_both_protocols(host: str, stack: ExitStack) -> None:
    pair = bind_pair(host, 0)
    stack.callback(pair.close)
    assert pair.port != 0
    assert ports_of([pair]) == {pair.port}
    assert (pair.udp.type, pair.tcp.type) == (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    assert pair.tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    assert not pair.udp.getblocking()
    assert not pair.tcp.getblocking()
    assert pair.address == (f"[::1]:{pair.port}" if ":" in host else f"127.0.0.1:{pair.port}")


@needs_ipv6
@pytest.mark.parametrize("text", [":0", "localhost:0"])
def test_one_number_for_both_families(text: str, stack: ExitStack) -> None:
    pairs = bind_all([parse_listen_address(text)])
    for pair in pairs:
        stack.callback(pair.close)
    assert len(pairs) == 2
    assert ports_of(pairs) == {pairs[0].port}
    assert all(
        sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        for sock in (pairs[1].udp, pairs[1].tcp)
    )


@needs_ipv6
@pytest.mark.parametrize("hosts", [("0.0.0.0", "::"), ("::", "0.0.0.0")])
def test_wildcards_side_by_side(hosts: tuple[str, str], stack: ExitStack) -> None:
    """IPV6_V6ONLY: each family has its own sockets on the port, and its clients reach those."""
    pairs = bind_group(hosts, 0)
    for pair in pairs:
        stack.callback(pair.close)
        loopback = "::1" if ":" in pair.host else "127.0.0.1"
        with (
            socket.socket(pair.udp.family, socket.SOCK_DGRAM) as client,
            socket.create_connection((loopback, pair.port)) as connection,
        ):
            client.sendto(b"q", (loopback, pair.port))
            accepted, peer = pair.tcp.accept()
            accepted.close()
            assert peer[:2] == connection.getsockname()[:2]
            assert pair.udp.recv(2) == b"q"
    assert ports_of(pairs) == {pairs[0].port}


def test_tcp_taken_frees_udp(stack: ExitStack) -> None:
    taken = bind_pair("127.0.0.1", 0)
    stack.callback(taken.close)
    taken.udp.close()
    before = open_sockets() if IS_LINUX else set()
    with pytest.raises(BindError) as caught:
        bind_pair("127.0.0.1", taken.port)
    assert (caught.value.network, caught.value.errno) == ("tcp4", errno.EADDRINUSE)
    if IS_LINUX:
        assert open_sockets() == before
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", taken.port))


def test_all_or_none(stack: ExitStack) -> None:
    taken = bind_pair("127.0.0.1", 0)
    stack.callback(taken.close)
    free = bind_pair("127.0.0.2", 0)
    free.close()
    texts = [f"127.0.0.2:{free.port}", f"127.0.0.1:{taken.port}"]
    before = open_sockets() if IS_LINUX else set()
    with pytest.raises(BindError):
        bind_all(map(parse_listen_address, texts))
    if IS_LINUX:
        assert open_sockets() == before


def test_port_zero_tries_another_number(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The TCP side of the first numbers is busy; the losers stay open so that none comes twice."""
    refused: list[int] = []

    def control(sock: socket.socket, network: str, address: str) -> None:
        if network == "tcp4" and len(refused) < 3:
            refused.append(int(address.rpartition(":")[2]))
            raise OSError(errno.EADDRINUSE, "busy")

    pair = bind_pair("127.0.0.1", 0, control)
    stack.callback(pair.close)
    assert len({*refused, pair.port}) == 4


def test_port_zero_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bind, "PORT_ATTEMPTS", 3)
    seen = []

    def control(sock: socket.socket, network: str, address: str) -> None:
        seen.append(network)
        if network == "tcp4":
            raise OSError(errno.EADDRINUSE, "busy")

    with pytest.raises(BindError):
        bind_pair("127.0.0.1", 0, control)
    assert seen == ["udp4", "tcp4"] * 3


def test_machine_without_ipv6_serves_the_rest(stack: ExitStack) -> None:
    def control(sock: socket.socket, network: str, address: str) -> None:
        if network.endswith("6"):
            raise OSError(errno.EADDRNOTAVAIL, "no IPv6")

    if not HAS_IPV6:
        pytest.skip("the case itself")
    (pair,) = bind_group(("127.0.0.1", "::1"), 0, control)
    stack.callback(pair.close)
    with pytest.raises(BindError):
        bind_group(("::1",), 0, control)


def test_the_hook_is_called_before_bind(stack: ExitStack) -> None:
    calls: list[tuple[str, str, int]] = []

    def spy(sock: socket.socket, network: str, address: str) -> None:
        calls.append((network, address, sock.getsockname()[1]))

    pair = bind_pair("127.0.0.1", 0, compose(control_for(SocketOptions()), spy))
    stack.callback(pair.close)
    # A number that was free for UDP and not for TCP is tried in vain before.
    assert len(calls) % 2 == 0
    assert calls[-2:] == [
        ("udp4", "127.0.0.1:0", 0),
        ("tcp4", f"127.0.0.1:{pair.port}", 0),
    ]


def test_a_hook_that_raises_leaves_nothing_open() -> None:
    def control(sock: socket.socket, network: str, address: str) -> None:
        if network == "tcp4":
            raise ZeroDivisionError

    before = open_sockets() if IS_LINUX else set()
    with pytest.raises(ZeroDivisionError):
        bind_pair("127.0.0.1", 0, control)
    if IS_LINUX:
        assert open_sockets() == before


def test_reuse_port_on_request(stack: ExitStack) -> None:
    control = control_for(SocketOptions(reuse_port=True))
    first = bind_pair("127.0.0.1", 0, control)
    stack.callback(first.close)
    second = bind_pair("127.0.0.1", first.port, control)
    stack.callback(second.close)
    with pytest.raises(BindError):
        bind_pair("127.0.0.1", first.port)


@needs_linux
def test_options_on_linux(stack: ExitStack) -> None:
    control = control_for(SocketOptions(udp_receive_buffer=8192, udp_send_buffer=16384))
    specific = bind_pair("127.0.0.1", 0, control)
    stack.callback(specific.close)
    wildcard = bind_pair("0.0.0.0", 0, control)
    stack.callback(wildcard.close)
    udp, tcp = specific.udp, specific.tcp
    assert udp.getsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_OMIT
    assert udp.getsockopt(socket.IPPROTO_IP, IP_PKTINFO) == 0
    assert wildcard.udp.getsockopt(socket.IPPROTO_IP, IP_PKTINFO) == 1
    # socket(7): the kernel doubles the value for its own bookkeeping.
    assert udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * 8192
    assert udp.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 16384
    assert udp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0
    assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
    assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 0
    if HAS_IPV6:
        v6 = bind_pair("::", 0, control)
        stack.callback(v6.close)
        assert v6.udp.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO) == 1
        assert v6.udp.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IP_PMTUDISC_OMIT


def test_busy_port_says_who_and_the_ways_out(stack: ExitStack) -> None:
    taken = bind_pair("127.0.0.1", 0)
    stack.callback(taken.close)
    with pytest.raises(BindError) as caught:
        bind_pair("127.0.0.1", taken.port)
    text = str(caught.value)
    assert text.startswith(f"cannot listen on 127.0.0.1:{taken.port} over UDP: the port is taken")
    assert f"--listen 127.0.0.2:{taken.port}" in text
    assert "--listen 127.0.0.1:5053" in text
    assert "systemd-resolved" not in text
    if IS_LINUX:
        assert f"(pid {os.getpid()}), which is this command: an address given before" in text


@pytest.mark.parametrize(
    ("port", "high", "is_dns"), [(53, 5053, True), (5053, 6053, False), (5353, 5053, False)]
)
def test_the_ways_out_never_lead_back(port: int, high: int, is_dns: bool) -> None:
    error = OSError(errno.EADDRINUSE, "in use")
    text = str(explain_bind_error(error, "udp4", "127.0.0.1", port, f"127.0.0.1:{port}"))
    assert f"--listen 127.0.0.2:{port}" in text
    assert f"--listen 127.0.0.1:{high}" in text
    assert f"--listen 127.0.0.1:{port}," not in text
    for hint in ("DNSStubListener=no", "resolvectl domain"):
        assert (hint in text) == is_dns


@needs_linux
def test_busy_port_of_another_process_is_not_called_ours(stack: ExitStack) -> None:
    taken = bind_pair("127.0.0.1", 0)
    stack.callback(taken.close)
    other = stack.enter_context(
        subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, pass_fds=[taken.udp.fileno()])
    )
    stack.callback(other.kill)
    taken.close()
    with pytest.raises(BindError) as caught:
        bind_pair("127.0.0.1", taken.port)
    assert f"(pid {other.pid})\n" in str(caught.value)
    assert "this command" not in str(caught.value)


def test_address_that_this_machine_lacks() -> None:
    with pytest.raises(BindError, match=r"does not have the address 192\.0\.2\.199; it has 127"):
        bind_pair("192.0.2.199", 0)


@needs_ipv6
def test_interface_that_does_not_exist() -> None:
    with pytest.raises(BindError, match=r"\[fe80::1%nonesuch\]:0"):
        bind_pair("fe80::1%nonesuch", 0)


@pytest.mark.parametrize(
    ("number", "port", "hint"),
    [
        (errno.EACCES, 53, "CAP_NET_BIND_SERVICE"),
        (errno.EACCES, 53, "net.ipv4.ip_unprivileged_port_start=53"),
        (errno.EPERM, 853, "privileged"),
        (errno.EACCES, 5053, "denied"),
        (errno.EAFNOSUPPORT, 53, "no IPv6"),
        (errno.EMFILE, 53, "ulimit -n"),
        (errno.ENOBUFS, 53, os.strerror(errno.ENOBUFS)),
    ],
)
def test_other_errors_are_explained(number: int, port: int, hint: str) -> None:
    error = OSError(number, "Permission denied" if port == 5053 else os.strerror(number))
    explained = explain_bind_error(error, "udp4", "127.0.0.1", port, f"127.0.0.1:{port}")
    assert hint in str(explained)
    assert explained.errno == number
