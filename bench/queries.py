"""The queries of each scenario, in wire form, chosen by a seed: the same in each run.

A file of queries is dnsperf's binary form, RFC 1035 section 4.2.2: two octets of length, then the
message. The ID is zero; who sends it writes another.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from pathlib import Path

from bench.datasets import ORIGIN, host, zone_name

SEED = 2  # of every choice made here
LABEL = 12  # letters of a random label
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EDNS_SIZE = 1232  # octets, RFC 9715 section 3.1
COOKIE = 8  # octets of a client cookie, RFC 7873 section 4

# Of each 200 queries of the mixed load, so many are of a kind; shuffled within the 200.
MIX = {
    "A": 120,
    "AAAA": 15,
    "NODATA": 15,
    "NXDOMAIN": 20,
    "wildcard": 10,
    "MX": 10,
    "SOA": 10,
}

_TYPES = {"A": 1, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
_RD = 0x0100
_AD = 0x0020  # dig asks with it
_DO = 0x8000
_COOKIE_OPTION = 10
_CASE_BIT = 0x20

Queries = Callable[[int, random.Random], Iterator[bytes]]  # endless, of so many hosts or zones


def chance_of(*run: object) -> random.Random:
    """What chooses the queries of one run: the same for the same arguments."""
    return random.Random(f"{SEED} {run}")


def write(path: Path, queries: Iterable[bytes]) -> None:
    """dnsperf's binary form (`-B`)."""
    with path.open("wb") as out:
        for query in queries:
            out.write(len(query).to_bytes(2, "big") + query)


def read(path: Path, most: int | None = None) -> list[bytes]:
    """The queries of a file, or its first."""
    found: list[bytes] = []
    with path.open("rb") as file:
        while len(found) != most and (length := file.read(2)):
            found.append(file.read(int.from_bytes(length, "big")))
    return found


def question(name: str, rtype: str) -> bytes:
    """One plain query; `name` is absolute."""
    return _query(_name(name), rtype)


def repeated(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """Each host's address in a shuffled order, again and again."""
    return _again_and_again([_query(_host(number)) for number in range(hosts)], chance)


def repeated_zones(zones: int, chance: random.Random) -> Iterator[bytes]:
    """The address of `www` of each zone in a shuffled order, again and again."""
    names = [_name("www." + zone_name(number)) for number in range(zones)]
    return _again_and_again([_query(name) for name in names], chance)


def mixed(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """MIX."""
    block = [kind for kind, count in MIX.items() for _ in range(count)]
    while True:
        chance.shuffle(block)
        for kind in block:
            yield _of_kind(kind, hosts, chance)


def nxdomain(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """Random names that do not exist, none twice but by chance."""
    while True:
        yield _of_kind("NXDOMAIN", hosts, chance)


def fresh_cookie(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """The repeated names as dig asks: EDNS, AD, and a client cookie never seen before."""
    for number in _numbers(hosts, chance):
        option = _COOKIE_OPTION.to_bytes(2, "big") + COOKIE.to_bytes(2, "big")
        opt = _opt(0, option + chance.randbytes(COOKIE))
        yield _query(_host(number), flags=_RD | _AD, opt=opt)


def mixed_case(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """The repeated names, each letter in upper or lower case by chance (0x20)."""
    for number in _numbers(hosts, chance):
        name = bytearray(_host(number))
        bits = chance.getrandbits(len(name))
        for place, octet in enumerate(name):
            if bits >> place & 1 and 0x61 <= octet <= 0x7A:
                name[place] = octet ^ _CASE_BIT
        yield _query(bytes(name))


def dnssec_ok(hosts: int, chance: random.Random) -> Iterator[bytes]:
    """The repeated names, with EDNS and DO=1."""
    opt = _opt(_DO, b"")
    return _again_and_again([_query(_host(each), opt=opt) for each in range(hosts)], chance)


def _of_kind(kind: str, hosts: int, chance: random.Random) -> bytes:
    if kind == "NXDOMAIN":
        return _query(_random_label(chance) + _ORIGIN)
    if kind == "wildcard":
        return _query(_random_label(chance) + _WILD)
    if kind == "SOA":
        return _query(_ORIGIN, "SOA")
    number = chance.randrange(hosts)
    if kind == "MX":
        return _query(_host(number - number % 10), "MX")
    if kind == "AAAA":
        return _query(_host(number - number % 2), "AAAA")
    if kind == "NODATA":
        return _query(_host(number | 1), "AAAA")
    return _query(_host(number))


def _again_and_again(queries: list[bytes], chance: random.Random) -> Iterator[bytes]:
    chance.shuffle(queries)
    return cycle(queries)


def _numbers(most: int, chance: random.Random) -> Iterator[int]:
    numbers = list(range(most))
    chance.shuffle(numbers)
    return cycle(numbers)


def _query(name: bytes, rtype: str = "A", flags: int = _RD, opt: bytes = b"") -> bytes:
    counts = b"\x00\x01\x00\x00\x00\x00" + (b"\x00\x01" if opt else b"\x00\x00")
    question = name + _TYPES[rtype].to_bytes(2, "big") + b"\x00\x01"
    return b"\x00\x00" + flags.to_bytes(2, "big") + counts + question + opt


def _opt(flags: int, options: bytes) -> bytes:
    """RFC 6891 section 6.1.2."""
    ttl = flags.to_bytes(4, "big")
    head = b"\x00\x00\x29" + EDNS_SIZE.to_bytes(2, "big")
    return head + ttl + len(options).to_bytes(2, "big") + options


def _name(text: str) -> bytes:
    return b"".join(_label(label) for label in text.split("."))


def _label(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _random_label(chance: random.Random) -> bytes:
    return _label("x" + "".join(chance.choices(LETTERS, k=LABEL)))


def _host(number: int) -> bytes:
    return _label(host(number)) + _ORIGIN


_ORIGIN = _name(ORIGIN)
_WILD = _name(f"wild.{ORIGIN}")
