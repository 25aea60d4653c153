"""PTR records that are made follow the zones, in one process and in workers."""

import asyncio
from pathlib import Path
from typing import BinaryIO

import dns.flags
import dns.message
import dns.rcode
import pytest

from minidns.config import ForwardGroup, ResolverSettings, ServeSettings
from minidns.server.presenting import Presenting
from minidns.server.take_over import take_over
from minidns.server.update import open_anonymous
from minidns.server.zone_reader import write_update
from minidns.zone.model import Catalog, Zone
from tests.server.command import serving, write_zones
from tests.server.zones_on_disk import SOA, Disk, wire

HOME = "'': {type: NS, value: ns.example.com.}\nwww: {type: A, value: 10.0.0.%d}\n"
REVERSE = wire("10.in-addr.arpa.")


def begun(disk: Disk, **settings: object) -> Presenting:
    presenting = Presenting(ServeSettings(**settings))
    presenting.begin(disk.holding.catalog)
    return presenting


def taken(disk: Disk, presenting: Presenting) -> Catalog:
    """What is held after an update that `presenting` is told of."""

    async def take(update: BinaryIO) -> Catalog:
        write_update(update, disk.paths, disk.holding.states)
        return (await take_over(update, disk.holding.catalog, swapped.append, presenting)).catalog

    swapped: list[Catalog] = []
    with open_anonymous() as update:
        catalog = asyncio.run(take(update))
    assert swapped == [catalog]
    return catalog


def test_off_costs_nothing(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=SOA + "www: {type: A, value: 10.0.0.1}\n")
    assert begun(disk).catalogs[0] is disk.holding.catalog


def test_follows_an_update(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=SOA + "www: {type: A, value: 10.0.0.1}\n")
    presenting = begun(disk, auto_ptr=True)
    first = presenting.catalogs[0].zones[REVERSE]
    assert isinstance(first, Zone)
    assert wire("1.0.0.10.in-addr.arpa.") in first.nodes
    disk.write(example__com__yaml=SOA + "www: {type: A, value: 10.0.0.2}\n")
    catalog = taken(disk, presenting)
    second = presenting.catalogs[0].zones[REVERSE]
    assert isinstance(second, Zone)
    assert wire("2.0.0.10.in-addr.arpa.") in second.nodes
    assert wire("1.0.0.10.in-addr.arpa.") not in second.nodes
    assert not first.nodes.packed
    assert REVERSE not in catalog.zones


def test_a_zone_that_stays_is_not_taken_apart(tmp_path: Path) -> None:
    disk = Disk(
        tmp_path,
        example__com__yaml=SOA + "www: {type: A, value: 10.0.0.1}\n",
        example__net__yaml=SOA,
    )
    disk.write(**{"10__in-addr__arpa__yaml": SOA})
    disk.reload()
    presenting = begun(disk, auto_ptr=True)
    disk.write(example__net__yaml=SOA + "www: {type: A, value: 192.0.2.1}\n")
    catalog = taken(disk, presenting)
    for zone in (*catalog.zones.values(), *presenting.catalogs[0].zones.values()):
        assert isinstance(zone, Zone)
        assert zone.nodes.packed


@pytest.mark.parametrize(
    ("domain", "is_made"),
    [
        (".", True),
        ("10.in-addr.arpa.", False),
        ("in-addr.arpa", False),
        ("1.10.in-addr.arpa", True),
    ],
)
def test_where_another_server_is_asked_none_is_made(
    tmp_path: Path, domain: str, is_made: bool
) -> None:
    disk = Disk(tmp_path, example__com__yaml=SOA + "www: {type: A, value: 10.0.0.1}\n")
    resolver = ResolverSettings(forward=(ForwardGroup(("192.0.2.53",), domain),))
    presenting = begun(disk, auto_ptr=True, resolver=resolver)
    assert (REVERSE in presenting.catalogs[0].zones) is is_made


@pytest.mark.parametrize("more", [(), ("--workers", "2")])
def test_by_the_command(tmp_path: Path, more: tuple[str, ...]) -> None:
    zones = write_zones(tmp_path / "zones", com=HOME % 1)
    query = dns.message.make_query("2.0.0.10.in-addr.arpa.", "PTR")
    with serving(zones, "--auto-ptr", "--no-forward", *more) as server:
        assert server.ask(query).rcode() == dns.rcode.NXDOMAIN
        write_zones(zones, com=HOME % 2)
        server.wait_for("reloaded in")
        assert server.ask(query).answer[0][0].to_text() == "www.example.com."
        assert server.end()[0] == 0


def test_an_equal_zone_stays_the_same_object(tmp_path: Path) -> None:
    """So that answers from elsewhere are not forgotten when another zone changes."""
    disk = Disk(
        tmp_path,
        example__com__yaml=SOA + "www: {type: A, value: 10.0.0.1}\n",
        example__net__yaml=SOA,
    )
    presenting = begun(disk, auto_ptr=True)
    first = presenting.catalogs[0].zones[REVERSE]
    disk.write(example__net__yaml=SOA + "www: {type: A, value: 192.0.2.1}\n")
    taken(disk, presenting)
    assert presenting.catalogs[0].zones[REVERSE] is first
    assert isinstance(first, Zone)
    assert first.nodes.packed


def test_hosts_files_have_what_a_made_zone_lacks(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", com=HOME % 1)
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 other.example\n10.0.0.7 nas.example\n")
    with serving(zones, "--auto-ptr", "--no-forward", "--hosts", str(hosts)) as server:
        for flags in (dns.flags.RD, 0):
            for number, name in ((1, "www.example.com."), (7, "nas.example.")):
                query = dns.message.make_query(f"{number}.0.0.10.in-addr.arpa.", "PTR")
                query.flags = int(flags)
                assert server.ask(query).answer[0][0].to_text() == name
        query = dns.message.make_query("8.0.0.10.in-addr.arpa.", "PTR")
        reply = server.ask(query)
        assert reply.rcode() == dns.rcode.NXDOMAIN
        assert reply.flags & dns.flags.AA
