"""The whole answer to a question: chains followed, sections filled (RFC 1034 section 4.3.2).

CNAME (RFC 2181 section 10.1, RFC 6604 for the rcode at the end of a chain), DNAME with its
synthesized CNAME (RFC 6672), referrals (RFC 9471), negative answers (RFC 2308), ANY (RFC 8482),
ALIAS. A chain goes on in whichever zone here holds its next name, and stops where none does.
"""

from typing import NamedTuple

from minidns.authority.additional import glue_for, targets_for
from minidns.authority.find import Found, Outcome, find, find_zone
from minidns.wire.codes import Rcode, RRType
from minidns.wire.name import MAX_NAME
from minidns.wire.response import Records, Sections
from minidns.zone.model import BrokenZone, Catalog, Node, RRset, Zone

MAX_CHAIN = 11  # CNAMEs and DNAMEs followed for one question; BIND and Unbound follow as many
_SOA = int(RRType.SOA)
_NS = int(RRType.NS)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_ANY = int(RRType.ANY)
_NEGATIVE = frozenset({Outcome.NODATA, Outcome.NXDOMAIN})
_LEADS_ON = frozenset({Outcome.CNAME, Outcome.DNAME})


class OpenAlias(NamedTuple):
    """An ALIAS that depends on a name which may be known elsewhere. TTLs are in seconds."""

    owner: bytes | None  # of the addresses to come; None for the question's name
    target: bytes  # wire
    ttl: int  # the most that they may have
    soa: Records  # of the owner's zone, where there are none


class Solution(NamedTuple):
    """An answer before it is encoded. `aa` belongs to the first owner (RFC 1035 section 4.1.1)."""

    rcode: int
    aa: bool
    sections: Sections
    anchor: bytes  # lower-case wire: what the question surely ends with
    is_reusable: bool  # whether it holds for all questions of that length at that node
    reason: str  # of SERVFAIL, for an Extended DNS Error
    alias: OpenAlias | None = None  # what it lacks, unless nobody else has that name


class _Draft:
    """An answer while it is collected. `owner` is None while it is the question's name."""

    def __init__(self, catalog: Catalog, qtype: int, name: bytes, depth: int) -> None:
        self.catalog = catalog
        self.qtype = qtype
        self.question = name
        self.owner: bytes | None = None
        self.name = name  # the current name, with the case in which it came
        self.depth = depth  # of ALIAS
        self.rcode: int = Rcode.NOERROR
        self.answer: list[Records] = []
        self.authority: list[Records] = []
        self.required: list[Records] = []  # glue
        self.additional: list[Records] = []
        self.is_reusable = True
        self.reason = ""
        self.alias: OpenAlias | None = None

    def fail(self, reason: str) -> None:
        self.rcode = Rcode.SERVFAIL
        self.reason = reason


def solve(
    catalog: Catalog, zone: Zone, sent: bytes, qtype: int, found: Found, depth: int = 0
) -> Solution:
    """`found` is what `find` said of `sent` (wire, in the client's case) in `zone`."""
    draft = _Draft(catalog, qtype, sent, depth)
    first, origin = found, zone.origin
    seen = {sent.lower()}
    for length in range(MAX_CHAIN + 1):
        if length == MAX_CHAIN and found[0] in _LEADS_ON:
            break
        target = _take(draft, zone, found)
        if target is None:
            break
        name = target.lower()
        if name in seen:
            draft.is_reusable &= name != sent.lower()  # a loop that ends where it began
            break
        seen.add(name)
        draft.owner = draft.name = target
        next_zone = find_zone(catalog, name, qtype)
        if next_zone is None:
            break
        if isinstance(next_zone, BrokenZone):
            draft.fail("the zone of a CNAME's target could not be loaded")
            break
        zone = next_zone
        found = find(zone, name, qtype)
        if found[1] is first[1]:  # a loop, whose end depends on which name it began with
            draft.is_reusable = False
    required, optional = _drop_repeated(draft)
    return Solution(
        rcode=draft.rcode,
        aa=first[0] is not Outcome.REFERRAL,
        sections=Sections(
            tuple(draft.answer), tuple(draft.authority), (*required, *optional), len(required)
        ),
        anchor=_anchor_of(first, origin, sent.lower()),
        is_reusable=draft.is_reusable,
        reason=draft.reason,
        alias=draft.alias,
    )


def _anchor_of(found: Found, origin: bytes, qname: bytes) -> bytes:
    outcome, node, is_synthesized = found
    if outcome in _NEGATIVE:
        return origin  # so that one body does for all names of a zone that are as long
    name = node.name.lower()
    if is_synthesized:
        return name[2:]  # the closest encloser
    return name if qname.endswith(name) else qname


def _take(draft: _Draft, zone: Zone, found: Found) -> bytes | None:
    """Add what one look-up gives; the target where the chain goes on, else None."""
    outcome, node, _ = found
    if outcome is Outcome.ANSWER:
        _add_answer(draft, zone, node)
    elif outcome is Outcome.CNAME:
        rrset = node.rrsets[_CNAME]
        draft.answer.append(_records(draft.owner, rrset))
        return rrset.rdatas[0]
    elif outcome is Outcome.DNAME:
        return _add_dname(draft, node)
    elif outcome is Outcome.ALIAS:
        _add_alias(draft, zone, node)
    elif outcome is Outcome.REFERRAL:
        draft.authority.append(_records(node.name, node.rrsets[_NS]))
        draft.required, draft.additional = glue_for(zone, node)
    else:
        if outcome is Outcome.NXDOMAIN:
            draft.rcode = Rcode.NXDOMAIN  # of the last name in the chain, RFC 6604 section 2.1
        _add_soa(draft, zone)
    return None


def _add_answer(draft: _Draft, zone: Zone, node: Node) -> None:
    if draft.qtype == _ANY:
        # RFC 8482 section 4.1: one record set is enough. The smallest is the least of a weapon.
        rrset = min(node.rrsets.values(), key=lambda one: (sum(map(len, one.rdatas)), one.rtype))
        _add_once(draft, _records(draft.owner, rrset))
        return
    rrset = node.rrsets[draft.qtype]
    _add_once(draft, _records(draft.owner, rrset))
    draft.additional = targets_for(zone, node, rrset, draft.owner)


def _add_dname(draft: _Draft, node: Node) -> bytes | None:
    """RFC 6672 sections 2.2 and 3.1: the DNAME, and a CNAME made from it with its TTL."""
    draft.is_reusable = False  # it holds the labels that the client asked for
    rrset = node.rrsets[_DNAME]
    _add_once(draft, _records(node.name, rrset))
    target = draft.name[: len(draft.name) - len(node.name)] + rrset.rdatas[0]
    if len(target) > MAX_NAME:
        draft.rcode = Rcode.YXDOMAIN
        return None
    draft.answer.append(Records(draft.owner, _CNAME, rrset.ttl, (target,)))
    return None if draft.qtype == _CNAME else target


def _add_alias(draft: _Draft, zone: Zone, node: Node) -> None:
    """octoDNS's ALIAS: the addresses of its target, under the name that was asked for."""
    alias = node.alias
    if alias is None or draft.depth >= MAX_CHAIN:
        draft.fail("ALIAS records lead in a circle")
        return
    target = alias.rdatas[0]
    target_zone = find_zone(draft.catalog, target.lower(), draft.qtype)
    if not isinstance(target_zone, Zone):
        draft.fail("the target of an ALIAS is in no zone here")
        draft.alias = OpenAlias(draft.owner, target, alias.ttl, _soa_of(zone))
        return
    found = find(target_zone, target.lower(), draft.qtype)
    solution = solve(draft.catalog, target_zone, target, draft.qtype, found, draft.depth + 1)
    last = solution.sections.answer[-1] if solution.sections.answer else None
    ttl = min([alias.ttl, *(one.ttl for one in solution.sections.answer)])
    if last is not None and last.rtype == draft.qtype:
        draft.answer.append(Records(draft.owner, draft.qtype, ttl, last.rdatas))
        return
    if any(one.rtype == _SOA for one in solution.sections.authority):
        _add_soa(draft, zone)  # the target has no such address: neither has this name
        if solution.rcode != Rcode.NXDOMAIN:
            return
    else:
        draft.fail(solution.reason or "the target of an ALIAS leads out of the zones here")
    if solution.alias is not None:
        target, ttl = solution.alias.target, min(ttl, solution.alias.ttl)
    elif last is not None and last.rtype == _CNAME:
        target = last.rdatas[0]
    draft.alias = OpenAlias(draft.owner, target, ttl, _soa_of(zone))


def _add_soa(draft: _Draft, zone: Zone) -> None:
    draft.authority.append(_soa_of(zone))


def _soa_of(zone: Zone) -> Records:
    """RFC 2308 section 3: with the TTL for which the absence may be kept."""
    return Records(zone.apex.name, _SOA, zone.negative_ttl, zone.soa.rdatas)


def _add_once(draft: _Draft, records: Records) -> None:
    """A chain may come by one DNAME again, or end at it (RFC 2181 section 5)."""
    for one in draft.answer:
        if one.rtype == records.rtype and _owner(draft, one) == _owner(draft, records):
            return
    draft.answer.append(records)


def _records(owner: bytes | None, rrset: RRset) -> Records:
    return Records(owner, rrset.rtype, rrset.ttl, rrset.rdatas)


def _drop_repeated(draft: _Draft) -> tuple[list[Records], list[Records]]:
    """No set twice in a message (RFC 2181 section 5)."""
    if not draft.required and not draft.additional:
        return [], []
    sent = draft.answer + draft.authority
    seen = {(_owner(draft, one), one.rtype) for one in sent}
    kept: tuple[list[Records], list[Records]] = ([], [])
    for records, into in zip((draft.required, draft.additional), kept, strict=True):
        for one in records:
            key = (_owner(draft, one), one.rtype)
            if key not in seen:
                seen.add(key)
                into.append(one)
    return kept


def _owner(draft: _Draft, records: Records) -> bytes:
    return (records.owner or draft.question).lower()
