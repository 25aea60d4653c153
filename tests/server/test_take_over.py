"""An update is taken in steps, seen by no query before its end, and not at all where it is bad."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from minidns.server.take_over import build_catalog, in_turns, take_over
from minidns.server.update import (
    BadUpdate,
    Ending,
    UpdateWriter,
    open_anonymous,
    read_update,
)
from minidns.server.zone_reader import write_update
from minidns.zone.model import Catalog, Zone
from tests.server.zones_on_disk import BETTER, GOOD, SOA, Disk, run_to_end, wire

NOTHING = Ending({}, {}, ())


@pytest.fixture
def update() -> Iterator[BinaryIO]:
    with open_anonymous() as file:
        yield file


def refuse(catalog: Catalog) -> None:
    raise AssertionError("nothing is to be swapped")


def test_swapped_at_once_and_freed(tmp_path: Path, update: BinaryIO) -> None:
    hosts = "".join(f"h{number}: {{type: A, value: 192.0.2.1}}\n" for number in range(1000))
    disk = Disk(tmp_path, example__com__yaml=GOOD + hosts, example__net__yaml=SOA)
    old = disk.zone()
    disk.write(example__com__yaml=BETTER + hosts)
    write_update(update, disk.paths, disk.holding.states)
    turns = 0
    swapped: list[tuple[int, Catalog]] = []

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def run() -> Catalog:
        counting = asyncio.create_task(count_turns())
        taken = await take_over(
            update, disk.holding.catalog, lambda catalog: swapped.append((turns, catalog))
        )
        counting.cancel()
        return taken.catalog

    catalog = asyncio.run(run())
    ((at, seen),) = swapped
    assert seen is catalog
    assert 0 < at < turns  # others had their turns before, and while the old one was freed
    zone = catalog.zones[wire("example.com.")]
    assert isinstance(zone, Zone)
    assert len(zone.nodes) == 1002
    assert not old.nodes
    assert disk.zone("example.net.") is catalog.zones[wire("example.net.")]


def test_without_a_change_nothing_is_swapped(tmp_path: Path, update: BinaryIO) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    disk.write(example__com__yaml=f"# comment\n{GOOD}")
    write_update(update, disk.paths, disk.holding.states)
    taken = asyncio.run(take_over(update, disk.holding.catalog, refuse))
    assert taken.catalog is disk.holding.catalog
    assert len(taken.news) == 1


def test_bad_update_at_every_length(tmp_path: Path) -> None:
    disk = Disk(tmp_path, example__com__yaml=SOA)
    disk.write(example__com__yaml=GOOD)
    with open_anonymous() as file:
        write_update(file, disk.paths, disk.holding.states)
        octets = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
    for size in range(len(octets)):
        with open_anonymous() as cut:
            cut.write(octets[:size])
            cut.flush()
            with pytest.raises(BadUpdate):
                run_to_end(build_catalog(cut, disk.holding.catalog))
    assert wire("www.example.com.") not in disk.zone().nodes


def test_block_of_no_zone(update: BinaryIO) -> None:
    writer = UpdateWriter(update)
    writer.write_block(b"")
    writer.write_ending(NOTHING)
    with pytest.raises(BadUpdate, match="a block of no zone"):
        run_to_end(build_catalog(update, Catalog({})))


def test_readers_do_not_disturb_each_other(update: BinaryIO) -> None:
    """Workers have one file position in common."""
    UpdateWriter(update).write_ending(NOTHING)
    assert [list(read_update(update)) for _ in range(2)] == [[NOTHING]] * 2


def test_where_there_is_no_memfd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with open_anonymous() as file:
        UpdateWriter(file).write_ending(NOTHING)
        assert list(read_update(file)) == [NOTHING]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_collector_is_as_it_was(is_enabled: bool, update: BinaryIO) -> None:
    """Off while zones are built, also where that fails."""
    seen = []

    async def run() -> None:
        taking = asyncio.create_task(take_over(update, Catalog({}), refuse))
        with pytest.raises(BadUpdate):
            await taking
        seen.append(gc.isenabled())

    was_enabled = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        asyncio.run(run())
    finally:
        (gc.enable if was_enabled else gc.disable)()
    assert seen == [is_enabled]


def test_zones_are_out_of_the_collectors_sight(tmp_path: Path, update: BinaryIO) -> None:
    disk = Disk(tmp_path, example__com__yaml=GOOD)
    disk.write(example__com__yaml=BETTER)
    write_update(update, disk.paths, disk.holding.states)
    was_enabled: list[bool] = []
    gc.unfreeze()
    try:
        taken = asyncio.run(
            take_over(update, disk.holding.catalog, lambda _: was_enabled.append(gc.isenabled()))
        )
        zone = taken.catalog.zones[wire("example.com.")]
        assert not any(each is zone for each in gc.get_objects())
    finally:
        gc.unfreeze()
    assert was_enabled == [False]


def test_turns_pass_on_what_goes_wrong() -> None:
    def fail() -> Iterator[None]:
        yield
        raise OSError("of a step")

    with pytest.raises(OSError, match="of a step"):
        asyncio.run(in_turns(fail()))
