"""The limits of DNS over TCP, and which connection a newcomer may take the place of.

RFC 7766 section 6.2 and RFC 9210 section 4 ask for each of them. No I/O and no clock: `now` is
given. Durations in seconds.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from minidns.responder.via import Via

# From this share of all connections on, clients are told to keep none open (RFC 7828 section 3.3.2)
# and idle ones are closed sooner.
PRESSURE = 0.9
PRESSED_IDLE_SECONDS = 1.0
_KEEPALIVE_UNITS = 10  # a second, RFC 7828 section 3.1: units of 100 milliseconds
_MAX_KEEPALIVE = 65535
_IPV6_OCTETS = 16
_PLACE_OCTETS = 8


@dataclass(frozen=True, slots=True)
class TcpLimits:
    """Defaults with their references."""

    connections: int = 150  # in all; RFC 9210 section 4.5's example
    connections_per_address: int = 25  # RFC 9210 section 4.5's example
    idle_seconds: float = 10.0  # RFC 7766 section 6.2.3, RFC 9210 section 4.5
    first_message_seconds: float = 10.0  # from accept() to the end of the first message
    message_seconds: float = 2.0  # from a message's first octet to its last; Knot: 0.5 s
    stall_seconds: float = 5.0  # a peer that reads so little that nothing can be written
    unsent_octets: int = 65536  # written and not taken by the kernel, then reading stops
    in_flight: int = 32  # awaited replies of one connection; BIND 23, Knot Resolver 100


class Connection(Protocol):
    """What the table has to know of a connection."""

    client: bytes

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything: no reply due, no message begun, nothing unsent."""

    @property
    def is_stalled(self) -> bool:
        """Whether it is the peer that is waited for: it reads too little."""


C = TypeVar("C", bound=Connection)


class ConnectionTable(Generic[C]):
    """All connections of a server, the one that was silent longest first.

    Keeps `via.keepalive` (RFC 7828) at the idle time-out, or 0 under pressure.
    """

    def __init__(self, limits: TcpLimits, via: Via) -> None:
        self._limits = limits
        self._via = via
        self._connections: OrderedDict[C, None] = OrderedDict()
        self._per_client: dict[bytes, int] = {}
        self._announce()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[C]:
        return iter(tuple(self._connections))

    @property
    def is_full(self) -> bool:
        """Whether a newcomer needs another's place."""
        return len(self._connections) >= self._limits.connections

    @property
    def is_pressed(self) -> bool:
        """Whether connections are getting scarce."""
        return len(self._connections) > PRESSURE * self._limits.connections

    @property
    def idle_seconds(self) -> float:
        """How long a connection that has been answered may be silent now."""
        idle = self._limits.idle_seconds
        return min(idle, PRESSED_IDLE_SECONDS) if self.is_pressed else idle

    def has_room_for(self, client: bytes) -> bool:
        """Whether this address, of IPv6 the /64, may have one more (RFC 7766 section 6.2.2)."""
        return self._per_client.get(_place_of(client), 0) < self._limits.connections_per_address

    def dispensable(self) -> C | None:
        """The idle connection that was silent longest; without one, of those that are stalled.

        Else peers that read just enough not to be timed out would keep all places.
        """
        idle = next((each for each in self._connections if each.is_idle), None)
        return idle or next((each for each in self._connections if each.is_stalled), None)

    def add(self, connection: C) -> None:
        """Count it. The caller has asked `has_room_for` and `is_full`."""
        self._connections[connection] = None
        client = _place_of(connection.client)
        self._per_client[client] = self._per_client.get(client, 0) + 1
        self._announce()

    def touch(self, connection: C) -> None:
        """It was active: make it the last to be closed for a newcomer."""
        self._connections.move_to_end(connection)

    def remove(self, connection: C) -> None:
        """Forget it; a second time is no fault."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        client = _place_of(connection.client)
        left = self._per_client.pop(client) - 1
        if left:
            self._per_client[client] = left
        self._announce()

    def _announce(self) -> None:
        units = round(self._limits.idle_seconds * _KEEPALIVE_UNITS)
        self._via.keepalive = 0 if self.is_pressed else min(units, _MAX_KEEPALIVE)


def _place_of(client: bytes) -> bytes:
    """One host has a whole /64 of IPv6 addresses to take (RFC 7934 section 6)."""
    return client[:_PLACE_OCTETS] if len(client) == _IPV6_OCTETS else client
