"""The process that reads changed zones, so that the one that answers never stops for it.

`python -m minidns.server.zone_reader [CACHE]`: a request on standard input, an update on standard
output, both files of `server.update`'s kind; snapshots of large zones in the directory CACHE.
Reading a zone of a million records holds Python's global lock for seconds; in a process of its own,
with a lower priority, it costs answers nothing.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from minidns.server.named_paths import errors_about
from minidns.server.snapshot_store import snapshots_in
from minidns.server.update import Action, Ending, States, UpdateWriter, ZoneNews, read_request
from minidns.server.zone_state import ZoneState, previous_of, state_of
from minidns.zone.directory import (
    LoadedZone,
    ZoneSource,
    find_sources,
    is_fragment,
    load_source,
    may_be_fragment,
)
from minidns.zone.fingerprint import Stat, directories_of, fingerprint_of
from minidns.zone.handover import write_blocks
from minidns.zone.model import Fault
from minidns.zone.snapshot import Snapshots

# nice(2): about a tenth of a core that the server keeps busy, all of one that is idle.
NICENESS = 10


def write_update(
    file: BinaryIO,
    paths: Sequence[Path],
    states: States,
    snapshots: Snapshots | None = None,
    views: Sequence[Path] = (),
) -> None:
    """Read what has changed since `states`, and write what that means for each zone."""
    _Reading(UpdateWriter(file), states, snapshots).run(paths, views)


class _Reading:
    """One run over all zones. Each goes out as soon as it is read, to keep memory low."""

    def __init__(self, writer: UpdateWriter, states: States, snapshots: Snapshots | None) -> None:
        self._writer = writer
        self._states = states
        self._snapshots = snapshots
        self._started_ns = time.time_ns()
        self._others: dict[str, Stat] = {}
        self._faults: list[Fault] = []  # of no zone

    def run(self, paths: Sequence[Path], views: Sequence[Path]) -> None:
        named = (*paths, *views)
        directories = fingerprint_of(directories_of(named))
        sources, self._faults = find_sources(paths, views)
        unusable = [Path(fault.mark.file) for fault in errors_about(named, self._faults)]
        readings: Counter[tuple[int, Path]] = Counter()
        undecided: list[tuple[ZoneSource, LoadedZone | None]] = []
        for source in sources:
            state = self._states.get(source.key)
            loaded = None
            if state is None or _is_changed(source, state):
                loaded = load_source(source, state and state.previous, self._snapshots)
                files: Iterable[Path] = loaded.files
            else:
                files = map(Path, state.stats)
            readings.update((source.view, path) for path in files)
            if may_be_fragment(source):  # the readings of all zones decide
                undecided.append((source, loaded))
            elif loaded is not None:
                self._tell(loaded)
        for source, loaded in undecided:
            if is_fragment(source, readings):
                stats = loaded.stats if loaded else self._states[source.key].stats
                self._leave_out(source.key, stats)
            elif loaded is not None:
                self._tell(loaded)
        self._tell_of_gone({source.key for source in sources}, unusable)
        self._writer.write_ending(Ending(directories, self._others, tuple(self._faults)))

    def _tell(self, loaded: LoadedZone) -> None:
        """What a reading means."""
        key, zone = loaded.source.key, loaded.zone
        if not loaded.is_zone:
            self._faults += loaded.faults
            self._leave_out(key, loaded.stats)
            return
        old = self._states.get(key)
        previous = old.previous if old else None
        if zone is None:
            action = Action.BREAK if previous is None else Action.KEEP
        elif previous and old and not old.is_refused and previous.content == loaded.content:
            action = Action.SAME
        else:
            action, previous = Action.SERVE, previous_of(zone, loaded)
        state = state_of(loaded, previous, self._started_ns)
        self._writer.write_news(ZoneNews(key, action, state))
        if zone is not None and action is Action.SERVE:
            for block in write_blocks(zone):
                self._writer.write_block(block)

    def _leave_out(self, key: bytes, stats: Mapping[str, Stat]) -> None:
        """The file holds no zone, or none any more."""
        self._others.update(stats)
        if key in self._states:
            self._writer.write_news(ZoneNews(key, Action.REMOVE, None))

    def _tell_of_gone(self, found: set[bytes], unusable: Sequence[Path]) -> None:
        """Zones without files are removed, but for those under a path that has vanished itself."""
        for key, state in self._states.items():
            if key in found:
                continue
            if not any(_is_below(state, path) for path in unusable):
                self._writer.write_news(ZoneNews(key, Action.REMOVE, None))
                continue
            stats = fingerprint_of(state.stats)
            if stats != state.stats:
                news = ZoneNews(key, Action.KEEP, state._replace(stats=stats))
                self._writer.write_news(news)


def _is_changed(source: ZoneSource, state: ZoneState) -> bool:
    """Whether the zone has to be read again. One that was refused may be mended from outside."""
    return (
        state.is_refused
        or bool(source.faults)
        or (source.paths, source.root) != (state.paths, state.root)
        or fingerprint_of(state.stats) != state.stats
    )


def _is_below(state: ZoneState, path: Path) -> bool:
    return any(each.is_relative_to(path) for each in (*state.paths, state.root))


def main() -> None:
    """Standard output is the update's alone; whoever prints prints to standard error."""
    os.nice(NICENESS)
    with open(os.dup(1), "wb") as update, open(0, "rb", closefd=False) as request:
        os.dup2(2, 1)
        paths, states, views = read_request(request)
        cache_dir = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        write_update(update, paths, states, snapshots_in(cache_dir), views)


if __name__ == "__main__":
    main()
