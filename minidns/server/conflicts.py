"""What does not go together in settings, wherever each of them comes from.

An open resolver that was not asked for (RFC 5358), a server that would forward to itself.
"""

from collections.abc import Sequence

from minidns.config import DEFAULT_LISTEN, ServeSettings
from minidns.resolver.model import Upstream
from minidns.resolver.networks import BadNetwork, is_public_at_large, parse_network
from minidns.server.own_addresses import is_own_address
from minidns.sockets.listen_address import BadListenAddress, parse_listen_address
from minidns.upstream.address import DNS_PORT, BadUpstream, is_listened_at, parse_upstream

# Docker's resolver, in every container of a network of its own. Its firewall rules there lead
# queries past whatever is bound at 0.0.0.0:53, and nobody else uses the address.
DOCKER = "127.0.0.11"


def find_conflicts(settings: ServeSettings) -> list[str]:
    """What is wrong with settings of which the command line gave a part: a line for each."""
    found: list[str] = []
    resolver = settings.resolver
    networks = []
    for text in resolver.allow or ():
        try:
            networks.append(parse_network(text))
        except BadNetwork as error:
            found.append(f"--allow: {error}")
    if is_public_at_large(networks) and not resolver.open_resolver:
        found.append(
            "--allow: these networks are open to the public: name your own networks, "
            "or say 'open_resolver: true' in the configuration file"
        )
    try:
        listened = listened_at(settings.listen)
    except BadListenAddress as error:
        return [*found, f"--listen: {error}"]
    for text in (one for group in resolver.forward or () for one in group.upstreams):
        try:
            upstream = parse_upstream(text)
        except BadUpstream as error:
            found.append(f"--forward: {error}")
            continue
        if is_this_server(upstream, listened):
            found.append(f"--forward: '{text}' is this server itself: name another resolver")
    return found


def is_this_server(upstream: Upstream, listened: Sequence[tuple[str, int]]) -> bool:
    """Whether a query to `upstream` would come back; `listened` as of `listened_at`.

    Where docker is not there after all the resolver finds the loop by its first queries.
    """
    if (upstream.address, upstream.port) == (DOCKER, DNS_PORT):
        listened = [one for one in listened if one[0] == DOCKER]
    return is_listened_at(upstream, listened, is_own_address)


def listened_at(listen: tuple[str, ...]) -> list[tuple[str, int]]:
    """Addresses and ports that texts as in `ServeSettings.listen` stand for."""
    addresses = map(parse_listen_address, listen or DEFAULT_LISTEN)
    return [(host, address.port) for address in addresses for host in address.hosts]
