"""A full cache is out of reach at once and freed with what comes after, some at a time."""

import sys
from collections.abc import Sequence

from minidns.responder.answer_cache import AnswerCache
from minidns.responder.body_cache import BodyCache
from minidns.responder.room import Room
from minidns.wire.response import Body
from minidns.zone.model import Node

ANSWERS = 60
OCTETS = 196  # of one, with what is around it


def query(number: int) -> bytes:
    return b"id" + number.to_bytes(8, "big")


def full_cache() -> tuple[AnswerCache, list[bytes]]:
    """Of as many answers as it holds, and those."""
    cache = AnswerCache(Room(ANSWERS * OCTETS))
    for number in range(ANSWERS):
        cache.add(query(number), b"id" + number.to_bytes(8, "little"))
    held = [cache.replies.get(query(number)[2:]) for number in range(ANSWERS)]
    assert None not in held
    return cache, [each for each in held if each is not None]


def count_held(replies: Sequence[object]) -> int:
    """How many are referred to from elsewhere. Three are ours: list, loop, argument."""
    return sum(sys.getrefcount(each) > 3 for each in replies)


def test_answers_are_freed_some_at_a_time() -> None:
    cache, replies = full_cache()
    look_up = cache.replies.get
    assert count_held(replies) == ANSWERS
    cache.add(query(ANSWERS), b"id new")
    assert len(cache.replies) == 1
    assert query(0)[2:] not in cache.replies
    assert look_up(query(0)[2:]) == replies[0]  # in a batch that is being answered
    held = [count_held(replies)]
    while held[-1]:
        number = ANSWERS + len(cache.replies)
        cache.add(query(number), b"id new")
        held.append(count_held(replies))
        assert held[-1] + len(cache.replies) <= ANSWERS
        assert 0 < held[-2] - held[-1] <= 8
    assert len(held) > 5


def test_what_passes_goes_with_the_rest() -> None:
    told: list[int] = []
    cache = AnswerCache(Room(10_000))
    cache.on_passing = lambda: told.append(len(cache.replies))
    cache.add_passing(query(1), b"id 1")
    cache.add_passing(query(1), b"id 2")
    assert cache.replies.get(query(1)[2:]) == b" 1"
    cache.clear()
    cache.add_passing(query(1), b"id 3")
    cache.forget_passing()
    assert cache.replies.get(query(1)[2:]) is None
    assert told == [1, 1]


def test_bodies_are_freed_some_at_a_time() -> None:
    apex = Node(b"\0")
    cache = BodyCache(ANSWERS * 600)
    bodies = []
    number = 0
    while len(cache) == number:
        body = Body(0, b"", (), 0)
        bodies.append(body)
        cache.add((apex, number, 12), body)
        number += 1
    assert len(cache) == 1
    assert (apex, 0, 12) not in cache
    bodies.pop()  # the one that is in it now
    held = [count_held(bodies)]
    assert 0 < number - 1 - held[0] <= 8
    while held[-1]:
        number += 1
        cache.add((apex, number, 12), Body(0, b"", (), 0))
        held.append(count_held(bodies))
        assert 0 < held[-2] - held[-1] <= 8
        assert held[-1] + len(cache) <= len(bodies)
