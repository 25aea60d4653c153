"""What the transports count: plain integers, raised on the event loop, read by anyone at any time.

Each goes up only, except where it says "now". Octets of UDP are those of messages.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class UdpCounters:
    """Of one UDP socket."""

    queries: int = 0  # datagrams received
    query_octets: int = 0
    replies: int = 0  # datagrams that the kernel took
    reply_octets: int = 0  # of these
    from_cache: int = 0  # queries answered without calling respond()
    dropped_port: int = 0  # not answered, the source port is one that reflects (X02)
    dropped_send: int = 0  # replies refused: buffer full, no route, firewall, too long
    dropped_busy: int = 0  # queries not answered, too many were in flight
    failed: int = 0  # replies that never came: respond()'s awaitable raised
    receive_errors: int = 0  # receiving failed otherwise than with "nothing there"
    in_flight: int = 0  # now: queries whose reply is awaited


@dataclass(slots=True)
class TcpCounters:
    """Of all connections of one TCP server."""

    queries: int = 0
    replies: int = 0  # written to the connection
    octets_in: int = 0  # of the streams, lengths included
    octets_out: int = 0
    from_cache: int = 0
    failed: int = 0
    accepted: int = 0
    refused: int = 0  # connections over a limit, closed at once
    evicted: int = 0  # idle connections closed to make room for a newcomer
    timed_out: int = 0  # closed by the idle, first-message or message time-out
    stalled: int = 0  # aborted, the peer did not read
    accept_failures: int = 0  # accept() failed for want of descriptors or memory
    in_flight: int = 0  # now
    connections: int = 0  # now
