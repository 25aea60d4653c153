"""What does not go together in settings, wherever each of them comes from.

An open resolver that was not asked for (RFC 5358), a server that would forward to itself.
"""

from minidns.config import DEFAULT_LISTEN, ServeSettings
from minidns.resolver.networks import BadNetwork, is_public_at_large, parse_network
from minidns.server.own_addresses import is_own_address
from minidns.sockets.listen_address import BadListenAddress, parse_listen_address
from minidns.upstream.address import BadUpstream, is_listened_at, parse_upstream


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
        if is_listened_at(upstream, listened, is_own_address):
            found.append(f"--forward: '{text}' is this server itself: name another resolver")
    return found


def listened_at(listen: tuple[str, ...]) -> list[tuple[str, int]]:
    """Addresses and ports that texts as in `ServeSettings.listen` stand for."""
    addresses = map(parse_listen_address, listen or DEFAULT_LISTEN)
    return [(host, address.port) for address in addresses for host in address.hosts]
