"""Files beside the zones that answers depend on: hosts files, block lists, the system's resolvers.

They are read at the start, before workers are forked, and each process that answers follows them
by itself: looked at each second, taken once two looks in a row find the same. What cannot be read
then is logged, and what was there before stays in use.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from minidns.config import ForwardGroup, ResolverSettings, ServeSettings
from minidns.resolver.model import Upstream
from minidns.server.apart import in_thread
from minidns.server.conflicts import is_this_server, listened_at
from minidns.server.name_lists import NameLists, list_files, read_name_lists
from minidns.server.shadowed_hosts import find_shadowed
from minidns.server.start_error import StartError
from minidns.server.system_resolvers import SystemResolvers
from minidns.server.watch import Watch
from minidns.sockets.listen_address import BadListenAddress
from minidns.upstream.address import show_upstream
from minidns.zone.faults import ERROR
from minidns.zone.fingerprint import Fingerprint, fingerprint_of
from minidns.zone.model import Catalog, Fault

POLL = 1.0  # seconds between two looks, as at zone files

log = logging.getLogger(__name__)


class Sources(NamedTuple):
    """`system` is None where the user has said who is asked about all names.

    `seen`: the lists as they were.
    """

    lists: NameLists
    seen: Fingerprint
    system: SystemResolvers | None


def read_sources(
    settings: ServeSettings, report: Callable[[list[Fault]], None]
) -> tuple[ServeSettings, Sources | None]:
    """The settings with the system's resolvers for names of which nothing is said (as dnsmasq).

    None where nothing outside of the zones is answered. Raises StartError.
    """
    resolver = settings.resolver
    if not (resolver.is_on or resolver.hosts):
        return settings, None
    seen = fingerprint_of(list_files(resolver))
    lists = read_name_lists(resolver)
    report(lists.faults)
    if errors := sum(fault.severity == ERROR for fault in lists.faults):
        raise StartError(f"not started: hosts files or block lists have errors ({errors})")
    system = None
    groups = resolver.forward or ()
    if resolver.is_on and not any(group.domain == "." for group in groups):
        system = _system_resolvers(settings)
        found = system.read()
        _log_messages(found.messages)
        group = ForwardGroup(tuple(map(show_upstream, found.upstreams)))
        settings = replace(settings, resolver=replace(resolver, forward=(group, *groups)))
    return settings, Sources(lists, seen, system)


async def follow_sources(
    settings: ResolverSettings,
    sources: Sources,
    take_lists: Callable[[NameLists], None],
    take_upstreams: Callable[[tuple[Upstream, ...]], None],
    poll: float = POLL,
    catalogs: Callable[[], Iterable[Catalog]] = tuple,
) -> None:
    """Until it is cancelled. `catalogs` are the zones that come before hosts files."""
    watch = Watch([sources.seen])
    system = sources.system
    while True:
        await asyncio.sleep(poll)
        try:
            if watch.has_settled(await in_thread(watch.look)):
                await _read_lists_again(settings, watch, take_lists, catalogs)
            if system is not None and await in_thread(system.has_changed):
                found = await in_thread(system.read)
                _log_messages(found.messages)
                take_upstreams(found.upstreams)
                shown = ", ".join(map(show_upstream, found.upstreams)) or "nobody"
                log.info("the system's resolvers have changed: other names from %s", shown)
        except Exception:  # a fault of ours must not be the end of all looks
            log.exception("files beside the zones could not be followed")


async def _read_lists_again(
    settings: ResolverSettings,
    watch: Watch,
    take: Callable[[NameLists], None],
    catalogs: Callable[[], Iterable[Catalog]],
) -> None:
    seen = fingerprint_of(list_files(settings))
    lists = await in_thread(lambda: read_name_lists(settings))
    shadowed = await in_thread(lambda: shadowed_in(settings, lists, catalogs()))
    for fault in lists.faults + shadowed:
        log.log(logging.ERROR if fault.severity == ERROR else logging.WARNING, "%s", fault)
    watch.expect([seen])
    if any(fault.severity == ERROR for fault in lists.faults):
        log.error("hosts files and block lists are used as before")
        return
    take(lists)
    counts = len(lists.hosts or ()), len(lists.block or ())
    log.info("hosts files and block lists are read again: %d names, %d entries", *counts)


def shadowed_in(
    settings: ResolverSettings, lists: NameLists, catalogs: Iterable[Catalog]
) -> list[Fault]:
    """Warnings about names of hosts files that zones have, each once."""
    groups = settings.forward or ()
    found = {
        fault: None
        for catalog in catalogs
        for fault in find_shadowed(settings.hosts, lists.hosts, groups, catalog)
    }
    return list(found)


def _system_resolvers(settings: ServeSettings) -> SystemResolvers:
    try:
        listened = listened_at(settings.listen)
    except BadListenAddress:  # said where it is bound
        listened = []
    return SystemResolvers(lambda upstream: is_this_server(upstream, listened))


def _log_messages(messages: tuple[str, ...]) -> None:
    for message in messages:
        log.warning("%s", message)
