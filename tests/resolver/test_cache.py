"""What the cache keeps, for how long, and what it says of it; octets are compared by dnspython."""

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from minidns.resolver.cache import Cache
from minidns.resolver.cache_text import dump
from minidns.resolver.cached_answer import Hit
from minidns.resolver.model import Question, Segment
from minidns.wire.codes import Rcode
from minidns.wire.response import QR, Records, assemble

A, SOA, CNAME, AAAA = 1, 6, 5, 28
START = 1000.25  # seconds
SIZE = 2**20  # octets


def wire(name: str) -> bytes:
    return dns.name.from_text(name).to_wire().lower()


def records(rtype: str, ttl: int, *rdatas: str, owner: str = "") -> Records:
    octets = tuple(dns.rdata.from_text("IN", rtype, text).to_wire() for text in rdatas)
    code = int(dns.rdatatype.from_text(rtype))
    return Records(wire(owner) if owner else None, code, ttl, octets)


def question(name: str = "www.example.", rtype: int = A, **bits: bool) -> Question:
    return Question(wire(name), rtype, **bits)


def positive(ttl: int = 300, address: str = "192.0.2.1") -> Segment:
    return Segment(0, (records("A", ttl, address),), ttl=ttl)


def negative(ttl: int = 60, rcode: int = Rcode.NXDOMAIN, owner: str = "example.") -> Segment:
    soa = records("SOA", ttl, "ns.example. admin.example. 1 2 3 4 5", owner=owner)
    return Segment(rcode, (), (soa,), ttl=ttl)


CHAIN = Segment(
    0,
    (
        records("CNAME", 100, "a.example."),
        records("CNAME", 90, "www.a.example.", owner="a.example."),
        records("A", 80, "192.0.2.1", "192.0.2.2", owner="www.a.example."),
    ),
    ttl=80,
)


def message_of(hit: Hit, asked: Question, now: float) -> dns.message.Message:
    """The reply with the hit's body, as dnspython reads it."""
    octets = asked.qname + asked.qtype.to_bytes(2, "big") + b"\x00\x01"
    return dns.message.from_wire(assemble(b"ab", 1, octets, hit.body_at(now, QR), b"", 65_535))


def ttls(message: dns.message.Message) -> list[int]:
    return [rrset.ttl for rrset in message.answer + message.authority]


def found(cache: Cache, asked: Question, now: float, group: int = 1) -> Hit:
    hit = cache.get(group, asked, now)
    assert hit is not None
    return hit


@pytest.mark.parametrize("segment", [positive(), negative(), negative(rcode=0), CHAIN])
def test_what_is_kept_comes_back(segment: Segment) -> None:
    cache = Cache(SIZE)
    assert cache.get(1, question(), START) is None
    cache.add(1, question(), segment, START)
    hit = found(cache, question(), START + 0.5)
    assert (hit.is_fresh, hit.is_stale, hit.is_due) == (True, False, False)
    assert hit.segment_at(START + 0.5) == segment


def test_a_target_and_ad_come_back() -> None:
    segment = Segment(0, CHAIN.answer[:1], (), wire("a.example."), 100, is_authentic=True)
    cache = Cache(SIZE)
    cache.add(1, question(), segment, START)
    hit = found(cache, question(), START)
    assert (hit.has_target, hit.is_authentic) == (True, True)
    assert hit.segment_at(START) == segment


def test_group_type_and_bits_are_kept_apart() -> None:
    cache = Cache(SIZE)
    cache.add(1, question(), positive(), START)
    assert cache.get(2, question(), START) is None
    assert cache.get(1, question(rtype=AAAA), START) is None
    assert cache.get(1, question(dnssec_ok=True), START) is None
    assert cache.get(1, question(checking_disabled=True), START) is None


@pytest.mark.parametrize("segment", [positive(), negative(), CHAIN])
@pytest.mark.parametrize("age", [0, 0.99, 1, 29.5, 59.75])
def test_ttls_count_down_in_the_octets(segment: Segment, age: float) -> None:
    cache = Cache(SIZE)
    cache.add(1, question(), segment, START)
    now = START + age
    message = message_of(found(cache, question(), now), question(), now)
    sets = segment.answer + segment.authority
    assert ttls(message) == [one.ttl - int(age) for one in sets]
    assert message.rcode() == segment.rcode
    for rrset, one in zip(message.answer + message.authority, sets, strict=True):
        owner = one.owner or question().qname
        assert rrset.name.to_wire() == owner
        assert [rdata.to_wire() for rdata in rrset] == list(one.rdatas)


def test_lasting_until_the_second_in_which_it_is_due() -> None:
    """Of 300 seconds the last tenth begins at 270."""
    cache = Cache(SIZE)
    cache.add(1, question(), positive(), START)
    for age, is_lasting in (
        (0.0, True),
        (268.9, True),
        (269.0, True),
        (269.99, True),
        (270.0, False),
    ):
        now = START + age
        assert found(cache, question(), now).is_lasting(now) is is_lasting


def test_due_in_the_last_tenth_then_stale_for_a_day() -> None:
    cache = Cache(SIZE)
    cache.add(1, question(), positive(ttl=100), START)
    assert not found(cache, question(), START + 89.9).is_due
    assert found(cache, question(), START + 90).is_due
    assert found(cache, question(), START + 99.9).is_fresh
    for now in (START + 100, START + 100 + 86_399):
        hit = found(cache, question(), now)
        assert (hit.is_fresh, hit.is_stale, hit.is_due) == (False, True, False)
        assert ttls(message_of(hit, question(), now)) == [30]
        assert hit.segment_at(now).ttl == 30
    assert cache.get(1, question(), START + 100 + 86_400) is None


def test_the_ttl_of_stale_answers_can_be_set() -> None:
    cache = Cache(SIZE, 100, 7)
    two = records("A", 10, "192.0.2.1", "192.0.2.2")
    for segment in (positive(ttl=10), Segment(0, (two,), ttl=10)):
        cache.add(1, question(), segment, START)
        assert ttls(message_of(found(cache, question(), START + 9), question(), START + 9))[0] == 1
        hit = found(cache, question(), START + 10)
        assert set(ttls(message_of(hit, question(), START + 10))) == {7}
        assert hit.segment_at(START + 10).ttl == 7
        ((_, _, dumped),) = cache.answers(START + 10)
        assert dumped.segment_at(START + 10).ttl == 7


def test_p14_a_ttl_of_0_is_not_kept_and_ends_what_was() -> None:
    cache = Cache(SIZE)
    cache.add(1, question(), positive(ttl=0), START)
    assert cache.get(1, question(), START) is None
    cache.add(1, question(), positive(), START)
    cache.add(1, question(), positive(ttl=0), START)
    assert cache.get(1, question(), START) is None


def test_nxdomain_is_for_all_types_and_all_names_below() -> None:
    """RFC 2308 section 5, RFC 8020 section 2."""
    cache = Cache(SIZE)
    cache.add(1, question("b.example."), negative(), START)
    for name in ("b.example.", "x.b.example.", "y.x.b.example."):
        hit = found(cache, question(name, AAAA), START + 5)
        message = message_of(hit, question(name, AAAA), START + 5)
        assert (message.rcode(), ttls(message)) == (Rcode.NXDOMAIN, [55])
    for name in ("example.", "bb.example.", "a.example."):
        assert cache.get(1, question(name), START) is None
    assert cache.get(1, question("x.b.example.", dnssec_ok=True), START) is None
    assert cache.get(1, question("x.b.example."), START + 61) is None


def test_p13_nxdomain_of_one_group_covers_nothing_in_another() -> None:
    cache = Cache(SIZE)
    cache.add(1, question("ext."), negative(owner="."), START)
    assert cache.get(2, question("a.ext."), START) is None


def test_nodata_and_a_chain_to_nowhere_cover_nothing() -> None:
    cache = Cache(SIZE)
    cache.add(1, question("b.example."), negative(rcode=0), START)
    chain = negative()._replace(answer=CHAIN.answer[:1])
    cache.add(1, question("c.example."), chain, START)
    assert cache.get(1, question("x.b.example."), START) is None
    assert cache.get(1, question("x.c.example."), START) is None
    assert cache.get(1, question("c.example.", AAAA), START) is None


def test_p17_what_was_said_last_counts() -> None:
    """A name that is gone is not brought back by its stale answer, nor one that is there hidden."""
    cache = Cache(SIZE)
    cache.add(1, question(), positive(ttl=10), START)
    cache.add(1, question(rtype=AAAA), positive(ttl=10), START)
    cache.add(1, question(), negative(), START + 20)
    for rtype in (A, AAAA):
        for later in (21, 100):
            hit = found(cache, question(rtype=rtype), START + later)
            assert hit.segment_at(START + later).rcode == Rcode.NXDOMAIN
    cache.add(1, question(), positive(), START + 200)
    assert found(cache, question(), START + 201).segment_at(START + 201).rcode == 0
    assert cache.get(1, question("x.www.example."), START + 201) is None
    cache.add(1, question(), negative(rcode=0), START + 202)
    assert found(cache, question(), START + 203).segment_at(START + 203).answer == ()


def test_flush() -> None:
    cache = Cache(SIZE)
    for name in ("example.", "a.example.", "b.a.example.", "xa.example."):
        cache.add(1, question(name), positive(), START)
    cache.add(2, question("a.example."), negative(), START)
    assert cache.flush(wire("a.example.")) == 3
    assert cache.get(1, question("b.a.example."), START) is None
    assert found(cache, question("xa.example."), START).is_fresh
    assert cache.stats()["answers"] == 2
    cache.add(1, question("a.example."), positive(), START)
    assert found(cache, question("a.example."), START).is_fresh
    assert cache.flush() == 3
    assert (cache.stats()["answers"], cache.stats()["bytes"]) == (0, 0)


def test_stats() -> None:
    cache = Cache(SIZE)
    cache.get(1, question(), START)
    cache.add(1, question(), positive(ttl=10), START)
    cache.add(1, question("b.example."), negative(), START)
    cache.get(1, question(), START)
    cache.get(1, question(), START + 20)
    stats = cache.stats()
    assert 0 < stats.pop("negative_bytes") < stats.pop("bytes")
    assert stats == {
        "answers": 1,
        "negative_answers": 1,
        "max_bytes": SIZE,
        "hits": 1,
        "stale_hits": 1,
        "misses": 1,
        "added": 2,
        "evicted": 0,
    }


def test_dump() -> None:
    cache = Cache(SIZE)
    cache.add(1, question(), CHAIN, START)
    cache.add(7, question("b.example.", dnssec_ok=True), negative(), START)
    assert list(dump(cache, START + 70)) == [
        "; www.example. A group 1 ttl 10",
        "www.example. 30 IN CNAME a.example.",
        "a.example. 20 IN CNAME www.a.example.",
        "www.a.example. 10 IN A 192.0.2.1",
        "www.a.example. 10 IN A 192.0.2.2",
        "; b.example. any type NXDOMAIN group 7 ttl 30 stale do",
        "example. 30 IN SOA ns.example. admin.example. 1 2 3 4 5",
    ]


def test_a_cache_of_no_size_keeps_nothing() -> None:
    cache = Cache(0)
    cache.add(1, question(), positive(), START)
    cache.add(1, question("b.example."), negative(), START)
    assert cache.get(1, question(), START) is None
    assert cache.stats()["bytes"] == 0
