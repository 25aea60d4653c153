"""A week of traffic through the resolver and its cache, in virtual time.

Each name's data changes as its owner pleases; two outages fall into the week. Whatever a client is
told was true at its authority no longer ago than its TTL, or is stale and says so (RFC 8767).
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest

from minidns.resolver.cache import Cache
from minidns.resolver.model import Question, Resolved
from minidns.resolver.resolver import Resolver
from minidns.wire.codes import ExtendedError, Rcode
from tests.resolver.scripted_exchange import (
    Act,
    Asked,
    ScriptedExchange,
    answer_all,
    group,
    question,
)
from tests.resolver.virtual_time import now, run

DAY = 86_400.0
WEEK = 7 * DAY
GAP = 40.0  # seconds between two queries on average
NAMES = 300
CACHE = 2**20  # octets; less than all of them need would be another test's
OUTAGES = ((2.2 * DAY, 2.4 * DAY), (4.0 * DAY, 5.2 * DAY))  # one shorter, one longer than a day
STALE_SECONDS = DAY  # RFC 8767 section 5
STALE_TTL = 30  # RFC 8767 section 4
LATE = 5.0  # seconds between what was asked upstream and what the client is told
CLIENT = bytes((192, 0, 2, 9))
_SEED = 8767


@dataclass(frozen=True)
class Owner:
    """One name: its data says in which period it was true; every seventh does not exist."""

    name: str
    ttl: int
    period: float  # seconds between two changes

    @property
    def is_absent(self) -> bool:
        return self.name.startswith("no-")

    def data_at(self, moment: float) -> int:
        return int(moment // self.period)


OWNERS = {
    owner.name: owner
    for number in range(NAMES)
    for owner in (
        Owner(
            f"{'no-' if number % 7 == 0 else 'n'}{number}.example.",
            (30, 60, 300, 3600, 86_400, 604_800)[number % 6],
            (600.0, 7200.0, DAY)[number % 3],
        ),
    )
}


def answer(asked: Asked) -> Act:
    """What the authority says at that moment, or nothing in an outage."""
    if any(start <= asked.at < end for start, end in OUTAGES):
        return Act(None)
    owner = OWNERS.get(_text(asked.question))
    if owner is None:
        return answer_all(asked)
    if owner.is_absent:
        return asked.reply(rcode="NXDOMAIN", authority="example. 900 SOA ns. admin. 1 1 1 1 900")
    address = IPv4Address(owner.data_at(asked.at) + int(IPv4Address("198.18.0.0")))
    return asked.reply(f"{owner.name} {owner.ttl} A {address}")


@pytest.mark.no_cover
def test_a_week() -> None:
    """15,000 queries, of which the popular names get most."""
    seen: Counter[str] = Counter()

    async def work() -> None:
        exchange = ScriptedExchange(answer)
        cache = Cache(CACHE)
        subject = Resolver(cache, exchange, now, bytes, lambda *_: True)
        whom, chance, names = group(2), random.Random(_SEED), list(OWNERS)
        while now() < WEEK:
            await asyncio.sleep(chance.expovariate(1 / GAP))
            owner = OWNERS[names[min(int(chance.paretovariate(0.5)), NAMES) - 1]]
            what = question(owner.name)
            hit = subject.find(whom, what, now())
            if hit is not None:
                told = Resolved(hit.segment_at(now()))
            else:
                told = await subject.resolve(lambda _: whom, what, CLIENT)
            seen[_judge(owner, told)] += 1
            seen["cached"] += hit is not None
            assert cache.stats()["bytes"] <= CACHE
        seen["upstream"] = len(exchange.queries())
        await subject.close()

    run(work())
    assert seen["fresh"] > seen["cached"] > 5 * seen["fresh"] // 10
    assert seen["stale"] > 100
    assert seen["failed"] > 100  # names that nobody had asked for, and the end of the long outage
    assert seen["stale"] + seen["failed"] < (seen["fresh"] + seen["stale"]) // 3


def _judge(owner: Owner, told: Resolved) -> str:
    """What kind of answer it is; fails where it may not be given."""
    segment, error, _ = told
    in_outage = any(start - LATE <= now() < end + 60 for start, end in OUTAGES)
    if segment.rcode == Rcode.SERVFAIL:
        assert in_outage, f"at {now()}: {owner} failed, {told}"
        return "failed"
    is_stale = error is not None
    if is_stale:
        assert in_outage, f"at {now()}: {owner} is stale, {told}"
        assert error is not None
        assert error[0] in (ExtendedError.STALE_ANSWER, ExtendedError.STALE_NXDOMAIN_ANSWER)
    if owner.is_absent:
        assert segment.rcode == Rcode.NXDOMAIN
        assert segment.authority[0].ttl <= 900
        return "stale" if is_stale else "fresh"
    (records,) = segment.answer
    ttl = min(owner.ttl, int(DAY))
    assert records.ttl == STALE_TTL if is_stale else 0 < records.ttl <= ttl
    told_of = int(IPv4Address(records.rdatas[0])) - int(IPv4Address("198.18.0.0"))
    true_until = (told_of + 1) * owner.period
    # What it may yet be kept by the client counts, too: never longer than its owner allowed.
    kept_until = now() + (0 if is_stale else records.ttl)
    assert kept_until <= true_until + ttl + LATE + (STALE_SECONDS if is_stale else 0)
    assert told_of <= owner.data_at(now())
    return "stale" if is_stale else "fresh"


def _text(what: Question) -> str:
    labels, at = [], 0
    while length := what.qname[at]:
        labels.append(what.qname[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels) + "."
