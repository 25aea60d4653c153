"""One client's query for a name elsewhere that is not kept: how it is answered, once it is."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import lru_cache, partial
from typing import Any, Protocol

from minidns.resolver.model import Budget, Failure, Group, Outcome, Question, Resolved
from minidns.responder.via import Via
from minidns.wire.codes import ExtendedError
from minidns.wire.plain_reply import PlainReply
from minidns.wire.query import HEADER
from minidns.wire.response import QR, RA, Body, assemble, heads

_AD = 0x20  # of octet 3 of a query
_CD = 0x10
Error = tuple[ExtendedError, str]


class Speaker(Protocol):
    """Who puts replies together."""

    def say(self, wire: bytes, body: Body, error: Error | None, client: bytes, via: Via) -> bytes:
        """The reply to `wire`, which is well-formed, with what became of it elsewhere."""

    def fail(self, wire: bytes) -> bytes:
        """SERVFAIL, while a fault of ours is handled."""


async def say_later(
    speaker: Speaker,
    begin: Callable[[], Awaitable[tuple[Body, Error | None]]],
    wire: bytes,
    client: bytes,
    via: Via,
) -> bytes:
    """A transport may drop this before it runs, so nothing has begun before."""
    try:
        body, error = await begin()
        return speaker.say(wire, body, error, client, via)
    except Exception:  # the last resort: a fault of ours is not the end of the server
        return speaker.fail(wire)


class Answers(Protocol):
    """What is asked of `outside.Outside`."""

    def body_of(self, outcome: Resolved | Failure, question: Question, bits: int) -> Body | None:
        """Where the outcome of one flight is all of the answer."""

    async def go_on(
        self,
        outcome: Resolved | Failure,
        question: Question,
        bits: int,
        client: bytes,
        budget: Budget,
    ) -> tuple[Body, Error | None]:
        """The answer where it is not."""

    async def resolve(
        self, question: Question, bits: int, client: bytes
    ) -> tuple[Body, Error | None]:
        """The answer, from the beginning on."""


class OutsideQuery:
    """As `resolver.asking.Client` has it. The query has RD=1."""

    __slots__ = (
        "_answers",
        "_limit",
        "_opt",
        "_speaker",
        "_via",
        "_wire",
        "address",
        "group",
        "question",
    )

    def __init__(
        self,
        speaker: Speaker,
        answers: Answers,
        group: Group,
        question: Question,
        wire: bytes,
        client: bytes,
        via: Via,
        opt: bytes | None = None,
        limit: int = 0,
    ) -> None:
        """`opt` and `limit` of the reply without an error, where they are known already.

        An empty `opt` is none (the query has none); None is not known.
        """
        self._speaker = speaker
        self._answers = answers
        self.group = group
        self.question = question
        self._wire = wire
        self.address = client
        self._via = via
        self._opt = opt
        self._limit = limit

    def say(self, outcome: Outcome) -> bytes | None:
        """The reply where the outcome of one flight is all of it."""
        wire, opt = self._wire, self._opt
        body: Body | None
        if isinstance(outcome, PlainReply):
            records, count = outcome.records, outcome.count
            flags = flags_of(self.question.dnssec_ok, wire[3], outcome.is_authentic)
            if opt is not None:
                asked = wire[HEADER : HEADER + len(outcome.question)]  # in its own case
                head = heads(flags, count, 0, 0)[3 if opt else 1]
                reply = b"".join((wire[:2], head, asked, records, opt))
                if len(reply) <= self._limit:
                    return reply
            body = Body(flags, records, ((len(records), count, 0, 0),), 1)
        else:
            body = self._answers.body_of(outcome, self.question, wire[3])
            if body is None:
                return None
        if opt is None:
            return self._speaker.say(wire, body, None, self.address, self._via)
        asked = wire[HEADER : HEADER + len(self.question.qname) + 4]
        return assemble(wire[:2], 1, asked, body, opt, self._limit)

    def go_on(self, outcome: Outcome, budget: Budget) -> Coroutine[Any, Any, bytes]:
        """The reply, from that outcome on."""
        if isinstance(outcome, PlainReply):  # never: it is said
            return self.resolve()
        go_on, bits = self._answers.go_on, self._wire[3]
        return self._say_later(partial(go_on, outcome, self.question, bits, self.address, budget))

    def resolve(self) -> Coroutine[Any, Any, bytes]:
        """The reply, from the beginning on."""
        resolve, bits = self._answers.resolve, self._wire[3]
        return self._say_later(partial(resolve, self.question, bits, self.address))

    def fail(self) -> bytes:
        """The reply while a fault of ours is handled."""
        return self._speaker.fail(self._wire)

    def _say_later(
        self, begin: Callable[[], Awaitable[tuple[Body, Error | None]]]
    ) -> Coroutine[Any, Any, bytes]:
        return say_later(self._speaker, begin, self._wire, self.address, self._via)


@lru_cache(maxsize=256)
def flags_of(is_dnssec: bool, bits: int, is_authentic: bool) -> int:
    """Of a reply; `bits`: octet 3 of the query. AD as in RFC 6840 section 5.7."""
    is_asked = is_dnssec or bits & _AD
    return QR | RA | bits & _CD | (_AD if is_authentic and is_asked else 0)
