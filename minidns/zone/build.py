"""Records of one zone to an immutable `Zone`: nodes, empty non-terminals, cuts, compiled sets.

Works on records that `zone.check` found fit to serve. What is merely warned of is dealt with
here: equal records count once, a record set has its smallest TTL (RFC 2181 section 5.2).
"""

from collections.abc import Iterable

from minidns.wire.codes import RRClass, RRType
from minidns.zone.canonical import canonical_rdata
from minidns.zone.model import Node, Record, RRset, Zone

# Types whose rdata an answer compresses (RFC 3597 section 4), follows, or adds addresses for.
# Every other set is spliced into answers as the bytes that are made here.
_ENCODED_LATER = frozenset(
    {
        RRType.NS,
        RRType.CNAME,
        RRType.SOA,
        RRType.PTR,
        RRType.MX,
        RRType.SRV,
        RRType.NAPTR,
        RRType.DNAME,
        RRType.SVCB,
        RRType.HTTPS,
    }
)
_QUESTION_POINTER = b"\xc0\x0c"  # the owner as a pointer to octet 12, RFC 1035 section 4.1.4
_CLASS_IN = int(RRClass.IN).to_bytes(2, "big")


def build_zone(origin: bytes, records: Iterable[Record]) -> Zone:
    """The zone at `origin` (lower-case wire). Raises KeyError where the apex has no SOA."""
    gathered: dict[bytes, dict[int, list[Record]]] = {}
    for record in records:
        sets = gathered.setdefault(record.owner.lower(), {})
        sets.setdefault(record.rtype, []).append(record)
    nodes: dict[bytes, Node] = {}
    for key, sets in gathered.items():
        owner = next(iter(sets.values()))[0].owner
        node = _node_at(nodes, origin, key, owner)
        for rtype, of_type in sets.items():
            rrset = compile_rrset(rtype, of_type)
            if rtype == RRType.ALIAS:
                node.alias = rrset
            else:
                node.rrsets[rtype] = rrset
    _mark_cuts(nodes, origin)
    apex = nodes[origin]
    return Zone(
        origin=origin,
        nodes=nodes,
        soa=apex.rrsets[RRType.SOA],
        apex=apex,
        longest=max(map(len, nodes)),
    )


def compile_rrset(rtype: int, records: list[Record]) -> RRset:
    """One record set, equal rdata once, with its wire form where answers splice it."""
    ttl = min(record.ttl for record in records)
    distinct: dict[bytes, bytes] = {}
    for record in records:
        distinct.setdefault(canonical_rdata(rtype, record.rdata), record.rdata)
    rdatas = tuple(distinct.values())
    if rtype in _ENCODED_LATER or rtype == RRType.ALIAS:
        return RRset(rtype, ttl, rdatas)
    return RRset(rtype, ttl, rdatas, splice_wire(rtype, ttl, rdatas))


def splice_wire(rtype: int, ttl: int, rdatas: tuple[bytes, ...]) -> bytes:
    """The records with the question's name as owner, as octets of a message."""
    head = _QUESTION_POINTER + rtype.to_bytes(2, "big") + _CLASS_IN + ttl.to_bytes(4, "big")
    return b"".join(head + len(rdata).to_bytes(2, "big") + rdata for rdata in rdatas)


def _node_at(nodes: dict[bytes, Node], origin: bytes, key: bytes, owner: bytes) -> Node:
    """The node of that name; it and the names above it up to the apex come to exist."""
    node = nodes.get(key)
    if node is not None:
        return node
    node = nodes[key] = Node(owner)
    while key != origin:
        key, owner = key[1 + key[0] :], owner[1 + owner[0] :]
        if key in nodes:
            break
        nodes[key] = Node(owner)  # an empty non-terminal until a record says otherwise
    return node


def _mark_cuts(nodes: dict[bytes, Node], origin: bytes) -> None:
    """Give each node what comes first on the way down to it, a zone cut or a DNAME."""
    for key in sorted(nodes, key=len):  # so that the name above comes before
        if key == origin:
            continue
        node, above = nodes[key], nodes[key[1 + key[0] :]]
        if above.cut is not None:
            node.cut = above.cut
        elif above.dname is not None:
            node.dname = above.dname
        elif RRType.DNAME in above.rrsets:
            node.dname = above
        elif RRType.NS in node.rrsets:
            node.cut = node
