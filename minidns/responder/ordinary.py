"""The short way for the ordinary query: one question for a name here, no EDNS or a plain one.

Every reply from here is, octet for octet, the one that `responder` gives by the long way: what is
not surely ordinary comes back as None and goes that way. It spares the objects that the long way
makes of a query, and reads a name only as far as the zone's own names do not vouch for it: a name
that ends with an origin, with lengths of labels before it, is well-formed (RFC 1035 section 3.1).
"""

from minidns.authority.find import Outcome, find
from minidns.responder.answer_cache import AnswerCache
from minidns.responder.body_cache import BodyCache, Unfit, body_key, encode_found, splice
from minidns.responder.reply_opt import OptWriter
from minidns.responder.via import Via
from minidns.wire.codes import RRType
from minidns.wire.name import MAX_LABEL, MAX_NAME
from minidns.wire.query import HEADER, Query
from minidns.wire.response import AA, MAX_MESSAGE, QR, assemble, heads
from minidns.zone.model import Catalog, Zone

UDP_WITHOUT_EDNS = 512  # octets, RFC 1035 section 4.2.1
_NO_ORDINARY_BITS = 0xF8  # of octet 2: QR and the opcode
_CLASS_IN = b"\x00\x01"
_ONE_QUESTION = b"\x00\x01\x00\x00\x00\x00\x00\x00" + _CLASS_IN  # counts and class, no EDNS
_ONE_QUESTION_ONE_EXTRA = b"\x00\x01\x00\x00\x00\x00\x00\x01"  # counts with EDNS
_PLAIN_OPT = 11  # octets of an OPT without options, RFC 6891 section 6.1.2
CACHABLE = len(_ONE_QUESTION) + _PLAIN_OPT  # octets of such a query besides flags, name and type
_COOKIE_AT = len(_ONE_QUESTION) + 15  # the same up to the value of an OPT's first option
_KNOWN = 512  # surroundings of a question remembered: clients send few different ones
_LONGEST_KNOWN = len(_ONE_QUESTION) + 64  # octets of one
_ANSWER = Outcome.ANSWER
_NXDOMAIN = Outcome.NXDOMAIN
_ALIAS = Outcome.ALIAS
_LEADS_ON = frozenset({Outcome.CNAME, Outcome.DNAME, Outcome.ALIAS})
# Types that are refused, and DS, which may be the parent zone's to answer.
EXTRAORDINARY = frozenset(
    {0, *map(int, (RRType.OPT, RRType.DS))} | set(range(RRType.TKEY, RRType.ANY))
)
_SMALL_SET = 16  # records; heads of answers that are one set of so many are made once

# What a query's OPT comes to: 2 where there is one, the reply's OPT without a cookie's value, and
# the octets that a reply over UDP may have.
_Around = tuple[int, bytes, int]


class Ordinary:
    """Keeps the surroundings of questions, which no reload changes; shares `bodies`."""

    def __init__(
        self,
        catalog: Catalog,
        bodies: BodyCache,
        opts: OptWriter,
        datagram_answers: AnswerCache,
        stream_answers: AnswerCache,
        flags: int = 0,
    ) -> None:
        """`flags` are set in every reply besides those of an answer: RA, or none."""
        self.catalog = catalog
        self._flags = flags
        self._answer_heads = tuple(
            heads(QR | AA | flags, records, 0, 0) for records in range(_SMALL_SET + 1)
        )
        self.leaves_chains = False  # to the long way, which may have them followed elsewhere
        self._bodies = bodies
        self._opts = opts
        self._datagram_answers = datagram_answers
        self._stream_answers = stream_answers
        # By counts, class, and octets of the OPT; those with a cookie by what stands before it.
        self.known: dict[bytes, _Around] = {_ONE_QUESTION: (0, b"", UDP_WITHOUT_EDNS)}
        self._known_cookies: dict[bytes, _Around] = {}

    def answer(self, wire: bytes, client: bytes, via: Via) -> bytes | None:
        """The reply to a message of at least 12 octets, or None: then ask the long way.

        In one piece, since each call that it were cut by costs a twentieth of a query.
        """
        end = wire.find(0, HEADER) + 1
        around = wire[4:12] + wire[end + 2 :]
        known = self.known.get(around)
        if known is None:
            known = self._with_cookie(around, client)
            if known is None:
                return None
            around = b""
        qtype = wire[end] << 8 | wire[end + 1]
        if wire[2] & _NO_ORDINARY_BITS or qtype in EXTRAORDINARY or end > HEADER + MAX_NAME:
            return None
        catalog = self.catalog
        sent = wire[HEADER:end]
        qname = sent.lower()
        if qname[-catalog.shortest :] not in catalog.ends:  # most names elsewhere
            return None
        at, last = 0, len(qname) - catalog.longest
        while at < last:
            if qname[at] > MAX_LABEL:
                return None
            at += 1 + qname[at]
        name = qname[at:]
        zone = catalog.zones.get(name)
        while zone is None:
            if len(name) < 2 or name[0] > MAX_LABEL:
                return None
            name = name[1 + name[0] :]
            zone = catalog.zones.get(name)
        if not isinstance(zone, Zone):
            return None
        bits, opt, limit = known
        if via.is_stream:
            limit = MAX_MESSAGE
        question = wire[HEADER : end + 4]
        rrset = None
        node = zone.nodes.live.get(qname)
        if node is not None and node.cut is None and node.dname is None:
            rrset = node.rrsets.get(qtype)
        if rrset is None or rrset.wire is None:
            found = find(zone, qname, qtype)
            outcome, node, is_synthesized = found
            if (
                self.leaves_chains
                and outcome in _LEADS_ON
                # An ALIAS whose answer is kept needs nobody else.
                and (outcome is not _ALIAS or (node, qtype, end - HEADER) not in self._bodies)
            ):
                return None
            if outcome is _ANSWER:
                rrset = node.rrsets.get(qtype)
            elif outcome is _NXDOMAIN:
                if zone.falls_through and self.leaves_chains:
                    return None
                body = self._bodies.get((zone.apex, _NXDOMAIN, end - HEADER))
                if body is not None:
                    reply = b"".join(
                        (wire[:2], body.heads[bits | wire[2] & 1], question, body.wire, opt)
                    )
                    if len(reply) <= limit:
                        return reply
            if is_synthesized or len(node.name) != len(qname):
                around = b""  # kept in the answer cache are names that exist
        if rrset is not None and rrset.wire is not None:
            records = len(rrset.rdatas)
            size = HEADER + len(question) + len(rrset.wire) + len(opt)
            if size <= limit and records <= _SMALL_SET:
                head = self._answer_heads[records][bits | wire[2] & 1]
                reply = b"".join((wire[:2], head, question, rrset.wire, opt))
            else:
                reply = assemble(
                    wire[:2], wire[2] & 1, question, splice(rrset, self._flags), opt, limit
                )
        else:
            key = body_key(zone.apex, found, qtype, end - HEADER)
            body = self._bodies.get(key)
            if body is None:
                try:
                    body, is_reusable = encode_found(
                        catalog, zone, sent, qtype, found, 0, self._flags
                    )
                except Unfit:
                    return None
                if is_reusable:
                    self._bodies.add(key, body)
            reply = assemble(wire[:2], wire[2] & 1, question, body, opt, limit)
        if around and len(around) <= CACHABLE and sent == qname:
            (self._stream_answers if via.is_stream else self._datagram_answers).add(wire, reply)
        return reply

    def remember(self, wire: bytes, query: Query) -> None:
        """Learn from a query that was read the long way; it has a question and version 0."""
        edns = query.edns
        around = wire[4:12] + wire[HEADER + len(query.question) - 2 :]
        if edns is None or around[:8] != _ONE_QUESTION_ONE_EXTRA or len(around) > _LONGEST_KNOWN:
            return
        if not around.startswith(_CLASS_IN, 8) or edns.nsid or edns.keepalive or edns.padding:
            return
        known, key, cookie = self.known, around, b""
        if edns.cookie:
            if len(around) != _COOKIE_AT + len(edns.cookie):
                return
            known, key, cookie = self._known_cookies, around[:_COOKIE_AT], edns.cookie
        if len(known) >= _KNOWN:
            known.clear()
            self.known[_ONE_QUESTION] = (0, b"", UDP_WITHOUT_EDNS)
        limit = min(edns.payload, self._opts.payload)
        known[key] = (2, self._opts.write_plain(edns.dnssec_ok, bool(cookie)), limit)

    def _with_cookie(self, around: bytes, client: bytes) -> _Around | None:
        """What a query comes to whose OPT holds a cookie alone: dig and BIND send fresh ones."""
        known = self._known_cookies.get(around[:_COOKIE_AT])
        if known is None or len(around) != _COOKIE_AT + around[_COOKIE_AT - 1]:
            return None
        return 2, known[1] + self._opts.cookie_for(around[_COOKIE_AT:], client), known[2]
