"""`minidns health` (row O10): ready, degraded and not well are told apart, by DNS over UDP and TCP.

A loop that lags is a server that SIGSTOP holds still.
"""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import pytest
import yaml

from minidns.cli.main import main
from minidns.server.update import Action, ZoneNews
from minidns.server.zone_troubles import Trouble, ZoneTroubles
from minidns.sockets.bind import bind_pair
from minidns.zone.model import BrokenZone, Catalog
from tests.harness import wire_name
from tests.server.command import (
    BROKEN,
    COM,
    NET,
    ROOT,
    Running,
    run_command,
    serving,
    write_nowhere,
    write_zones,
)

Health = Callable[..., tuple[int, str]]
REFUSING = "tcp://127.0.0.1:1"  # nobody listens there
WHERE = "127.0.0.1:{}"


@pytest.fixture
def health(capsys: pytest.CaptureFixture[str]) -> Health:
    """Exit code and line."""

    def ask(server: Running | str, *more: str) -> tuple[int, str]:
        where = server if isinstance(server, str) else place(server)
        code = main(["health", "--server", where, *more])
        said = capsys.readouterr()
        assert (said.err if code == 0 else said.out) == ""
        (line,) = (said.out + said.err).splitlines()
        return code, line

    return ask


def place(server: Running) -> str:
    host, port = server.addresses[0]
    return f"{host}:{port}"


@pytest.mark.parametrize("more", [("--no-forward",), ("--forward", REFUSING)])
def test_ready_without_a_zone_and_while_upstreams_are_dead(
    tmp_path: Path, health: Health, more: tuple[str, ...]
) -> None:
    (tmp_path / "zones").mkdir()
    with serving(tmp_path / "zones", *more, listen=["0.0.0.0:0"]) as server:
        port = server.addresses[0][1]
        ready = f"ready: 127.0.0.1:{port} answers over UDP and TCP"
        for where in (f"0.0.0.0:{port}", f":{port}", f"localhost:{port}"):
            assert health(where) == (0, ready)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_degraded_is_not_ended(tmp_path: Path, health: Health, workers: str) -> None:
    zones = write_zones(tmp_path / "zones", com=COM, net=BROKEN)
    control = str(tmp_path / "control.sock")
    more = ("--control", control, "--workers", workers)
    with serving(zones, "--forward", REFUSING, *more) as server:
        answers = f"degraded: {place(server)} answers over UDP and TCP, but "
        broken = "example.net. has answered SERVFAIL for N s"
        assert ages_out(health(server, "--control", control)) == (0, answers + broken)
        assert health(server)[1].startswith("ready: ")  # who may not ask it is not told
        write_zones(zones, com=BROKEN)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("served as before")
        stale = "; example.com. is served as it was N s ago"
        assert ages_out(health(server, "--control", control)) == (0, answers + broken + stale)
        write_zones(zones, com=COM, net=NET)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("reloaded in")
        assert health(server, "--control", control)[1].startswith("ready: ")
        outside = (f"{number}.example.org." for number in count())  # a failure is kept by name
        while health(server, "--control", control)[1].startswith("ready: "):
            server.ask(dns.message.make_query(next(outside), "A"), is_tcp=True)
        down = "no upstream for . answers"
        assert health(server, "--control", control) == (0, answers + down)


def ages_out(told: tuple[int, str]) -> tuple[int, str]:
    code, line = told
    return code, " ".join("N" if word.isdigit() else word for word in line.split())


def test_found_by_its_port(tmp_path: Path, health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    zones = write_zones(tmp_path / "zones", net=BROKEN)
    with serving(zones, listen=["0.0.0.0:0"]) as server:
        assert health(f":{server.addresses[0][1]}")[1].startswith("degraded: ")
        with serving(write_zones(tmp_path / "other", com=COM)) as other:
            assert health(other)[1].startswith("ready: ")
    assert health(server, "--control", str(tmp_path / "gone"))[0] == 1


def test_where_nothing_can_be_written(
    tmp_path: Path, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_nowhere(monkeypatch)
    with serving(write_zones(tmp_path / "zones", com=COM)) as server:
        assert health(server)[0] == 0


def test_a_loop_that_lags_is_not_well(tmp_path: Path, health: Health) -> None:
    with serving(write_zones(tmp_path / "zones", com=COM)) as server:
        server.process.send_signal(signal.SIGSTOP)
        late = "no reply within 0.1 s"
        expected = f"minidns: {place(server)} is not well: over UDP: {late}, over TCP: {late}"
        assert health(server, "--timeout", "0.1") == (1, expected)
        server.process.send_signal(signal.SIGCONT)
        assert health(server, "--timeout", "20")[0] == 0


def test_a_name_of_ones_own(tmp_path: Path, health: Health) -> None:
    zones = write_zones(tmp_path / "zones", com=COM, net=BROKEN)
    with serving(zones) as server:
        assert health(server, "--name", "WWW.example.com")[0] == 0
        for name, rcode in (
            ("gone.example.com.", "NXDOMAIN"),
            ("www.example.net", "SERVFAIL"),
            (".", "REFUSED"),
        ):
            fault = f"'{name.rstrip('.')}.' is answered with {rcode}"
            expected = f"{place(server)} is not well: over UDP: {fault}, over TCP: {fault}"
            assert health(server, "--name", name) == (1, f"minidns: {expected}")


def test_nobody_there(health: Health) -> None:
    pair = bind_pair("127.0.0.1", 0)
    pair.udp.close()
    pair.tcp.close()
    fault = "Connection refused"
    expected = f"127.0.0.1:{pair.port} is not well: over UDP: {fault}, over TCP: {fault}"
    assert health(WHERE.format(pair.port)) == (1, f"minidns: {expected}")


Make = Callable[[dns.message.Message], bytes]


def right(query: dns.message.Message) -> bytes:
    return dns.message.make_response(query).to_wire()


def other_id(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    reply.id ^= 1
    return reply.to_wire()


def other_question(query: dns.message.Message) -> bytes:
    other = dns.message.make_query("hostname.bind.", "TXT", "CH", id=query.id)
    return right(other)


def no_question(query: dns.message.Message) -> bytes:
    return query.id.to_bytes(2) + b"\x80\x05" + bytes(8)


def itself(query: dns.message.Message) -> bytes:
    return query.to_wire()


def servfail(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply.to_wire()


LATE = "no reply within 0.2 s"
NONE = "what comes is no reply to the question"


@pytest.mark.parametrize(
    ("datagram", "stream", "faults"),
    [
        (right, right, []),
        (other_id, right, [f"over UDP: {LATE}"]),
        (other_question, other_question, [f"over UDP: {LATE}", f"over TCP: {NONE}"]),
        (right, no_question, [f"over TCP: {NONE}"]),
        (itself, right, [f"over UDP: {LATE}"]),
        (right, lambda _: b"", ["over TCP: the connection was closed without a reply"]),
        (servfail, right, ["over UDP: 'version.bind.' is answered with SERVFAIL"]),
    ],
)
def test_what_is_no_answer(health: Health, datagram: Make, stream: Make, faults: list[str]) -> None:
    with speaking(datagram, stream) as port:
        code, line = health(WHERE.format(port), "--timeout", "0.2")
    if faults:
        text = f"minidns: 127.0.0.1:{port} is not well: {', '.join(faults)}"
        assert (code, line) == (1, text)
    else:
        assert code == 0


@contextmanager
def speaking(datagram: Make, stream: Make) -> Iterator[int]:
    """A port where every datagram and one query over TCP get such replies; b'' is none."""
    pair = bind_pair("127.0.0.1", 0)
    for sock in (pair.udp, pair.tcp):
        sock.setblocking(True)
    pair.tcp.listen()

    def serve_udp() -> None:
        while True:
            wire, source = pair.udp.recvfrom(512)
            if not wire:
                return
            pair.udp.sendto(datagram(dns.message.from_wire(wire)), source)

    def serve_tcp() -> None:
        connection, _ = pair.tcp.accept()
        with closing(connection), connection.makefile("rb") as octets:
            size = int.from_bytes(octets.read(2))
            if size and (reply := stream(dns.message.from_wire(octets.read(size)))):
                connection.sendall(len(reply).to_bytes(2) + reply)

    threads = [Thread(target=serve_udp), Thread(target=serve_tcp)]
    for thread in threads:
        thread.start()
    try:
        yield pair.port
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", pair.port))
        with socket.socket() as last:
            last.connect(("127.0.0.1", pair.port))
        for thread in threads:
            thread.join()
        pair.udp.close()
        pair.tcp.close()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--server", "dns.example:53"), "is no IP address"),
        (("--name", "a..b"), "'a..b.'"),
        (("--timeout", "0"), "no number of seconds above 0"),
        (("--timeout", "nan"), "no number of seconds above 0"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["health", *arguments])
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert text in capsys.readouterr().err


def test_troubles_grow_older_until_they_end() -> None:
    """The same once more is no new one; in a view, the zone's name alone is told."""
    com, net, lan = (wire_name(f"example.{end}.") for end in ("com", "net", "lan"))
    in_view = b"\xff\x00\x01" + lan
    troubles = ZoneTroubles(Catalog({net: BrokenZone(net)}), 100.0)

    def take(now: float, **actions: Action) -> bool:
        keys = {"com": com, "net": net, "lan": in_view}
        return troubles.take([ZoneNews(keys[key], act, None) for key, act in actions.items()], now)

    assert list(troubles.at(130.0)) == [Trouble("broken", "example.net.", 30.0)]
    assert take(140.0, com=Action.KEEP, lan=Action.BREAK)
    assert not take(150.0, com=Action.KEEP, net=Action.BREAK)
    assert list(troubles.at(160.0)) == [
        Trouble("broken", "example.net.", 60.0),
        Trouble("stale", "example.com.", 20.0),
        Trouble("broken", "example.lan.", 20.0),
    ]
    assert take(170.0, com=Action.SAME, net=Action.SERVE, lan=Action.REMOVE)
    assert list(troubles.at(180.0)) == []


def test_the_images_check_is_this_command() -> None:
    """Dockerfile and compose.yaml run it in the exec form, without a shell."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    (check,) = [line for line in dockerfile.split("\n") if line.startswith("HEALTHCHECK ")]
    words = json.loads(check.partition(" CMD ")[2])
    (listen,) = {words[at + 1] for at, word in enumerate(words) if word == "--server"}
    assert f'"--listen", ":{listen.rpartition(":")[2]}"' in dockerfile
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert compose["services"]["minidns"]["healthcheck"]["test"] == ["CMD", *words]
    done = run_command(*words[1:-1], "127.0.0.1:1")
    assert (words[0], done.returncode) == ("minidns", 1)
