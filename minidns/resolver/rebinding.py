"""Private addresses in public answers: what a web page could reach through a name of its own.

DNS rebinding; Unbound's `private-address`. Addresses in A, AAAA and in the hints of HTTPS and SVCB
records (RFC 9460 section 7.3). One private address makes the whole answer empty: the rest of it
comes from whoever sent that one.
"""

from collections.abc import Container, Iterable

from minidns.resolver.model import Segment
from minidns.wire.codes import Rcode, RRType
from minidns.wire.name import is_at_or_below
from minidns.wire.plain_reply import PlainReply

_IPV4 = 4  # octets
_A, _AAAA = int(RRType.A), int(RRType.AAAA)
_SERVICES = frozenset({int(RRType.SVCB), int(RRType.HTTPS)})
_HINTS = {4: 4, 6: 16}  # SvcParamKey ipv4hint and ipv6hint: octets of an address
_IPV4_AT_END = (
    bytes(10) + b"\xff\xff",  # IPv4-mapped, RFC 4291 section 2.5.5.2
    bytes(8) + b"\xff\xff" + bytes(2),  # IPv4-translated, RFC 2765 section 2.1
    bytes(12),  # IPv4-compatible, RFC 4291 section 2.5.5.1
    b"\x00\x64\xff\x9b" + bytes(8),  # NAT64, RFC 6052 section 2.1
)
_LOCAL_NAT64 = b"\x00\x64\xff\x9b\x00\x01"  # RFC 8215
_6TO4 = b"\x20\x02"  # RFC 3056 section 2
_TEREDO = b"\x20\x01\x00\x00"  # RFC 4380 section 4
# Octets that hold the IPv4 address behind a prefix of 48, 56, 64, 96 bits (RFC 6052 section 2.2).
_NAT64_FORMS = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))


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
        for rdata in records.rdatas:
            for address in _addresses(records.rtype, rdata):
                if address in networks:
                    name = qname if records.owner is None else records.owner.lower()
                    if any(is_at_or_below(name, domain) for domain in private_domains):
                        break
                    return Segment(Rcode.NOERROR, ttl=segment.ttl)
    return segment


def has_private(reply: PlainReply, networks: Container[bytes]) -> bool:
    """Whether an address of `networks` is in it, for whatever name."""
    for octets in reply.addresses():
        if len(octets) == _IPV4:
            if octets in networks:
                return True
        elif any(address in networks for address in _with_embedded(octets)):
            return True
    return False


def _addresses(rtype: int, rdata: bytes) -> Iterable[bytes]:
    if rtype == _A:
        return (rdata,)
    if rtype == _AAAA:
        return _with_embedded(rdata)
    if rtype in _SERVICES:
        return _hints(rdata)
    return ()


def _with_embedded(address: bytes) -> Iterable[bytes]:
    """An IPv6 address, and the IPv4 addresses that packets to it may be led to."""
    yield address
    if address.startswith(_IPV4_AT_END):
        yield address[12:]
    elif address.startswith(_6TO4):
        yield address[2:6]
    elif address.startswith(_TEREDO):
        yield address[4:8]  # the server
        yield bytes(octet ^ 0xFF for octet in address[12:])  # the client
    elif address.startswith(_LOCAL_NAT64):
        yield _behind_local_prefix(address)


def _behind_local_prefix(address: bytes) -> bytes:
    """The IPv4 address behind a prefix of which only the first 48 bits are known.

    What follows the address is zero (RFC 6052 section 2.2), and no host has an address that ends
    with three zeros: the first form that leaves nothing behind, and has something at its end.
    """
    for form in _NAT64_FORMS:
        if address[form[-1]] and not any(address[form[-1] + 1 :]):
            return bytes(address[place] for place in form)
    return address[12:]


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
