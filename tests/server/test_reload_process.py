"""Zones that are edited under a running server: the command, its files, its log, its answers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from tests.server.command import BROKEN, COM, NET, Running, serving, write_zones

QUICK = {"reload_poll": 0.02}  # seconds
NEVER = {"reload_poll": 3600.0}
WWW = dns.message.make_query("www.example.com.", "A")


def replace_zone(directory: Path, name: str, text: str) -> None:
    """As careful editors do: it is there whole, or not yet."""
    draft = directory / ".draft"
    draft.write_text(text)
    draft.rename(directory / f"example.{name}.yaml")


def addresses(server: Running, is_tcp: bool = False) -> list[str]:
    reply = server.ask(WWW, is_tcp)
    return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return write_zones(tmp_path / "zones", com=COM, net=NET)


@pytest.fixture
def server(zones: Path) -> Iterator[Running]:
    with serving(zones, limits=QUICK) as running:
        yield running


def test_edit_break_mend_add_remove(server: Running, zones: Path) -> None:
    assert addresses(server) == addresses(server, is_tcp=True) == ["192.0.2.10", "192.0.2.11"]
    replace_zone(zones, "com", COM.replace("192.0.2.11", "192.0.2.12"))
    server.wait_for(": example.com. changed")
    assert addresses(server) == addresses(server, is_tcp=True) == ["192.0.2.10", "192.0.2.12"]

    replace_zone(zones, "com", BROKEN)
    *faults, line = server.wait_for(": example.com. refused, served as before")
    assert line.startswith("minidns: warning: reloaded in ")
    place = f"{zones}/example.com.yaml:2:23: bad-value: "
    assert [fault.startswith(place) for fault in faults] == [True]
    assert addresses(server) == ["192.0.2.10", "192.0.2.12"]

    replace_zone(zones, "com", COM)
    server.wait_for(": example.com. changed")
    assert addresses(server) == ["192.0.2.10", "192.0.2.11"]

    replace_zone(zones, "org", BROKEN)
    server.wait_for(": example.org. refused, answering SERVFAIL")
    reply = server.ask(dns.message.make_query("www.example.org.", "A"))
    assert reply.rcode() == dns.rcode.SERVFAIL

    (zones / "example.com.yaml").unlink()
    server.wait_for(": example.com. removed")
    assert server.ask(WWW).rcode() == dns.rcode.REFUSED
    code, said = server.end()
    assert (code, said) == (0, "minidns: info: SIGTERM: stopping\n")


def test_serial_of_an_soa_that_is_made_grows(server: Running, zones: Path) -> None:
    """COM has none; its serial is the time of its file, however old the next one is."""
    query = dns.message.make_query("example.com.", "SOA")
    serials = [server.ask(query).answer[0][0].serial]
    for address in ("192.0.2.77", "192.0.2.78"):
        draft = zones / ".draft"
        draft.write_text(COM.replace("192.0.2.11", address))
        os.utime(draft, (1_000_000_000, 1_000_000_000))
        draft.rename(zones / "example.com.yaml")
        server.wait_for(": example.com. changed")
        assert address in addresses(server)
        serials.append(server.ask(query).answer[0][0].serial)
    assert serials == [serials[0], serials[0] + 1, serials[0] + 2]


def test_sighup(zones: Path) -> None:
    with serving(zones, limits=NEVER) as server:
        server.process.send_signal(signal.SIGHUP)
        assert server.wait_for("reloaded in ")[-1].endswith(" s: nothing has changed")
        replace_zone(zones, "com", COM.replace("192.0.2.11", "192.0.2.12"))
        server.process.send_signal(signal.SIGHUP)
        assert server.wait_for("reloaded in ")[-1].endswith(" s: example.com. changed")
        assert addresses(server) == ["192.0.2.10", "192.0.2.12"]


def test_zone_of_many_names(server: Running, zones: Path) -> None:
    """In blocks of some hundred nodes, with all of them there at once."""
    count = 3000
    hosts = "".join(f"h{number}: {{type: A, value: 192.0.2.1}}\n" for number in range(count))
    replace_zone(zones, "com", COM + hosts)
    server.wait_for(": example.com. changed")
    for number in (0, count // 2, count - 1):
        query = dns.message.make_query(f"h{number}.example.com.", "A")
        assert server.ask(query).rcode() == dns.rcode.NOERROR


def test_start_that_read_one_file_and_named_one(zones: Path) -> None:
    """A path that is named and vanishes leaves its zone in service."""
    path = zones / "example.com.yaml"
    with serving(path, limits=QUICK) as server:
        path.unlink()
        *faults, line = server.wait_for("not to be found, served as before")
        assert "no-such-path" in faults[0]
        assert line.endswith(": example.com. not to be found, served as before")
        assert addresses(server) == ["192.0.2.10", "192.0.2.11"]


def test_a_large_zone_starts_from_its_snapshot(tmp_path: Path) -> None:
    """The second start reads no YAML, and answers alike; an edit is seen, and kept for a third."""
    hosts = "".join(f"host{number}: {{type: A, value: 192.0.2.7}}\n" for number in range(10_000))
    zones, cache = tmp_path / "zones", tmp_path / "cache"
    write_zones(zones, com=COM + hosts)
    query = dns.message.make_query("host9999.example.com.", "A", id=1)
    arguments = ("--cache-dir", str(cache))
    with serving(zones, *arguments) as first:
        answer = first.ask(query)
    (kept,) = cache.iterdir()
    was_written = kept.stat().st_mtime_ns
    with serving(zones, *arguments) as second:
        assert second.ask(query) == answer
        assert kept.stat().st_mtime_ns == was_written
        write_zones(zones, com=COM + hosts.replace("192.0.2.7", "192.0.2.8"))
        second.process.send_signal(signal.SIGHUP)
        second.wait_for("reloaded in")
        changed = second.ask(query)
        assert changed.answer[0][0].address == "192.0.2.8"
    with serving(zones, *arguments) as third:
        assert third.ask(query) == changed
