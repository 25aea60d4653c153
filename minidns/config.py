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
class ForwardGroup:
    """Who is asked about the names at and below a domain, as the user wrote it."""

    upstreams: tuple[str, ...]  # 9.9.9.9, tls://9.9.9.9#dns.quad9.net; none: never forwarded
    domain: str = "."
    policy: str = "in_order"  # or fastest, race
    trust_ad: bool = False  # believe the AD bit of its replies, RFC 6840 section 5.7
    clients: tuple[str, ...] = ()  # networks for which it is; none: for all


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """Names that are not to be found."""

    files: tuple[Path, ...] = ()
    allow: tuple[Path, ...] = ()  # lists of names that are never blocked
    answer: str = "nxdomain"  # or nodata, or an address


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Sizes in octets, durations in seconds."""

    size: int = 64 * 2**20  # Unbound: 4 MiB and 4 MiB
    max_ttl: int = 86_400  # Unbound's cache-max-ttl
    max_negative_ttl: int = 3_600  # RFC 2308 section 5 recommends one to three hours
    failure: float = 5.0  # RFC 9520 section 3.2
    max_failure: float = 60.0  # after doubling; RFC 2308 section 7 bounds it to 300
    stale: int = 86_400  # how long after its end an answer may serve, RFC 8767 section 5; 0: never
    stale_ttl: int = 30  # seconds that clients keep such an answer, RFC 8767 section 4
    stale_after: float = 1.8  # RFC 8767 section 5's client response timer
    stale_recheck: float = 30.0  # RFC 8767 section 5's failure recheck timer
    file: Path | None = None  # keeps it over a restart; with workers each has one of its own


@dataclass(frozen=True, slots=True)
class ResolverLimits:
    """Numbers of queries, durations in seconds."""

    waiting: int = 1_024  # client queries that wait for an upstream; BIND 1,000
    waiting_per_client: int = 200
    waiting_per_name: int = 100
    waiting_per_upstream: int = 512  # queries under way to one
    attempt: float = 1.0  # CoreDNS 2 s, PowerDNS 1.5 s
    attempts: int = 3
    query: float = 4.5  # all attempts; below the 5 s of glibc's stub
    chain: int = 11  # CNAMEs in a row; BIND 11, Unbound 11
    upstream_queries: int = 12  # of one client query; Unbound's max-sent-count is 32
    failures: int = 3  # in a row, until an upstream is put aside
    probe: float = 1.0  # until an upstream that is put aside is tried again, doubled each time
    max_probe: float = 60.0  # RFC 2308 section 7.2 bounds it to 300
    upstream_payload: int = 1_232  # octets offered over UDP, RFC 9715
    upstream_idle: float = 10.0  # of a TCP or TLS connection, RFC 7766 section 6.2.3


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """Names that no zone here holds."""

    is_on: bool = True
    # Of names that no group is for the system's resolvers are asked; of none where it is ().
    forward: tuple[ForwardGroup, ...] | None = None
    allow: tuple[str, ...] | None = None  # who may ask; None: private networks
    open_resolver: bool = False  # anybody may ask, or whoever `allow` says; RFC 5358 has why not
    private_domains: tuple[str, ...] = ()  # names that may have private addresses
    hosts: tuple[Path, ...] = ()
    block: BlockSettings = field(default_factory=BlockSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    tls_ca_file: Path | None = None  # certificates that upstreams' are checked with
    limits: ResolverLimits = field(default_factory=ResolverLimits)


@dataclass(frozen=True, slots=True)
class ZoneView:
    """Zones that clients of some networks alone are answered from."""

    path: Path
    clients: tuple[str, ...]


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
    auto_ptr: bool = False  # PTR made of A and AAAA, for reverse zones that lack them
    views: tuple[ZoneView, ...] = ()
    cache_dir: Path | None = None  # for snapshots of large zones; None: there are none
    control: Path | None = None  # the Unix socket that commands ask; None: a default place
    trace: bool = False  # a line for each query on standard error
    resolver: ResolverSettings = field(default_factory=lambda: ResolverSettings(is_on=False))
    limits: Limits = field(default_factory=Limits)
