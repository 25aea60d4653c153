"""Zones follow their files while the server runs: looked at again and again, and at SIGHUP at once.

Who serves is told through an `Audience`: the responder of this process, or workers. What is wrong
with files, with the process that reads them or with this very module is logged; what is served
stays as it is then, and the next change is waited for.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from minidns.server.apart import in_thread
from minidns.server.holding import Changes, Holding
from minidns.server.reader_process import ReaderFailed, run_reader
from minidns.server.take_over import Presents, in_turns, take_over
from minidns.server.update import open_anonymous, write_request
from minidns.server.watch import Watch
from minidns.server.zone_troubles import ZoneTroubles
from minidns.zone.model import Catalog, Fault

log = logging.getLogger(__name__)


class Audience(Protocol):
    """Who serves the zones."""

    def swap(self, catalog: Catalog, update: BinaryIO) -> None:
        """These zones are to be served from now on; `update` is what led to them."""

    def note(self, update: BinaryIO) -> None:
        """The zones are served as they were, but not as their files are: `update` says which."""

    async def wait(self) -> None:
        """Until all have taken the update, or will not."""


class Reloading:
    """Keeps a `Holding` and its audience up to date. `poll` is in seconds between two looks."""

    def __init__(
        self,
        holding: Holding,
        paths: Sequence[Path],
        cache_dir: Path | None,
        poll: float,
        report: Callable[[Sequence[Fault]], None],
        audience: Audience,
        look_apart: bool,
        presenting: Presents | None = None,
        views: Sequence[Path] = (),
        troubles: ZoneTroubles | None = None,
    ) -> None:
        """`cache_dir` is where snapshots are kept, if they are.

        `look_apart` is for who answers: it looks at files in a thread, since that may hang. A
        process that forks must have no threads (fork(2)).
        """
        self._holding = holding
        self._paths = paths
        self._cache_dir = cache_dir
        self._poll = poll
        self._report = report
        self._audience = audience
        self._look_apart = look_apart
        self._presenting = presenting
        self._views = views
        self._troubles = troubles
        self._watch = Watch(holding.fingerprints())
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Look at once, and take what is there as it is."""
        self._asked.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._wait_and_reload()
            except Exception:  # a fault of ours must not be the end of all reloads
                log.exception("a reload failed")

    async def _wait_and_reload(self) -> None:
        is_asked = await self._is_asked_within(self._poll)
        changed = await in_thread(self._watch.look) if self._look_apart else self._watch.look()
        if not is_asked and not self._watch.has_settled(changed):
            return
        started = time.monotonic()
        self._watch.give_up(changed)  # not tried a second time unless it is asked for
        try:
            changes = await self._reload()
        except (ReaderFailed, ValueError, OSError) as error:  # ValueError: a bad update
            log.error("not reloaded, the zones are served as before: %s", error)
            return
        self._say(changes, time.monotonic() - started, is_asked)

    async def _is_asked_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _reload(self) -> Changes:
        with open_anonymous() as request, open_anonymous() as update:
            states = self._holding.states
            await in_turns(write_request(request, self._paths, states, self._views))
            await run_reader(request, update, self._cache_dir)

            def swap(catalog: Catalog) -> None:
                self._audience.swap(catalog, update)
                self._holding.catalog = catalog

            before = self._holding.catalog
            taken = await take_over(update, before, swap, self._presenting)
            if self._troubles is not None:
                is_new = self._troubles.take(taken.news, time.monotonic())
                if is_new and taken.catalog is before:
                    self._audience.note(update)
        changes = await in_turns(self._holding.take(taken))
        self._watch.expect(self._holding.fingerprints())
        await self._audience.wait()
        return changes

    def _say(self, changes: Changes, seconds: float, is_asked: bool) -> None:
        self._report(changes.faults)
        level = logging.WARNING if changes.is_trouble else logging.INFO
        if text := str(changes):
            log.log(level, "reloaded in %.2f s: %s", seconds, text)
        else:
            level = logging.INFO if is_asked else logging.DEBUG
            log.log(level, "reloaded in %.2f s: nothing has changed", seconds)
