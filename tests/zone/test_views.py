"""Zones of views: known by view and origin, and in no directory that is for all."""

from pathlib import Path

import pytest

from minidns.zone.directory import load_zones
from minidns.zone.model import BrokenZone, Zone
from minidns.zone.source import find_sources
from minidns.zone.zone_key import NO_VIEW, split_key, zone_key
from tests.harness import wire_name

TEXT = "'': {type: NS, value: ns.example.com.}\nwww: {type: A, value: 192.0.2.%d}\n"
COM, LAN = wire_name("example.com."), wire_name("lan.")


@pytest.mark.parametrize("origin", [b"\0", COM, b"\x3f" + b"a" * 63 + COM])
@pytest.mark.parametrize("view", [NO_VIEW, 1, 65_535])
def test_keys(view: int, origin: bytes) -> None:
    key = zone_key(view, origin)
    assert split_key(key) == (view, origin)
    assert (key == origin) is (view == NO_VIEW)


def write(path: Path, number: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(TEXT % number)
    return path


def test_a_zone_for_all_and_in_two_views(tmp_path: Path) -> None:
    paths = [write(tmp_path / name / "example.com.yaml", 1).parent for name in ("a", "b", "c")]
    loaded = load_zones(paths[:1], None, paths[1:])
    assert loaded.catalog.zones.keys() == {COM, zone_key(1, COM), zone_key(2, COM)}
    assert {zone.origin for zone in loaded.catalog.zones.values()} == {COM}
    assert not any(fault.rule == "zone-twice" for fault in loaded.faults)
    assert set(loaded.directories) == set(map(str, paths))


@pytest.mark.parametrize("link", [False, True])
def test_a_file_of_a_view_is_for_nobody_else(tmp_path: Path, link: bool) -> None:
    """Whatever it is called by."""
    write(tmp_path / "zones" / "example.net.yaml", 1)
    view = write(tmp_path / "zones" / "example.com.yaml", 1)
    if link:
        (tmp_path / "other").symlink_to("zones")
        view = tmp_path / "other" / "example.com.yaml"
    sources, faults = find_sources([tmp_path / "zones"], [view])
    assert faults == []
    assert {source.key for source in sources} == {
        wire_name("example.net."),
        zone_key(1, COM),
    }


def test_one_file_in_two_views_is_no_fragment(tmp_path: Path) -> None:
    path = write(tmp_path / "lan.yaml", 1)
    loaded = load_zones((), None, (path, path))
    assert loaded.catalog.zones.keys() == {zone_key(1, LAN), zone_key(2, LAN)}
    assert all(isinstance(zone, Zone) for zone in loaded.catalog.zones.values())


def test_a_broken_zone_of_a_view_has_its_origin(tmp_path: Path) -> None:
    path = write(tmp_path / "example.com.yaml", 999)
    (zone,) = load_zones((), None, (path,)).catalog.zones.values()
    assert isinstance(zone, BrokenZone)
    assert zone.origin == COM


def test_what_is_wrong_with_the_path_of_a_view_is_said(tmp_path: Path) -> None:
    (fault,) = load_zones((), None, (tmp_path / "nowhere",)).faults
    assert fault.rule == "no-such-path"
