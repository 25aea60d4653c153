"""Typed, frozen settings of a server: every number with its unit and its reason.

Only `cli` and `server` know these; the layers below take plain values.
"""

from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_PORT = 5053  # 53 needs privileges, 5353 collides with mDNS
# 127.0.0.1 and ::1 on one port number; a machine without IPv6 serves the first alone
DEFAULT_LISTEN = (f"localhost:{DEFAULT_PORT}",)
DEFAULT_ZONES = Path("zones")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in octets, durations in seconds."""

    udp_payload: int = 1232  # DNS flag day 2020, RFC 9715
    tcp_connections: int = 150  # in all; RFC 9210 section 4.5's example
    tcp_connections_per_address: int = 25  # RFC 9210 section 4.5's example
    tcp_idle: float = 10.0  # RFC 7766 section 6.2.3, RFC 9210
    tcp_first_message: float = 10.0  # RFC 9210 section 4.5
    tcp_message: float = 2.0  # from the first octet of a message to its last; Knot: 0.5 s
    tcp_in_flight: int = 32  # queries of one connection; BIND 23, Knot Resolver 100
    tcp_unsent: int = 65_536  # octets that a peer may leave unread before reading stops
    tcp_write_stall: float = 5.0  # a peer that reads nothing for so long is dropped
    answer_cache: int = 32 * 2**20  # octets for each of UDP and TCP
    udp_buffer: int = 4 * 2**20  # octets asked of the kernel; it grants net.core.rmem_max
    stop_grace: float = 4.5  # for what is in flight at the end; gone within 5 s, docker kills at 10
    reload_poll: float = 1.0  # between two looks at the zone files; a change is seen within two
    worker_quick_end: float = 10.0  # a worker that ends sooner after its start ended quickly
    worker_quick_ends: int = 6  # one after the other, then the server ends
    worker_backoff: float = 0.1  # before the second replacement of such a row, doubled each time


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What `minidns serve` was asked for."""

    zones: tuple[Path, ...] = (DEFAULT_ZONES,)
    listen: tuple[str, ...] = ()  # empty: DEFAULT_LISTEN
    strict: bool = False  # a zone with a fault ends the start
    reuse_port: bool = False  # SO_REUSEPORT
    workers: int = 1  # processes that answer; with more than one another looks after them
    nsid: str = ""  # RFC 5001
    chaos_version: str = ""  # version.bind
    chaos_identity: str = ""  # id.server, RFC 4892
    rotate: bool = False  # turn the records of a set from answer to answer
    limits: Limits = field(default_factory=Limits)
