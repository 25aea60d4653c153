"""A query that waits for an upstream: faults of ours, and a client that leaves."""

import asyncio
from collections.abc import Awaitable, Callable

import dns.name
import pytest

from minidns.errand import Later, Signal
from minidns.resolver.cache import Cache
from minidns.resolver.model import (
    Budget,
    Exchange,
    Failure,
    FailureKind,
    Group,
    Heard,
    Question,
    Resolved,
    Upstream,
)
from minidns.resolver.resolver import Resolver
from minidns.responder.outside_query import Error, OutsideQuery
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.via import Via
from minidns.wire.response import Body

GROUP = Group(1, b"\0", (Upstream("192.0.2.53", 53),))
QUESTION = Question(dns.name.from_text("www.example.").to_wire(), 1)
CLIENT = bytes((192, 0, 2, 1))
FAILED, SAID = b"failed", b"said"


class Words:
    """A speaker of two words."""

    def say(self, wire: bytes, body: Body, error: Error | None, client: bytes, via: Via) -> bytes:
        return SAID

    def fail(self, wire: bytes) -> bytes:
        return FAILED


class Answers:
    """What is made of an outcome, or a fault."""

    def __init__(self, body: Callable[[], Body | None]) -> None:
        self._body = body

    def body_of(self, outcome: Resolved | Failure, question: Question, bits: int) -> Body | None:
        return self._body()

    async def go_on(
        self,
        outcome: Resolved | Failure,
        question: Question,
        bits: int,
        client: bytes,
        budget: Budget,
    ) -> tuple[Body, Error | None]:
        return Body(0, b"", (), 0), None

    async def resolve(
        self, question: Question, bits: int, client: bytes
    ) -> tuple[Body, Error | None]:
        raise AssertionError


def fault() -> Body:
    raise ZeroDivisionError


def ask(
    exchange: Exchange, body: Callable[[], Body | None]
) -> tuple[Resolver[object], Later[bytes]]:
    """A query that has begun."""
    answers = PublicAnswers(Cache(2**20), [GROUP], (), ())
    clock = asyncio.get_running_loop().time
    resolver = Resolver(answers, exchange, clock, bytes, lambda *_: True)
    assert resolver.find(GROUP, QUESTION, clock()) is None
    via = Via("udp", is_stream=False)
    query = OutsideQuery(Words(), Answers(body), GROUP, QUESTION, bytes(12), CLIENT, via)
    asking = resolver.ask(query)
    asking.begin()
    return resolver, asking  # type: ignore[return-value]  # of whatever is kept


REFUSED = Failure(FailureKind.UNREACHABLE, "refused")


def refuse(*_: object) -> Awaitable[Heard]:
    refused: Signal[Heard] = Signal()
    refused.set(REFUSED)
    return refused


def refuse_later(*_: object) -> Awaitable[Heard]:
    refused: Signal[Heard] = Signal()
    asyncio.get_running_loop().call_soon(refused.set, REFUSED)
    return refused


def fail(*_: object) -> Awaitable[Heard]:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("exchange", "body", "said"),
    [
        (refuse, lambda: None, SAID),
        (refuse_later, lambda: None, SAID),
        (refuse, fault, FAILED),  # in making the reply
        (refuse_later, fault, FAILED),
        (fail, lambda: None, FAILED),  # in asking
    ],
)
def test_a_fault_of_ours_is_answered(
    exchange: Exchange, body: Callable[[], Body | None], said: bytes
) -> None:
    async def main() -> None:
        resolver, query = ask(exchange, body)
        if not query.is_done:
            await asyncio.sleep(0)
        assert (query.is_done, query.value) == (True, said)
        flights = resolver.flights
        assert (flights.waiting, len(flights)) == (0, 0)

    asyncio.run(main())


def test_who_leaves_waits_no_more() -> None:
    """The flight goes on."""
    asked: list[Signal[Heard]] = []

    def wait(*_: object) -> Awaitable[Heard]:
        asked.append(Signal())
        return asked[-1]

    async def main() -> None:
        resolver, query = ask(wait, lambda: None)
        flights = resolver.flights
        assert (query.is_done, flights.waiting, len(flights)) == (False, 1, 1)
        query.cancel()
        assert (flights.waiting, len(flights)) == (0, 1)
        asked[0].set(Failure(FailureKind.RCODE, "REFUSED"))
        assert (flights.waiting, len(flights)) == (0, 0)

    asyncio.run(main())
