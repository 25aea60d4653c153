"""Lines of hosts files that do nothing, since a zone here has the name: told of with a place."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from minidns.cli.main import main
from minidns.config import ForwardGroup, ResolverSettings
from minidns.server.name_lists import NameLists, read_name_lists
from minidns.server.sources import Sources, follow_sources, shadowed_in
from minidns.zone.fingerprint import fingerprint_of
from minidns.zone.model import Catalog
from minidns.zone.zone_key import zone_key
from tests.harness import zone_of
from tests.server.command import COM, serving, write_zones
from tests.server.loaded import catalog_of
from tests.server.test_resolving import ZONE
from tests.upstream.fake_upstream import run

LINES = """\
# mine
192.168.1.10 nas.lan
192.168.1.11 printer.lan printer.example.com  # in the zone
192.168.1.12 Scanner.Example.COM.
"""


def _shadowed(directory: Path, catalog: Catalog, *groups: ForwardGroup) -> list[str]:
    (directory / "hosts").write_text(LINES)
    settings = ResolverSettings(forward=groups, hosts=(directory / "hosts",))
    found = shadowed_in(settings, read_name_lists(settings), [catalog, catalog])
    assert all(fault.mark.file == str(directory / "hosts") for fault in found)
    assert all(fault.severity == "warning" for fault in found)
    return [f"{fault.mark.line} {fault.rule}: {fault.message}" for fault in found]


def test_one_warning_for_a_zone_at_its_first_line(tmp_path: Path) -> None:
    assert _shadowed(tmp_path, catalog_of({"example.com.": ZONE})) == [
        "3 hosts-name-in-zone: 'printer.example.com' (and 1 more in this file) is never answered "
        "from here, the zone example.com. here has all names below it: write it there, or "
        "'minidns: {fallthrough: true}' at the apex"
    ]


def test_no_warning_where_the_line_counts(tmp_path: Path) -> None:
    zones = {"example.net.": ZONE.replace("example.com", "example.net")}
    assert _shadowed(tmp_path, catalog_of(zones)) == []
    below = [ForwardGroup(("192.0.2.1",), f"{one}.example.com.") for one in ("printer", "scanner")]
    assert _shadowed(tmp_path, catalog_of({"example.com.": ZONE}), *below) == []
    assert len(_shadowed(tmp_path, catalog_of({"example.com.": ZONE}), below[0])) == 1


def test_a_zone_that_falls_through_hides_the_names_that_it_has(tmp_path: Path) -> None:
    zone = zone_of("example.com.", ZONE + "    scanner 300 IN A 192.0.2.81\n")
    falling = replace(zone, falls_through=True)
    (said,) = _shadowed(tmp_path, Catalog({zone.origin: falling}))
    assert said.startswith("4 hosts-name-in-zone: 'Scanner.Example.COM.' is never answered")
    assert said.endswith("the zone example.com. has that name itself: take one of them out")


def test_zones_of_views_count_and_broken_ones_do_not(tmp_path: Path) -> None:
    zone = zone_of("example.com.", ZONE)
    assert len(_shadowed(tmp_path, Catalog({zone_key(1, zone.origin): zone}))) == 1
    assert _shadowed(tmp_path, catalog_of({}, ["example.com."])) == []


def test_reverse_names_are_no_matter(tmp_path: Path) -> None:
    assert _shadowed(tmp_path, catalog_of({"168.192.in-addr.arpa.": ZONE})) == []


def test_at_the_start_and_by_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zones, hosts = write_zones(tmp_path / "zones", com=COM), tmp_path / "hosts"
    hosts.write_text(LINES)
    config = tmp_path / "minidns.yaml"
    config.write_text("forward: []\nhosts: hosts\n")
    said = f"{hosts}:3:1: warning: hosts-name-in-zone: 'printer.example.com' (and 1 more"
    assert main(["check", "--config", str(config)]) == 0
    assert sum(line.startswith(said) for line in capsys.readouterr().out.splitlines()) == 1
    with serving(zones, "--config", str(config)) as server:
        assert sum(line.startswith(said) for line in server.said) == 1


def test_when_the_file_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.168.1.10 nas.lan\n")
    settings = ResolverSettings(hosts=(hosts,))
    sources = Sources(read_name_lists(settings), fingerprint_of([hosts]), None)
    catalog = catalog_of({"example.com.": ZONE})

    async def main() -> None:
        taken: asyncio.Queue[NameLists] = asyncio.Queue()
        take = taken.put_nowait
        follow = follow_sources(settings, sources, take, lambda _: None, 0.001, lambda: [catalog])
        following = asyncio.ensure_future(follow)
        hosts.write_text("192.168.1.10 web.example.com\n")
        await taken.get()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    run(main())
    assert f"{hosts}:1:1: hosts-name-in-zone: 'web.example.com' is never" in caplog.text
