"""What resolves names that no zone here holds, put together from the settings."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

from minidns.config import ForwardGroup, ResolverLimits, ResolverSettings
from minidns.resolver.bounds import Bounds
from minidns.resolver.cache import Cache
from minidns.resolver.model import Group, Policy, Upstream
from minidns.resolver.networks import PRIVATE_NETWORKS, parse_networks
from minidns.resolver.resolver import Resolver
from minidns.responder.outside import Outside
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.routes import Routes
from minidns.server.apart import in_thread
from minidns.server.cache_file import CacheFile
from minidns.server.cache_terms import terms_of
from minidns.server.client_views import allowed_networks
from minidns.server.name_lists import NameLists
from minidns.server.sources import Sources, follow_sources
from minidns.upstream.address import parse_upstream
from minidns.upstream.exchange import Limits, Upstreams
from minidns.wire.name import ROOT, name_from_text
from minidns.zone.model import Catalog
from minidns.zone.special_use import special_use_zones

# What no public name may lead to, besides private networks: this host, and any (RFC 6890), all of
# a link, and the private networks that IPv6 had once (RFC 3879).
_NEVER_PUBLIC = ("0.0.0.0/8", "255.255.255.255/32", "::/128", "fec0::/10")
_SYNCING = 0.2  # seconds more for a disk, when the time to write is over

log = logging.getLogger(__name__)


class Resolving:
    """Of one process. Texts in the settings have been checked.

    `outsides` are by sight (`client_views`), which have the groups in `by_sight`; without it there
    is one. `worker` is its number among several.
    """

    def __init__(
        self,
        settings: ResolverSettings,
        by_sight: Sequence[Sequence[ForwardGroup]] | None = None,
        sources: Sources | None = None,
        sight_texts: Sequence[str] = (),
        worker: int = 0,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._following: asyncio.Task[None] | None = None
        self._by_sight = by_sight = by_sight or [settings.forward or ()]
        self._sight_texts = sight_texts or [""] * len(by_sight)
        self._sights = sights = _numbered(by_sight)
        self.groups = [group for groups in sights for group in groups]
        trusted = {
            upstream for group in self.groups if group.trust_ad for upstream in group.upstreams
        }
        self.upstreams = Upstreams(
            settings.tls_ca_file, trusted.__contains__, limits_of(settings.limits)
        )
        self.cache = Cache(settings.cache.size, settings.cache.stale, settings.cache.stale_ttl)
        self._file: CacheFile | None = None
        if settings.cache.file is not None:
            path = settings.cache.file
            path = path.with_name(f"{path.name}.{worker}") if worker else path
            self._file = CacheFile(path, self.cache, time.time, time.monotonic)
        answers = PublicAnswers(
            self.cache,
            self.groups,
            parse_networks((*PRIVATE_NETWORKS, *_NEVER_PUBLIC)),
            [_wire_of(name) for name in settings.private_domains],
        )
        self._all_routes = all_routes = [Routes(groups) for groups in sights]
        self.routes = all_routes[0]
        of_group = {
            group.number: routes
            for groups, routes in zip(sights, all_routes, strict=True)
            for group in groups
        }
        self.resolver = Resolver(
            answers,
            self.upstreams.exchange,
            time.monotonic,
            secrets.token_bytes,
            lambda group, name: of_group[group.number].is_ours(group, name),
            bounds_of(settings),
        )
        allowed = parse_networks(allowed_networks(settings))
        special = Catalog(special_use_zones())
        self.outsides = [
            Outside(routes, self.resolver, answers, allowed, special, time.monotonic)
            for routes in all_routes
        ]
        self.outside = self.outsides[0]
        self._lists = b""
        if sources is not None:
            self.take_lists(sources.lists)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take back what a file has kept. Follow files that the answers depend on, if any."""
        if self._file is not None:
            self._file.load(self._terms())
        sources = self._sources
        if sources is not None and (sources.seen or sources.system is not None):
            self._following = loop.create_task(
                follow_sources(
                    self._settings,
                    sources,
                    self.take_lists,
                    self.take_upstreams,
                    catalogs=lambda: [routes.catalog for routes in self._all_routes],
                )
            )

    def take_lists(self, lists: NameLists) -> None:
        """Go by other hosts files and block lists from now on."""
        self._lists = lists.digest
        for outside in self.outsides:
            outside.set_lists(lists.hosts, lists.block)

    def take_upstreams(self, upstreams: tuple[Upstream, ...]) -> None:
        """Ask these about all names that no group for a domain has."""
        for routes in self._all_routes:
            routes.set_upstreams(ROOT, upstreams)
        self._sights = [
            [one._replace(upstreams=upstreams) if one.domain == ROOT else one for one in groups]
            for groups in self._sights
        ]

    def domains_down(self) -> list[bytes]:
        """Of groups whose upstreams are all known to be dead, each once."""
        groups = [group for groups in self._sights for group in groups if group.upstreams]
        return list(dict.fromkeys(one.domain for one in groups if self.resolver.is_down(one)))

    async def close(self) -> None:
        """Who waits gets SERVFAIL; no connection is left."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        await self.outside.close()
        await self.upstreams.close()

    async def save(self, seconds: float) -> None:
        """Write the file that keeps the cache, if there is to be one. After `close`."""
        if (file := self._file) is None:
            return
        terms = self._terms()
        try:
            await asyncio.wait_for(in_thread(lambda: file.save(terms, seconds)), seconds + _SYNCING)
        except TimeoutError:
            log.warning("the cache is not kept: its disk takes too long")

    def forget_file(self) -> None:
        """For a flush of the cache."""
        if self._file is not None:
            self._file.forget()

    def _terms(self) -> dict[int, bytes]:
        """What the answers of each group depend on, by its number."""
        return {
            group.number: terms_of(
                group,
                said.clients,
                _sight_of(text, of_sight),
                groups,
                routes.catalog,
                self._settings,
                self._lists,
            )
            for groups, of_sight, text, routes in zip(
                self._sights, self._by_sight, self._sight_texts, self._all_routes, strict=True
            )
            for group, said in zip(groups, of_sight, strict=True)
        }


def bounds_of(settings: ResolverSettings) -> Bounds:
    """The numbers that the resolver keeps to."""
    limits, cache = settings.limits, settings.cache
    return Bounds(
        waiting=limits.waiting,
        waiting_per_client=limits.waiting_per_client,
        waiting_per_question=limits.waiting_per_name,
        attempt=limits.attempt,
        attempts=limits.attempts,
        queries=limits.upstream_queries,
        whole=limits.query,
        links=limits.chain,
        stale_after=cache.stale_after,
        failures_in_row=limits.failures,
        first_probe=limits.probe,
        last_probe=limits.max_probe,
        first_failure=cache.failure,
        last_failure=cache.max_failure,
        stale_recheck=cache.stale_recheck,
        max_ttl=cache.max_ttl,
        max_negative_ttl=cache.max_negative_ttl,
    )


def limits_of(limits: ResolverLimits) -> Limits:
    """The numbers that upstreams are asked within."""
    return Limits(
        limits.waiting, limits.waiting_per_upstream, limits.upstream_payload, limits.upstream_idle
    )


def _sight_of(views: str, groups: Sequence[ForwardGroup]) -> str:
    """What no other sight of the same settings has."""
    return views + repr(sorted((one.domain, one.clients) for one in groups if one.clients))


def _numbered(by_sight: Sequence[Sequence[ForwardGroup]]) -> list[list[Group]]:
    """Each with a number of its own: clients that see other zones share no answers."""
    numbers = count(1)
    return [
        [
            Group(
                next(numbers),
                _wire_of(group.domain),
                tuple(parse_upstream(text) for text in group.upstreams),
                Policy(group.policy),
                group.trust_ad,
            )
            for group in groups
        ]
        for groups in by_sight
    ]


def _wire_of(name: str) -> bytes:
    """Of an absolute name, with or without its final dot."""
    return name_from_text(f"{name.rstrip('.')}.").lower()
