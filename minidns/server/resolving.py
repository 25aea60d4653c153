"""What resolves names that no zone here holds, put together from the settings."""

import secrets
import time
from collections.abc import Callable

from minidns.config import ResolverSettings
from minidns.resolver.cache import Cache
from minidns.resolver.cached_answer import Hit
from minidns.resolver.model import Group, Policy
from minidns.resolver.networks import PRIVATE_NETWORKS, parse_networks
from minidns.resolver.resolver import Resolver
from minidns.resolver.upstream_address import parse_upstream
from minidns.responder.outside import Outside, PublicAnswers
from minidns.upstream.exchange import Upstreams
from minidns.wire.name import name_from_text
from minidns.zone.model import Catalog
from minidns.zone.special_use import special_use_zones

# What no public name may lead to, besides private networks: this host, and any (RFC 6890).
_NEVER_PUBLIC = ("0.0.0.0/8", "::/128")


class Resolving:
    """Of one process. Texts in the settings have been checked."""

    def __init__(self, settings: ResolverSettings) -> None:
        self.groups = groups_of(settings)
        trusted = {
            upstream for group in self.groups if group.trust_ad for upstream in group.upstreams
        }
        self.upstreams = Upstreams(settings.tls_ca_file, trusted.__contains__)
        self.cache = Cache(settings.cache.size)
        private = (*map(str, PRIVATE_NETWORKS), *_NEVER_PUBLIC)
        allowed = settings.allow
        self.resolver: Resolver[Hit]
        self.outside = Outside(
            self.groups,
            parse_networks(map(str, PRIVATE_NETWORKS) if allowed is None else allowed),
            parse_networks(private),
            [name_from_text(f"{name.rstrip('.')}.").lower() for name in settings.private_domains],
            Catalog(special_use_zones()),
            self.cache,
            self._make_resolver,
            time.monotonic,
        )

    async def close(self) -> None:
        """Who waits gets SERVFAIL; no connection is left."""
        await self.outside.close()
        await self.upstreams.close()

    def _make_resolver(
        self, answers: PublicAnswers, is_ours: Callable[[Group, bytes], bool]
    ) -> Resolver[Hit]:
        self.resolver = Resolver(
            answers, self.upstreams.exchange, time.monotonic, secrets.token_bytes, is_ours
        )
        return self.resolver


def groups_of(settings: ResolverSettings) -> list[Group]:
    """Each with a number of its own."""
    return [
        Group(
            number,
            name_from_text(f"{group.domain.rstrip('.')}.").lower(),
            tuple(parse_upstream(text) for text in group.upstreams),
            Policy(group.policy),
            group.trust_ad,
        )
        for number, group in enumerate(settings.forward or (), start=1)
    ]
