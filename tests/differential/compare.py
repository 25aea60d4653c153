"""Two replies to one question, and whether each difference between them has a named reason.

Where a reply over UDP is too small for the whole answer, contents are compared as they are over
TCP, and the cut replies each with their own whole: servers differ in what they drop first, none
may invent anything. RFC 2181 section 9 and RFC 9471 section 3 say when TC has to be set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dns.rdatatype import RdataType

from tests.differential.questions import Question
from tests.differential.reply import SECTIONS, Record, Reply
from tests.differential.world import World


@dataclass(frozen=True)
class Case:
    """A question with two replies. The `whole` ones are to the same question over TCP."""

    question: Question
    world: World
    peer: str
    ours: Reply
    theirs: Reply
    our_whole: Reply
    their_whole: Reply


@dataclass(frozen=True)
class Rule:
    """Why a peer's reply may differ: `reason` argues with the RFC, `holds` recognises it."""

    name: str
    reason: str
    peers: frozenset[str]
    aspects: frozenset[str]  # rcode, opt, names of flags, names of sections
    holds: Callable[[Case], bool]


@dataclass(frozen=True)
class Extra:
    """Why a record stands in one additional section and not in the other.

    `side` says whose record it is: "ours" or "theirs".
    """

    name: str
    reason: str
    peers: frozenset[str]
    side: str
    holds: Callable[[Case, Record], bool]


@dataclass(frozen=True)
class Reasons:
    """Every reason there is: for contents, for TC, for single additional records."""

    contents: Sequence[Rule]
    cuts: Sequence[Rule]
    extras: Sequence[Extra]


@dataclass(frozen=True)
class Verdict:
    """`unexplained` is empty where the replies agree or every difference has a rule."""

    unexplained: frozenset[str]
    rules: frozenset[str]  # names of those that were needed


def judge(case: Case, reasons: Reasons) -> Verdict:
    """Compare, and find the reason for each difference."""
    used: set[str] = set()
    unexplained: set[str] = set()
    if _is_cut(case):
        differences = (case.ours.flags ^ case.theirs.flags) & {"TC"}
        unexplained |= _explain(case, set(differences), reasons.cuts, used)
        unexplained |= {f"ours: {fault}" for fault in faults_of_cut(case.ours, case.our_whole)}
        unexplained |= {f"theirs: {fault}" for fault in inventions(case.theirs, case.their_whole)}
        case = replace(case, ours=case.our_whole, theirs=case.their_whole)
    left = _explain(case, set(case.ours.differences(case.theirs)), reasons.contents, used)
    if "additional" in left and _explain_extras(case, reasons.extras, used):
        left.remove("additional")
    return Verdict(frozenset(unexplained | left), frozenset(used))


def inventions(reply: Reply, whole: Reply) -> list[str]:
    """Sections of a cut reply that hold what the whole reply lacks."""
    return [
        f"the cut {name} section holds what the whole one lacks"
        for name in SECTIONS
        if not getattr(reply, name) <= getattr(whole, name)
    ]


def faults_of_cut(reply: Reply, whole: Reply) -> list[str]:
    """What a reply that had to be cut must not do."""
    faults = inventions(reply, whole)
    if reply.rcode != whole.rcode:
        faults.append("the rcode changes when the reply is cut")
    if "TC" not in reply.flags and not is_complete(reply, whole):
        faults.append("required records are missing, and TC is clear")
    for name in SECTIONS:
        kept, all_records = getattr(reply, name), getattr(whole, name)
        sets = {record[:2] for record in kept}
        if kept != {record for record in all_records if record[:2] in sets}:
            faults.append(f"a record set in the {name} section is cut (RFC 2181 section 9)")
    return faults


def is_complete(reply: Reply, whole: Reply) -> bool:
    """Whether all is there that TC must be set for: answer, authority, and the glue of in-domain
    name servers (RFC 9471 section 3.1)."""
    if reply.answer != whole.answer or reply.authority != whole.authority:
        return False
    return required_glue(whole) <= reply.additional


def required_glue(whole: Reply) -> frozenset[object]:
    """Addresses of name servers at or below the cut that a referral names."""
    if RdataType.SOA in {record[1] for record in whole.authority}:
        return frozenset()
    needed = {
        rrset[0].target
        for rrset in whole.message.authority
        if rrset.rdtype == RdataType.NS and rrset[0].target.is_subdomain(rrset.name)
    }
    if whole.answer and "AA" in whole.flags and not _ends_in_alias(whole):
        return frozenset()  # NS in the authority section of an answer: no referral
    return frozenset(record for record in whole.additional if record[0] in needed)


def _ends_in_alias(reply: Reply) -> bool:
    return reply.message.answer[-1].rdtype == RdataType.CNAME


def _is_cut(case: Case) -> bool:
    limit = case.question.form.limit
    return max(len(case.our_whole.wire), len(case.their_whole.wire)) > limit


def _explain(case: Case, differences: set[str], rules: Sequence[Rule], used: set[str]) -> set[str]:
    """What of the differences no rule explains; the names of the rules needed go into `used`."""
    left = set(differences)
    for rule in rules:
        if left & rule.aspects and case.peer in rule.peers and rule.holds(case):
            left -= rule.aspects
            used.add(rule.name)
    return left


def _explain_extras(case: Case, extras: Sequence[Extra], used: set[str]) -> bool:
    """Whether each record that only one additional section has is there for a reason."""
    ours, theirs = case.ours.additional, case.theirs.additional
    for side, records in (("ours", ours - theirs), ("theirs", theirs - ours)):
        for record in records:
            for extra in extras:
                if extra.side == side and case.peer in extra.peers and extra.holds(case, record):
                    used.add(extra.name)
                    break
            else:
                return False
    return True
