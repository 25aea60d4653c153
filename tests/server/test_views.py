"""Views: other zones, other upstreams for other networks, in one process and in workers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.server.command import SECONDS, Running, run_command, serving, write_zones

INSIDE, OUTSIDE = "127.0.0.1", "127.9.0.1"
NS = "'': {type: NS, value: ns.example.com.}\n"
OFFICE = "zones: [{path: office, clients: [127.0.0.0/16]}]\n"
TWO_VIEWS = """\
zones:
  - {path: zones/example.lan.yaml, clients: [127.0.0.1]}
  - {path: other/example.lan.yaml, clients: [127.0.0.0/8]}
"""
GROUPS = """\
forward:
  - {{domain: ., upstreams: ['{}']}}
  - {{domain: ., upstreams: ['{}'], clients: [127.9.0.0/16]}}
"""
WWW = NS + "www: {type: A, value: 192.0.2.%d}\n"


@contextmanager
def serving_views(zones: Path, configuration: str, *more: str) -> Iterator[Running]:
    """The command with a configuration file beside `zones`."""
    path = zones.parent / "minidns.yaml"
    path.write_text(configuration)
    alone = () if "forward" in configuration else ("--no-forward",)
    with serving(zones, "--config", str(path), *alone, *more, listen=["0.0.0.0:0"]) as running:
        yield running


def ask(
    server: Running, name: str, client: str, is_tcp: bool = False, rtype: str = "A"
) -> dns.message.Message:
    exchange = dns.query.tcp if is_tcp else dns.query.udp
    query = dns.message.make_query(name, rtype)
    return exchange(query, INSIDE, SECONDS, server.addresses[0][1], source=client)


def address(server: Running, name: str, client: str, is_tcp: bool = False, rtype: str = "A") -> str:
    """The first record, or the rcode where there is none."""
    reply = ask(server, name, client, is_tcp, rtype)
    return reply.answer[0][0].to_text() if reply.answer else dns.rcode.to_text(reply.rcode())


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_each_network_has_its_own(tmp_path: Path, more: Sequence[str]) -> None:
    """Never mixed, whoever asks first, over UDP and TCP; the view's zones follow their files."""
    zones = write_zones(tmp_path / "zones", com=WWW % 1, net=WWW % 9)
    view = write_zones(tmp_path / "office", com=WWW % 2, org=WWW % 3)
    with serving_views(zones, OFFICE, *more) as server:
        for _ in range(2):
            for is_tcp in (False, True):
                assert address(server, "www.example.com.", INSIDE, is_tcp) == "192.0.2.2"
                assert address(server, "www.example.com.", OUTSIDE, is_tcp) == "192.0.2.1"
                assert address(server, "www.example.net.", INSIDE, is_tcp) == "192.0.2.9"
                assert address(server, "www.example.net.", OUTSIDE, is_tcp) == "192.0.2.9"
                assert address(server, "www.example.org.", INSIDE, is_tcp) == "192.0.2.3"
                assert address(server, "www.example.org.", OUTSIDE, is_tcp) == "REFUSED"
        write_zones(view, com=WWW % 4)
        assert "example.com. changed" in server.wait_for("reloaded in")[-1]
        assert address(server, "www.example.com.", INSIDE) == "192.0.2.4"
        assert address(server, "www.example.com.", OUTSIDE) == "192.0.2.1"
        (view / "example.com.yaml").unlink()
        assert "example.com. removed" in server.wait_for("reloaded in")[-1]
        assert address(server, "www.example.com.", INSIDE) == "192.0.2.1"
        assert server.end()[0] == 0


def test_one_file_of_a_directory_that_is_served(tmp_path: Path) -> None:
    """Nobody else sees it; the first view that holds a client counts; PTR go by what is seen."""
    zones = write_zones(
        tmp_path / "zones", com=WWW % 1, lan=NS + "www: {type: A, value: 10.0.0.1}\n"
    )
    write_zones(tmp_path / "other", lan=WWW % 5)
    with serving_views(zones, TWO_VIEWS, "--auto-ptr") as server:
        assert address(server, "www.example.lan.", INSIDE) == "10.0.0.1"
        assert address(server, "www.example.lan.", OUTSIDE) == "192.0.2.5"
        pointer = "1.0.0.10.in-addr.arpa."
        assert address(server, pointer, INSIDE, rtype="PTR") == "www.example.lan."
        assert address(server, pointer, OUTSIDE, rtype="PTR") == "REFUSED"


def test_upstreams_of_a_network(tmp_path: Path) -> None:
    """What one group has answered is never given to a client of another one."""
    far = [write_zones(tmp_path / f"far{number}", net=WWW % number) for number in (1, 2)]
    zones = write_zones(tmp_path / "zones", com=WWW % 9)
    with serving(far[0], "--no-forward") as first, serving(far[1], "--no-forward") as second:
        where = ["{}:{}".format(*each.addresses[0]) for each in (first, second)]
        with serving_views(zones, GROUPS.format(*where)) as server:
            for _ in range(2):
                assert address(server, "www.example.net.", INSIDE) == "192.0.2.1"
                assert address(server, "www.example.net.", OUTSIDE) == "192.0.2.2"
                assert address(server, "www.example.com.", OUTSIDE) == "192.0.2.9"


def test_a_zone_that_is_broken_in_a_view(tmp_path: Path) -> None:
    """Its clients get SERVFAIL, not the zone of others."""
    zones = write_zones(tmp_path / "zones", com=WWW % 1)
    write_zones(tmp_path / "office", com=WWW % 999)
    with serving_views(zones, OFFICE) as server:
        assert address(server, "www.example.com.", INSIDE) == "SERVFAIL"
        assert address(server, "www.example.com.", OUTSIDE) == "192.0.2.1"


def test_a_view_that_is_not_there(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", com=WWW % 1)
    path = tmp_path / "minidns.yaml"
    path.write_text(OFFICE)
    done = run_command("serve", "--zones", zones, "--config", path, "--no-forward")
    assert done.returncode == 2
    assert "office' does not exist" in done.stderr
