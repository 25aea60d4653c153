"""One name and type in the zones held here: which zone, which node, which of five outcomes.

RFC 1034 section 4.3.2 steps 2 and 3, with RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 4035
section 3.1.4.1 (DS is asked of the parent) and RFC 8020 (NXDOMAIN: nothing there or below).
Knows neither the wire nor CNAME chains; `authority.solve` follows those.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.zone.model import BrokenZone, Node, Zone

_DS = int(RRType.DS)

_CNAME = int(RRType.CNAME)
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


class Found(NamedTuple):
    """`node` owns what is answered: the name itself, the source of synthesis (RFC 4592 section
    3.3.1), the zone cut, the owner of the DNAME; for NXDOMAIN it is the closest encloser."""

    outcome: Outcome
    node: Node
    is_synthesized: bool = False


def find_zone(
    zones: Mapping[bytes, Zone | BrokenZone], qname: bytes, qtype: int
) -> Zone | BrokenZone | None:
    """The deepest zone that holds `qname` (lower-case wire); None where there is none.

    At the apex of a child whose parent is here too, DS is the parent's (RFC 4035 section 3.1.4.1).
    """
    name = qname
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
    node = nodes.get(qname)
    if node is None:
        return _find_above(zone, qname, qtype)
    if node.dname is not None and not _cut_is_above(node.cut, node.dname):
        return Found(Outcome.DNAME, node.dname)
    cut = node.cut
    if cut is not None and (qtype != _DS or cut is not node):  # step 3b
        return Found(Outcome.REFERRAL, cut)
    return _match(node, qtype, False)


def _find_above(zone: Zone, qname: bytes, qtype: int) -> Found:
    """Step 3c for a name that does not exist: the closest encloser decides."""
    nodes = zone.nodes
    name = qname
    while True:
        name = name[1 + name[0] :]
        encloser = nodes.get(name)
        if encloser is not None:
            break
    cut = encloser.cut
    dname = encloser.dname or (encloser if RRType.DNAME in encloser.rrsets else None)
    if dname is not None and not _cut_is_above(cut, dname):
        return Found(Outcome.DNAME, dname)
    if cut is not None:
        return Found(Outcome.REFERRAL, cut)
    wildcard = nodes.get(b"\x01*" + name)
    if wildcard is None:
        return Found(Outcome.NXDOMAIN, encloser)
    return _match(wildcard, qtype, True)


def _cut_is_above(cut: Node | None, dname: Node) -> bool:
    """Whether the zone cut comes first on the way down; at one name the cut wins."""
    return cut is not None and len(cut.name) <= len(dname.name)


def _match(node: Node, qtype: int, is_synthesized: bool) -> Found:
    """Step 3a, or 3c with the source of synthesis in the place of the name."""
    rrsets = node.rrsets
    if qtype in rrsets:
        return Found(Outcome.ANSWER, node, is_synthesized)
    if _CNAME in rrsets and qtype != _ANY:
        return Found(Outcome.CNAME, node, is_synthesized)
    if node.alias is not None and qtype in _ALIAS_TYPES:
        return Found(Outcome.ALIAS, node, is_synthesized)
    if qtype == _ANY and rrsets:
        return Found(Outcome.ANSWER, node, is_synthesized)
    return Found(Outcome.NODATA, node, is_synthesized)
