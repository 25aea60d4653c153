"""Private addresses in public answers: what a web page could reach through a name of its own.

DNS rebinding; Unbound's `private-address`. Addresses in A, AAAA and in the hints of HTTPS and SVCB
records (RFC 9460 section 7.3). One private address makes the whole answer empty: the rest of it
comes from whoever sent that one.
"""

from collections.abc import Container, Iterable

from minidns.resolver.model import Segment
from minidns.wire.codes import Rcode, RRType
from minidns.wire.name import is_at_or_below

_A, _AAAA = int(RRType.A), int(RRType.AAAA)
_SERVICES = frozenset({int(RRType.SVCB), int(RRType.HTTPS)})
_HINTS = {4: 4, 6: 16}  # SvcParamKey ipv4hint and ipv6hint: octets of an address
_EMBEDDED = (
    bytes(10) + b"\xff\xff",  # IPv4-mapped, RFC 4291 section 2.5.5.2
    bytes(12),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    b"\x00\x64\xff\x9b" + bytes(8),  # NAT64, RFC 6052 section 2.1
)


def filter_private(
    segment: Segment,
    qname: bytes,
    networks: Container[bytes],
    private_domains: Iterable[bytes],
) -> Segment:
    """The segment itself, or one without records where an address of `networks` is in it.

    `networks` contains addresses as 4 or 16 octets. Names (lower-case wire) at or below one of
    `private_domains` may have any address. Whether it was filtered: `is not segment`.
    """
    for records in segment.answer:
        name = qname if records.owner is None else records.owner.lower()
        if any(
            address in networks
            for rdata in records.rdatas
            for address in _addresses(records.rtype, rdata)
        ) and not any(is_at_or_below(name, domain) for domain in private_domains):
            return Segment(Rcode.NOERROR, ttl=segment.ttl)
    return segment


def _addresses(rtype: int, rdata: bytes) -> Iterable[bytes]:
    if rtype == _A:
        return (rdata,)
    if rtype == _AAAA:
        return _with_embedded(rdata)
    if rtype in _SERVICES:
        return _hints(rdata)
    return ()


def _with_embedded(address: bytes) -> Iterable[bytes]:
    if address.startswith(_EMBEDDED):
        return (address, address[12:])
    return (address,)


def _hints(rdata: bytes) -> Iterable[bytes]:
    """Addresses in the parameters of RFC 9460 section 2.2, as far as they can be read."""
    at = 2
    while at < len(rdata) and rdata[at]:
        at += 1 + rdata[at]
    at += 1
    while at + 4 <= len(rdata):
        key = rdata[at] << 8 | rdata[at + 1]
        start = at + 4
        at = start + (rdata[at + 2] << 8 | rdata[at + 3])
        size = _HINTS.get(key, 0)
        if size:
            value = rdata[start:at]
            for place in range(0, len(value) - size + 1, size):
                address = value[place : place + size]
                yield from _with_embedded(address) if size == 16 else (address,)
