"""`--workers`: processes on one address, replaced when they end, and all of one mind."""

import os
import re
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import dns.edns
import dns.message
import pytest

from minidns.sockets.bind import bind_pair
from minidns.sockets.linux import IS_LINUX
from tests.server.command import BROKEN, COM, SECONDS, Running, as_systemd, serving, write_zones

pytestmark = pytest.mark.skipif(not IS_LINUX, reason="children are found through /proc")

LIMITS = {"reload_poll": 3600.0, "worker_backoff": 0.01}  # seconds
WWW = dns.message.make_query("www.example.com.", "A")
CLIENT_COOKIE = bytes(range(8))
CLIENTS = (
    20  # each on a port of its own; that all of them go to one worker is as good as impossible
)
PARTIAL = 5  # octets of a message that has begun


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_end(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with open(descriptor) as file:
        assert select.select([file], [], [], SECONDS)[0], f"{pid} still runs"


def clients(stack: ExitStack, server: Running) -> list[socket.socket]:
    made = []
    for _ in range(CLIENTS):
        client = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        client.settimeout(SECONDS)
        client.connect(server.addresses[0])
        made.append(client)
    return made


def ask_often(server: Running, query: dns.message.Message = WWW) -> list[dns.message.Message]:
    return [server.ask(query) for _ in range(CLIENTS)]


def addresses(server: Running) -> set[str]:
    return {rdata.to_text() for reply in ask_often(server) for rdata in reply.answer[0]}


def framed(query: dns.message.Message = WWW) -> bytes:
    wire = query.to_wire()
    return len(wire).to_bytes(2, "big") + wire


def read_reply(stream: socket.socket) -> dns.message.Message:
    with stream.makefile("rb") as file:
        return dns.message.from_wire(file.read(int.from_bytes(file.read(2), "big")))


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return write_zones(tmp_path / "zones", com=COM)


@pytest.fixture
def server(zones: Path) -> Iterator[Running]:
    with serving(zones, "--workers", "2", limits=LIMITS) as running:
        yield running


def test_ready_is_said_once(server: Running) -> None:
    assert server.ready.startswith("1 zone, 5 records (example.com.) on 127.0.0.1:")
    assert server.ready.endswith(" (UDP and TCP) by 2 workers")
    workers = children_of(server.process.pid)
    assert len(workers) == 2
    assert server.end() == (0, "minidns: info: SIGTERM: stopping\n")
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_each_answers_datagrams(server: Running) -> None:
    """While the other stands still; what came to that one waits for it."""
    workers = children_of(server.process.pid)
    with ExitStack() as stack:
        for stopped in workers:
            asking = clients(stack, server)
            os.kill(stopped, signal.SIGSTOP)
            for client in asking:
                client.send(WWW.to_wire())
            assert select.select(asking, [], [], SECONDS)[0]
            os.kill(stopped, signal.SIGCONT)
            for client in asking:
                assert dns.message.from_wire(client.recv(4096)).answer


def connections_of(pid: int, clients: set[int]) -> int:
    """How many of its descriptors are connections from these ports (proc_pid_net(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {row[9] for row in rows if int(row[2].rpartition(":")[2], 16) in clients}
    held = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(
            FileNotFoundError
        ):  # one that was closed meanwhile, a file that was looked at
            held.append(os.readlink(each).removeprefix("socket:[").removesuffix("]"))
    return sum(target in inodes for target in held)


def test_each_answers_streams(server: Running) -> None:
    workers = children_of(server.process.pid)
    with ExitStack() as stack:
        ports = set()
        for _ in range(CLIENTS):
            stream = stack.enter_context(server.connect())
            stream.sendall(framed())
            assert read_reply(stream).answer
            ports.add(stream.getsockname()[1])
        more = [connections_of(pid, ports) for pid in workers]
    assert sum(more) == CLIENTS
    assert all(more)


def test_dead_one_is_replaced_and_nothing_is_lost(server: Running) -> None:
    first, second = children_of(server.process.pid)
    with ExitStack() as stack:
        asking = clients(stack, server)
        os.kill(first, signal.SIGSTOP)
        for client in asking:
            client.send(WWW.to_wire())
        os.kill(first, signal.SIGKILL)
        for client in asking:
            assert dns.message.from_wire(client.recv(4096)).answer
    ended, answers = server.wait_for("answers")
    assert re.fullmatch(
        rf"minidns: warning: worker \d \(pid {first}\) was ended by SIGKILL; replaced", ended
    )
    (new,) = {*children_of(server.process.pid)} - {second}
    assert re.fullmatch(rf"minidns: info: worker \d \(pid {new}\) answers", answers)
    assert server.end()[0] == 0


def test_reload_reaches_all(server: Running, zones: Path) -> None:
    path = zones / "example.com.yaml"
    for text, word in (
        (COM.replace("192.0.2.11", "192.0.2.12"), "changed"),
        (BROKEN, "refused, served as before"),
    ):
        path.write_text(text)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(f": example.com. {word}")
        assert addresses(server) == {"192.0.2.10", "192.0.2.12"}
    os.kill(children_of(server.process.pid)[0], signal.SIGKILL)
    server.wait_for("answers")
    assert addresses(server) == {"192.0.2.10", "192.0.2.12"}
    path.write_text(COM)
    server.process.send_signal(signal.SIGHUP)
    server.wait_for(": example.com. changed")
    assert addresses(server) == {"192.0.2.10", "192.0.2.11"}


def test_cookie_of_one_is_good_to_all(server: Running) -> None:
    """A good one comes back as it is (RFC 9018 section 4.3)."""

    def cookies(value: bytes) -> set[bytes]:
        option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, value)
        query = dns.message.make_query("www.example.com.", "A", use_edns=0, options=[option])
        replies = ask_often(server, query)
        found = [each.to_wire() for reply in replies for each in reply.options]
        return {value for value in found if value is not None}

    cookie = cookies(CLIENT_COOKIE).pop()
    assert cookies(cookie) == {cookie}


def test_one_that_keeps_ending_ends_the_server(server: Running) -> None:
    pid = children_of(server.process.pid)[0]
    for _ in range(5):
        os.kill(pid, signal.SIGKILL)
        pid = int(re.findall(r"\(pid (\d+)\) answers", server.wait_for("answers")[-1])[0])
    os.kill(pid, signal.SIGKILL)
    code, said = server.finish()
    assert code == 1
    assert re.fullmatch(
        rf"minidns: worker \d \(pid {pid}\) was ended by SIGKILL, 6 times within 10 s of its "
        r"start: the server ends\n",
        said,
    )


def test_without_their_supervisor_they_end(server: Running) -> None:
    workers = children_of(server.process.pid)
    server.process.kill()
    for pid in workers:
        wait_for_end(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_to_all_at_once(zones: Path, number: signal.Signals) -> None:
    """As a terminal sends SIGINT, and systemd SIGTERM: what is under way is answered still."""
    with serving(zones, "--workers", "2", prefix=("setsid",)) as server:
        with server.connect() as stream:
            stream.sendall(framed())
            assert read_reply(stream).answer
            stream.sendall(framed()[:PARTIAL])
            os.killpg(server.process.pid, number)
            server.wait_for("stopping")
            stream.sendall(framed()[PARTIAL:])
            assert read_reply(stream).answer
            assert stream.recv(1) == b""
        assert server.finish() == (0, "")


def test_second_signal_ends_it_at_once(server: Running) -> None:
    workers = children_of(server.process.pid)
    with server.connect() as stream:
        stream.sendall(framed())
        assert read_reply(stream).answer
        stream.sendall(framed()[:PARTIAL])  # something to wait for
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping")
        assert server.end(signal.SIGINT)[0] == 128 + signal.SIGINT
    for pid in workers:
        wait_for_end(pid)


def test_grace_is_bounded(zones: Path) -> None:
    """A worker that stands still is ended."""
    with serving(zones, "--workers", "2", limits={"stop_grace": 0.05}) as server:
        os.kill(children_of(server.process.pid)[0], signal.SIGSTOP)
        assert server.end()[0] == 0


def test_hangup_is_for_the_supervisor(server: Running) -> None:
    for pid in children_of(server.process.pid):
        os.kill(pid, signal.SIGHUP)
    assert addresses(server) == {"192.0.2.10", "192.0.2.11"}
    assert server.end() == (0, "minidns: info: SIGTERM: stopping\n")


def test_sockets_from_systemd_are_shared(zones: Path) -> None:
    pair = bind_pair("127.0.0.1", 0)
    descriptors = pair.udp.fileno(), pair.tcp.fileno()
    prefix = as_systemd(*descriptors)
    try:
        with serving(
            zones, "--workers", "2", listen=(), prefix=prefix, descriptors=descriptors
        ) as server:
            assert server.ready.endswith(f" on {pair.address} (UDP and TCP) by 2 workers")
            for stopped in children_of(server.process.pid):
                os.kill(stopped, signal.SIGSTOP)
                assert server.ask(WWW).answer
                os.kill(stopped, signal.SIGCONT)
            assert server.ask(WWW, is_tcp=True).answer
            assert server.end()[0] == 0
    finally:
        pair.close()
