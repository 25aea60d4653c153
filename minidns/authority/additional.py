"""The additional section: addresses that spare the client a second question.

Glue for referrals (RFC 9471 section 3: that of in-domain name servers must not be missing),
addresses for the targets of NS, MX, SRV (RFC 1035 section 3.3, RFC 2782) and of SVCB and HTTPS
(RFC 9460 section 4.1). Only from the zone that the answer comes from.
"""

from minidns.wire.codes import RRType
from minidns.wire.name import ROOT, is_at_or_below
from minidns.wire.response import Records
from minidns.zone.model import Node, RRset, Zone

_ADDRESSES = (int(RRType.A), int(RRType.AAAA))
_TARGET_AT = {  # octets of rdata before the target's name
    int(RRType.NS): 0,
    int(RRType.MX): 2,
    int(RRType.SRV): 6,
    int(RRType.SVCB): 2,
    int(RRType.HTTPS): 2,
}
_SERVICE_BINDINGS = frozenset({int(RRType.SVCB), int(RRType.HTTPS)})
_ALIAS_MODE = b"\x00\x00"  # SvcPriority; with the target `.` there is no service (section 2.5.1)


def glue_for(zone: Zone, cut: Node) -> tuple[list[Records], list[Records]]:
    """For a referral: the glue of in-domain name servers, then what else is known here."""
    required: list[Records] = []
    optional: list[Records] = []
    cut_name = cut.name.lower()
    for target in cut.rrsets[RRType.NS].rdatas:
        is_in_domain = is_at_or_below(target.lower(), cut_name)
        addresses = _sets_of(zone.nodes.get(target.lower()), target, _ADDRESSES)
        (required if is_in_domain else optional).extend(addresses)
    return required, optional


def targets_for(zone: Zone, node: Node, rrset: RRset, owner: bytes | None) -> list[Records]:
    """For an answer: the addresses of the names that it points to.

    For SVCB and HTTPS also the sets of that type at these names (RFC 9460 section 4.1). `owner` is
    the name that the set is sent with, None for the question's.
    """
    at = _TARGET_AT.get(rrset.rtype)
    found: list[Records] = []
    if at is None:
        return found
    is_binding = rrset.rtype in _SERVICE_BINDINGS
    for rdata in rrset.rdatas:
        target = _name_at(rdata, at)
        if target == ROOT and is_binding:
            if rdata[:at] != _ALIAS_MODE:  # the owner itself, RFC 9460 section 2.5.2
                found += _sets_of(node, owner, _ADDRESSES)
        else:
            rtypes = (rrset.rtype, *_ADDRESSES) if is_binding else _ADDRESSES
            found += _sets_of(zone.nodes.get(target.lower()), target, rtypes)
    return found


def _sets_of(node: Node | None, owner: bytes | None, rtypes: tuple[int, ...]) -> list[Records]:
    """Nothing of what a DNAME hides: it is no data of the zone (RFC 6672 section 2.4)."""
    if node is None or node.dname is not None:
        return []
    sets = (node.rrsets.get(rtype) for rtype in rtypes)
    return [Records(owner, one.rtype, one.ttl, one.rdatas) for one in sets if one is not None]


def _name_at(rdata: bytes, start: int) -> bytes:
    at = start
    while rdata[at]:
        at += 1 + rdata[at]
    return rdata[start : at + 1]
