"""The short way for the ordinary query for a name elsewhere, as `ordinary` is for names here.

What is known of a name's parent spares most of the work: names directly below it have the same
group, unless a zone, a group, a list or a special use begins there, which has them go the long way.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from minidns.resolver.cached_answer import Hit
from minidns.resolver.model import Question
from minidns.responder.answer_cache import AnswerCache
from minidns.responder.ordinary import CACHABLE, EXTRAORDINARY, Ordinary
from minidns.responder.outside_query import OutsideQuery, Speaker
from minidns.responder.via import Via
from minidns.wire.codes import RRType
from minidns.wire.name import MAX_NAME
from minidns.wire.query import HEADER
from minidns.wire.response import MAX_MESSAGE, Body, assemble

if TYPE_CHECKING:
    from minidns.responder.outside import Outside

_RD = 0x01  # octet 2 of an ordinary query
_CD = 0x10  # of octet 3
_DO = 0x80  # of octet 7 of an OPT
_EXTRAORDINARY = EXTRAORDINARY | {int(RRType.ANY)}


class OrdinaryOutside:
    """Of one responder, which is the `speaker`. `resolves` for all clients."""

    def __init__(
        self,
        ordinary: Ordinary,
        outside: "Outside",
        speaker: Speaker,
        datagram_answers: AnswerCache,
        stream_answers: AnswerCache,
        resolves: bool,
    ) -> None:
        self._known = ordinary.known
        self._outside = outside
        self._speaker = speaker
        self._datagram_answers = datagram_answers
        self._stream_answers = stream_answers
        self._resolves = resolves

    def answer(self, wire: bytes, client: bytes, via: Via) -> bytes | Awaitable[bytes] | None:
        """The reply to a message of at least 12 octets, or None: then ask the long way."""
        end = wire.find(0, HEADER) + 1
        around = wire[4:12] + wire[end + 2 :]
        known = self._known.get(around)
        if known is None or wire[2] != _RD or end > HEADER + MAX_NAME:
            return None
        outside = self._outside
        sent = wire[HEADER:end]
        qname = sent.lower()
        group = outside.ordinary_group_of(qname)
        qtype = wire[end] << 8 | wire[end + 1]
        if group is None or qtype in _EXTRAORDINARY:
            return None
        if not self._resolves and not outside.allows(client):
            return None
        bits = wire[3]
        _, opt, limit = known
        if via.is_stream:
            limit = MAX_MESSAGE
        is_dnssec = opt[7] & _DO != 0 if opt else False
        question = Question(qname, qtype, is_dnssec, bits & _CD != 0)
        kept = outside.find(group, question, bits)
        if kept is None:
            return outside.ask(
                OutsideQuery(self._speaker, outside, group, question, wire, client, via, opt, limit)
            )
        body, hit = kept
        asked = wire[HEADER : end + 4]
        reply = assemble(wire[:2], 1, asked, body, opt, limit)
        if hit is not None and len(around) <= CACHABLE and sent == qname:
            self.keep(wire, reply, body, hit, len(asked), via)
        return reply

    def keep(
        self, wire: bytes, reply: bytes, body: Body, hit: Hit, question: int, via: Via
    ) -> None:
        """So that it is recalled by the query's octets; `question`: how many of them it has."""
        if not self._resolves:
            return
        answers = self._stream_answers if via.is_stream else self._datagram_answers
        whole = hit.whole(reply, body, HEADER + question)
        if whole is None:
            answers.add_passing(wire, reply)
        else:
            answers.keep(wire, whole)
