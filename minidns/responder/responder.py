"""Wire in, wire out: the ladder of refusals, then the zones.

1. shorter than a header, or a response: no reply;  2. opcode not served: NOTIMP;
3. malformed: FORMERR;  4. EDNS version: BADVERS;  5. class, meta type, no zone: REFUSED;
6. anything unexpected: the traceback to the log, SERVFAIL to the client;
7. always: ID, opcode and RD copied, the question echoed octet for octet, OPT exactly when the
query had one, every other bit computed (AD and CD clear, RFC 4035 section 3.1.6).

Knows no socket, no clock, no event loop: time is a callable given at the start.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from minidns.authority.find import Found, Outcome, find, find_zone
from minidns.resolver.model import HOSTS, Group, Question
from minidns.responder.answer_cache import AnswerCache
from minidns.responder.body_cache import BodyCache, Unfit, body_key, encode_found, splice
from minidns.responder.chaos import chaos_bodies
from minidns.responder.cookies import Cookies
from minidns.responder.log_limit import LogLimit
from minidns.responder.ordinary import UDP_WITHOUT_EDNS, Ordinary
from minidns.responder.outside_query import OutsideQuery, say_later
from minidns.responder.refusals import Refusal, ServerFailure, plain_error, refusal
from minidns.responder.reply_opt import OptWriter
from minidns.responder.room import Rooms, make_rooms
from minidns.responder.via import Via
from minidns.wire.codes import ExtendedError, Rcode, RRClass, RRType
from minidns.wire.edns import Edns, write_extended_error, write_opt
from minidns.wire.name import name_to_text
from minidns.wire.query import HEADER, Query, QueryError, QueryReader
from minidns.wire.response import MAX_MESSAGE, RA, TC, Body, assemble
from minidns.zone.model import BrokenZone, Catalog, Zone

if TYPE_CHECKING:  # none of it is loaded where names outside are refused
    from minidns.responder.outside import Error, Outside

log = logging.getLogger(__name__)

_IN = int(RRClass.IN)
_ANY = int(RRType.ANY)
_CD = 0x10  # of octet 3 of a header, RFC 4035 section 3.1.6
_CH = int(RRClass.CH)
_ANSWER = Outcome.ANSWER
_NO_QUESTION_TYPES = frozenset({0, int(RRType.OPT), int(RRType.TSIG)})  # RFC 6895 section 3.1
_REFUSED_TYPES = frozenset(
    {
        int(RRType.TKEY),
        int(RRType.IXFR),
        int(RRType.AXFR),
        int(RRType.MAILB),
        int(RRType.MAILA),
    }
)
_PLAIN_OPT = 11  # octets of an OPT without options, RFC 6891 section 6.1.2
_BODY_CACHE = 32 * 2**20  # octets


@dataclass(frozen=True, slots=True)
class Policy:
    """What the responder may say, in plain values."""

    udp_payload: int = 1232  # octets offered and never exceeded over UDP, RFC 9715
    nsid: str = ""  # RFC 5001; empty: not answered
    chaos_version: str = ""  # version.bind and version.server; empty: REFUSED
    chaos_identity: str = ""  # id.server and hostname.bind; empty: REFUSED
    rotate: bool = False  # turn the records of each set by one place per answer
    answer_cache: int = 32 * 2**20  # octets for each of UDP and TCP; 0 switches it off


class Responder:
    """Answers one message at a time from a catalog of zones."""

    def __init__(
        self,
        catalog: Catalog,
        policy: Policy,
        cookies: Cookies,
        unix_time: Callable[[], float],
        outside: "Outside | None" = None,
        resolves: bool = False,
        rooms: Rooms | None = None,
    ) -> None:
        """Without `outside` names that no zone here holds are refused.

        `resolves`: all clients may have names resolved. Then each reply says so (RA), and what is
        kept of other names is recalled by the octets of the query, too.
        `rooms` where several responders share them.
        """
        self._catalog = catalog
        self._outside = outside
        self._policy = policy
        self._reader = QueryReader()
        self._opts = OptWriter(policy.udp_payload, policy.nsid.encode(), cookies, unix_time)
        self._chaos = chaos_bodies(policy.chaos_version, policy.chaos_identity)
        self._resolves = resolves
        self._ra = RA if resolves else 0
        self._bodies = BodyCache(_BODY_CACHE)
        self._turn = 0
        self._log_limit = LogLimit(unix_time)
        rooms = rooms or make_rooms(policy.answer_cache)
        self.datagram_answers = AnswerCache(rooms.datagrams, outside)
        self.stream_answers = AnswerCache(rooms.streams, outside)
        self.ordinary = Ordinary(
            catalog,
            self._bodies,
            self._opts,
            self.datagram_answers,
            self.stream_answers,
            self._ra,
        )
        self.ordinary.leaves_chains = outside is not None
        self._ordinary_outside = None
        if outside is not None:
            self._ordinary_outside = outside.make_short_way(
                self, self.ordinary, self.datagram_answers, self.stream_answers, resolves
            )
        self._is_short_way_right = False  # none of its answers may be another's to give
        self._take(catalog)
        if outside is not None:
            outside.tell_changes(self._forget_answers)
        self.failures = 0  # queries that ended in the last resort

    def swap(self, catalog: Catalog) -> None:
        """Answer from other zones from now on; nothing of the old ones is kept."""
        self._take(catalog)
        self._bodies.forget()
        self._forget_answers()

    def _forget_answers(self) -> None:
        """Of zones, too: whether a chain leads out of them depends on hosts files and upstreams."""
        self.datagram_answers.clear()
        self.stream_answers.clear()

    def call_on_passing(self, call: Callable[[], None]) -> None:
        """When there is something to forget at the end of this second, at least once."""
        self.datagram_answers.on_passing = self.stream_answers.on_passing = call

    def forget_passing(self) -> None:
        """A second is over: the TTLs of names that are kept have become others."""
        self.datagram_answers.forget_passing()
        self.stream_answers.forget_passing()

    def _take(self, catalog: Catalog) -> None:
        self._catalog = self.ordinary.catalog = catalog
        self._is_short_way_right = bool(catalog.zones) and not self._policy.rotate
        if self._outside is not None:
            self._outside.take(catalog)
            self._is_short_way_right &= not self._outside.has_cuts

    def respond(self, wire: bytes, client: bytes, via: Via) -> bytes | Awaitable[bytes] | None:
        """The reply to one message, now or later, None for none. Never raises.

        `client` is the address as 4 or 16 octets, an IPv4-mapped one as 4.
        """
        if len(wire) < HEADER or wire[2] & 0x80:
            return None
        try:
            answers = self.stream_answers if via.is_stream else self.datagram_answers
            if answers.kept:
                tail = answers.recall(wire[2:])
                if tail is not None:
                    return wire[:2] + tail
            if self._is_short_way_right:
                reply = self.ordinary.answer(wire, client, via)
                if reply is not None:
                    return reply
            if self._ordinary_outside is not None:
                outcome = self._ordinary_outside.answer(wire, client, via)
                if outcome is not None:
                    return outcome
            return self.respond_at_length(wire, client, via)
        except Exception:  # the last resort: a fault of ours is not the end of the server
            return self.fail(wire)

    def fail(self, wire: bytes) -> bytes:
        """SERVFAIL, while a fault of ours is handled."""
        self.failures += 1
        if self._log_limit.allows():
            log.exception("a query failed: %s", wire[:300].hex())
        question, edns = b"", None
        with suppress(Exception):  # it may be the reader that failed
            question, edns = self._reader.read_what_can_be(wire)
        opt = b"" if edns is None else write_opt(self._policy.udp_payload, edns.dnssec_ok)
        return wire[:2] + plain_error(wire, Rcode.SERVFAIL, question, opt, self._ra)

    def respond_at_length(self, wire: bytes, client: bytes, via: Via) -> bytes | Awaitable[bytes]:
        """The reply by the long way, which is right for every message of 12 octets with QR=0."""
        try:
            return self._answer(wire, self._reader.read(wire), client, via)
        except QueryError as fault:
            return self._refuse(wire, fault, client, via)

    def _answer(
        self, wire: bytes, query: Query, client: bytes, via: Via
    ) -> bytes | Awaitable[bytes]:
        edns = query.edns
        if edns is not None and edns.version:
            return self._error(wire, Rcode.BADVERS, query.question, edns, client, via)
        if not query.question:
            is_good = edns is None or self._opts.accepts(edns.cookie, client)
            rcode = Rcode.NOERROR if is_good else Rcode.BADCOOKIE  # RFC 7873 section 5.4
            return self._error(wire, rcode, b"", edns, client, via)
        outside = self._outside
        if outside is not None:
            group = self._group_of(outside, query)
            if group is not None and not self._is_answered_here(
                outside, group, wire, query, client
            ):
                return self._answer_outside(outside, group, wire, query, client, via)
        if query.qclass != _IN:
            return self._assemble(wire, query, self._find_chaos(query), b"", client, via)
        zone, found = self._find(query)
        leads_out = None
        if outside is not None:
            question = _question_of(query, wire)
            leads_out = outside.target_of(found, question)
            if leads_out is not None and leads_out.alias is not None:
                body = outside.find_flattened(leads_out, question)
                if body is not None:
                    return self._assemble(wire, query, body, b"", client, via)
                begin = partial(outside.flatten, leads_out, question, client)
                return say_later(self, begin, wire, client, via)
            if leads_out is not None and wire[2] & 1 and outside.allows(client):
                begin = partial(outside.follow, leads_out, question, wire[3], client)
                return say_later(self, begin, wire, client, via)
        body = self._body_of(zone, query, found)
        reply = self._assemble(wire, query, body, b"", client, via)
        self.ordinary.remember(wire, query)
        # What leads out is followed for some clients, and kept for none.
        if not leads_out and self._is_cachable(len(wire), query, found):
            (self.stream_answers if via.is_stream else self.datagram_answers).add(wire, reply)
        return reply

    def _assemble(
        self, wire: bytes, query: Query, body: Body, error: bytes, client: bytes, via: Via
    ) -> bytes:
        """`error`: a written EDE option, for a client that speaks EDNS."""
        question, edns = query.question, query.edns
        if edns is None:
            opt = b""
            limit = MAX_MESSAGE if via.is_stream else UDP_WITHOUT_EDNS
        else:
            size = HEADER + len(question) + len(body.wire)
            opt = self._opts.write(edns, client, via, size, error=error)
            limit = MAX_MESSAGE if via.is_stream else min(edns.payload, self._opts.payload)
        return assemble(wire[:2], wire[2] & 1, question, body, opt, limit)

    def _group_of(self, outside: "Outside", query: Query) -> Group | None:
        """Who else is to be asked; None where the query is answered, or refused, from here."""
        if (
            query.qclass != _IN
            or query.qtype in _NO_QUESTION_TYPES
            or query.qtype in _REFUSED_TYPES
        ):
            return None
        return outside.group_for(query.qname, query.qtype)

    def _is_answered_here(
        self, outside: "Outside", group: Group, wire: bytes, query: Query, client: bytes
    ) -> bool:
        """Whether a zone falls through for a name that this client may not have resolved.

        Then the zone's own answer is given, which says that there is no such name.
        """
        if not outside.falls_through(query.qname):
            return False
        is_asked = group is HOSTS or (wire[2] & 1 and query.qtype != _ANY)
        if not is_asked or not outside.allows(client):
            return True
        return outside.is_special(group, query.qname)

    def _answer_outside(
        self, outside: "Outside", group: Group, wire: bytes, query: Query, client: bytes, via: Via
    ) -> bytes | Awaitable[bytes]:
        if not self._resolves and not outside.allows(client):
            raise refusal(query, "not resolved for this network", ExtendedError.PROHIBITED)
        question = _question_of(query, wire)
        body = outside.find_special(group, question, wire[3])
        if body is not None:
            return self._assemble(wire, query, body, b"", client, via)
        if not wire[2] & 1:  # what is kept here is nobody's to look through
            raise refusal(query, "resolved for RD=1 alone", ExtendedError.NOT_AUTHORITATIVE)
        if query.qtype == _ANY:  # RFC 8482: not worth what it can be misused for
            raise refusal(query, "ANY is not resolved", ExtendedError.NOT_SUPPORTED)
        self.ordinary.remember(wire, query)
        outside.learn(query.qname, group)
        kept = outside.find(group, question, wire[3])
        if kept is not None:
            body, hit = kept
            reply = self._assemble(wire, query, body, b"", client, via)
            short_way = self._ordinary_outside
            if short_way is not None and hit is not None and self._is_plain(len(wire), query):
                short_way.keep(wire, reply, body, hit, len(query.question), via)
            return reply
        return outside.ask(OutsideQuery(self, outside, group, question, wire, client, via))

    def say(self, wire: bytes, body: Body, error: "Error | None", client: bytes, via: Via) -> bytes:
        """The reply to `wire`, which is well-formed, with what became of it elsewhere."""
        query = self._reader.read(wire)
        if body.flags & TC and not body.wire:  # no answer but over TCP, RFC 5625 section 4.4
            lost = TC if via.is_stream else 0xF
            body = Body(body.flags & ~lost, b"", (), 0)
        option = write_extended_error(*error) if error and query.edns else b""
        return self._assemble(wire, query, body, option, client, via)

    def _is_cachable(self, size: int, query: Query, found: Found) -> bool:
        """Whether the reply depends on the query's octets alone and is likely to be asked again."""
        _, node, is_synthesized = found
        return (
            len(node.name) == len(query.qname)
            and not is_synthesized
            and not self._policy.rotate
            and self._is_plain(size, query)
        )

    def _is_plain(self, size: int, query: Query) -> bool:
        """Whether a query of that size has no EDNS option, and its name is in lower case."""
        return size <= HEADER + len(query.question) + _PLAIN_OPT and query.question.startswith(
            query.qname
        )

    def _find_chaos(self, query: Query) -> Body:
        body = self._chaos.get((query.qname, query.qtype)) if query.qclass == _CH else None
        if body is None:
            raise refusal(query, "only class IN is served", ExtendedError.NOT_SUPPORTED)
        return body

    def _find(self, query: Query) -> tuple[Zone, Found]:
        qname, qtype = query.qname, query.qtype
        if qtype in _NO_QUESTION_TYPES:
            raise QueryError(Rcode.FORMERR, "no type to ask for", query.question, query.edns)
        if qtype in _REFUSED_TYPES:
            raise refusal(query, "this type is not served", ExtendedError.NOT_SUPPORTED)
        zone = find_zone(self._catalog, qname, qtype)
        if zone is None:
            raise refusal(query, "no zone for this name", ExtendedError.NOT_AUTHORITATIVE)
        if isinstance(zone, BrokenZone):
            raise ServerFailure(
                f"could not load the zone {name_to_text(zone.origin)}",
                query,
                ExtendedError.INVALID_DATA,
            )
        return zone, find(zone, qname, qtype)

    def _body_of(self, zone: Zone, query: Query, found: Found) -> Body:
        outcome, node, _ = found
        qname, qtype = query.qname, query.qtype
        if outcome is _ANSWER and not self._policy.rotate:
            rrset = node.rrsets.get(qtype)
            if rrset is not None and rrset.wire is not None:
                return splice(rrset, self._ra)
        key = body_key(zone.apex, found, qtype, len(qname))
        body = self._bodies.get(key)
        if body is None:
            self._turn += self._policy.rotate
            try:
                body, is_reusable = encode_found(
                    self._catalog, zone, query.question[:-4], qtype, found, self._turn, self._ra
                )
            except Unfit as fault:
                raise ServerFailure(str(fault), query, ExtendedError.OTHER) from None
            if is_reusable:
                self._bodies.add(key, body)
        return body

    def _refuse(self, wire: bytes, fault: QueryError, client: bytes, via: Via) -> bytes:
        error = b""
        if isinstance(fault, Refusal) and fault.edns is not None:
            error = write_extended_error(fault.extended_error, str(fault))
        return self._error(wire, fault.rcode, fault.question, fault.edns, client, via, error)

    def _error(
        self,
        wire: bytes,
        rcode: int,
        question: bytes,
        edns: Edns | None,
        client: bytes,
        via: Via,
        error: bytes = b"",
    ) -> bytes:
        """A reply without records. The upper bits of the rcode stand in the OPT."""
        opt = b""
        if edns is not None:
            size = HEADER + len(question)
            opt = self._opts.write(edns, client, via, size, rcode >> 4, error)
        return wire[:2] + plain_error(wire, rcode, question, opt, self._ra)


def _question_of(query: Query, wire: bytes) -> Question:
    is_dnssec = query.edns is not None and query.edns.dnssec_ok
    return Question(query.qname, query.qtype, is_dnssec, bool(wire[3] & _CD))
