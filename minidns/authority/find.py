"""One name and type in the zones held here: which zone, which node, which of five outcomes.

RFC 1034 section 4.3.2 steps 2 and 3, with RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 4035
section 3.1.4.1 (DS is asked of the parent) and RFC 8020 (NXDOMAIN: nothing there or below).
Knows neither the wire nor CNAME chains; `authority.solve` follows those.
"""

from enum import Enum

from minidns.wire.codes import RRType
from minidns.zone.model import BrokenZone, Catalog, Node, Zone

_DS = int(RRType.DS)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_ANY = int(RRType.ANY)
_ALIAS_TYPES = frozenset({int(RRType.A), int(RRType.AAAA)})


class Outcome(Enum):
    """What a look-up at one name comes to. DNAME leads on, as CNAME does (RFC 6672)."""

    ANSWER = "answer"
    ALIAS = "alias"
    CNAME = "cname"
    DNAME = "dname"
    REFERRAL = "referral"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"

    __hash__ = object.__hash__  # that of Enum is a Python function


# Read once: to read a member from its class costs as much as a look-up in a zone.
_ANSWER, _ALIAS, _IS_CNAME, _IS_DNAME = Outcome.ANSWER, Outcome.ALIAS, Outcome.CNAME, Outcome.DNAME
_REFERRAL, _NODATA, _NXDOMAIN = Outcome.REFERRAL, Outcome.NODATA, Outcome.NXDOMAIN


# The outcome, a node, and whether the answer is synthesized from a wildcard. The node owns what is
# answered: the name itself, the source of synthesis (RFC 4592 section 3.3.1), the zone cut, the
# owner of the DNAME; for NXDOMAIN it is the closest encloser. A plain tuple: one with names of its
# own costs a tenth of a query.
Found = tuple[Outcome, Node, bool]


def find_zone(catalog: Catalog, qname: bytes, qtype: int) -> Zone | BrokenZone | None:
    """The deepest zone that holds `qname` (lower-case wire); None where there is none.

    At the apex of a child whose parent is here too, DS is the parent's (RFC 4035 section 3.1.4.1).
    """
    if qname[-catalog.shortest :] not in catalog.ends:
        return None
    zones = catalog.zones
    at, last = 0, len(qname) - catalog.longest
    while at < last:
        at += 1 + qname[at]
    name = qname[at:]
    below: Zone | BrokenZone | None = None
    while True:
        zone = zones.get(name)
        if zone is not None:
            if qtype != _DS or name != qname or not name[0]:
                return zone
            below = zone
        if not name[0]:
            return below
        name = name[1 + name[0] :]


def find(zone: Zone, qname: bytes, qtype: int) -> Found:
    """`qname` is lower-case wire, at or below the zone's origin."""
    nodes = zone.nodes
    node = nodes.live.get(qname)
    if node is None:
        if qname not in nodes.packed:
            return _find_above(zone, qname, qtype)
        node = nodes.make(qname)
    cut = node.cut
    if cut is not None and (qtype != _DS or cut is not node):  # step 3b
        return _REFERRAL, cut, False
    if node.dname is not None:
        return _IS_DNAME, node.dname, False
    return _match(node, qtype, False)


def _find_above(zone: Zone, qname: bytes, qtype: int) -> Found:
    """Step 3c for a name that does not exist: the closest encloser decides."""
    nodes = zone.nodes
    live, packed = nodes.live, nodes.packed
    at, last = 1 + qname[0], len(qname) - zone.longest
    while at < last:
        at += 1 + qname[at]
    name = qname[at:]
    while name not in packed:
        name = name[1 + name[0] :]
    encloser = live.get(name) or nodes.make(name)
    if encloser.cut is not None:
        return _REFERRAL, encloser.cut, False
    if encloser.dname is not None:
        return _IS_DNAME, encloser.dname, False
    if _DNAME in encloser.rrsets:
        return _IS_DNAME, encloser, False
    wildcard = b"\x01*" + name
    if wildcard not in packed:
        return _NXDOMAIN, encloser, False
    return _match(live.get(wildcard) or nodes.make(wildcard), qtype, True)


def _match(node: Node, qtype: int, is_synthesized: bool) -> Found:
    """Step 3a, or 3c with the source of synthesis in the place of the name."""
    rrsets = node.rrsets
    if qtype in rrsets:
        return _ANSWER, node, is_synthesized
    if _CNAME in rrsets and qtype != _ANY:
        return _IS_CNAME, node, is_synthesized
    if node.alias is not None and qtype in _ALIAS_TYPES:
        return _ALIAS, node, is_synthesized
    if qtype == _ANY and rrsets:
        return _ANSWER, node, is_synthesized
    return _NODATA, node, is_synthesized
