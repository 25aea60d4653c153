"""Networks of clients: who may ask, and who sees what.

Texts are read once; a client is looked for by the 4 or 16 octets of its address, and an IPv4
address mapped into IPv6 (RFC 4291 section 2.5.5.2) counts as the IPv4 address, on both sides.
What is open to the public must not happen by accident (RFC 5358).
"""

import ipaddress
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

# To whom recursion is offered by default: RFC 1122, 1918, 6598, 3927, 4193, 4291.
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
)
# Public addresses that one operator may have; who serves more serves everybody.
MAX_PUBLIC_IPV4 = 2**28  # sixteen /8, a sixteenth of all
MAX_PUBLIC_IPV6 = 2**112  # a /16; regional registries get /12

_MAPPED = bytes(10) + b"\xff\xff"
_MAPPED_NETWORK = IPv6Network("::ffff:0:0/96")
_FORMS = "write 192.0.2.0/24, 2001:db8::/32, or one address"

Network = IPv4Network | IPv6Network


class BadNetwork(ValueError):
    """A text that is no network; the message says what would be right."""


def parse_network(text: str) -> Network:
    """An address with prefix length, or one address. Raises BadNetwork."""
    address, slash, length = text.strip().partition("/")
    if "%" in address:
        raise BadNetwork(f"'{text}': a network has no interface: leave '%' and what follows out")
    if slash and not (length.isascii() and length.isdigit()):
        raise BadNetwork(f"'{text}': '{length}' is no prefix length: {_FORMS}")
    try:
        base = ipaddress.ip_address(address)
    except ValueError:
        raise BadNetwork(f"'{text}' is no network: {_FORMS}") from None
    if not slash:
        return _unmap(ipaddress.ip_network(address))
    if len(length) > 3 or int(length) > base.max_prefixlen:
        raise BadNetwork(
            f"'{text}': the prefix of an IPv{base.version} network has 0 to {base.max_prefixlen} "
            "bits"
        )
    network = ipaddress.ip_network(f"{address}/{int(length)}", strict=False)
    if network.network_address != base:
        raise BadNetwork(
            f"'{text}' has bits behind its prefix: write {network} for the network, "
            f"{base} for the address alone"
        )
    return _unmap(network)


class Networks:
    """A set of networks. `octets in networks`: whether it holds a client's address."""

    __slots__ = ("_first", "_ipv4", "_ipv6")

    def __init__(self, networks: Iterable[Network]) -> None:
        listed = list(networks)
        self._ipv4 = _by_length(listed, 4)
        self._ipv6 = _by_length(listed, 6)
        # Octets that an address in one of them may begin with: nearly all others are told by that.
        self._first = {4: _first_octets(listed, 4), 16: _first_octets(listed, 6) | {_MAPPED[0]}}

    def __contains__(self, octets: object) -> bool:
        if not isinstance(octets, bytes) or not octets:
            return False
        if octets[0] not in self._first.get(len(octets), ()):
            return False
        held = self._ipv4
        if len(octets) == 16:
            if octets[:12] == _MAPPED:
                octets = octets[12:]
            else:
                held = self._ipv6
        value = int.from_bytes(octets, "big")
        for shift, prefixes in held:  # noqa: SIM110 - any() costs twice as much
            if value >> shift in prefixes:
                return True
        return False

    def longest_prefix(self, octets: bytes) -> int:
        """Bits of the longest prefix that holds the address, -1 where none does.

        Bits of IPv4 networks count as in IPv6 (96 more), so that they compare.
        """
        tables = self._ipv6
        if len(octets) == 4 or octets[:12] == _MAPPED:
            octets, tables = octets[-4:], self._ipv4
        value = int.from_bytes(octets, "big")
        lengths = (128 - shift for shift, held in tables if value >> shift in held)
        return max(lengths, default=-1)


def parse_networks(texts: Iterable[str]) -> Networks:
    """Raises BadNetwork for the first that is none."""
    return Networks(map(parse_network, texts))


def is_public_at_large(networks: Iterable[Network]) -> bool:
    """Whether the networks together hold more public addresses than one operator may have."""
    ipv4, ipv6 = 0, 0
    for network in _without_overlap(networks):
        size = network.num_addresses - _private_in(network)
        if network.version == 4:
            ipv4 += size
        else:
            ipv6 += size
    return ipv4 > MAX_PUBLIC_IPV4 or ipv6 > MAX_PUBLIC_IPV6


def _unmap(network: Network) -> Network:
    if network.version == 6 and network.subnet_of(_MAPPED_NETWORK):
        base = IPv4Network(int(network.network_address) & 0xFFFFFFFF)
        return IPv4Network((base.network_address, network.prefixlen - 96))
    return network


def _by_length(networks: Iterable[Network], version: int) -> tuple[tuple[int, frozenset[int]], ...]:
    """Bits to shift away, and what must be left, for each length; the shortest prefix first."""
    by_shift: dict[int, set[int]] = {}
    for network in networks:
        if network.version == version:
            shift = network.max_prefixlen - network.prefixlen
            by_shift.setdefault(shift, set()).add(int(network.network_address) >> shift)
    return tuple((shift, frozenset(by_shift[shift])) for shift in sorted(by_shift, reverse=True))


def _first_octets(networks: Iterable[Network], version: int) -> frozenset[int]:
    return frozenset(
        octet
        for network in networks
        if network.version == version
        for octet in range(network[0].packed[0], network[-1].packed[0] + 1)
    )


def _without_overlap(networks: Iterable[Network]) -> list[Network]:
    listed = list(networks)
    ipv4 = [network for network in listed if isinstance(network, IPv4Network)]
    ipv6 = [network for network in listed if isinstance(network, IPv6Network)]
    return [*ipaddress.collapse_addresses(ipv4), *ipaddress.collapse_addresses(ipv6)]


def _private_in(network: Network) -> int:
    """How many addresses of the network are private."""
    number = 0
    for private in map(parse_network, PRIVATE_NETWORKS):
        if private.version == network.version and private.overlaps(network):
            number += min(private.num_addresses, network.num_addresses)
    return number
