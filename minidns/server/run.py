"""The life of `minidns serve`: bind, load, say that it is ready, serve until a signal, drain.

Addresses are bound before zones are loaded, so that a busy port is known at once and a client of
a restarting server waits instead of being refused. With SO_REUSEPORT another process serves that
address meanwhile; then the zones come first, so that no query waits for them here.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from minidns.config import ServeSettings
from minidns.server.collecting import Collecting
from minidns.server.cookie_secrets import make_cookie_secrets
from minidns.server.holding import Holding
from minidns.server.listeners import Listeners, open_listeners
from minidns.server.loop_faults import limited_log
from minidns.server.lower_settings import policy_of, tcp_limits_of
from minidns.server.named_paths import unusable_paths
from minidns.server.presenting import Presenting
from minidns.server.ready import describe
from minidns.server.reload import Reloading
from minidns.server.server import Server, make_resolving, make_trace
from minidns.server.signals import Hangup, end_at_sigterm, stop_event
from minidns.server.snapshot_store import snapshots_in
from minidns.server.start_error import StartError
from minidns.server.zone_troubles import ZoneTroubles
from minidns.sockets.descriptor_limit import fit_connections
from minidns.transport.tcp_limits import TcpLimits
from minidns.zone.directory import LoadedZones, load_zones
from minidns.zone.faults import ERROR
from minidns.zone.model import Catalog, Fault

if TYPE_CHECKING:
    from minidns.server.sources import Sources

log = logging.getLogger(__name__)

Report = Callable[[Sequence[Fault]], None]
Announce = Callable[[str], None]
Load = Callable[..., LoadedZones]  # of paths, snapshots and, where there are any, views


def serve(
    settings: ServeSettings, report: Report, announce: Announce, load: Load = load_zones
) -> None:
    """Returns when a signal has ended it in order. Main thread only.

    `report` gets the faults of all zones, then `announce` the line that says what is served where;
    after that `report` gets the faults that a reload finds. Raises StartError, and with several
    workers WorkersFailed.
    """
    hangup = Hangup()
    end_at_sigterm(hangup)
    policy = policy_of(settings)
    settings, sources = _read_sources(settings, report)
    groups, holding, presenting = _bind_and_load(settings, report, load)
    if sources is not None and settings.resolver.hosts:
        from minidns.server.sources import shadowed_in

        report(shadowed_in(settings.resolver, sources.lists, [holding.catalog]))
    tcp_limits = _fit_tcp_limits(settings)
    limits = settings.limits
    look_for = (settings.zones, settings.cache_dir, limits.reload_poll)
    troubles = ZoneTroubles(holding.catalog, time.monotonic())
    resolver = settings.resolver
    asked = [
        text if group.domain == "." else f"{text} ({group.domain})"
        for group in resolver.forward or ()
        for text in group.upstreams
    ]
    ready = describe(holding.catalog, groups[0], asked if resolver.is_on else ())
    if settings.workers == 1:
        resolving = make_resolving(settings.resolver, presenting.clients, sources)
        server = Server(
            presenting.catalogs[0],
            groups[0],
            policy,
            tcp_limits,
            None,
            resolving,
            trace=make_trace(settings.trace),
            presenting=presenting,
            troubles=troubles,
        )
        audience = _OneServer(server, presenting)
        reloading = Reloading(
            holding,
            *look_for,
            report,
            audience,
            look_apart=True,
            presenting=presenting,
            views=_view_paths(settings),
            troubles=troubles,
        )
        work = _serve(server, settings, reloading, hangup, lambda: announce(ready))
        asyncio.run(work)
        return
    # One process needs nothing of this, and starts some milliseconds sooner without.
    from minidns.server.supervisor import Supervisor
    from minidns.server.worker import Duty

    secrets = make_cookie_secrets(time.monotonic())
    duty = Duty(
        policy,
        tcp_limits,
        secrets,
        limits.stop_grace,
        settings.resolver,
        settings.control,
        presenting,
        settings.trace,
        sources,
        troubles,
    )
    supervisor = Supervisor(duty, limits, holding.catalog, groups)
    reloading = Reloading(
        holding,
        *look_for,
        report,
        supervisor,
        look_apart=False,
        presenting=presenting,
        views=_view_paths(settings),
        troubles=troubles,
    )
    ready = f"{ready} by {settings.workers} workers"
    supervisor.run(reloading, hangup, lambda: announce(ready))


def _read_sources(
    settings: ServeSettings, report: Report
) -> "tuple[ServeSettings, Sources | None]":
    if not (settings.resolver.is_on or settings.resolver.hosts):
        return settings, None
    from minidns.server.sources import read_sources

    return read_sources(settings, report)


def _bind_and_load(
    settings: ServeSettings, report: Report, load: Load
) -> tuple[list[Listeners], Holding, Presenting]:
    """In the order that fits. Raises StartError, nothing left open."""
    if settings.reuse_port:
        loaded = _load(settings, report, load)
        return open_listeners(settings), *loaded
    groups = open_listeners(settings)
    try:
        return groups, *_load(settings, report, load)
    except BaseException:
        for group in groups:
            group.close()
        raise


def _load(settings: ServeSettings, report: Report, load: Load) -> tuple[Holding, Presenting]:
    """The zones, and what is answered from; or StartError where they must not be served."""
    started_ns = time.time_ns()
    snapshots, views = snapshots_in(settings.cache_dir), _view_paths(settings)
    loaded = load(settings.zones, snapshots, *([views] if views else ()))
    unusable = unusable_paths((*settings.zones, *views), loaded)
    report([fault for fault in loaded.faults if fault not in unusable])
    if unusable:
        raise StartError(f"not started: {'; '.join(fault.message for fault in unusable)}")
    errors = sum(fault.severity == ERROR for fault in loaded.faults)
    if settings.strict and errors:
        raise StartError(f"not started: the zones have errors ({errors}), and --strict is given")
    holding = Holding(loaded, started_ns)
    presenting = Presenting(settings)
    presenting.begin(holding.catalog)
    # The zones live as long as the process, and a full collection would walk through millions of
    # objects of theirs, for hundreds of milliseconds without an answer. Now it never sees them.
    # It would write to each of them, too, and forked workers could not share their memory.
    gc.collect()
    gc.freeze()
    return holding, presenting


def _view_paths(settings: ServeSettings) -> tuple[Path, ...]:
    return tuple(view.path for view in settings.views)


def _fit_tcp_limits(settings: ServeSettings) -> TcpLimits:
    limits = settings.limits
    connections = fit_connections(limits.tcp_connections)
    if connections < limits.tcp_connections:
        log.warning(
            "open files allow %d TCP connections instead of %d; raise the limit (ulimit -n)",
            connections,
            limits.tcp_connections,
        )
    return tcp_limits_of(limits, connections)


async def _serve(
    server: Server,
    settings: ServeSettings,
    reloading: Reloading,
    hangup: Hangup,
    announce: Callable[[], None],
) -> None:
    """This process answers, and reloads by itself."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(limited_log())
    stopping = stop_event(loop, hangup, reloading.ask)
    server.start(loop)
    with Collecting(server.count_queries).on(loop):
        await server.open_control(settings.control)
        announce()
        follow = loop.create_task(reloading.run())
        await stopping.wait()
        follow.cancel()
        await server.stop(settings.limits.stop_grace)
    with suppress(asyncio.CancelledError):
        await follow


class _OneServer:
    """The audience of a reload where this process answers itself."""

    def __init__(self, server: Server, presenting: Presenting) -> None:
        self._server = server
        self._presenting = presenting

    def swap(self, catalog: Catalog, update: BinaryIO) -> None:
        self._server.swap(self._presenting.catalogs)

    def note(self, update: BinaryIO) -> None:
        """It was taken where the update was."""

    async def wait(self) -> None:
        """Nobody else is to be waited for."""
