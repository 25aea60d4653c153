"""What is measured: each scenario is a query file, options for dnsperf, and what must come back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import zones


@dataclass(frozen=True)
class Scenario:
    """One kind of load. `rcodes` are the only ones that may come back, each at least once."""

    name: str
    describes: str
    queries: Callable[[int], Iterator[str]]  # of the number of hosts in the zone
    rcodes: frozenset[str]
    options: tuple[str, ...] = ()  # for dnsperf


NOERROR = frozenset({"NOERROR"})
NXDOMAIN = frozenset({"NXDOMAIN"})

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("udp-repeated", "UDP, names that repeat", zones.repeated, NOERROR),
        Scenario("udp-mixed", "UDP, mixed load", zones.mixed, NOERROR | NXDOMAIN),
        Scenario("udp-nxdomain", "UDP, random names, NXDOMAIN", zones.nxdomain, NXDOMAIN),
        Scenario(
            "tcp-pipelined",
            "TCP, 8 connections, pipelined",
            zones.repeated,
            NOERROR,
            ("-m", "tcp", "-c", "8"),
        ),
    )
}
DEFAULT = "udp-repeated"
