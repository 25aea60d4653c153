"""How far the loading of zones is, for whoever waits at a terminal for the server to be ready.

One line on standard error after two seconds, written anew in place twice a second, and gone before
anything else is said there. A pipe or a file gets nothing. A thread shows it, which is over when
the zones are loaded: the server forks afterwards, perhaps.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from minidns.cli import output

if TYPE_CHECKING:
    from minidns.zone.directory import LoadedZones
    from minidns.zone.progress import Progress
    from minidns.zone.snapshot import Snapshots

SHOWN_AFTER = 2.0  # seconds; a load that is over sooner needs no word
SHOWN_EVERY = 0.5  # seconds

Wait = Callable[[float], bool]  # for so many seconds, or until it is over: whether it is


def load_zones_shown(
    paths: Sequence[Path],
    snapshots: "Snapshots | None" = None,
    views: Sequence[Path] = (),
    shown_after: float = SHOWN_AFTER,
) -> "LoadedZones":
    """As `load_zones`, with what it is at shown on a terminal."""
    from minidns.zone.directory import load_zones
    from minidns.zone.progress import Progress

    if not sys.stderr.isatty():
        return load_zones(paths, snapshots, views)
    progress = Progress()
    with _shown(progress, shown_after):
        return load_zones(paths, snapshots, views, progress)


def show(progress: "Progress", wait: Wait, shown_after: float = SHOWN_AFTER) -> None:
    """Show it now and then until the waiting is over; afterwards nothing of it is left."""
    if wait(shown_after):
        return
    while True:
        output.show_status(_text_of(progress))
        if wait(SHOWN_EVERY):
            break
    output.clear_status()


@contextmanager
def _shown(progress: "Progress", shown_after: float) -> Iterator[None]:
    is_over = Event()
    thread = Thread(target=show, args=(progress, is_over.wait, shown_after), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _text_of(progress: "Progress") -> str:
    from minidns.wire.name import name_to_text

    if progress.origin is None:
        return "minidns: looking for zones"
    doing = "checking" if progress.is_read else "reading"
    return f"minidns: {progress.per_cent} % of the zones: {doing} {name_to_text(progress.origin)}"
