"""The zone that all servers serve, and the queries of each scenario; the same in each run.

Nothing here is random but by SEED, so two runs ask the same questions in the same order.
Query files are dnsperf's: a name and a type on each line.
"""

import random
from collections.abc import Iterator
from pathlib import Path

ORIGIN = "bench.example."
SEED = 2  # of every choice made here
NAMES = 10_000  # hosts in the zone, issue 2
QUERIES = 500_000  # lines where names must not repeat: seconds of load at 10^5 queries a second
LABEL = 12  # letters of a random label
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_zone(directory: Path, names: int = NAMES) -> dict[str, Path]:
    """A master file `bench.example.zone`; origin to path, as servers take it.

    Each host has an address; every second one IPv6 too; every tenth an MX record. Below `wild`
    stands a wildcard.
    """
    path = directory / f"{ORIGIN}zone"
    with path.open("w") as out:
        out.write(f"$ORIGIN {ORIGIN}\n$TTL 3600\n")
        out.write("@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\n@ NS ns2\n")
        out.write("ns1 A 192.0.2.1\nns2 A 192.0.2.2\n*.wild A 192.0.2.3\n")
        for number in range(names):
            host = _host(number)
            out.write(f"{host} A 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\n")
            if number % 2 == 0:
                out.write(f"{host} AAAA 2001:db8::{number:x}\n")
            if number % 10 == 0:
                out.write(f"{host} MX 10 {_host(number + 1)}\n")
    return {ORIGIN: path}


def write_queries(path: Path, lines: Iterator[str]) -> Path:
    """One query a line."""
    with path.open("w") as out:
        out.writelines(f"{line}\n" for line in lines)
    return path


def repeated(names: int = NAMES) -> Iterator[str]:
    """Each host's address once, in a shuffled order; dnsperf begins anew at the end."""
    numbers = list(range(names))
    random.Random(SEED).shuffle(numbers)
    for number in numbers:
        yield f"{_host(number)}.{ORIGIN} A"


def nxdomain(names: int = NAMES) -> Iterator[str]:
    """Random names that do not exist, none twice but by chance."""
    chance = random.Random(SEED)
    for _ in range(QUERIES):
        yield f"{_label(chance)}.{ORIGIN} A"


def mixed(names: int = NAMES) -> Iterator[str]:
    """60 % A, 15 % AAAA (half of them NODATA), 10 % NXDOMAIN, 5 % each: wildcard, MX, SOA."""
    chance = random.Random(SEED)
    for _ in range(QUERIES):
        draw, number = chance.random(), chance.randrange(names)
        if draw < 0.60:
            yield f"{_host(number)}.{ORIGIN} A"
        elif draw < 0.75:
            yield f"{_host(number)}.{ORIGIN} AAAA"
        elif draw < 0.85:
            yield f"{_label(chance)}.{ORIGIN} A"
        elif draw < 0.90:
            yield f"{_label(chance)}.wild.{ORIGIN} A"
        elif draw < 0.95:
            yield f"{_host(number - number % 10)}.{ORIGIN} MX"
        else:
            yield f"{ORIGIN} SOA"


def _host(number: int) -> str:
    return f"host{number:05d}"


def _label(chance: random.Random) -> str:
    return "x" + "".join(chance.choices(LETTERS, k=LABEL))
