"""minidns and Unbound forward to the same NSD and BIND; clients get the same from both.

What differs has a reason in REASONS, each needed at least once. TTLs count down while this runs, so
they are held against what the zone has, not against each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import dns.flags
import dns.name
import dns.zone
import pytest
from dns.rdatatype import RdataType

from tests import peers
from tests.differential.exchange import exchange_tcp, exchange_udp
from tests.differential.reply import Record, Reply
from tests.forwarding.unbound import run_unbound
from tests.forwarding.world import ORIGINS, Question, make_questions, write_zones
from tests.server.command import serving

pytestmark = [pytest.mark.differential, pytest.mark.no_cover]

APEXES = [dns.name.from_text(origin) for origin in ORIGINS]
SHOWN = 12  # differences printed in full; the rest is counted
Address = tuple[str, int]


class Case(NamedTuple):
    question: Question
    ours: Reply
    theirs: Reply


class Reason(NamedTuple):
    """Why a client may get something else from minidns."""

    name: str
    text: str
    applies: Callable[[Case], bool]


REASONS = (
    Reason(
        "DS of a domain that is forwarded",
        "RFC 4035 section 3.1.4.1: DS is the parent zone's. Unbound looks for the parent, which "
        "nobody told it of, and fails; minidns has no group for it and asks that of the domain.",
        lambda case: (
            case.question.rdtype == RdataType.DS
            and case.question.qname in APEXES
            and case.theirs.rcode == "SERVFAIL"
        ),
    ),
)


def test_equal_but_for_what_is_explained(tmp_path: Path) -> None:
    questions = make_questions()
    queries = {question.number: question.wire() for question in questions}
    with forwarders(tmp_path) as (minidns, unbound):
        ours, theirs = (ask(address, questions, queries) for address in (minidns, unbound))
    found, used = [], set()
    for question in questions:
        case = Case(question, Reply(ours[question.number]), Reply(theirs[question.number]))
        differences = [
            each for each in ASPECTS if ASPECTS[each](case.ours) != ASPECTS[each](case.theirs)
        ]
        if not differences:
            continue
        reasons = [reason.name for reason in REASONS if reason.applies(case)]
        used.update(reasons)
        if not reasons:
            what = f"{question}: {', '.join(differences)}"
            found.append(f"{what}\nminidns: {case.ours}\nUnbound: {case.theirs}")
    assert not found, f"{len(found)} found\n\n" + "\n\n".join(found[:SHOWN])
    assert used == {reason.name for reason in REASONS}


ASPECTS: dict[str, Callable[[Reply], object]] = {
    "rcode": lambda reply: reply.rcode,
    "flags": lambda reply: reply.flags,
    "opt": lambda reply: reply.has_opt,
    "answer": lambda reply: _without_ttl(reply.answer),
    "SOA": lambda reply: _without_ttl(
        record for record in reply.authority if record[1] == RdataType.SOA
    ),
}


def test_ttls_are_at_most_those_of_the_zone(tmp_path: Path) -> None:
    """As long as an answer is kept, and of an RRset all the same (RFC 2181 section 5.2)."""
    questions = make_questions()
    queries = {question.number: question.wire() for question in questions}
    zones = [
        dns.zone.from_file(str(path), origin, relativize=False)
        for origin, path in write_zones(tmp_path).items()
    ]
    longest = {
        (name, rdataset.rdtype): rdataset.ttl
        for zone in zones
        for name, node in zone.items()
        for rdataset in node
    }
    with forwarders(tmp_path) as (minidns, _):
        for _ in range(2):  # from the upstream, then from the cache
            replies = ask(minidns, questions, queries)
            records = [record for wire in replies.values() for record in Reply(wire).answer]
            over = [one for one in records if one[2] > longest.get(one[:2], 3600)]
            assert not over


@contextmanager
def forwarders(directory: Path) -> Iterator[tuple[Address, Address]]:
    """minidns and Unbound, which ask the same NSD and BIND."""
    files = write_zones(directory)
    with ExitStack() as running:
        upstreams = {}
        for origin in ORIGINS:
            name = origin.partition(".")[0]
            peers.require(name)
            peer = running.enter_context(peers.run_peer(name, {origin: files[origin]}))
            upstreams[origin] = (peer.address, peer.port)
        unbound = running.enter_context(run_unbound(directory / "unbound", upstreams))
        config = directory / "minidns.yaml"
        config.write_text(
            "forward:\n"
            + "".join(
                f"- {{domain: {origin}, upstreams: ['{host}:{port}']}}\n"
                for origin, (host, port) in upstreams.items()
            )
        )
        nothing = directory / "zones"
        nothing.mkdir()
        minidns = running.enter_context(serving(nothing, "--config", str(config)))
        yield minidns.addresses[0], unbound


def ask(
    address: Address, questions: Sequence[Question], queries: Mapping[int, bytes]
) -> dict[int, bytes]:
    """Replies by number."""
    datagrams = {each.number: queries[each.number] for each in questions if not each.is_tcp}
    streams = {each.number: queries[each.number] for each in questions if each.is_tcp}
    return exchange_udp(address, datagrams) | exchange_tcp(address, streams)


def _without_ttl(records: Iterable[Record]) -> frozenset[tuple[object, ...]]:
    return frozenset((owner, rdtype, rdata) for owner, rdtype, _, rdata in records)
