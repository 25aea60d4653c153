"""Names that no zone here holds: for whom they are resolved, and in which words they are answered.

Who may ask (BCP 140, RFC 5358), RA and AD (RFC 6840 section 5.7), EDE (RFC 8914). Chains are joined
here where they lead from a zone to a name elsewhere, or come back. AA is set where the first owner
is of a zone here or a special-use name, and never for what an upstream has said.
"""

from collections.abc import Callable, Container
from typing import Protocol

from minidns.authority.find import Found, Outcome, find, find_zone
from minidns.authority.solve import Solution, solve
from minidns.resolver.cached_answer import Hit
from minidns.resolver.model import Group, Question, Resolved, Segment
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.routes import Routes
from minidns.wire.codes import ExtendedError, RRType
from minidns.wire.response import AA, QR, Body, Records, Sections, encode
from minidns.zone.model import Catalog, Zone

RA = 0x0080
_AD = 0x20  # of octet 3 of a query
_CD = 0x10
_FILTERED = "a private address in a public answer"
_CNAME = int(RRType.CNAME)
_LEADS_ON = frozenset({Outcome.CNAME, Outcome.DNAME})

Error = tuple[ExtendedError, str]


class Resolves(Protocol):
    """What is asked of `resolver.resolver.Resolver`."""

    def find(self, group: Group, question: Question, now: float) -> Hit | None:
        """A fresh answer that is kept."""

    async def resolve(
        self, group_of: Callable[[bytes], Group | None], question: Question, client: bytes
    ) -> Resolved:
        """The answer for a client, in bounded time."""

    async def close(self) -> None:
        """Nothing is in flight afterwards."""


class Outside:
    """Of one responder, which gives it its zones at each swap."""

    def __init__(
        self,
        routes: Routes,
        resolver: Resolves,
        answers: PublicAnswers,
        allowed: Container[bytes],
        special: Catalog,
        clock: Callable[[], float],
    ) -> None:
        """Names in the zones of `special` are not asked of a group for a domain above them."""
        self._routes = routes
        self._resolver = resolver
        self._answers = answers
        self._allowed = allowed
        self._special = special
        self._clock = clock
        self.group_of = routes.group_of

    def take(self, catalog: Catalog) -> None:
        """Go by other zones from now on.

        Chains that are kept end where the zones of their time began, so none stays when zones come
        or go.
        """
        if self._routes.take(catalog):
            self._answers.forget()

    @property
    def has_cuts(self) -> bool:
        """Whether a zone here has not all of its names."""
        return self._routes.has_cuts

    def allows(self, client: bytes) -> bool:
        """Whether names are resolved for a client (4 or 16 octets)."""
        return client in self._allowed

    def find_special(self, group: Group, question: Question, bits: int) -> Body | None:
        """The answer for a special-use name (RFC 6761, RFC 6303), unless the group is for it."""
        qname, qtype, *_ = question
        zone = find_zone(self._special, qname, qtype)
        if not isinstance(zone, Zone) or len(group.domain) >= len(zone.origin):
            return None
        solution = solve(self._special, zone, qname, qtype, find(zone, qname, qtype))
        flags = _flags(question, bits, False) | AA | solution.rcode
        return encode(flags, solution.sections, len(qname), qname)

    def target_of(self, found: Found, question: Question) -> Solution | None:
        """A chain that leads from a zone here to a name that is resolved; None for all others."""
        if found[0] not in _LEADS_ON:
            return None
        qname, qtype, *_ = question
        catalog = self._routes.catalog
        zone = find_zone(catalog, qname, qtype)
        if not isinstance(zone, Zone):
            return None
        solution = solve(catalog, zone, qname, qtype, found)
        answer, authority = solution.sections[:2]
        if authority or not answer or answer[-1].rtype != _CNAME or qtype == _CNAME:
            return None
        return solution if self.group_of(answer[-1].rdatas[0].lower()) is not None else None

    async def follow(
        self, solution: Solution, question: Question, bits: int, client: bytes
    ) -> tuple[Body, Error | None]:
        """The whole of a chain of which `target_of` has the first part."""
        chain = solution.sections.answer
        target = chain[-1].rdatas[0]
        segment, error = await self._resolve(question._replace(qname=target.lower()), client)
        sections = Sections(
            chain + _owned(segment.answer, target), _owned(segment.authority, target), ()
        )
        flags = _flags(question, bits, False) | AA | segment.rcode
        return encode(flags, sections, len(question.qname), question.qname), error

    def find(self, group: Group, question: Question, bits: int) -> Body | None:
        """The answer that is kept. `bits`: octet 3 of the query."""
        now = self._clock()
        hit = self._resolver.find(group, question, now)
        if hit is None or hit.has_target:
            return None
        return hit.body_at(now, _flags(question, bits, hit.is_authentic))

    async def resolve(
        self, question: Question, bits: int, client: bytes
    ) -> tuple[Body, Error | None]:
        """The answer, and what an Extended DNS Error says of it (RFC 8914)."""
        segment, error = await self._resolve(question, client)
        sections = Sections(segment.answer, segment.authority, ())
        flags = _flags(question, bits, segment.is_authentic) | segment.rcode
        return encode(flags, sections, len(question.qname), question.qname), error

    async def close(self) -> None:
        """Who waits gets SERVFAIL."""
        await self._resolver.close()

    async def _resolve(self, question: Question, client: bytes) -> tuple[Segment, Error | None]:
        segment, error = await self._resolver.resolve(self.group_of, question, client)
        group = self.group_of(question.qname)
        if group is not None:
            public = self._answers.filter(group.number, question.qname, segment)
            if public is not segment:
                segment, error = public, (ExtendedError.FILTERED, _FILTERED)
        if segment.target is not None:
            segment = self._end_here(segment, segment.target, question.qtype)
        return segment, error

    def _end_here(self, segment: Segment, target: bytes, qtype: int) -> Segment:
        """A chain that comes back into a zone here is answered from it, never from upstream."""
        name = target.lower()
        catalog = self._routes.catalog
        zone = find_zone(catalog, name, qtype)
        if not isinstance(zone, Zone):
            return segment
        solution = solve(catalog, zone, target, qtype, find(zone, name, qtype))
        return Segment(
            solution.rcode,
            segment.answer + _owned(solution.sections.answer, target),
            _owned(solution.sections.authority, target),
        )


def _owned(sections: tuple[Records, ...], owner: bytes) -> tuple[Records, ...]:
    return tuple(one if one.owner else one._replace(owner=owner) for one in sections)


def _flags(question: Question, bits: int, is_authentic: bool) -> int:
    is_asked = question.dnssec_ok or bits & _AD
    return QR | RA | bits & _CD | (_AD if is_authentic and is_asked else 0)
