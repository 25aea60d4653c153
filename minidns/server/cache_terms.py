"""What the answers of a group depend on: where all of it is the same, they may be used again.

Whom the group asks, about what, and for which clients; which names of a chain are not its own, as a
zone here, a list or another group has them; what is taken out of answers; how long they are kept.
"""

from collections.abc import Sequence
from hashlib import blake2b

from minidns.config import ResolverSettings
from minidns.resolver.model import Group
from minidns.wire.name import is_at_or_below
from minidns.zone.model import Catalog, Zone

SIZE = 16  # octets


def terms_of(
    group: Group,
    clients: Sequence[str],
    sight: str,
    siblings: Sequence[Group],
    catalog: Catalog,
    settings: ResolverSettings,
    lists: bytes,
) -> bytes:
    """16 octets. `siblings`: all groups of the sight, with `catalog`; `lists`: a digest of them.

    Which servers the other groups have makes no difference.
    """
    terms = blake2b(digest_size=SIZE)
    within = sorted(
        (one.domain, bool(one.upstreams))
        for one in siblings
        if is_at_or_below(one.domain, group.domain)
    )
    cache = settings.cache
    said = (
        group.domain,
        [tuple(map(str, upstream)) for upstream in group.upstreams],
        group.trust_ad,
        sorted(clients),
        sight,
        within,
        sorted(catalog.zones),
        sorted(settings.private_domains),
        (cache.max_ttl, cache.max_negative_ttl),
        lists,
    )
    terms.update(repr(said).encode())
    for origin, zone in sorted(catalog.zones.items()):
        if isinstance(zone, Zone) and zone.falls_through:  # any of its names may be the group's
            terms.update(repr((origin, sorted(zone.nodes.packed.items()))).encode())
    return terms.digest()
