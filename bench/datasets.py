"""What the servers serve: the same records as a master file for each peer and YAML for minidns.

Nothing here is random, so the same zones come out each time. Records stand in the order of their
owners, one line of the master file each, with absolute names: `owner type rdata`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ORIGIN = "bench.example."
HOSTS = 10_000  # in the zone of most scenarios
MANY_HOSTS = 625_000  # with MX for each tenth and IPv6 for each second: 1,000,000 records
MANY_ZONES = 10_000
PROBED = 50  # zones of many that are asked before a server counts as ready
SAMPLE = Path(__file__).parents[1] / "zones"

_FIRST_ADDRESS6 = int(IPv6Address("2001:db8::1"))

SOA = "hostmaster.{0} 1 7200 3600 1209600 300"


class Entry(NamedTuple):
    """One record; `owner` is relative to the zone, `@` for the apex."""

    owner: str
    type: str
    rdata: str


Zones = Iterable[tuple[str, Iterable[Entry]]]  # origin and records


@dataclass(frozen=True)
class Dataset:
    """Zones by the number of hosts, or of zones, that a run asks for. No records: SAMPLE."""

    name: str
    describes: str
    size: int
    zones: Callable[[int], Zones] | None


class Written(NamedTuple):
    """Files of a dataset."""

    masters: Mapping[str, Path]  # origin to master file; empty where there is none
    yaml: Path  # the directory of YAML zones
    origins: tuple[str, ...]  # zones that must answer before a server counts as ready


def write(dataset: Dataset, directory: Path, size: int) -> Written:
    """Write all zones below an empty directory."""
    if dataset.zones is None:
        return Written({}, SAMPLE, tuple(f"{path.stem}." for path in sorted(SAMPLE.glob("*.yaml"))))
    yaml = directory / "yaml"
    yaml.mkdir()
    masters = {}
    for origin, entries in dataset.zones(size):
        held = list(entries)
        masters[origin] = directory / f"{origin}zone"
        masters[origin].write_text(f"$ORIGIN {origin}\n$TTL 3600\n" + "".join(_master(held)))
        (yaml / f"{origin}yaml").write_text("---\n" + "".join(_yaml(held)))
    origins = list(masters)
    step = max(1, len(origins) // PROBED)
    return Written(masters, yaml, (*origins[::step], origins[-1]))


def host(number: int) -> str:
    """The label of a host of ORIGIN."""
    return f"host{number:05d}"


def zone_name(number: int) -> str:
    """The name of one of many zones."""
    return f"zone{number:05d}.example."


def one_zone(hosts: int) -> Zones:
    """An address for each host; IPv6 for each second, MX for each tenth; a wildcard."""
    yield ORIGIN, _hosts(hosts)


def many_zones(zones: int) -> Zones:
    """Ten records each."""
    for number in range(zones):
        yield zone_name(number), _small_zone(zone_name(number), number)


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("hosts", "1 zone, 10,000 names", HOSTS, one_zone),
        Dataset("records-1000000", "1 zone, 1,000,000 records", MANY_HOSTS, one_zone),
        Dataset("zones-10000", "10,000 zones of 10 records", MANY_ZONES, many_zones),
        Dataset("sample", "the directory `zones/`", 0, None),
    )
}


def _hosts(hosts: int) -> Iterator[Entry]:
    yield from _apex(ORIGIN)
    yield Entry("ns1", "A", "192.0.2.1")
    yield Entry("ns2", "A", "192.0.2.2")
    yield Entry("*.wild", "A", "192.0.2.3")
    for number in range(hosts):
        owner = host(number)
        yield Entry(owner, "A", _address(number))
        if number % 2 == 0:
            yield Entry(owner, "AAAA", _address6(number))
        if number % 10 == 0:
            yield Entry(owner, "MX", f"10 {host(number + 1)}.{ORIGIN}")


def _small_zone(origin: str, number: int) -> Iterator[Entry]:
    yield from _apex(origin)
    yield Entry("@", "A", _address(number))
    yield Entry("@", "MX", f"10 mail.{origin}")
    yield Entry("ns1", "A", "192.0.2.1")
    yield Entry("ns2", "A", "192.0.2.2")
    yield Entry("mail", "A", _address(number))
    yield Entry("www", "A", _address(number))
    yield Entry("www", "AAAA", _address6(number))


def _apex(origin: str) -> Iterator[Entry]:
    yield Entry("@", "SOA", f"ns1.{origin} {SOA.format(origin)}")
    yield Entry("@", "NS", f"ns1.{origin}")
    yield Entry("@", "NS", f"ns2.{origin}")


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _address6(number: int) -> str:
    return str(IPv6Address(_FIRST_ADDRESS6 + number))


def _master(entries: Iterable[Entry]) -> Iterator[str]:
    for owner, rtype, rdata in entries:
        yield f"{owner} {rtype} {rdata}\n"


def _yaml(entries: Iterable[Entry]) -> Iterator[str]:
    """As octoDNS writes it: a list of records under each owner."""
    for owner, records in groupby(entries, lambda entry: entry.owner):
        yield {"@": "''", "*.wild": "'*.wild'"}.get(owner, owner) + ":\n"
        for rtype, values in groupby(records, lambda entry: entry.type):
            yield f"- type: {rtype}\n"
            rdatas = [entry.rdata for entry in values]
            if len(rdatas) > 1:
                yield "  values:\n" + "".join(f"  - {rdata}\n" for rdata in rdatas)
            elif rtype == "MX":
                preference, exchange = rdatas[0].split()
                yield f"  value:\n    exchange: {exchange}\n    preference: {preference}\n"
            else:
                yield f"  value: {rdatas[0]}\n"
