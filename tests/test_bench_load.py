"""The benchmark's zones and queries: the same each time, the parts as named, read by others."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest
import yaml

from bench import datasets, queries
from bench.datasets import DATASETS, ORIGIN, Written
from bench.queries import MIX
from bench.scenarios import SCENARIOS
from tests import peers

SIZE = 50  # hosts, or zones
BLOCK = sum(MIX.values())

Records = Counter[tuple[str, str, str]]  # owner, type, rdata


def made(scenario: str, count: int, run: str = "a") -> list[bytes]:
    """The first queries of a run of a scenario."""
    make = SCENARIOS[scenario].queries
    assert make is not None
    return list(islice(make(SIZE, queries.chance_of(scenario, run)), count))


def messages(scenario: str, count: int) -> Iterator[dns.message.Message]:
    """The same, read by dnspython."""
    return (dns.message.from_wire(wire) for wire in made(scenario, count))


def master_records(path: Path, origin: str) -> Records:
    """What dnspython reads of a master file."""
    zone = dns.zone.from_file(str(path), origin, relativize=False)
    return Counter(
        (name.to_text(), dns.rdatatype.to_text(rdata.rdtype), rdata.to_text())
        for name, _, rdata in zone.iterate_rdatas()
    )


def yaml_records(path: Path, origin: str) -> Records:
    """What PyYAML reads of a YAML zone, every scalar a text."""
    records: Records = Counter()
    for key, entries in yaml.load(path.read_text(), yaml.BaseLoader).items():
        owner = dns.name.from_text(key or "@", dns.name.from_text(origin)).to_text()
        for entry in entries:
            for value in entry.get("values", [entry.get("value")]):
                if isinstance(value, dict):
                    value = f"{value['preference']} {value['exchange']}"
                records[owner, entry["type"], value] += 1
    return records


def written(tmp_path: Path, name: str) -> Written:
    return datasets.write(DATASETS[name], tmp_path, SIZE)


def test_zone_is_the_same_in_both_forms(tmp_path: Path) -> None:
    files = written(tmp_path, "hosts")
    records = master_records(files.masters[ORIGIN], ORIGIN)
    assert yaml_records(files.yaml / f"{ORIGIN}yaml", ORIGIN) == records
    types = Counter(rtype for _, rtype, _ in records.elements())
    assert types == {"SOA": 1, "NS": 2, "A": SIZE + 3, "AAAA": SIZE // 2, "MX": SIZE // 10}
    assert files.origins[-1] == ORIGIN


def test_the_large_zone_has_a_million_records() -> None:
    hosts = DATASETS["records-1000000"].size
    assert hosts + hosts // 2 + hosts // 10 == 1_000_000
    assert hosts % 10 == 0


def test_each_of_many_zones_has_ten_records(tmp_path: Path) -> None:
    files = written(tmp_path, "zones-10000")
    assert len(files.masters) == SIZE
    assert set(files.origins) <= set(files.masters)
    for origin, path in files.masters.items():
        records = master_records(path, origin)
        assert records.total() == 10
        assert yaml_records(files.yaml / f"{origin}yaml", origin) == records


def test_sample_is_the_directory_of_the_checkout(tmp_path: Path) -> None:
    files = written(tmp_path, "sample")
    assert not files.masters
    assert "example.com." in files.origins


def test_dnsmasq_is_told_the_addresses(tmp_path: Path) -> None:
    from bench.peer_kinds import PEER_KINDS

    files = written(tmp_path, "hosts")
    tuning = peers.Tuning(minimal=True, cookies=True)
    PEER_KINDS["dnsmasq"].configure(tmp_path, 5300, files.masters, tuning)
    lines = (tmp_path / "hosts").read_text().splitlines()
    records = master_records(files.masters[ORIGIN], ORIGIN)
    assert {tuple(line.split()) for line in lines} == {
        (rdata, owner.rstrip("."))
        for owner, rtype, rdata in records
        if rtype in ("A", "AAAA") and not owner.startswith("*")
    }


@pytest.mark.parametrize("name", [each.name for each in SCENARIOS.values() if each.queries])
def test_queries_are_the_same_each_time(name: str) -> None:
    assert made(name, 300) == made(name, 300)
    if SCENARIOS[name].is_fresh:
        assert made(name, 300) != made(name, 300, run="b")


@pytest.mark.parametrize("name", [each.name for each in SCENARIOS.values() if each.queries])
def test_queries_are_well_formed(name: str) -> None:
    for message in messages(name, 100):
        assert message.opcode() == 0
        assert message.flags & dns.flags.RD
        assert len(message.question) == 1
        assert not message.answer


def test_mixed_load_has_exactly_the_parts_it_names() -> None:
    kinds: Counter[str] = Counter()
    wild = dns.name.from_text(f"wild.{ORIGIN}")
    for message in messages("udp-mixed", 5 * BLOCK):
        (question,) = message.question
        label, rtype = question.name.labels[0].decode(), dns.rdatatype.to_text(question.rdtype)
        if rtype == "A" and label.startswith("x"):
            kinds["wildcard" if question.name.is_subdomain(wild) else "NXDOMAIN"] += 1
        elif rtype == "AAAA" and int(label.removeprefix("host")) % 2:
            kinds["NODATA"] += 1
        else:
            kinds[rtype] += 1
    assert kinds == {kind: 5 * count for kind, count in MIX.items()}
    assert {kind: 100 * count / BLOCK for kind, count in MIX.items()} == {
        "A": 60,
        "AAAA": 7.5,
        "NODATA": 7.5,
        "NXDOMAIN": 10,
        "wildcard": 5,
        "MX": 5,
        "SOA": 5,
    }
    assert SCENARIOS["udp-mixed"].shares == {"NOERROR": 0.9, "NXDOMAIN": 0.1}


def test_repeated_names_come_once_each_before_they_repeat() -> None:
    first = made("udp-repeated", 2 * SIZE)
    assert len(set(first[:SIZE])) == SIZE
    assert first[SIZE:] == first[:SIZE]


def test_random_names_do_not_repeat() -> None:
    assert len(set(made("udp-nxdomain", 2000))) == 2000


def test_each_query_has_a_cookie_of_its_own() -> None:
    cookies = set()
    for message in messages("udp-cookie", 200):
        (option,) = message.options
        assert isinstance(option, dns.edns.CookieOption)
        assert not option.server
        assert message.payload == peers.EDNS_SIZE
        assert message.flags & dns.flags.AD
        cookies.add(option.client)
    assert len(cookies) == 200


def test_case_is_mixed_and_the_names_are_those_of_the_zone() -> None:
    names = [message.question[0].name for message in messages("udp-case", 200)]
    assert len({name.to_text() for name in names}) > 190
    hosts = {dns.name.from_text(f"{datasets.host(number)}.{ORIGIN}") for number in range(SIZE)}
    assert set(names) == hosts  # dnspython compares without regard to case


def test_do_bit_is_set() -> None:
    assert all(message.ednsflags == dns.flags.DO for message in messages("udp-do", 20))


def test_file_of_queries_is_read_back(tmp_path: Path) -> None:
    wires = made("udp-mixed", 10)
    queries.write(tmp_path / "file", wires)
    assert queries.read(tmp_path / "file") == wires
    assert queries.read(tmp_path / "file", 3) == wires[:3]
    framed = (tmp_path / "file").read_bytes()
    assert framed[:2] == len(wires[0]).to_bytes(2, "big")  # RFC 1035 section 4.2.2
