"""What upstreams have said, by group, name, type, and the DO and CD bits (RFC 4035 section 4.7).

Positive answers, NXDOMAIN (for all types of a name, RFC 2308 section 5, and for all names below it,
RFC 8020) and NODATA. Bounded in octets of memory; what is negative has at most a quarter of them.
A moment is `now`, in seconds of a clock that never jumps.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from minidns.resolver.cached_answer import (
    MAX_STALE,
    STALE_TTL,
    Hit,
    JustKept,
    ends_at,
    pack_answer,
    pack_plain,
    shift,
    stored_at,
)
from minidns.resolver.eviction import Shelf, size_of
from minidns.resolver.kept_reply import KeptReply
from minidns.resolver.model import Group, Question, Segment
from minidns.wire.codes import Rcode
from minidns.wire.name import is_at_or_below
from minidns.wire.plain_reply import PlainReply

_NEGATIVE_SHARE = 4
_KEY_HEAD = Struct("=IHB")  # group, type, bits; the name follows
_GROUP = Struct("=I")  # the first of these
_ANY_TYPE = 0  # the type of a name that is not there; no type has that number (RFC 6895 3.1)
_DNSSEC_OK, _CHECKING_DISABLED = 1, 2  # bits
_NXDOMAIN = int(Rcode.NXDOMAIN)


class Kept(NamedTuple):
    """An answer to be kept over a restart. `rest`: of its key, without the group's number."""

    group_number: int
    rest: bytes
    packed: bytes
    is_used: bool  # it was asked for again
    is_negative: bool


class Cache:
    """Bounded in octets; 0 switches it off. What is stale for `max_stale` seconds is not given.

    `stale_ttl`: of what is stale.
    """

    def __init__(
        self, max_bytes: int, max_stale: float = MAX_STALE, stale_ttl: int = STALE_TTL
    ) -> None:
        self._max_stale = max_stale
        self._stale_ttl = stale_ttl
        self._max_bytes = max_bytes
        self._max_negative = max_bytes // _NEGATIVE_SHARE
        self._positive = Shelf(max_bytes)
        self._negative = Shelf(self._max_negative)
        self._hits = self._stale_hits = self._misses = self._added = 0

    def get(self, group_number: int, question: Question, now: float) -> Hit | None:
        """The newest that is known, fresh or not too long stale."""
        qname, qtype, dnssec_ok, checking_disabled = question
        bits = dnssec_ok | checking_disabled << 1
        key = _KEY_HEAD.pack(group_number, qtype, bits) + qname
        shelf = self._positive
        packed = shelf.entries.get(key)
        if not packed:
            shelf = self._negative
            packed = shelf.entries.get(key)
        if packed:
            hit = Hit(question, packed, now, key=key)
            if hit.is_fresh:
                shelf.touched.add(key)
                self._hits += 1
                return hit
        if self._negative.entries:
            covering = self.covering_nxdomain(group_number, question, now)
            if covering is not None:
                self._hits += 1
                return covering
        elif not packed:
            self._misses += 1
            return None
        return self._get_stale(group_number, question, now, packed or b"")

    def recall(self, kept: KeptReply, now: float) -> int:
        """Count down a reply that was made of what `get` gave; by how many seconds.

        Negative where what is kept has changed since, or is to be fetched anew.
        """
        age = int(now - kept.since)
        if age >= kept.lasts:
            return -1
        key, shelf = kept.key, self._positive
        if shelf.entries.get(key) is not kept.packed:
            shelf = self._negative
            if shelf.entries.get(key) is not kept.packed:
                return -1
        shelf.touched.add(key)
        self._hits += 1
        if age:
            kept.count_down(age)
        return age

    def _get_stale(
        self, group_number: int, question: Question, now: float, packed: bytes
    ) -> Hit | None:
        """`packed` is what there is for the type; what was said last counts."""
        negative = self._negative.entries
        absent = negative.get(_key(group_number, question, _ANY_TYPE)) if negative else None
        if absent and (not packed or stored_at(absent) > stored_at(packed)):
            packed = absent
        if packed:
            hit = Hit(question, packed, now, self._max_stale, self._stale_ttl)
            if hit.is_stale:
                self._stale_hits += 1
                return hit
        self._misses += 1
        return None

    def covering_nxdomain(self, group_number: int, question: Question, now: float) -> Hit | None:
        """A fresh NXDOMAIN of the name or of one above it (RFC 8020 section 2).

        With DO the proof of the name above proves this one's absence too (RFC 8020 section 5), and
        it was asked for with DO. None is ever kept above the group's domain.
        """
        entries = self._negative.entries
        if not entries:
            return None
        head = _KEY_HEAD.pack(group_number, _ANY_TYPE, _bits(question))
        name = question.qname
        while True:
            key = head + name
            packed = entries.get(key)
            if packed:
                hit = Hit(question._replace(qname=name), packed, now, key=key)
                if hit.is_fresh:
                    self._negative.touched.add(key)
                    return hit if name == question.qname else _below(hit, name, question, now)
            if not name[0]:
                return None
            name = name[1 + name[0] :]

    def add(
        self, group_number: int, question: Question, segment: Segment, now: float
    ) -> JustKept | None:
        """Keep it for its TTL, in place of what there was. With a TTL of 0 nothing is kept."""
        positive, negative = self._positive, self._negative
        qname, qtype, dnssec_ok, checking_disabled = question
        key = _KEY_HEAD.pack(group_number, qtype, dnssec_ok | checking_disabled << 1) + qname
        is_negative = bool(segment.authority) and not segment.answer
        if is_negative or negative.entries:
            absent = _key(group_number, question, _ANY_TYPE)
            negative.remove(absent)
            if is_negative and segment.rcode == _NXDOMAIN:
                positive.remove(key)
                negative.remove(key)
                key = absent
        kept = pack_answer(question, segment, now) if segment.ttl > 0 else None
        shelf, other = (negative, positive) if is_negative else (positive, negative)
        other.remove(key)
        if kept is not None:
            shelf.put(key, kept.packed)
            self._added += 1
        else:
            shelf.remove(key)
        if negative.bytes > self._max_negative:
            negative.shrink(self._max_negative)
        if positive.bytes + negative.bytes > self._max_bytes:
            positive.shrink(self._max_bytes - negative.bytes)
        return kept

    def add_plain(self, group: Group, question: Question, reply: PlainReply, now: float) -> bool:
        """The same of a reply as it came. True, as all may be kept here."""
        positive, negative = self._positive, self._negative
        qname, qtype, dnssec_ok, checking_disabled = question
        number = group.number
        key = _KEY_HEAD.pack(number, qtype, dnssec_ok | checking_disabled << 1) + qname
        if negative.entries:
            negative.remove(_key(number, question, _ANY_TYPE))
            negative.remove(key)
        positive.put(key, pack_plain(reply, now))
        self._added += 1
        if positive.bytes + negative.bytes > self._max_bytes:
            positive.shrink(self._max_bytes - negative.bytes)
        return True

    def flush(self, name: bytes | None = None) -> int:
        """Forget all, or what is at or below a name (lower-case wire); how many answers that was.

        Of other names an answer may stay whose chain leads there.
        """
        flushed = 0
        for shelf in (self._positive, self._negative):
            if name is None:
                flushed += sum(1 for _ in shelf.items())
                shelf.clear()
                continue
            for key, _ in shelf.items():
                if key.endswith(name) and is_at_or_below(key[_KEY_HEAD.size :], name):
                    flushed += shelf.remove(key)
        return flushed

    def answers(self, now: float) -> Iterator[tuple[int, Question, Hit]]:
        """All that is kept, with the group's number; a name that is not there has type 0."""
        for shelf in (self._positive, self._negative):
            for key, packed in shelf.items():
                group_number, qtype, bits = _KEY_HEAD.unpack_from(key)
                question = Question(
                    key[_KEY_HEAD.size :],
                    qtype,
                    bits & _DNSSEC_OK != 0,
                    bits & _CHECKING_DISABLED != 0,
                )
                hit = Hit(question, packed, now, self._max_stale, self._stale_ttl)
                yield group_number, question, hit

    def kept(self, now: float) -> Iterator[Kept]:
        """What is not too long stale, the most useful first. Nothing may change meanwhile."""
        for is_used in (True, False):
            for shelf in (self._positive, self._negative):
                for key, packed in shelf.by_worth(is_used):
                    if now < ends_at(packed) + self._max_stale:
                        (group_number,) = _GROUP.unpack_from(key)
                        is_negative = shelf is self._negative
                        yield Kept(group_number, key[_GROUP.size :], packed, is_used, is_negative)

    def put_back(self, kept: Kept, seconds: int, now: float) -> bool:
        """Keep again what was kept, in its order, by a clock that is so many seconds ahead.

        False where that does not fit or is too old.
        """
        group_number, rest, packed, is_used, is_negative = kept
        if now - seconds >= ends_at(packed) + self._max_stale:
            return False
        packed = shift(packed, seconds)
        key = _GROUP.pack(group_number) + rest
        size = size_of(key, packed)
        shelf, negative = self._positive, self._negative
        if is_negative:
            shelf = negative
            if shelf.bytes + size > self._max_negative:
                return False
        if self._positive.bytes + negative.bytes + size > self._max_bytes:
            return False
        shelf.put_back(key, packed, is_used)
        return True

    def stats(self) -> dict[str, int]:
        """Counters since the start, and sizes now in octets."""
        return {
            "answers": self._positive.count(),
            "negative_answers": self._negative.count(),
            "bytes": self._positive.bytes + self._negative.bytes,
            "negative_bytes": self._negative.bytes,
            "max_bytes": self._max_bytes,
            "hits": self._hits,
            "stale_hits": self._stale_hits,
            "misses": self._misses,
            "added": self._added,
            "evicted": self._positive.evicted + self._negative.evicted,
        }


def _below(hit: Hit, name: bytes, question: Question, now: float) -> Hit | None:
    """What was said of a name, said of one below it: octets point into the name that was asked."""
    segment = hit.segment_at(now)
    authority = tuple(one if one.owner else one._replace(owner=name) for one in segment.authority)
    packed = pack_answer(question, segment._replace(authority=authority), now)
    return None if packed is None else Hit(question, packed.packed, now)


def _bits(question: Question) -> int:
    return question.dnssec_ok | question.checking_disabled << 1


def _key(group_number: int, question: Question, rtype: int) -> bytes:
    return _KEY_HEAD.pack(group_number, rtype, _bits(question)) + question.qname
