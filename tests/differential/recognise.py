"""What a difference looks like: the predicates behind the reasons of `explained`.

Each looks at one pair of replies (`Case`) and knows how NSD, Knot and BIND behave, as they were
seen to; whether that is right is argued in `explained`.
"""

from collections.abc import Iterator

from dns.name import Name
from dns.rdatatype import RdataType

from tests.differential.compare import Case
from tests.differential.reply import Record, Reply, types_of

CHAIN_LIMIT = {"minidns": 11, "knot": 5, "bind": 12}  # CNAMEs in one answer; NSD: none met here
ROOT = Name((b"",))
TARGET_AT = {  # octets of rdata before the name of a host
    RdataType.NS: 0,
    RdataType.MX: 2,
    RdataType.SRV: 6,
    RdataType.AFSDB: 2,
    RdataType.RT: 2,
    RdataType.KX: 2,
    RdataType.SVCB: 2,
    RdataType.HTTPS: 2,
}


def has_zone_ns(case: Case) -> bool:
    """Theirs holds the apex NS in an answer's authority section where ours is empty."""
    theirs = case.theirs
    return (
        not case.ours.authority
        and bool(theirs.answer)
        and types_of(theirs.authority) == {RdataType.NS}
        and all(record[0] in case.world.zones for record in theirs.authority)
    )


def is_other_choice_of_any(case: Case) -> bool:
    """ANY at the name itself: ours is one record set; theirs another, or all there are."""
    ours, theirs = case.ours.answer, case.theirs.answer
    owners = {record[0] for record in ours | theirs}
    return (
        case.question.rdtype == RdataType.ANY
        and owners == {case.question.qname}
        and len(types_of(ours)) == 1
        and bool(theirs)
        and (ours <= theirs or case.peer != "bind")  # BIND gives them all
    )


def stays_in_zone(case: Case) -> bool:
    """Theirs ends with an alias into another zone that is served here, and ours goes on."""
    if not case.theirs.answer <= case.ours.answer or case.theirs.rcode != "NOERROR":
        return False
    owner, target = _last_alias(case.theirs, case.question.qname)
    zone_of = case.world.zone_of
    return target is not None and zone_of(target) not in (None, zone_of(owner))


def is_shorter_chain(case: Case) -> bool:
    """One of the two stops at its limit, the other goes on along the same way."""
    ours, theirs = case.ours.answer, case.theirs.answer
    our_count, their_count = _count_aliases(ours), _count_aliases(theirs)
    if theirs < ours:
        return their_count == CHAIN_LIMIT.get(case.peer)
    return ours < theirs and our_count == CHAIN_LIMIT["minidns"] < their_count


def is_loop(case: Case) -> bool:
    """Ours ends where it has been before."""
    if (case.ours.rcode, case.theirs.rcode) != ("NOERROR", "SERVFAIL"):
        return False
    reached = {case.question.qname}
    for name in _follow(case.ours, case.question.qname):
        if name in reached:
            return True
        reached.add(name)
    return False


def stops_at_dname(case: Case) -> bool:
    """ANY below a DNAME: theirs is the DNAME and one CNAME, ours goes on."""
    theirs = case.theirs
    return (
        case.question.rdtype == RdataType.ANY
        and types_of(theirs.answer) == {RdataType.DNAME, RdataType.CNAME}
        and _count_aliases(theirs.answer) == 1
        and theirs.answer <= case.ours.answer
        and not theirs.authority
    )


def enters_dname_again(case: Case) -> bool:
    """Theirs stops where a DNAME leads below itself."""
    theirs = case.theirs
    if case.theirs.rcode != "NOERROR" or not theirs.answer <= case.ours.answer:
        return False
    dnames = {r.name: r[0].target for r in theirs.message.answer if r.rdtype == RdataType.DNAME}
    return any(target.is_subdomain(owner) for owner, target in dnames.items())


def is_overflow(case: Case) -> bool:
    """Theirs holds more than the DNAME that made the name too long, or says NXDOMAIN."""
    return (
        case.ours.rcode == "YXDOMAIN"
        and case.theirs.rcode in ("YXDOMAIN", "NXDOMAIN")
        and case.ours.answer <= case.theirs.answer
    )


def targets_of(records: frozenset[Record]) -> set[Name]:
    """Names of hosts in the rdata. "." is the owner, as in SVCB and HTTPS."""
    found = set()
    for owner, rdtype, _, rdata in records:
        start = TARGET_AT.get(rdtype)
        if start is not None:
            target = _name_at(rdata, start)
            found.add(owner if target == ROOT else target)
    return found


def _name_at(rdata: bytes, at: int) -> Name:
    labels = []
    while rdata[at]:
        labels.append(rdata[at + 1 : at + 1 + rdata[at]])
        at += 1 + rdata[at]
    return Name((*labels, b""))


def _follow(reply: Reply, name: Name) -> Iterator[Name]:
    """The names that the CNAMEs of an answer lead to, each CNAME once."""
    aliases = {r.name: r[0].target for r in reply.message.answer if r.rdtype == RdataType.CNAME}
    while name in aliases:
        name = aliases.pop(name)
        yield name


def _last_alias(reply: Reply, qname: Name) -> tuple[Name, Name | None]:
    """Owner and target of the last CNAME in the chain; no target where there is none."""
    owner, target = qname, None
    for name in _follow(reply, qname):
        owner, target = target or qname, name
    return owner, target


def _count_aliases(records: frozenset[Record]) -> int:
    return sum(record[1] == RdataType.CNAME for record in records)
