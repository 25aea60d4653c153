"""Two zones with everything that a forwarder meets, and the questions about them.

`nsd.example.` and `bind.example.` are alike and lead into each other. The list of questions is the
same in each run.
"""

import random
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
from dns.rdatatype import RdataType

ORIGINS = ("nsd.example.", "bind.example.")
HOSTS = 60
QUESTIONS = 5_000
SEED = 8_767
_TYPES = ("A", "AAAA", "MX", "TXT", "CNAME", "NS", "SOA", "SRV", "CAA", "HTTPS", "TYPE65400", "DS")
_NAMES = ("aa", "b-b", "c_c", "d1", "e", "0", "long-" + "x" * 50)


class Question(NamedTuple):
    """One query; `number` is its place in the list and its message ID."""

    number: int
    qname: dns.name.Name
    rdtype: RdataType
    has_edns: bool
    dnssec_ok: bool
    is_tcp: bool

    def wire(self) -> bytes:
        """With RD; EDNS 1232 where it has EDNS (RFC 9715)."""
        query = dns.message.make_query(
            self.qname,
            self.rdtype,
            use_edns=0 if self.has_edns else -1,
            payload=1232 if self.has_edns else 0,
            want_dnssec=self.dnssec_ok,
            id=self.number,
            flags=dns.flags.RD,
        )
        return query.to_wire()

    def __str__(self) -> str:
        form = "tcp" if self.is_tcp else "udp"
        edns = ", EDNS" if self.has_edns else ""
        return f"{self.qname} {dns.rdatatype.to_text(self.rdtype)} ({form}{edns})"


def write_zones(directory: Path) -> Mapping[str, Path]:
    """Master files by origin."""
    files = {}
    for origin, other in (ORIGINS, ORIGINS[::-1]):
        files[origin] = directory / f"{origin}zone"
        files[origin].write_text("\n".join(_lines(origin, other)) + "\n")
    return files


def make_questions() -> list[Question]:
    """QUESTIONS of them; most are asked more than once, in other forms and after a while."""
    chance = random.Random(SEED)
    pairs = [
        (name, rdtype) for origin in ORIGINS for name, rdtype in product(_owners(origin), _TYPES)
    ]
    questions = []
    for number in range(QUESTIONS):
        name, rdtype = pairs[number] if number < len(pairs) else chance.choice(pairs)
        if chance.random() < 0.1:
            name = "".join(chance.choice((letter, letter.upper())) for letter in name)
        has_edns = chance.random() < 0.8
        questions.append(
            Question(
                number,
                dns.name.from_text(name),
                dns.rdatatype.from_text(rdtype),
                has_edns,
                has_edns and chance.random() < 0.3,
                chance.random() < 0.2,
            )
        )
    return questions


def _owners(origin: str) -> Iterator[str]:
    yield origin
    for number in range(HOSTS):
        yield f"host{number}.{origin}"
    for name in _NAMES:
        yield f"{name}.{origin}"
    for kind in (
        "alias",
        "chain0",
        "chain4",
        "across",
        "back",
        "nowhere",
        "loop1",
        "far",
        "ent",
        "below.ent",
        "under.below.ent",
        "any.wild",
        "two.labels.wild",
        "wild",
        "star.alias.wild",
        "inside.dname",
        "dname",
        "big",
        "many",
        "zero",
        "unequal",
        "srv",
        "_sip._tcp",
        "caa",
        "https",
        "unknown",
        "mail",
        "empty-txt",
        "absent",
        "absent.host1",
        "a.b.c.absent",
    ):
        yield f"{kind}.{origin}"


def _lines(origin: str, other: str) -> Iterator[str]:
    yield f"$ORIGIN {origin}"
    yield "$TTL 3600"
    yield "@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\n@ MX 10 mail\n@ A 192.0.2.1"
    yield "ns A 192.0.2.53\nns AAAA 2001:db8::53"
    for number in range(HOSTS):
        yield f"host{number} {60 + number} A 192.0.2.{number}"
        if number % 2:
            yield f"host{number} {60 + number} AAAA 2001:db8::{number:x}"
        if number % 10 == 0:
            yield f"host{number} MX 10 mail\nhost{number} MX 20 mail.{other}"
    for name in _NAMES:
        yield f'{name} TXT "{name}" "second"\n{name} A 192.0.2.200'
    yield f"alias CNAME host1\nacross CNAME host1.{other}\nback CNAME across.{other}"
    yield f"nowhere CNAME absent.{other}\nloop1 CNAME loop2\nloop2 CNAME loop1"
    yield f"far CNAME alias.{other}"
    yield from (f"chain{at} 300 CNAME chain{at + 1}" for at in range(6))
    yield "chain6 A 192.0.2.66"
    yield "under.below.ent A 192.0.2.3"
    yield '*.wild A 192.0.2.4\n*.wild TXT "from the wildcard"\n*.alias.wild CNAME host2'
    yield f"dname DNAME {other}\ninside.dname.{origin[:-1]}.invalid-label A 192.0.2.9"
    yield "big " + " ".join(["TXT", *(f'"{at:0250d}"' for at in range(12))])
    yield from (f"many A 192.0.2.{at}" for at in range(100, 180))
    yield "zero 0 A 192.0.2.5\nunequal 100 A 192.0.2.6"
    yield f"_sip._tcp SRV 1 2 5060 srv.{other}\nsrv A 192.0.2.7"
    yield 'caa CAA 0 issue "ca.example.net"\nhttps HTTPS 1 . alpn=h2 port=8443'
    yield 'unknown TYPE65400 \\# 4 01020304\nmail A 192.0.2.25\nempty-txt TXT ""'
