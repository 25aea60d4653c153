"""The cache under floods: its size, and who stays."""

import gc
import tracemalloc

from minidns.resolver.cache import Cache
from minidns.resolver.model import Question, Segment
from minidns.wire.codes import Rcode
from minidns.wire.response import Records

A = 1
START = 1000.0  # seconds
SIZE = 2**20  # octets
SOA = Records(b"\x07example\x00", 6, 3000, (b"\x02ns\xc0"[:3] + b"\x00\x00" + bytes(20),))


def named(start: str, number: int) -> Question:
    label = f"{start}{number}".encode()
    return Question(bytes((len(label),)) + label + b"\x07example\x00", A)


def positive(number: int, octets: int = 4) -> Segment:
    rdata = number.to_bytes(octets, "big")
    return Segment(0, (Records(None, A, 3000, (rdata,)),), ttl=3000)


NXDOMAIN = Segment(Rcode.NXDOMAIN, (), (SOA,), ttl=3000)


def test_hot_names_survive_a_flood_of_random_ones() -> None:
    cache = Cache(SIZE)
    hot = [named("hot", number) for number in range(200)]
    for question in hot:
        cache.add(1, question, positive(1), START)
    missed = 0
    for number in range(20_000):
        cache.add(1, named("random", number), positive(2), START)
        missed += cache.get(1, hot[number % 200], START) is None
    assert missed == 0
    assert cache.stats()["evicted"] > 10_000


def test_hot_names_survive_a_flood_of_names_that_are_not_there() -> None:
    cache = Cache(SIZE)
    hot = [named("hot", number) for number in range(1000)]
    for question in hot:
        cache.add(1, question, positive(1), START)
    for number in range(10_000):
        cache.add(1, named("random", number), NXDOMAIN, START)
        stats = cache.stats()
        assert stats["negative_bytes"] <= SIZE // 4
        assert stats["bytes"] <= SIZE
    assert stats["negative_answers"] > 500
    assert all(cache.get(1, question, START) for question in hot)


def test_a_name_that_comes_back_is_kept_the_second_time() -> None:
    """It was dropped from the small queue, so it waits in the large one."""
    cache = Cache(SIZE)
    back = named("back", 0)
    cache.add(1, back, positive(1), START)
    number = 0
    while not cache.stats()["evicted"]:  # the first is the oldest
        flood(cache, range(number, number + 1))
        number += 1
    assert cache.get(1, back, START) is None
    cache.add(1, back, positive(1), START)
    flood(cache, range(number, number + 6000))
    assert cache.get(1, back, START) is not None


def flood(cache: Cache, numbers: range) -> None:
    for number in numbers:
        cache.add(1, named("random", number), positive(1), START)


def test_l14_size_is_that_of_memory() -> None:
    questions = [named("some-ordinary-name-", number) for number in range(20_000)]
    segments = [positive(1, 100) for _ in range(1)]
    cache = Cache(2**30)
    gc.collect()
    tracemalloc.start()
    try:
        for question in questions:
            cache.add(1, question, segments[0], START)
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0.8 < cache.stats()["bytes"] / grown < 1.2


def test_many_distinct_names_leave_the_size_flat() -> None:
    cache = Cache(SIZE)
    full = 0
    for number in range(30_000):
        cache.add(1, named("n", number), positive(number), START)
        if number == 10_000:
            full = cache.stats()["bytes"]
    assert 0.99 * SIZE < full <= SIZE
    assert 0.99 * SIZE < cache.stats()["bytes"] <= SIZE


def test_a_changed_answer_changes_the_size() -> None:
    cache = Cache(SIZE)
    question = named("a", 1)
    cache.add(1, question, positive(1), START)
    before = cache.stats()["bytes"]
    cache.add(1, question, positive(1, 1000), START)
    assert cache.stats()["bytes"] > before + 900
    cache.add(1, question, positive(1), START)
    assert (cache.stats()["bytes"], cache.stats()["answers"]) == (before, 1)
