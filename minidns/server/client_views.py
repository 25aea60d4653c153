"""Which classes of clients the settings make: what zones they see, whom is asked for them.

None where all clients are answered alike: without a resolver, and without views. Classes that see
the same have one sight, and share what is kept of other names.
"""

from typing import NamedTuple

from minidns.config import ForwardGroup, ResolverSettings, ServeSettings
from minidns.resolver.networks import PRIVATE_NETWORKS, parse_network
from minidns.responder.client_classes import ClientClasses

_EVERYBODY = ("0.0.0.0/0", "::/0")


class ClientViews(NamedTuple):
    """By class: the numbers of the `views`, from 1, that it sees; its sight; whether it `resolves`.

    `groups` are by sight: who is asked about other names; so are `sight_texts`, which of the views
    it has, in words that mean the same after a restart.
    """

    classes: ClientClasses
    views: tuple[frozenset[int], ...]
    sights: tuple[int, ...]
    resolves: tuple[bool, ...]
    groups: tuple[tuple[ForwardGroup, ...], ...]
    sight_texts: tuple[str, ...] = ()


def allowed_networks(settings: ResolverSettings) -> tuple[str, ...]:
    """Whose clients may have names resolved."""
    if settings.allow is not None:
        return settings.allow
    return _EVERYBODY if settings.open_resolver else tuple(map(str, PRIVATE_NETWORKS))


def client_views_of(settings: ServeSettings) -> ClientViews | None:
    """None where all clients are answered alike. Texts in the settings have been checked."""
    resolver = settings.resolver
    has_others = resolver.is_on or bool(resolver.hosts)
    if not settings.views and not has_others:
        return None
    groups = (resolver.forward or ()) if resolver.is_on else ()
    lists = [view.clients for view in settings.views] + [group.clients for group in groups]
    allow = len(lists)
    if has_others:
        lists.append(allowed_networks(resolver))
    classes = ClientClasses([list(map(parse_network, clients)) for clients in lists])
    count = len(settings.views)
    views = tuple(
        frozenset(one + 1 for one in members if one < count) for members in classes.members
    )
    asked = [
        _groups_for(groups, {one - count for one in members if count <= one < allow})
        for members in classes.members
    ]
    seen = list(dict.fromkeys(zip(views, asked, strict=True)))
    return ClientViews(
        classes,
        views,
        tuple(seen.index(sight) for sight in zip(views, asked, strict=True)),
        tuple(allow in members for members in classes.members),
        tuple(of_sight for _, of_sight in seen),
        tuple(_text_of(settings, numbers) for numbers, _ in seen),
    )


def _text_of(settings: ServeSettings, numbers: frozenset[int]) -> str:
    views = [settings.views[number - 1] for number in sorted(numbers)]
    return repr([(str(view.path), view.clients) for view in views])


def _groups_for(groups: tuple[ForwardGroup, ...], own: set[int]) -> tuple[ForwardGroup, ...]:
    """For each domain the first that is for these clients, else that which is for all."""
    found: dict[str, ForwardGroup] = {}
    for group in [groups[number] for number in sorted(own)] + [
        group for group in groups if not group.clients
    ]:
        found.setdefault(group.domain.rstrip(".").lower(), group)
    return tuple(found.values())
