"""Kinds of queries for the path of one query without sockets, and the zone that they ask.

Each kind says what its replies must be: a figure of wrong answers is none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice, repeat
from typing import NamedTuple

import dns.flags
import dns.message
import dns.rcode

from bench import queries
from bench.datasets import ORIGIN, one_zone
from bench.queries import question
from minidns.responder.responder import Responder
from minidns.responder.via import Via
from tests.harness import responder_for

HOSTS = 1000  # and as many queries of each kind
CLIENT = bytes((127, 0, 0, 1))
UDP = Via("udp", is_stream=False)
LINKS = 4  # aliases before an address
TXT_RECORDS = 10  # of 100 octets: over 512 in all, the most without EDNS (RFC 1035 section 4.2.1)

_MORE = (
    "sub NS ns1.sub\nsub NS ns2.sub\nns1.sub A 192.0.2.11\nns2.sub A 192.0.2.12\n"
    + "".join(f"alias{each} CNAME alias{each + 1}\n" for each in range(LINKS - 1))
    + f"alias{LINKS - 1} CNAME host00000\n"
    + "".join(f"large TXT {'x' * 99}{each}\n" for each in range(TXT_RECORDS))
)


Wires = Callable[[int], Iterator[bytes]]  # endless, of so many hosts


class Wrong(RuntimeError):
    """A reply that is not what its kind says."""


class Kind(NamedTuple):
    """Queries, and what their replies hold."""

    name: str
    wires: Wires
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    answers: int = 1  # record sets in the answer section
    is_truncated: bool = False
    is_from_cache: bool = False  # by the transport's look-up, not by the responder


@dataclass(frozen=True)
class Prepared:
    """A kind ready to run: `run()` answers all its queries once."""

    name: str
    run: Callable[[], None]
    count: int


def prepare(kind: Kind, responder: Responder, hosts: int, *, is_checked: bool = True) -> Prepared:
    """As many queries as hosts, answered once by the responder. Raises Wrong for a reply."""
    wires = list(islice(kind.wires(hosts), hosts))
    for wire in wires:
        reply = responder.respond(wire, CLIENT, UDP)
        if is_checked:
            _check(kind, reply)
    if not kind.is_from_cache:
        return Prepared(kind.name, lambda: _respond(responder, wires), len(wires))
    replies = responder.datagram_answers.replies
    if any(wire[2:] not in replies for wire in wires):
        raise Wrong(f"{kind.name}: the answer cache does not hold every reply")

    def look_up() -> None:
        get = replies.get
        for wire in wires:
            get(wire[2:])

    return Prepared(kind.name, look_up, len(wires))


def make_responder(hosts: int) -> Responder:
    """A responder for the zone of most scenarios, with a delegation, aliases and a large set."""
    ((_, entries),) = one_zone(hosts)
    lines = "".join(f"{owner} {rtype} {rdata}\n" for owner, rtype, rdata in entries)
    return responder_for({ORIGIN: f"$TTL 3600\n{lines}{_MORE}"})


def _respond(responder: Responder, wires: list[bytes]) -> None:
    answers = responder.datagram_answers
    answers.clear()  # so that it is put in again
    answers.room.gone.generations.clear()  # and is not charged for what goes
    respond = responder.respond
    for wire in wires:
        respond(wire, CLIENT, UDP)


def _check(kind: Kind, reply: object) -> None:
    if not isinstance(reply, bytes):
        raise Wrong(f"{kind.name}: no reply")
    message = dns.message.from_wire(reply)
    is_truncated = bool(message.flags & dns.flags.TC)
    seen = (message.rcode(), len(message.answer), is_truncated)
    if seen != (kind.rcode, kind.answers, kind.is_truncated):
        raise Wrong(f"{kind.name}: this is another kind of reply:\n{message}")


def _generated(make: queries.Queries) -> Wires:
    return lambda hosts: make(hosts, queries.chance_of("micro"))


def _same(name: str, rtype: str) -> Wires:
    return lambda hosts: repeat(question(f"{name}.{ORIGIN}", rtype))


def _below(name: str, rtype: str) -> Wires:
    return lambda hosts: (question(f"x{each:05d}.{name}.{ORIGIN}", rtype) for each in count())


def _odd_hosts(hosts: int) -> Iterator[bytes]:
    return (question(f"host{each | 1:05d}.{ORIGIN}", "AAAA") for each in range(hosts))


KINDS = (
    Kind("answer cache", _generated(queries.repeated), is_from_cache=True),
    Kind("A miss", _generated(queries.repeated)),
    Kind("NODATA", _odd_hosts, answers=0),
    Kind("NXDOMAIN", _generated(queries.nxdomain), dns.rcode.NXDOMAIN, answers=0),
    Kind("wildcard", _below("wild", "A")),
    Kind("referral", _below("sub", "A"), answers=0),
    Kind("CNAME chain", _same("alias0", "A"), answers=LINKS + 1),
    Kind("fresh cookie", _generated(queries.fresh_cookie)),
    Kind("mixed case", _generated(queries.mixed_case)),
    Kind("DO", _generated(queries.dnssec_ok)),
    Kind("truncated", _same("large", "TXT"), answers=0, is_truncated=True),
)
