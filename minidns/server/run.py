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
from pathlib import Path
from typing import Any

from minidns.config import ServeSettings
from minidns.responder.log_limit import LogLimit
from minidns.responder.responder import Policy
from minidns.server.listeners import Listeners, open_listeners
from minidns.server.lower_settings import policy_of, tcp_limits_of
from minidns.server.named_paths import unusable_paths
from minidns.server.ready import describe
from minidns.server.server import Server
from minidns.server.signals import end_at_sigterm, stop_event
from minidns.server.start_error import StartError
from minidns.sockets.descriptor_limit import fit_connections
from minidns.zone.directory import LoadedZones, load_zones
from minidns.zone.faults import ERROR
from minidns.zone.model import Catalog, Fault

log = logging.getLogger(__name__)

Report = Callable[[Sequence[Fault]], None]
Load = Callable[[Sequence[Path]], LoadedZones]


def serve(
    settings: ServeSettings,
    report: Report,
    announce: Callable[[str], None],
    load: Load = load_zones,
) -> None:
    """Returns when a signal has ended it in order. Main thread only. Raises StartError.

    `report` gets the faults of all zones, then `announce` the line that says what is served where.
    """
    end_at_sigterm()
    policy = policy_of(settings)
    if settings.reuse_port:
        catalog = _load(settings, report, load)
        listeners = open_listeners(settings)
    else:
        listeners = open_listeners(settings)
        try:
            catalog = _load(settings, report, load)
        except BaseException:
            listeners.close()
            raise
    asyncio.run(_serve(settings, policy, catalog, listeners, announce))


def _load(settings: ServeSettings, report: Report, load: Load) -> Catalog:
    """The zones, or StartError where they must not be served."""
    loaded = load(settings.zones)
    unusable = unusable_paths(settings.zones, loaded)
    report([fault for fault in loaded.faults if fault not in unusable])
    if unusable:
        raise StartError(f"not started: {'; '.join(fault.message for fault in unusable)}")
    errors = sum(fault.severity == ERROR for fault in loaded.faults)
    if settings.strict and errors:
        raise StartError(f"not started: the zones have errors ({errors}), and --strict is given")
    # The zones live as long as the process, and a full collection would walk through millions of
    # objects of theirs, for hundreds of milliseconds without an answer. Now it never sees them.
    gc.collect()
    gc.freeze()
    return loaded.catalog


async def _serve(
    settings: ServeSettings,
    policy: Policy,
    catalog: Catalog,
    listeners: Listeners,
    announce: Callable[[str], None],
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_limited_log())
    stopping = stop_event(loop)
    limits = settings.limits
    connections = fit_connections(limits.tcp_connections)
    if connections < limits.tcp_connections:
        log.warning(
            "open files allow %d TCP connections instead of %d; raise the limit (ulimit -n)",
            connections,
            limits.tcp_connections,
        )
    server = Server(catalog, listeners, policy, tcp_limits_of(limits, connections))
    server.start(loop)
    announce(describe(catalog, listeners))
    await stopping.wait()
    await server.stop(limits.stop_grace)


def _limited_log() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What goes wrong in a callback of the loop is logged, at the rate of strangers' faults."""
    limit = LogLimit(time.time)

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if limit.allows():
            log.error("%s", context["message"], exc_info=context.get("exception"))

    return handle
