"""Other zones put in place of those that are served, in turns with the queries.

Each turn of the event loop takes one step of at most a millisecond or so; between two of them the
sockets are read. Nothing of an update is seen by a query until all of it is there, and then it is
swapped in at once.
"""

import asyncio
import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, Protocol, TypeVar

from minidns.server.update import Action, BadUpdate, Ending, ZoneNews, read_update
from minidns.zone.handover import ZoneBuilding, dismantle
from minidns.zone.model import BrokenZone, Catalog, Zone
from minidns.zone.zone_key import split_key

_CHANGES = frozenset({Action.SERVE, Action.BREAK, Action.REMOVE})

Swap = Callable[[Catalog], None]
T = TypeVar("T")


class Presents(Protocol):
    """What is asked of `presenting.Presenting`."""

    catalogs: tuple[Catalog, ...]

    def present(self, catalog: Catalog) -> Generator[None, None, tuple[Catalog, ...]]:
        """What is to be answered from; a step at each `next()`."""


class Taken(NamedTuple):
    """What an update held, zones aside; `catalog` is what is served now."""

    catalog: Catalog
    news: list[ZoneNews]
    ending: Ending


async def take_over(
    file: BinaryIO, old: Catalog, swap: Swap, presenting: Presents | None = None
) -> Taken:
    """Build what the update holds, give it to `swap`, free what it replaces.

    What is made of it for `presenting` is there before `swap` is called. Where all is as it was
    nothing is swapped. Raises ValueError where the update is bad, and nothing is swapped then
    either.
    """
    replaced = (old,) if presenting is None else (old, *presenting.catalogs)
    with _collector_at_rest():
        taken = await in_turns(build_catalog(file, old))
        if not any(each.action in _CHANGES for each in taken.news):
            return taken._replace(catalog=old)
        new: tuple[Catalog, ...] = (taken.catalog,)
        if presenting is not None:
            presenting.catalogs = await in_turns(presenting.present(taken.catalog))
            new += presenting.catalogs
        swap(taken.catalog)
    await in_turns(_free_replaced(replaced, new))
    return taken


async def in_turns(steps: Generator[None, None, T]) -> T:
    """Run a generator, one step in each turn of the event loop; what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        await asyncio.sleep(0)


def build_catalog(file: BinaryIO, old: Catalog) -> Generator[None, None, Taken]:
    """The catalog after an update. Zones that it does not name are the old objects."""
    zones = dict(old.zones)
    news: list[ZoneNews] = []
    building: ZoneBuilding | None = None
    for record in read_update(file):
        if isinstance(record, memoryview):
            if building is None:
                raise BadUpdate("a block of no zone")
            building.add(record)
        else:
            if building is not None:
                zones[news[-1].key] = building.finish()
                building = None
            if isinstance(record, Ending):
                return Taken(Catalog(zones), news, record)
            news.append(record)
            if record.action is Action.SERVE:
                building = ZoneBuilding(split_key(record.key)[1])
            elif record.action is Action.BREAK:
                zones[record.key] = BrokenZone(split_key(record.key)[1])
            elif record.action is Action.REMOVE:
                zones.pop(record.key, None)
        yield
    raise BadUpdate("no end")


def _free_replaced(old: Sequence[Catalog], new: Sequence[Catalog]) -> Generator[None, None, None]:
    kept = {id(zone) for catalog in new for zone in catalog.zones.values()}
    yield
    freed = {id(zone): zone for catalog in old for zone in catalog.zones.values()}
    for number, zone in freed.items():
        if isinstance(zone, Zone) and number not in kept:
            yield from dismantle(zone)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Zones live long and are millions of objects: a full collection that walked through them would
    stop the answers. So there is none until they are put out of its sight for good.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
