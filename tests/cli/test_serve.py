"""`minidns serve` as its users run it: a process, its ready line, and questions by dnspython."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode
import pytest

from minidns.cli.main import main
from minidns.server import run as run_module
from minidns.server.start_error import WorkersFailed
from minidns.sockets.bind import bind_pair
from minidns.sockets.linux import IS_LINUX
from tests.server.command import (
    BROKEN,
    COM,
    NET,
    Running,
    serving,
    write_zones,
)
from tests.server.own_process import given_back

HAS_IPV6 = Path("/proc/net/if_inet6").exists()
BOTH = ("127.0.0.1:0", "[::1]:0") if HAS_IPV6 else ("127.0.0.1:0",)
NSID = "ns1.example"
Refused = Callable[..., list[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    zones = write_zones(tmp_path_factory.mktemp("zones"), com=COM, net=NET, org=BROKEN)
    told = ("--nsid", NSID, "--chaos-version", "minidns of the tests", "--no-forward")
    with serving(zones, *told, listen=BOTH) as running:
        yield running


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Iterator[Refused]:
    """The command in this process, where it does not come to serve: what it says."""

    def refuse(*arguments: str) -> list[str]:
        assert main(["serve", "--no-forward", *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    with given_back():
        yield refuse


def test_ready_line(server: Running) -> None:
    # Of com an SOA that was made, NS and three addresses; of net SOA, NS and one address.
    assert len(server.addresses) == len(BOTH)
    assert re.fullmatch(
        r"2 zones, 8 records \(example\.com\., example\.net\.\), "
        r"1 refused that answer SERVFAIL \(example\.org\.\) "
        r"on 127\.0\.0\.1:\d+( and \[::1\]:\d+)? \(UDP and TCP\)",
        server.ready,
    )


def test_faults_come_before(server: Running) -> None:
    faults = server.said[:-1]
    places = [re.match(r"(.*/example\.\w+\.yaml):(\d+):(\d+): (.*)", line) for line in faults]
    assert all(places), faults
    texts = [place[4] for place in places if place]
    assert texts[0].startswith("bad-value: ")
    assert all(text.startswith("warning: ") for text in texts[1:])
    assert "no-soa" in " ".join(texts)


@pytest.mark.parametrize("at", [0, 1], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("is_tcp", [False, True], ids=["UDP", "TCP"])
def test_answers(server: Running, at: int, is_tcp: bool) -> None:
    if at >= len(server.addresses):
        pytest.skip("no IPv6 here")
    reply = server.ask(dns.message.make_query("www.example.com.", "A"), is_tcp, at)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.answer[0].to_text().splitlines() == [
        "www.example.com. 3600 IN A 192.0.2.10",
        "www.example.com. 3600 IN A 192.0.2.11",
    ]


def test_refused_zone_answers_servfail_and_says_why(server: Running) -> None:
    reply = server.ask(dns.message.make_query("www.example.org.", "A", use_edns=0))
    assert reply.rcode() == dns.rcode.SERVFAIL
    (error,) = (each for each in reply.options if isinstance(each, dns.edns.EDEOption))
    assert error.code == dns.edns.EDECode.INVALID_DATA
    assert "example.org." in (error.text or "")


def test_name_of_no_zone_is_refused(server: Running) -> None:
    reply = server.ask(dns.message.make_query("www.example.", "A"))
    assert reply.rcode() == dns.rcode.REFUSED


def test_nsid(server: Running) -> None:
    option = dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")
    query = dns.message.make_query("example.com.", "SOA", use_edns=0, options=[option])
    (answer,) = (each for each in server.ask(query).options if each.otype == dns.edns.NSID)
    assert answer.to_wire() == NSID.encode()


@pytest.mark.parametrize("name", ["version.bind.", "version.server."])
def test_chaos_version(server: Running, name: str) -> None:
    reply = server.ask(dns.message.make_query(name, "TXT", "CH"))
    assert reply.answer[0][0].to_text() == '"minidns of the tests"'


def test_chaos_identity_is_not_told_unasked(server: Running) -> None:
    reply = server.ask(dns.message.make_query("id.server.", "TXT", "CH"))
    assert reply.rcode() == dns.rcode.REFUSED


def test_rotation_and_one_file(tmp_path: Path) -> None:
    path = write_zones(tmp_path, com=COM, net=NET) / "example.com.yaml"
    query = dns.message.make_query("www.example.com.", "A")
    with serving(path, "--rotate", "--chaos-identity", "here") as running:
        assert running.ready.startswith("1 zone, 5 records (example.com.) on 127.0.0.1:")
        firsts = {running.ask(query).answer[0][0].to_text() for _ in range(2)}
        identity = running.ask(dns.message.make_query("id.server.", "TXT", "CH"))
    assert firsts == {"192.0.2.10", "192.0.2.11"}
    assert identity.answer[0][0].to_text() == '"here"'


def test_directory_without_zones_is_served(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert "warning: no-zones" in running.said[0]
        assert running.ready.startswith("no zone, every query is REFUSED on 127.0.0.1:")
        reply = running.ask(dns.message.make_query("example.com.", "A"))
    assert reply.rcode() == dns.rcode.REFUSED


def test_strict_prints_all_faults_and_does_not_start(tmp_path: Path, refused: Refused) -> None:
    zones = write_zones(tmp_path, com=BROKEN, org=BROKEN)
    *faults, last = refused("--strict", "--zones", str(zones), "--listen", "127.0.0.1:0")
    assert [line.partition(" ")[0].rpartition("/")[2] for line in faults] == [
        "example.com.yaml:2:23:",
        "example.org.yaml:2:23:",
    ]
    assert last == "minidns: not started: the zones have errors (2), and --strict is given"


def test_zones_that_are_not_there(
    tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = refused("--listen", "127.0.0.1:0")
    assert line.startswith("minidns: not started: 'zones' does not exist")


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_busy_port_names_its_holder(tmp_path: Path, refused: Refused, kind: str) -> None:
    holder = bind_pair("127.0.0.1", 0)
    if kind == "tcp":
        holder.udp.close()
    try:
        said = refused("--zones", str(tmp_path), "--listen", holder.address)
    finally:
        holder.close()
    cannot = f"minidns: cannot listen on {holder.address} over {kind.upper()}: the port is taken"
    assert said[0].startswith(cannot)
    if IS_LINUX:
        own = Path("/proc/self/comm").read_text().strip()
        assert f"by {own} (pid {os.getpid()})" in said[0]
    assert said[1] == "three ways out:"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--listen", "127.0.0.1:99999"), "'127.0.0.1:99999': '99999' is no port"),
        (("--listen", "192.0.2.1:0"), "this machine does not have the address 192.0.2.1"),
        (("--nsid", "x" * 129), "the NSID is 129 octets long, at most 128 fit"),
        (("--chaos-version", "x" * 256), "CHAOS version is 256 octets long, at most 255 fit"),
        (("--chaos-identity", "x" * 256), "CHAOS identity is 256 octets long, at most 255 fit"),
    ],
)
def test_what_cannot_be_served(
    tmp_path: Path, refused: Refused, arguments: tuple[str, str], said: str
) -> None:
    (line,) = refused("--zones", str(tmp_path), *arguments)
    assert line.startswith("minidns: ")
    assert said in line


def test_two_processes_on_one_port(tmp_path: Path) -> None:
    zones = write_zones(tmp_path, com=COM)
    with serving(zones, "--reuse-port") as first:
        host, port = first.addresses[0]
        listen = (f"{host}:{port}",)
        with serving(zones, "--reuse-port", listen=listen) as second:
            assert second.addresses == first.addresses
            assert second.ask(dns.message.make_query("www.example.com.", "A")).answer


@pytest.mark.parametrize("text", ["0", "-1", "257", "two", "1.5"])
def test_number_of_workers(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", f"--workers={text}"])
    assert caught.value.code == 2
    assert f"'{text}' is no number from 1 to 256" in capsys.readouterr().err


def test_workers_that_keep_failing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise WorkersFailed("worker 1 ended")

    monkeypatch.setattr(run_module, "serve", fail)
    with given_back():
        assert main(["serve"]) == 1
    assert capsys.readouterr().err == "minidns: worker 1 ended\n"
