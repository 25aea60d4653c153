"""What is measured: each scenario is a dataset, its queries, a client, and what must come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from bench import queries
from bench.queries import Queries


class Client(Enum):
    """Who asks, and how the servers are driven."""

    UDP = "udp"  # dnsperf, 100 queries under way
    TCP = "tcp"  # dnsperf, pipelined
    TCP_SINGLE = "tcp-single"  # bench/tcp_single.py: one query a connection


class Need(Enum):
    """What a scenario asks of a server that not every one can do."""

    TCP = "TCP"
    LONG_CONNECTIONS = "hundreds of queries on a TCP connection"
    WILDCARD = "a wildcard"
    YAML = "YAML zones"
    MANY = "a great many records or zones"


@dataclass(frozen=True)
class Scenario:
    """One kind of load. `shares` are the rcodes that must come back, as parts of all answers.

    `sockets`, `under_way`, `rate` and `pace` are for each worker of a server: one with two workers
    gets twice the load, so that each of them has what the only one of the other has.
    """

    name: str
    describes: str
    queries: Queries | None  # None: only the start is measured
    shares: Mapping[str, float] = field(default_factory=lambda: {"NOERROR": 1.0})
    dataset: str = "hosts"
    client: Client = Client.UDP
    sockets: int = 1  # of the client
    under_way: int = 100  # queries, without a rate
    rate: int | None = None  # queries a second; None: as many as the server answers
    pace: int = 10_000  # queries a second of the run for latencies
    is_fresh: bool = False  # each run has queries that no run had before
    is_once: bool = False  # and none of them is sent twice
    workers: int = 1  # of minidns; with more, minidns with one is compared, and no other server
    cores: int = 1  # that those workers have; the client has the last of two
    needs: frozenset[Need] = frozenset()
    is_slow: bool = False  # runs only when it is named

    def for_workers(self, workers: int) -> "Scenario":
        """The load for a server that has so many."""
        return replace(
            self,
            sockets=self.sockets * workers,
            under_way=self.under_way * workers,
            rate=None if self.rate is None else self.rate * workers,
            pace=self.pace * workers,
        )


_UNDER_WAY = "100 queries under way"
_TCP = frozenset({Need.TCP, Need.LONG_CONNECTIONS})
_NXDOMAIN = queries.MIX["NXDOMAIN"] / sum(queries.MIX.values())

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("udp-repeated", "UDP, names that repeat", queries.repeated),
        Scenario(
            "udp-mixed",
            "UDP, mixed load",
            queries.mixed,
            {"NOERROR": 1 - _NXDOMAIN, "NXDOMAIN": _NXDOMAIN},
            is_fresh=True,
            needs=frozenset({Need.WILDCARD}),
        ),
        Scenario(
            "udp-nxdomain",
            "UDP, random names, NXDOMAIN",
            queries.nxdomain,
            {"NXDOMAIN": 1.0},
            is_fresh=True,
        ),
        Scenario(
            "udp-cookie", "UDP, a fresh cookie in each query", queries.fresh_cookie, is_fresh=True
        ),
        Scenario("udp-case", "UDP, mixed case (0x20)", queries.mixed_case, is_fresh=True),
        Scenario("udp-do", "UDP, DO=1", queries.dnssec_ok),
        Scenario("udp-10k", "UDP, 10,000 queries a second", queries.repeated, rate=10_000),
        Scenario(
            "tcp-pipelined",
            "TCP, 8 connections, pipelined",
            queries.repeated,
            client=Client.TCP,
            sockets=8,
            needs=_TCP,
        ),
        Scenario(
            "tcp-single",
            "TCP, one query a connection",
            queries.repeated,
            client=Client.TCP_SINGLE,
            sockets=8,
            needs=frozenset({Need.TCP}),
        ),
        *(
            Scenario(
                f"{kind}-{name}",
                f"{kind.upper()}, 2 workers {where}, 32 sockets and {load} for each",
                queries.repeated,
                client=client,
                sockets=32,
                rate=rate,
                workers=2,
                cores=cores,
                needs=needs,
            )
            for name, where, cores, load, rate in (
                ("workers", "on 2 cores", 2, _UNDER_WAY, None),
                ("workers-paced", "on 2 cores", 2, "40,000 queries a second", 40_000),
                ("workers-1-core", "on 1 core", 1, _UNDER_WAY, None),
            )
            for kind, client, needs in (
                ("udp", Client.UDP, frozenset[Need]()),
                ("tcp", Client.TCP, _TCP),
            )
        ),
        Scenario(
            "start",
            "start to the first answer, `zones/`",
            None,
            dataset="sample",
            needs=frozenset({Need.TCP, Need.YAML}),
        ),
        Scenario(
            "records-1000000",
            "UDP, names that repeat, 1,000,000 records",
            queries.repeated,
            dataset="records-1000000",
            needs=frozenset({Need.MANY}),
            is_slow=True,
        ),
        Scenario(
            "zones-10000",
            "UDP, names that repeat, 10,000 zones of 10 records",
            queries.repeated_zones,
            dataset="zones-10000",
            needs=frozenset({Need.MANY}),
            is_slow=True,
        ),
    )
}
