"""One of several processes that answer on the same addresses, started and ended by a supervisor.

It has the zones from the supervisor's memory, since it was forked from there, and gets what changes
as updates. When the supervisor has gone it ends, too. Only SIGTERM means something to it: what a
terminal or a service manager sends to all processes at once is the supervisor's to act on.
"""

import asyncio
import logging
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from minidns.config import ResolverSettings
from minidns.responder.responder import Policy
from minidns.server.channel import READY, TAKEN, Channel
from minidns.server.collecting import Collecting
from minidns.server.cookie_secrets import CookieSecrets
from minidns.server.listeners import Listeners
from minidns.server.loop_faults import limited_log
from minidns.server.presenting import Presenting
from minidns.server.server import Server, make_resolving, make_trace
from minidns.server.take_over import take_over
from minidns.server.zone_troubles import ZoneTroubles
from minidns.transport.tcp_limits import TcpLimits
from minidns.zone.model import Catalog

if TYPE_CHECKING:
    from minidns.server.sources import Sources

log = logging.getLogger(__name__)

STOPPED = 0
FAILED = 1
# Blocked while a process divides: the new one would tell the event loop of the old one of them.
HELD_BACK = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Duty(NamedTuple):
    """What is the same for all workers. `grace` is in seconds; each resolves by itself."""

    policy: Policy
    tcp_limits: TcpLimits
    secrets: CookieSecrets
    grace: float
    resolver: ResolverSettings
    control: Path | None
    presenting: Presenting
    trace: bool = False
    sources: "Sources | None" = None
    troubles: ZoneTroubles | None = None  # forked with what it holds then


def run_worker(
    number: int, duty: Duty, catalog: Catalog, listeners: Listeners, channel: Channel
) -> int:
    """Answer until SIGTERM or the supervisor's end; the exit code of the process.

    Called with the signals of HELD_BACK blocked and at their default action.
    """
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)
    _name_in_log(number)
    return asyncio.run(_Worker(number, duty, catalog, listeners, channel).run())


class _Worker:
    def __init__(
        self, number: int, duty: Duty, catalog: Catalog, listeners: Listeners, channel: Channel
    ) -> None:
        resolving = make_resolving(duty.resolver, duty.presenting.clients, duty.sources, number)
        self._presenting = duty.presenting
        self._server = Server(
            duty.presenting.catalogs[0],
            listeners,
            duty.policy,
            duty.tcp_limits,
            duty.secrets,
            resolving,
            trace=make_trace(duty.trace, number),
            presenting=duty.presenting,
            troubles=duty.troubles,
        )
        self._troubles = duty.troubles
        self._catalog = catalog
        self._channel = channel
        self._control = number, duty.control
        self._grace = duty.grace
        self._updates: asyncio.Queue[BinaryIO] = asyncio.Queue()
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(limited_log())
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_reader(self._channel.fileno(), self._listen, loop)
        self._server.start(loop)
        number, path = self._control
        with Collecting(self._server.count_queries).on(loop):
            await self._server.open_control(path, number)
            self._channel.send(READY)
            updating = loop.create_task(self._take_updates())
            stopping = loop.create_task(self._stopping.wait())
            await asyncio.wait((updating, stopping), return_when=asyncio.FIRST_COMPLETED)
        code = STOPPED
        if updating.done():
            # It does not have the zones that it should have; one that is made anew will.
            log.error("an update could not be taken: it is replaced", exc_info=updating.exception())
            code = FAILED
        for task in (updating, stopping):
            task.cancel()
        await self._server.stop(self._grace)
        # It ends anyway: another SIGTERM must not meet a loop that is being closed.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
        return code

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        words, updates = self._channel.receive()
        for update in updates:
            self._updates.put_nowait(update)
        if not words:
            loop.remove_reader(self._channel.fileno())
            if not self._stopping.is_set():
                log.warning("the supervisor has gone: stopping")
            self._stopping.set()

    async def _take_updates(self) -> None:
        while True:
            with await self._updates.get() as update:
                taken = await take_over(update, self._catalog, self._swap, self._presenting)
            self._catalog = taken.catalog
            if self._troubles is not None:
                self._troubles.take(taken.news, time.monotonic())
            self._channel.send(TAKEN)

    def _swap(self, _: Catalog) -> None:
        self._server.swap(self._presenting.catalogs)


def _name_in_log(number: int) -> None:
    """Say in each line of the log which worker it is of."""
    make = logging.getLogRecordFactory()

    def make_named(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        record.msg = f"worker {number}: {record.msg}"
        return record

    logging.setLogRecordFactory(make_named)
