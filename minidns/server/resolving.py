"""What resolves names that no zone here holds, put together from the settings."""

import secrets
import time

from minidns.config import ResolverSettings
from minidns.resolver.cache import Cache
from minidns.resolver.model import Group, Policy
from minidns.resolver.networks import PRIVATE_NETWORKS, parse_networks
from minidns.resolver.resolver import Resolver
from minidns.responder.outside import Outside
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.routes import Routes
from minidns.upstream.address import parse_upstream
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
        answers = PublicAnswers(
            self.cache,
            self.groups,
            parse_networks((*PRIVATE_NETWORKS, *_NEVER_PUBLIC)),
            [_wire_of(name) for name in settings.private_domains],
        )
        self.routes = Routes(self.groups)
        self.resolver = Resolver(
            answers,
            self.upstreams.exchange,
            time.monotonic,
            secrets.token_bytes,
            self.routes.is_ours,
        )
        self.outside = Outside(
            self.routes,
            self.resolver,
            answers,
            parse_networks(PRIVATE_NETWORKS if settings.allow is None else settings.allow),
            Catalog(special_use_zones()),
            time.monotonic,
        )

    async def close(self) -> None:
        """Who waits gets SERVFAIL; no connection is left."""
        await self.outside.close()
        await self.upstreams.close()


def groups_of(settings: ResolverSettings) -> list[Group]:
    """Each with a number of its own."""
    return [
        Group(
            number,
            _wire_of(group.domain),
            tuple(parse_upstream(text) for text in group.upstreams),
            Policy(group.policy),
            group.trust_ad,
        )
        for number, group in enumerate(settings.forward or (), start=1)
    ]


def _wire_of(name: str) -> bytes:
    """Of an absolute name, with or without its final dot."""
    return name_from_text(f"{name.rstrip('.')}.").lower()
