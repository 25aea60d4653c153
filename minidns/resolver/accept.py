"""What may be believed of an upstream's reply: the chain from the question's name, nothing else.

Whatever the upstream adds (records of other names, NS, glue) is dropped, so that it can neither be
returned nor kept. A chain is followed as far as the group's domain and `is_ours` let it; from there
on somebody else is asked.

RFC 1034 section 3.6.2 and RFC 2181 sections 5.2, 8 and 10.1 (chains, TTLs), RFC 2308 (negative
answers), RFC 4035 section 3.2 (what a client with DO gets), RFC 6604 (whose rcode it is), RFC 6672
(DNAME), RFC 8767 section 4 (large TTLs).
"""

from collections.abc import Callable, Iterable, Sequence

from minidns.resolver.model import Failure, FailureKind, Group, Question, Segment
from minidns.resolver.record_sets import MAX_TTL, by_owner, set_of, sets, signatures_over
from minidns.wire.codes import Rcode, RRClass, RRType
from minidns.wire.name import ROOT, is_at_or_below
from minidns.wire.plain_reply import AD
from minidns.wire.reply import Reply, ReplyRecord
from minidns.wire.response import TC, Records

MAX_LINKS = 11  # CNAMEs in a chain, as BIND and Unbound
MAX_NEGATIVE_TTL = 3_600  # seconds, RFC 2308 section 5
_MAX_TEXT = 64  # characters of an upstream's own words
_IN = int(RRClass.IN)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_SOA = int(RRType.SOA)
_NS = int(RRType.NS)
_RRSIG = int(RRType.RRSIG)
_ANY = int(RRType.ANY)
_PROOFS = frozenset({int(RRType.NSEC), int(RRType.NSEC3)})
_NOERROR, _NXDOMAIN = Rcode.NOERROR, Rcode.NXDOMAIN


def accept(
    question: Question, reply: Reply, group: Group, is_ours: Callable[[Group, bytes], bool]
) -> Segment | Failure:
    """The part of a reply that answers the question, or why it is of no use.

    `is_ours` tells for a name (lower-case wire) whether this group is the one to be asked about it;
    where it is not, the chain is cut and `target` set. A TTL of 0 in the result: not to be kept.
    """
    if (reply.qname.lower(), reply.qtype, reply.qclass) != (question.qname, question.qtype, _IN):
        return _unusable("the reply is to another question")
    if reply.flags & TC:
        return _unusable("the reply is truncated")
    if reply.rcode not in (_NOERROR, _NXDOMAIN):
        return Failure(FailureKind.RCODE, _describe_rcode(reply), reply.rcode)
    return _plain(question, reply, group) or _Chain(question, reply, group, is_ours).follow()


def _plain(question: Question, reply: Reply, group: Group) -> Segment | None:
    """The commonest reply: nothing but the set that was asked for. None where there is more to it.

    What `_Chain` makes of it, at a third of the cost.
    """
    _, qtype, dnssec_ok, _ = question
    answer, qname = reply.answer, reply.qname
    if not answer or dnssec_ok or reply.rcode or qtype == _ANY:
        return None
    for owner, rtype, rclass, _, _ in answer:
        if rtype != qtype or rclass != _IN or owner != qname:
            return None
    return _of_one_set(question, reply, group)


def _of_one_set(question: Question, reply: Reply, group: Group) -> Segment:
    records = set_of(None, question.qtype, reply.answer)
    is_authentic = group.trust_ad and bool(reply.flags & AD)
    return Segment(_NOERROR, (records,), (), None, records.ttl, is_authentic)


class _Chain:
    """The walk from the question's name to where the reply has no more."""

    def __init__(
        self,
        question: Question,
        reply: Reply,
        group: Group,
        is_ours: Callable[[Group, bytes], bool],
    ) -> None:
        self._question = question
        self._reply = reply
        self._group = group
        self._is_ours = is_ours
        self._name = question.qname
        self._by_owner = by_owner(reply.answer)
        self._answer: list[Records] = []

    def follow(self) -> Segment | Failure:
        seen = {self._name}
        target = None
        while not self._take_data():
            cname = self._take_alias()
            if cname is None:
                return self._end_without_data(target)
            if isinstance(cname, Failure):
                return cname
            target = cname
            self._name = target.lower()
            if self._name in seen:
                return _unusable("its CNAME records go round in a circle")
            if len(seen) > MAX_LINKS:
                return _unusable(f"its chain has more than {MAX_LINKS} CNAME records")
            seen.add(self._name)
            domain = self._group.domain
            is_inside = domain == ROOT or is_at_or_below(self._name, domain)
            if not is_inside or not self._is_ours(self._group, self._name):
                return self._segment(_NOERROR, (), target)
        if self._reply.rcode == _NXDOMAIN:
            return _unusable("it says NXDOMAIN and has an answer")
        proof: Sequence[Records] = ()
        if self._question.dnssec_ok and self._reply.authority:
            proof = self._proof(MAX_TTL)  # RFC 4035 section 3.1.3.3: no closer match
        return self._segment(_NOERROR, proof)

    def _take_data(self) -> bool:
        """The set that is asked for at the name reached, if the reply has it."""
        qtype = self._question.qtype
        here = self._by_owner.get(self._name)
        if here is None:
            return False
        if qtype == _ANY:
            self._answer += sets(self._owner(), here)
            return bool(self._answer)
        found = [record for record in here if record.rtype == qtype]
        if not found:
            return False
        if qtype == _CNAME:
            self._take_dname(found[0].rdata.lower())
        self._take(qtype, found, here)
        return True

    def _take_alias(self) -> bytes | Failure | None:
        """The target of the CNAME at the name reached, None where there is none."""
        here = self._by_owner.get(self._name)
        if here is None:
            return None
        found = [record for record in here if record.rtype == _CNAME]
        if not found:
            return None
        target = found[0].rdata
        if len(found) > 1 and any(one.rdata.lower() != target.lower() for one in found):
            return _unusable("it has two CNAME records at one name")  # RFC 2181 section 10.1
        self._take_dname(target.lower())
        self._take(_CNAME, found[:1], here)
        return target

    def _take_dname(self, target: bytes) -> None:
        """The DNAME that the CNAME at this name was made from (RFC 6672 section 3.1)."""
        name = self._name
        above = name[1 + name[0] :]
        while is_at_or_below(above, self._group.domain):
            here = self._by_owner.get(above, ())
            for record in here:
                end = name[: len(name) - len(above)] + record.rdata.lower()
                if record.rtype == _DNAME and end == target:
                    self._take(_DNAME, [record], here, record.owner)
                    return
            if above == ROOT:
                return
            above = above[1 + above[0] :]

    def _take(
        self,
        rtype: int,
        found: Sequence[ReplyRecord],
        here: Iterable[ReplyRecord],
        owner: bytes | None = None,
    ) -> None:
        owner = owner or self._owner()
        self._answer.append(set_of(owner, rtype, found))
        if not self._question.dnssec_ok or rtype == _RRSIG:
            return
        if signatures := signatures_over(here, rtype):
            self._answer.append(set_of(owner, _RRSIG, signatures))

    def _owner(self) -> bytes | None:
        """None for the question's name; else as it came."""
        if self._name == self._question.qname:
            return None
        return self._by_owner[self._name][0].owner

    def _end_without_data(self, target: bytes | None) -> Segment | Failure:
        """NXDOMAIN, NODATA, or a chain whose end the upstream does not know."""
        rcode = self._reply.rcode
        soa = self._find_soa()
        if soa is None:
            if rcode == _NXDOMAIN:
                return self._segment(rcode, (), ttl=0)  # RFC 2308 section 5: not to be kept
            if target is not None:
                return self._segment(rcode, (), target)
            if any(record.rtype == _NS for record in self._reply.authority):
                return _unusable("it is a referral")  # RFC 2308 section 2.2
            if self._reply.answer:
                return _unusable("its records are not those of the question")
            return self._segment(rcode, (), ttl=0)
        minimum = int.from_bytes(soa.rdata[-4:], "big")
        ttl = min(soa.ttl, minimum, MAX_NEGATIVE_TTL)
        authority = [Records(soa.owner, _SOA, ttl, (soa.rdata,))]
        if self._question.dnssec_ok:
            owner = soa.owner.lower()
            here = [one for one in self._reply.authority if one.owner.lower() == owner]
            if signatures := signatures_over(here, _SOA):
                authority.append(set_of(soa.owner, _RRSIG, signatures, ttl))
            authority += self._proof(ttl)
        return self._segment(rcode, authority)

    def _find_soa(self) -> ReplyRecord | None:
        """The SOA of the closest zone that the last name can be in."""
        best = None
        for record in self._reply.authority:
            if (
                record.rtype == _SOA
                and record.rclass == _IN
                and is_at_or_below(self._name, record.owner.lower())
                and (best is None or len(record.owner) > len(best.owner))
            ):
                best = record
        return best

    def _proof(self, max_ttl: int) -> list[Records]:
        """NSEC and NSEC3 of the authority section with their signatures (RFC 9077: their TTL)."""
        proof = []
        for here in by_owner(self._reply.authority).values():
            if is_at_or_below(here[0].owner.lower(), self._group.domain):
                for rtype in sorted({one.rtype for one in here} & _PROOFS):
                    owner = here[0].owner
                    found = [one for one in here if one.rtype == rtype]
                    proof.append(set_of(owner, rtype, found, max_ttl))
                    if signatures := signatures_over(here, rtype):
                        proof.append(set_of(owner, _RRSIG, signatures, max_ttl))
        return proof

    def _segment(
        self,
        rcode: int,
        authority: Sequence[Records],
        target: bytes | None = None,
        ttl: int = MAX_TTL,
    ) -> Segment:
        for records in self._answer:
            ttl = min(ttl, records.ttl)
        for records in authority:
            ttl = min(ttl, records.ttl)
        is_authentic = self._group.trust_ad and bool(self._reply.flags & AD)
        return Segment(rcode, tuple(self._answer), tuple(authority), target, ttl, is_authentic)


def _unusable(text: str) -> Failure:
    return Failure(FailureKind.UNUSABLE, text)


def _describe_rcode(reply: Reply) -> str:
    """The rcode, and the upstream's own words where it has some that are fit for a log."""
    try:
        text = Rcode(reply.rcode).name
    except ValueError:
        text = f"rcode {reply.rcode}"
    for code, words in reply.errors[:1]:
        text += f", extended error {code}"
        shown = "".join(chr(octet) for octet in words[:_MAX_TEXT] if 32 <= octet < 127)
        if shown.strip():
            text += f" ({shown.strip()})"
    return text
