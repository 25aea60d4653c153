"""What is out of reach counts until it is freed: a cache holds no more octets than its bound."""

import gc
from collections.abc import Iterable

from minidns.responder.answer_cache import AnswerCache
from minidns.responder.body_cache import BodyCache
from minidns.responder.room import Room
from minidns.wire.response import Body
from minidns.zone.model import Node

BOUND = 200_000
SMALL, LARGE = 20, 20_000  # octets of an answer


def octets_in(cache: AnswerCache | BodyCache) -> int:
    """Of all dicts that it holds, however it names them; without what is around each answer."""
    dicts, seen = [], [cache]
    for _ in range(4):
        seen = [one for each in seen for one in gc.get_referents(each)]
        dicts += [one for one in seen if type(one) is dict]
    return sum(
        sizes(value for held in {id(one): one for one in dicts}.values() for value in held.values())
    )


def sizes(values: Iterable[object]) -> Iterable[int]:
    for value in values:
        if isinstance(value, bytes):
            yield len(value)
        elif isinstance(value, Body):
            yield len(value.wire)


def test_large_answers_after_small_ones() -> None:
    cache = AnswerCache(Room(BOUND))
    for number in range(2_000):
        cache.add(number.to_bytes(6, "big"), bytes(SMALL))
        assert octets_in(cache) <= BOUND
    for number in range(40):
        cache.add(b"large." + number.to_bytes(6, "big"), bytes(LARGE))
        assert octets_in(cache) <= BOUND


def test_large_bodies_after_small_ones() -> None:
    apex = Node(b"\0")
    cache = BodyCache(BOUND)
    for number in range(2_000):
        cache.add((apex, number, 12), Body(0, bytes(SMALL), (), 0))
    for number in range(40):
        cache.add((apex, number, 300), Body(0, bytes(LARGE), (), 0))
        assert octets_in(cache) <= BOUND
