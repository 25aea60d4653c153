"""Names that no zone here holds: for whom they are resolved, and in which words they are answered.

Who may ask (BCP 140, RFC 5358), RA and AD (RFC 6840 section 5.7), which group of upstreams a name
belongs to: the deepest of zones and groups has it, a zone where both are as deep. Private addresses
in public answers are taken out before they are kept. AA is never set.
"""

from collections.abc import Callable, Container, Sequence
from typing import Protocol

from minidns.authority.find import Found, Outcome, find, find_zone
from minidns.authority.solve import Solution, solve
from minidns.resolver.cache import Cache
from minidns.resolver.cached_answer import Hit
from minidns.resolver.model import Group, Question, Resolved, Segment
from minidns.resolver.rebinding import filter_private
from minidns.wire.codes import ExtendedError, RRType
from minidns.wire.response import AA, QR, Body, Records, Sections, encode
from minidns.zone.model import Catalog, Zone

RA = 0x0080
_AD = 0x20  # of octet 3 of a query
_CD = 0x10
_FILTERED = "a private address in a public answer"
_ROOT = b"\x00"
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


class PublicAnswers:
    """A cache that takes no private addresses from groups for public names."""

    def __init__(self, cache: Cache, filter_: "Callable[[int, bytes, Segment], Segment]") -> None:
        self._cache = cache
        self._filter = filter_

    def get(self, group_number: int, question: Question, now: float) -> Hit | None:
        """As `Cache.get`."""
        return self._cache.get(group_number, question, now)

    def add(self, group_number: int, question: Question, segment: Segment, now: float) -> None:
        """As `Cache.add`."""
        public = self._filter(group_number, question.qname, segment)
        self._cache.add(group_number, question, public, now)


class Outside:
    """Of one responder, whose `catalog` is set here at each swap."""

    def __init__(
        self,
        groups: Sequence[Group],
        allowed: Container[bytes],
        private: Container[bytes],
        private_domains: Sequence[bytes],
        special: Catalog,
        cache: Cache,
        make_resolver: Callable[[PublicAnswers, Callable[[Group, bytes], bool]], Resolves],
        clock: Callable[[], float],
    ) -> None:
        """Each group's domain is its own. `private` are addresses that no public name may have.

        Names in the zones of `special` are not asked of a group for a domain above them.
        """
        self._groups = {group.domain: group for group in groups}
        self._numbers = {group.number: group for group in groups}
        self._allowed = allowed
        self._private = private
        self._private_domains = private_domains
        self._special = special
        self._clock = clock
        self.catalog = Catalog({})
        self.resolver = make_resolver(
            PublicAnswers(cache, self._filter), lambda group, name: self.group_of(name) is group
        )

    def allows(self, client: bytes) -> bool:
        """Whether names are resolved for a client (4 or 16 octets)."""
        return client in self._allowed

    def group_of(self, name: bytes) -> Group | None:
        """Who is asked about a name (lower-case wire); None where a zone here has it, or nobody."""
        zone = find_zone(self.catalog, name, 0)
        shortest = len(zone.origin) if zone is not None else 0
        while len(name) > shortest:
            group = self._groups.get(name)
            if group is not None:
                return group if group.upstreams else None
            if not name[0]:
                return None
            name = name[1 + name[0] :]
        return None

    def cuts_into(self, catalog: Catalog) -> bool:
        """Whether a group's domain lies below a zone, which then has not all of its names."""
        return any(
            find_zone(catalog, domain, 0) is not None and domain not in catalog.zones
            for domain in self._groups
        )

    def find_special(self, question: Question, bits: int) -> Body | None:
        """The answer for a special-use name (RFC 6761, RFC 6303), unless a group is for it."""
        qname, qtype, *_ = question
        zone = find_zone(self._special, qname, qtype)
        group = self.group_of(qname)
        if not isinstance(zone, Zone) or (group and len(group.domain) >= len(zone.origin)):
            return None
        solution = solve(self._special, zone, qname, qtype, find(zone, qname, qtype))
        flags = _flags(question, bits, False) | AA | solution.rcode
        return encode(flags, solution.sections, len(qname), qname)

    def target_of(self, found: Found, question: Question) -> Solution | None:
        """A chain that leads from a zone here to a name that is resolved; None for all others."""
        if found[0] not in _LEADS_ON:
            return None
        qname, qtype, *_ = question
        zone = find_zone(self.catalog, qname, qtype)
        if not isinstance(zone, Zone):
            return None
        solution = solve(self.catalog, zone, qname, qtype, found)
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

    def find(self, question: Question, bits: int) -> Body | None:
        """The answer that is kept. `bits`: octet 3 of the query."""
        group = self.group_of(question.qname)
        if group is None:
            return None
        now = self._clock()
        hit = self.resolver.find(group, question, now)
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
        await self.resolver.close()

    async def _resolve(self, question: Question, client: bytes) -> tuple[Segment, Error | None]:
        resolved = await self.resolver.resolve(self.group_of, question, client)
        segment, error = resolved
        group = self.group_of(question.qname)
        if group is not None:
            public = self._filter(group.number, question.qname, segment)
            if public is not segment:
                segment, error = public, (ExtendedError.FILTERED, _FILTERED)
        if segment.target is not None:
            segment = self._end_here(segment, segment.target, question.qtype)
        return segment, error

    def _end_here(self, segment: Segment, target: bytes, qtype: int) -> Segment:
        """A chain that comes back into a zone here is answered from it, never from upstream."""
        name = target.lower()
        zone = find_zone(self.catalog, name, qtype)
        if not isinstance(zone, Zone):
            return segment
        solution = solve(self.catalog, zone, target, qtype, find(zone, name, qtype))
        return Segment(
            solution.rcode,
            segment.answer + _owned(solution.sections.answer, target),
            _owned(solution.sections.authority, target),
        )

    def _filter(self, group_number: int, qname: bytes, segment: Segment) -> Segment:
        group = self._numbers[group_number]
        if group.domain != _ROOT:  # a domain of one's own, with servers of one's own
            return segment
        return filter_private(segment, qname, self._private, self._private_domains)


def _owned(sections: tuple[Records, ...], owner: bytes) -> tuple[Records, ...]:
    return tuple(one if one.owner else one._replace(owner=owner) for one in sections)


def _flags(question: Question, bits: int, is_authentic: bool) -> int:
    is_asked = question.dnssec_ok or bits & _AD
    return QR | RA | bits & _CD | (_AD if is_authentic and is_asked else 0)
