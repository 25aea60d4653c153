"""An exchange that does what a test's script says, in virtual time, and what there is to ask for.

Replies are made by dnspython from zone text.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

from minidns.resolver.model import Failure, FailureKind, Group, Policy, Question, Segment, Upstream
from minidns.wire.reply import Reply, read_reply
from tests.resolver.virtual_time import now

SOA = "example. 300 SOA ns.example. admin.example. 1 3600 600 86400 300"
ROOT = b"\x00"


def wire(text: str) -> bytes:
    """A name by dnspython."""
    return dns.name.from_text(text).to_wire().lower()


def question(name: str = "www.example.", qtype: int = 1) -> Question:
    return Question(wire(name), qtype)


def upstream(number: int) -> Upstream:
    return Upstream(f"192.0.2.{number}", 53)


def group(count: int = 1, policy: Policy = Policy.IN_ORDER) -> Group:
    """For all names, with upstreams 192.0.2.1 and so on."""
    return Group(1, ROOT, tuple(upstream(number + 1) for number in range(count)), policy)


@dataclass(frozen=True)
class Act:
    """What comes back and when; a result of None never comes."""

    result: Reply | Failure | None = None
    after: float = 0.01  # seconds
    message: bytes = b""  # of a reply


SILENCE = Act()
TRUNCATED = Act(Failure(FailureKind.TRUNCATED, "truncated"))
UNREACHABLE = Act(Failure(FailureKind.UNREACHABLE, "refused"), 0.0)


@dataclass(frozen=True)
class Asked:
    """One call."""

    upstream: Upstream
    question: Question
    at: float

    @property
    def number(self) -> int:
        """The last octet of the upstream's address."""
        return int(self.upstream.address.rpartition(".")[2])

    @property
    def is_probe(self) -> bool:
        return self.question.qtype == 13

    def reply(
        self,
        *answer: str,
        rcode: str = "NOERROR",
        authority: str = "",
        after: float = 0.01,
        flags: str = "",
    ) -> Act:
        """A reply with these records; the question's address where there are none."""
        name = dns.name.from_wire(self.question.qname, 0)[0]
        message = dns.message.make_response(
            dns.message.make_query(name, self.question.qtype), recursion_available=True
        )
        message.set_rcode(dns.rcode.from_text(rcode))
        message.flags |= dns.flags.from_text(flags)
        if not answer and not authority and rcode == "NOERROR":
            answer = (f"{name} 300 A 192.0.2.80",)
        for section, lines in ((message.answer, answer), (message.authority, (authority,))):
            for line in filter(None, lines):
                owner, ttl, rdtype, rdata = line.split(" ", 3)
                section.append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, rdata))
        octets = message.to_wire()
        return Act(read_reply(octets), after, octets)

    def nxdomain(self) -> Act:
        return self.reply(rcode="NXDOMAIN", authority=SOA.replace("example. 300", ". 300", 1))


Script = Callable[[Asked], Act]


def answer_all(asked: Asked) -> Act:
    return asked.nxdomain() if asked.is_probe else asked.reply()


@dataclass
class ScriptedExchange:
    """Is an `Exchange`; `script` may be replaced at any time."""

    script: Script = answer_all
    asked: list[Asked] = field(default_factory=list)
    in_flight: int = 0

    async def __call__(self, to: Upstream, what: Question, seconds: float) -> Reply | Failure:
        asked = Asked(to, what, now())
        self.asked.append(asked)
        act = self.script(asked)
        self.in_flight += 1
        try:
            if act.result is None or act.after >= seconds:
                await asyncio.sleep(seconds)
                return Failure(FailureKind.TIMEOUT, "no reply")
            await asyncio.sleep(act.after)
            return act.result
        finally:
            self.in_flight -= 1

    def queries(self) -> list[Asked]:
        """Without the probes."""
        return [each for each in self.asked if not each.is_probe]

    def probes(self) -> list[Asked]:
        return [each for each in self.asked if each.is_probe]


@dataclass
class FakeHit:
    """A kept segment at a moment."""

    segment: Segment
    age: float

    @property
    def is_fresh(self) -> bool:
        return self.age < self.segment.ttl

    @property
    def is_stale(self) -> bool:
        return 0 <= self.age - self.segment.ttl < 86_400

    @property
    def is_due(self) -> bool:
        return self.is_fresh and self.age >= self.segment.ttl * 0.9

    def segment_at(self, _: float) -> Segment:
        ttl = int(self.segment.ttl - self.age) if self.is_fresh else 30
        answer = tuple(one._replace(ttl=ttl) for one in self.segment.answer)
        return self.segment._replace(answer=answer, ttl=ttl)


class FakeCache:
    """As the real one, without bounds."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, Question], tuple[Segment, float]] = {}

    def get(self, group_number: int, what: Question, moment: float) -> FakeHit | None:
        segment, at = self.kept.get((group_number, what), (None, 0.0))
        return None if segment is None else FakeHit(segment, moment - at)

    def add(self, group_number: int, what: Question, segment: Segment, moment: float) -> None:
        if segment.ttl:
            self.kept[group_number, what] = (segment, moment)

    def add_plain(self, *_: object) -> bool:
        return False
