"""Names that no zone here holds: for whom they are resolved, and in which words they are answered.

Who may ask (BCP 140, RFC 5358), RA and AD (RFC 6840 section 5.7), EDE (RFC 8914). Chains are joined
here where they lead from a zone to a name elsewhere, or come back. AA is set where the first owner
is of a zone here, of a hosts file or a special-use name, and never for what an upstream has said.
"""

from collections.abc import Awaitable, Callable, Container, Sequence
from functools import partial
from typing import Protocol

from minidns.authority.find import Found, Outcome, find, find_zone
from minidns.authority.solve import Solution, solve
from minidns.resolver.block_list import BlockList
from minidns.resolver.cached_answer import Hit
from minidns.resolver.hosts import Hosts
from minidns.resolver.kept_reply import KeptReply
from minidns.resolver.model import HOSTS, Budget, Failure, Group, Question, Resolved, Segment
from minidns.responder.answer_cache import AnswerCache
from minidns.responder.flattening import flatten, question_of
from minidns.responder.ordinary import Ordinary
from minidns.responder.ordinary_outside import OrdinaryOutside
from minidns.responder.outside_query import OutsideQuery, Speaker, flags_of
from minidns.responder.public_answers import PublicAnswers
from minidns.responder.routes import Routes
from minidns.wire.codes import ExtendedError, Rcode, RRType
from minidns.wire.response import AA, TC, Body, Records, Sections, encode
from minidns.zone.model import Catalog, Zone

_FILTERED = "a private address in a public answer"
_BLOCKED = (ExtendedError.BLOCKED, "on a block list")
_CNAME = int(RRType.CNAME)
_MAX_CLIENTS = 4_096
_LEADS_ON = frozenset({Outcome.CNAME, Outcome.DNAME, Outcome.ALIAS})

Error = tuple[ExtendedError, str]


class Resolves(Protocol):
    """What is asked of `resolver.resolver.Resolver`."""

    def find(self, group: Group, question: Question, now: float) -> Hit | None:
        """A fresh answer that is kept."""

    async def resolve(
        self, group_of: Callable[[bytes], Group | None], question: Question, client: bytes
    ) -> Resolved:
        """The answer for a client, in bounded time."""

    def ask(self, client: OutsideQuery) -> Awaitable[bytes]:
        """The reply to a client whose question `find` has just looked for in vain."""

    async def go_on(
        self,
        part: Resolved | Failure,
        group_of: Callable[[bytes], Group | None],
        question: Question,
        client: bytes,
        budget: Budget,
    ) -> Resolved:
        """As `resolve`, from the first part of the chain on."""

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
        self._known_clients: dict[bytes, bool] = {}  # whether they are of them
        self._special = special
        routes.set_special(special)
        self.clock = clock
        self.recall: Callable[[KeptReply, float], int] = answers.recall
        self.group_of = routes.group_of
        self.group_for = routes.group_for
        self.ordinary_group_of = routes.ordinary_group_of
        self.learn = routes.learn
        self.falls_through = routes.falls_through
        self.is_special = routes.is_special

    def make_short_way(
        self,
        speaker: Speaker,
        ordinary: Ordinary,
        datagram_answers: AnswerCache,
        stream_answers: AnswerCache,
        resolves: bool,
    ) -> OrdinaryOutside:
        """For ordinary queries."""
        return OrdinaryOutside(ordinary, self, speaker, datagram_answers, stream_answers, resolves)

    def take(self, catalog: Catalog) -> None:
        """Go by other zones from now on.

        Chains that are kept end where the zones of their time began, so none stays when zones come
        or go.
        """
        if self._routes.take(catalog):
            self._answers.forget()

    def set_lists(self, hosts: Hosts | None, block: BlockList | None) -> None:
        """Go by other hosts files and block lists from now on; nothing kept is from before."""
        self._answers.block = block
        self._answers.forget()
        self._routes.set_lists(hosts, block)

    def tell_changes(self, call: Callable[[], None]) -> None:
        """Call it when whole replies that are kept may have become others, but for `take`."""
        self._routes.on_change.append(call)

    @property
    def has_cuts(self) -> bool:
        """Whether a zone here has not all of its names."""
        return self._routes.has_cuts

    def allows(self, client: bytes) -> bool:
        """Whether names are resolved for a client (4 or 16 octets)."""
        known = self._known_clients.get(client)
        if known is None:
            if len(self._known_clients) >= _MAX_CLIENTS:
                self._known_clients.clear()
            known = self._known_clients[client] = client in self._allowed
        return known

    def find_special(self, group: Group, question: Question, bits: int) -> Body | None:
        """The answer of a hosts file, or for a special-use name (RFC 6761, RFC 6303).

        A group that is for a special-use name is asked about it.
        """
        qname, qtype, *_ = question
        if group is HOSTS:
            segment = self._find_in_lists(qname, qtype)[0] or Segment(Rcode.NOERROR)
            flags = flags_of(question.dnssec_ok, bits, False) | AA | segment.rcode
            return encode(flags, Sections(segment.answer, (), ()), len(qname), qname)
        solution = self._solve_special(group, qname, qtype)
        if solution is None:
            return None
        flags = flags_of(question.dnssec_ok, bits, False) | AA | solution.rcode
        return encode(flags, solution.sections, len(qname), qname)

    def target_of(self, found: Found, question: Question) -> Solution | None:
        """A chain that leads from a zone here to a name that is resolved; None for all others.

        So does an ALIAS, which `flatten` is for.
        """
        if found[0] not in _LEADS_ON:
            return None
        qname, qtype, *_ = question
        catalog = self._routes.catalog
        zone = find_zone(catalog, qname, qtype)
        if not isinstance(zone, Zone):
            return None
        solution = solve(catalog, zone, qname, qtype, found)
        if (alias := solution.alias) is not None:
            return solution if self.group_of(alias.target.lower()) is not None else None
        answer, authority = solution.sections[:2]
        is_open = not authority or solution.rcode == Rcode.NXDOMAIN  # a zone may fall through
        if not is_open or not answer or answer[-1].rtype != _CNAME or qtype == _CNAME:
            return None
        target = answer[-1].rdatas[0].lower()
        group = self.group_of(target)
        if group is None or (authority and self.is_special(group, target)):
            return None
        return solution

    async def follow(
        self, solution: Solution, question: Question, bits: int, client: bytes
    ) -> tuple[Body, Error | None]:
        """The whole of a chain of which `target_of` has the first part."""
        chain = solution.sections.answer
        target = chain[-1].rdatas[0]
        seen = [question.qname, *(one.owner.lower() for one in chain if one.owner)]
        asked = question._replace(qname=target.lower())
        segment, error, _ = await self._resolve(asked, client, seen)
        sections = Sections(
            chain + _owned(segment.answer, target), _owned(segment.authority, target), ()
        )
        flags = flags_of(question.dnssec_ok, bits, False) | AA | _end_of(segment)
        return encode(flags, sections, len(question.qname), question.qname), error

    def find_flattened(self, solution: Solution, question: Question) -> Body | None:
        """An answer with the addresses that an ALIAS lacks, if they are kept."""
        alias = solution.alias
        if alias is None:
            return None
        asked = question_of(alias, question)
        now = self.clock()
        group = self.group_of(asked.qname)
        hit = None if group is None else self._resolver.find(group, asked, now)
        if hit is None or hit.has_target:
            return None
        return flatten(solution, alias, question, hit.segment_at(now), None)[0]

    async def flatten(
        self, solution: Solution, question: Question, client: bytes
    ) -> tuple[Body, Error | None]:
        """An answer with the addresses that an ALIAS lacks."""
        alias = solution.alias
        assert alias is not None  # noqa: S101 - `target_of` has seen it
        asked = question_of(alias, question)
        segment, error, _ = await self._resolve(asked, client, ())
        return flatten(solution, alias, question, segment, error)

    def find(self, group: Group, question: Question, bits: int) -> tuple[Body, Hit | None] | None:
        """The answer that is kept, and the hit where it is the same until this second is over.

        `bits`: octet 3 of the query.
        """
        now = self.clock()
        hit = self._resolver.find(group, question, now)
        if hit is None or hit.has_target:
            return None
        body = hit.body_at(now, flags_of(question.dnssec_ok, bits, hit.is_authentic))
        return body, hit if hit.is_lasting(now) else None

    def ask(self, client: OutsideQuery) -> Awaitable[bytes]:
        """The reply where `find` has just found nothing."""
        block = self._routes.block
        if block is not None and block.find(client.question.qname) is not None:
            return client.resolve()
        return self._resolver.ask(client)

    def body_of(self, outcome: Resolved | Failure, question: Question, bits: int) -> Body | None:
        """Where what one flight has brought is all of the answer."""
        if isinstance(outcome, Failure) or outcome.encoded is None:
            return None
        return outcome.encoded.body_as_kept(
            flags_of(question.dnssec_ok, bits, outcome.segment.is_authentic)
        )

    async def go_on(
        self,
        outcome: Resolved | Failure,
        question: Question,
        bits: int,
        client: bytes,
        budget: Budget,
    ) -> tuple[Body, Error | None]:
        """The answer where it is not."""
        group_of = partial(self._routes.forward_group_of, qtype=question.qtype)
        resolved = await self._resolver.go_on(outcome, group_of, question, client, budget)
        return self._encode(self._end(resolved, question, ()), question, bits)

    async def resolve(
        self, question: Question, bits: int, client: bytes
    ) -> tuple[Body, Error | None]:
        """The answer, and what an Extended DNS Error says of it (RFC 8914)."""
        return self._encode(await self._resolve(question, client, ()), question, bits)

    def _encode(
        self, resolved: Resolved, question: Question, bits: int
    ) -> tuple[Body, Error | None]:
        segment, error, encoded = resolved
        if encoded is not None:
            return encoded.body_as_kept(
                flags_of(question.dnssec_ok, bits, segment.is_authentic)
            ), error
        sections = Sections(segment.answer, segment.authority, ())
        flags = flags_of(question.dnssec_ok, bits, segment.is_authentic) | _end_of(segment)
        return encode(flags, sections, len(question.qname), question.qname), error

    async def close(self) -> None:
        """Who waits gets SERVFAIL."""
        await self._resolver.close()

    async def _resolve(self, question: Question, client: bytes, seen: Sequence[bytes]) -> Resolved:
        """`seen`: names (lower-case wire) of the chain that has led to the question."""
        qname, qtype, *_ = question
        listed, error = self._find_in_lists(qname, qtype)
        if listed is not None:
            return Resolved(listed, error)
        group = self.group_for(qname, qtype)
        if (solution := self._solve_special(group, qname, qtype)) is not None:
            return Resolved(Segment(solution.rcode, *solution.sections[:2]))
        group_of = partial(self._routes.forward_group_of, qtype=qtype)
        resolved = await self._resolver.resolve(group_of, question, client)
        return self._end(resolved, question, seen)

    def _end(self, resolved: Resolved, question: Question, seen: Sequence[bytes]) -> Resolved:
        """What comes of an upstream's answer: where it leads here, and whether it may be said."""
        qname, qtype, *_ = question
        if resolved.encoded is not None:  # it is kept, so it is whole and fit for the public
            return resolved
        segment, error, _ = resolved
        target = segment.target
        if target is not None:
            listed, blocked = self._find_in_lists(target.lower(), qtype)
            if listed is not None:
                owned = _owned(listed.answer, target)
                segment = Segment(listed.rcode, segment.answer + owned)
                if blocked:
                    return Resolved(segment, blocked)
            else:
                owners = [one.owner.lower() for one in segment.answer if one.owner]
                segment = self._end_here(segment, target, qtype, {*seen, qname, *owners})
        # Also what a zone here, or a hosts file, has at the end of a public name's chain: by
        # `CNAME localhost.` a web page would reach it under its own name.
        group = self.group_of(qname)
        if group is not None:
            public = self._answers.filter(group.number, qname, segment)
            if public is not segment:
                segment, error = public, (ExtendedError.FILTERED, _FILTERED)
        return Resolved(segment, error)

    def _solve_special(self, group: Group | None, name: bytes, qtype: int) -> Solution | None:
        """What is said of a special-use name (lower-case wire) that no group is for."""
        if group is None or not self._routes.is_special(group, name):
            return None
        zone = find_zone(self._special, name, qtype)
        if not isinstance(zone, Zone):
            return None
        return solve(self._special, zone, name, qtype, find(zone, name, qtype))

    def _find_in_lists(self, qname: bytes, qtype: int) -> tuple[Segment | None, Error | None]:
        """What hosts files and block lists say of a name that is no zone's."""
        routes = self._routes
        if routes.hosts is not None and routes.group_of(qname) is HOSTS:
            return Segment(Rcode.NOERROR, routes.hosts.find(qname, qtype) or ()), None
        if routes.block is None or routes.group_of(qname) is None:
            return None, None
        verdict = routes.block.find(qname)
        if verdict is None:
            return None, None
        return Segment(verdict.rcode, verdict.records(qtype)), _BLOCKED

    def _end_here(self, segment: Segment, target: bytes, qtype: int, seen: set[bytes]) -> Segment:
        """A chain that comes back into a zone here is answered from it, never from upstream.

        Where it goes round in a circle it ends with the name that is in it already.
        """
        name = target.lower()
        catalog = self._routes.catalog
        zone = find_zone(catalog, name, qtype)
        solution = self._solve_special(self.group_of(name), name, qtype)
        if solution is None:
            if not isinstance(zone, Zone):
                return segment
            solution = solve(catalog, zone, target, qtype, find(zone, name, qtype))
        answer = _owned(solution.sections.answer, target)
        for place, records in enumerate(answer):
            if records.owner is not None and records.owner.lower() in seen:
                return Segment(Rcode.NOERROR, segment.answer + answer[:place])
        return Segment(
            solution.rcode,
            segment.answer + answer,
            _owned(solution.sections.authority, target),
        )


def _owned(sections: tuple[Records, ...], owner: bytes) -> tuple[Records, ...]:
    return tuple(one if one.owner else one._replace(owner=owner) for one in sections)


def _end_of(segment: Segment) -> int:
    """The bits that say how a chain ends."""
    return segment.rcode | (TC if segment.is_truncated else 0)
