"""Zones of names that are never forwarded, answered here unless the user has zones for them.

RFC 6761 (localhost, invalid, test), RFC 6762 (local), RFC 7686 (onion), RFC 8375 (home.arpa),
RFC 9462 section 6.4 (resolver.arpa), RFC 9476 (alt), RFC 6303 and RFC 7793 (reverse zones of
private addresses). Each has the SOA and NS of RFC 6303 section 3, and nothing else but localhost's
addresses and their reverse names. What is forwarded, and to whom, is not known here.
"""

from collections.abc import Iterable

from minidns.wire.codes import RRType
from minidns.wire.name import name_from_text
from minidns.zone.build import build_zone, zone_of
from minidns.zone.model import Mark, Record, Zone
from minidns.zone.packed import NOTHING

TTL = 10_800  # seconds, RFC 6303 section 3
_NUMBERS = (1, 3600, 1200, 604_800, TTL)  # serial, refresh, retry, expire, minimum: RFC 6303 too
_MARK = Mark("RFC 6761", 1, 1)

_LOCALHOST = name_from_text("localhost.")
_LOOPBACK = ((RRType.A, bytes((127, 0, 0, 1))), (RRType.AAAA, bytes(15) + b"\x01"))
_RESOLVER_ARPA = name_from_text("resolver.arpa.")
_EMPTY = ("invalid.", "test.", "onion.", "local.", "alt.", "home.arpa.")
_REVERSE_IPV4 = (
    "0",  # RFC 1122: this network
    "10",  # RFC 1918
    *(f"{second}.172" for second in range(16, 32)),
    "168.192",
    *(f"{second}.100" for second in range(64, 128)),  # RFC 6598, by RFC 7793
    "254.169",  # RFC 3927: link-local
    "2.0.192",  # RFC 5737: documentation
    "100.51.198",
    "113.0.203",
    "255.255.255.255",  # broadcast
)
_REVERSE_IPV6 = (
    ".".join("0" * 32),  # the unspecified address
    "d.f",  # RFC 4193; RFC 6303 section 4.4 leaves c.f, which is not assigned, out
    "8.e.f",  # RFC 4291: link-local
    "9.e.f",
    "a.e.f",
    "b.e.f",
    "8.b.d.0.1.0.0.2",  # RFC 3849: documentation
)
_REVERSE_LOOPBACK = {
    "127.in-addr.arpa.": "1.0.0.127.in-addr.arpa.",
    "1" + ".0" * 31 + ".ip6.arpa.": "1" + ".0" * 31 + ".ip6.arpa.",
}


def special_use_zones() -> dict[bytes, Zone]:
    """The zones by origin, lower-case wire."""
    names = [
        *_EMPTY,
        *(f"{digits}.in-addr.arpa." for digits in _REVERSE_IPV4),
        *(f"{nibbles}.ip6.arpa." for nibbles in _REVERSE_IPV6),
    ]
    zones = [_zone(name_from_text(name)) for name in names]
    zones += [_localhost(), _resolver_arpa()]
    for origin, owner in _REVERSE_LOOPBACK.items():
        pointer = _record(name_from_text(owner), RRType.PTR, _LOCALHOST)
        zones.append(_zone(name_from_text(origin), [pointer]))
    return {zone.origin: zone for zone in zones}


def _localhost() -> Zone:
    """Loopback addresses for localhost and all names below it (RFC 6761 section 6.3 item 4)."""
    records = [
        _record(owner, rtype, rdata)
        for owner in (_LOCALHOST, b"\x01*" + _LOCALHOST)
        for rtype, rdata in _LOOPBACK
    ]
    return _zone(_LOCALHOST, records)


def _resolver_arpa() -> Zone:
    """NODATA for every name, so a wildcard without data (RFC 9462 section 6.4)."""
    zone = _zone(_RESOLVER_ARPA)
    wildcard = b"\x01*" + _RESOLVER_ARPA
    packed = zone.nodes.packed | {wildcard: NOTHING}
    return zone_of(zone.origin, packed, False, zone.records, len(wildcard))


def _zone(origin: bytes, records: Iterable[Record] = ()) -> Zone:
    numbers = b"".join(number.to_bytes(4, "big") for number in _NUMBERS)
    soa = _record(origin, RRType.SOA, origin + name_from_text("nobody.invalid.") + numbers)
    return build_zone(origin, [soa, _record(origin, RRType.NS, origin), *records])


def _record(owner: bytes, rtype: RRType, rdata: bytes) -> Record:
    return Record(owner, int(rtype), TTL, rdata, _MARK)
