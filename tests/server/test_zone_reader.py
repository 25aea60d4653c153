"""What a reload makes of edits: each zone for itself, and none worse served than before."""

import shutil
from pathlib import Path

import pytest

from minidns.server.update import Action
from minidns.zone.model import BrokenZone
from tests.server.zones_on_disk import (
    ADDRESS,
    BETTER,
    BROKEN,
    FIRST_SECOND,
    GOOD,
    SOA,
    WITHOUT_SOA,
    Disk,
    wire,
)


def actions(disk: Disk) -> dict[bytes, Action]:
    assert disk.taken is not None
    return {news.key: news.action for news in disk.taken.news}


def test_edit_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD, example__net__yaml=GOOD)
    before = disk.zone("example.net.")
    disk.write(example__com__yaml=BETTER)
    assert str(disk.reload()) == "example.com. changed"
    assert disk.address() == "192.0.2.2"
    assert disk.zone("example.net.") is before
    assert list(actions(disk)) == [wire("example.com.")]  # the other was not read


def test_nothing_changed(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    zone = disk.zone()
    changes = disk.reload()
    assert (str(changes), changes.faults, actions(disk)) == ("", [], {})
    assert disk.zone() is zone


def test_touched_and_the_same(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    zone = disk.zone()
    disk.write(example__com__yaml=f"# a comment\n{GOOD}")
    assert str(disk.reload()) == ""
    assert actions(disk) == {wire("example.com."): Action.SAME}
    assert disk.zone() is zone
    assert not disk.watch.look()


def test_added_and_removed(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    disk.write(example__net__yaml=GOOD)
    (tmp_path / "example.com.yaml").unlink()
    assert str(disk.reload()) == "example.net. added; example.com. removed"
    assert list(disk.holding.catalog.zones) == [wire("example.net.")]


def test_broken_edit_keeps_the_old_form(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    zone = disk.zone()
    disk.write(example__com__yaml=BROKEN)
    changes = disk.reload()
    assert str(changes) == "example.com. refused, served as before"
    assert changes.is_trouble
    (fault,) = changes.faults
    line = BROKEN[: BROKEN.index("192.0.2.256")].count("\n") + 1
    assert str(fault).startswith(f"{tmp_path}/example.com.yaml:{line}:23: bad-value: ")
    assert disk.zone() is zone
    # It is read again each time, since it may be mended from outside, but said once.
    assert str(disk.reload()) == ""
    assert actions(disk) == {wire("example.com."): Action.KEEP}
    disk.write(example__com__yaml=BETTER)
    changes = disk.reload()
    assert (str(changes), changes.is_trouble) == ("example.com. changed", False)
    assert disk.address() == "192.0.2.2"


def test_new_and_broken(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    disk.write(example__net__yaml=BROKEN)
    changes = disk.reload()
    assert str(changes) == "example.net. refused, answering SERVFAIL"
    assert [fault.rule for fault in changes.faults] == ["bad-value"]
    assert disk.holding.catalog.zones[wire("example.net.")] == BrokenZone(wire("example.net."))
    disk.write(example__net__yaml=SOA)
    assert str(disk.reload()) == "example.net. changed"
    assert disk.zone("example.net.").serial == 7


def test_broken_at_the_start_and_mended(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=BROKEN)
    assert str(disk.reload()) == ""
    disk.write(example__com__yaml=GOOD)
    assert str(disk.reload()) == "example.com. changed"
    assert disk.address() == "192.0.2.1"


def test_other_fault_is_said_again(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=BROKEN)
    disk.write(example__com__yaml="{")
    changes = disk.reload()
    assert str(changes) == "example.com. refused, answering SERVFAIL"
    assert [fault.rule for fault in changes.faults] == ["yaml-syntax"]


def test_warning_that_moves_is_not_said_again(tmp_path: Path) -> None:
    one, other = (f"{name}: {{type: MX, value: 10 no{name}.example.com.}}\n" for name in "ab")
    disk = Disk(tmp_path, example__com__yaml=GOOD + one)
    disk.write(example__com__yaml=BETTER + other + one)
    (fault,) = disk.reload().faults
    assert (fault.rule, fault.mark.line) == ("target-without-address", GOOD.count("\n") + 1)


def test_zone_twice_keeps_the_one(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    disk.write(example__com__zone="@ 300 IN SOA ns h 1 2 3 4 5\n@ 300 NS ns.example.net.\n")
    changes = disk.reload()
    assert str(changes) == "example.com. refused, served as before"
    assert "zone-twice" in [fault.rule for fault in changes.faults]
    assert disk.address() == "192.0.2.1"


def test_include_and_part_of_a_split_zone(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=SOA + "www: !include inc/www.yaml\n")
    assert disk.holding.catalog.zones[wire("example.com.")] == BrokenZone(wire("example.com."))
    (tmp_path / "inc").mkdir()
    disk.write(**{"inc/www__yaml": "{type: A, value: 192.0.2.1}\n"})
    disk.reload()
    assert disk.address() == "192.0.2.1"
    disk.write(**{"inc/www__yaml": "{type: A, value: 192.0.2.22}\n"})
    assert list(disk.watch.look()) == [f"{tmp_path}/inc/www.yaml"]
    disk.reload()
    assert disk.address() == "192.0.2.22"
    (tmp_path / "example.com.").mkdir()
    disk.write(**{"example.com./a.yaml": "a: {type: A, value: 192.0.2.3}\n"})
    disk.reload()
    assert disk.address("a.example.com.") == "192.0.2.3"
    (tmp_path / "example.com." / "a.yaml").unlink()
    disk.reload()
    assert wire("a.example.com.") not in disk.zone().nodes


def test_fragment_that_becomes_a_zone_and_back(tmp_path: Path) -> None:
    with_include = SOA + "<<: !include common.yaml\n"
    disk = Disk(tmp_path, example__com__yaml=with_include, common__yaml=ADDRESS % 1)
    assert list(disk.holding.catalog.zones) == [wire("example.com.")]
    disk.write(common__yaml=ADDRESS % 2)
    assert str(disk.reload()) == "example.com. changed"
    assert disk.address() == "192.0.2.2"
    disk.write(example__com__yaml=GOOD)
    assert str(disk.reload()) == "example.com. changed; common. added"
    disk.write(example__com__yaml=with_include)
    assert str(disk.reload()) == "example.com. changed; common. removed"
    assert list(disk.holding.catalog.zones) == [wire("example.com.")]
    assert str(disk.reload()) == ""


def test_octodns_configuration(tmp_path: Path) -> None:
    configuration = "providers:\n  config: {class: x}\n"
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    disk.write(production__yaml=configuration)
    changes = disk.reload()
    assert str(changes) == ""
    assert [fault.rule for fault in changes.faults] == ["octodns-configuration"]
    assert disk.reload().faults == []
    disk.write(example__com__yaml=configuration)
    assert str(disk.reload()) == "example.com. removed"
    disk.write(example__com__yaml=GOOD)
    assert list(disk.watch.look()) == [f"{tmp_path}/example.com.yaml"]
    assert str(disk.reload()) == "example.com. added"


def test_directory_that_vanishes_keeps_its_zones(tmp_path: Path) -> None:
    """As an unmounted one does, or one that is being replaced."""
    zones, away, single = tmp_path / "zones", tmp_path / "away", tmp_path / "example.org.yaml"
    zones.mkdir()
    single.write_text(GOOD)
    disk = Disk(zones, zones, single, example__com__yaml=GOOD)
    zones.rename(away)
    single.unlink()
    changes = disk.reload()
    assert str(changes) == "example.com., example.org. not to be found, served as before"
    assert {fault.rule for fault in changes.faults} == {"no-such-path"}
    assert changes.is_trouble
    assert disk.address() == "192.0.2.1"
    assert not disk.watch.look()  # it is not tried again and again
    assert str(disk.reload()) == ""
    away.rename(zones)
    assert disk.watch.look()
    disk.reload()
    assert disk.reload().faults == []
    (zones / "example.com.yaml").unlink()
    assert "example.com. removed" in str(disk.reload())


def test_config_map_of_kubernetes(tmp_path: Path) -> None:
    """Files are links into `..data`, a link that is turned to another directory."""
    for name, text in (("..1", GOOD), ("..2", BETTER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "example.com.yaml").write_text(text)
        (tmp_path / name / "example.net.yaml").write_text(GOOD)
    (tmp_path / "..data").symlink_to("..1")
    for zone in ("example.com.yaml", "example.net.yaml"):
        (tmp_path / zone).symlink_to(Path("..data") / zone)
    disk = Disk(tmp_path)
    untouched = disk.zone("example.net.")
    (tmp_path / "..new").symlink_to("..2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    shutil.rmtree(tmp_path / "..1")
    assert {f"{tmp_path}/example.com.yaml", f"{tmp_path}/example.net.yaml"} <= {*disk.watch.look()}
    assert str(disk.reload()) == "example.com. changed"
    assert disk.address() == "192.0.2.2"
    assert disk.zone("example.net.") is untouched


class TestSerialOfAnSoaThatIsMade:
    def test_grows_with_the_content(self, tmp_path: Path) -> None:
        disk = Disk(tmp_path, example__net__yaml=WITHOUT_SOA)
        assert disk.zone("example.net.").serial == FIRST_SECOND + 1
        disk.write(at=FIRST_SECOND + 60, example__net__yaml=WITHOUT_SOA + ADDRESS % 1)
        disk.reload()
        assert disk.zone("example.net.").serial == FIRST_SECOND + 60

    @pytest.mark.parametrize("at", [FIRST_SECOND - 1000, FIRST_SECOND + 1])
    def test_grows_when_the_file_is_no_newer(self, tmp_path: Path, at: int) -> None:
        disk = Disk(tmp_path, example__net__yaml=WITHOUT_SOA)
        for edit in (1, 2):
            disk.write(at=at, example__net__yaml=WITHOUT_SOA + ADDRESS % edit + "#" * edit)
            disk.reload()
            assert disk.zone("example.net.").serial == FIRST_SECOND + 1 + edit

    def test_stays_while_the_content_does(self, tmp_path: Path) -> None:
        disk = Disk(tmp_path, example__net__yaml=WITHOUT_SOA)
        for text in (WITHOUT_SOA + "# comment\n", WITHOUT_SOA):
            disk.write(example__net__yaml=text)
            assert str(disk.reload()) == ""
            assert disk.zone("example.net.").serial == FIRST_SECOND + 1

    def test_follows_over_a_time_without_a_good_file(self, tmp_path: Path) -> None:
        disk = Disk(tmp_path, example__net__yaml=WITHOUT_SOA)
        disk.write(example__net__yaml="{")
        disk.reload()
        disk.write(at=FIRST_SECOND, example__net__yaml=WITHOUT_SOA + ADDRESS % 1)
        disk.reload()
        assert disk.zone("example.net.").serial == FIRST_SECOND + 2

    def test_is_greater_than_the_one_of_a_file_that_had_one(self, tmp_path: Path) -> None:
        text = WITHOUT_SOA[:-1].replace("'': ", "'':\n  - ")
        soa = "  - {type: SOA, value: ns. h. 2026010101 7200 3600 1209600 300}"
        disk = Disk(tmp_path, example__net__yaml=f"{text}\n{soa}\n")
        disk.write(example__net__yaml=text)
        disk.reload()
        assert disk.zone("example.net.").serial == 2026010102
