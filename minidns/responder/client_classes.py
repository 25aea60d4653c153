"""Clients that see the same: one class for all whose addresses are in the same lists of networks.

Views and groups of upstreams name networks. A class is known by the lists that it is in, and there
are no more of them than networks that differ, however many clients there are. Each has answers of
its own, so that none is ever given to a client of another one. Class 0 is in no list.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from minidns.resolver.networks import Network, Networks
from minidns.responder.responder import Responder
from minidns.responder.via import Via

_CLIENTS = 8192  # remembered; a flood of forged addresses costs some microseconds each

T = TypeVar("T")


class ClientClasses:
    """`members` are the numbers of the lists that each class is in."""

    def __init__(self, lists: Sequence[Sequence[Network]]) -> None:
        self._lists = [Networks(networks) for networks in lists]
        self.members: list[frozenset[int]] = [frozenset()]
        for network in sorted({one for networks in lists for one in networks}, key=str):
            # Networks are nested or apart, so that the narrowest that holds a client decides.
            held_by = frozenset(
                number for number, networks in enumerate(lists) if _holds(networks, network)
            )
            if held_by not in self.members:
                self.members.append(held_by)
        self._numbers = {held_by: number for number, held_by in enumerate(self.members)}

    def class_of(self, client: bytes) -> int:
        """Of an address of 4 or 16 octets."""
        return self._numbers[
            frozenset(number for number, networks in enumerate(self._lists) if client in networks)
        ]


class ByClient(dict[bytes, T], Generic[T]):
    """What clients have by their addresses, which is that of their class; for every address."""

    def __init__(self, class_of: Callable[[bytes], int], values: Sequence[T]) -> None:
        """`values` by class."""
        super().__init__()
        self._class_of = class_of
        self._values = values

    def __missing__(self, client: bytes) -> T:
        if len(self) >= _CLIENTS:
            self.clear()
        value = self[client] = self._values[self._class_of(client)]
        return value


def respond_by_class(
    class_of: Callable[[bytes], int], responders: Sequence[Responder]
) -> Callable[[bytes, bytes, Via], bytes | Awaitable[bytes] | None]:
    """As `Responder.respond`, by the one for the client's class."""
    by_client = ByClient(class_of, [each.respond for each in responders])

    def respond(wire: bytes, client: bytes, via: Via) -> bytes | Awaitable[bytes] | None:
        return by_client[client](wire, client, via)

    return respond


def _holds(networks: Sequence[Network], network: Network) -> bool:
    size, first = network.prefixlen, int(network.network_address)
    return any(
        one.version == network.version
        and one.prefixlen <= size
        and first >> (one.max_prefixlen - one.prefixlen)
        == int(one.network_address) >> (one.max_prefixlen - one.prefixlen)
        for one in networks
    )
