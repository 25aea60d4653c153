r"""Records to a master file (RFC 1035 section 5) that BIND, NSD, Knot and dnspython read.

The SOA comes first, then the apex, then names in canonical order (RFC 4034 section 6.1), each
record with its own TTL. The octets of every record are kept: data are in presentation form, by
dnspython, where that reads back the same, and in the form of RFC 3597 section 5 (`\# 4 0a000001`)
elsewhere, as for types that older servers do not know.
"""

from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from minidns.wire.codes import RRType
from minidns.wire.name import is_at_or_below, labels_of, name_to_text
from minidns.zone.model import Record

_IN = dns.rdataclass.IN
_WRAPPER: Any = dns.exception.ExceptionWrapper  # it has no types
_ALIAS_NOTE = "; ALIAS (octoDNS, PowerDNS) of {target}: data without a meaning to other servers"
# Types by their names; BIND 9.18, NSD 4.6 and Knot 3.2 read each of them as dnspython writes it.
_TYPE_NAMES = """
A NS CNAME SOA PTR HINFO MX TXT RP AFSDB RT AAAA LOC SRV NAPTR KX CERT
DNAME APL DS SSHFP IPSECKEY RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA SMIMEA CDS
CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS SPF NID L32 L64 LP EUI48 EUI64 URI CAA
"""
_NAMED_TYPES = frozenset(map(dns.rdatatype.from_text, _TYPE_NAMES.split()))
# Of these the text cannot but read back the same.
_EXACT_TYPES = frozenset(
    {RRType.A, RRType.AAAA, RRType.NS, RRType.CNAME, RRType.PTR, RRType.MX, RRType.SRV}
)


def write_master(origin: bytes, records: Sequence[Record]) -> str:
    """The text of a master file. `origin` is the apex, lower-case wire.

    ALIAS is written as TYPE65401, which minidns reads as ALIAS and others as unknown data.
    """
    lines = [f"$ORIGIN {name_to_text(origin)}"]
    for record in sorted(records, key=lambda record: _order(origin, record)):
        if record.rtype == RRType.ALIAS:
            lines.append(_ALIAS_NOTE.format(target=name_to_text(record.rdata)))
        owner = relative_owner(record.owner, origin) or "@"
        lines.append(f"{owner}\t{record.ttl}\tIN\t{_show_data(record.rtype, record.rdata)}")
    return "\n".join(lines) + "\n"


def relative_owner(owner: bytes, origin: bytes) -> str:
    """The text of an owner relative to the origin, empty for the apex; absolute where it has to be.

    The case of the owner's octets is kept, so that an apex in another case is written absolute.
    """
    if owner == origin:
        return ""
    if not is_at_or_below(owner, origin):
        return name_to_text(owner)
    return name_to_text(owner[: len(owner) - len(origin)] + b"\x00")[:-1]


def _order(origin: bytes, record: Record) -> tuple[bool, list[bytes], bool, int]:
    owner = record.owner.lower()
    is_soa = record.rtype == RRType.SOA and owner == origin
    return not is_soa, list(labels_of(owner))[::-1], record.rtype != RRType.NS, record.rtype


def _show_data(code: int, rdata: bytes) -> str:
    """Type and data."""
    rdtype = dns.rdatatype.RdataType.make(code)
    if rdtype in _NAMED_TYPES:
        try:
            # Every exception becomes one: record types raise whatever their parts raise.
            with _WRAPPER(dns.exception.DNSException):
                text = dns.rdata.from_wire(_IN, rdtype, rdata, 0, len(rdata)).to_text()
                if code in _EXACT_TYPES or _octets_of(rdtype, text) == rdata:
                    return f"{dns.rdatatype.to_text(rdtype)}\t{text}"
        except dns.exception.DNSException:
            pass  # the octets fit no presentation form
    return f"TYPE{code}\t\\# {len(rdata)} {rdata.hex()}".rstrip()


def _octets_of(rdtype: dns.rdatatype.RdataType, text: str) -> bytes | None:
    return dns.rdata.from_text(_IN, rdtype, text, relativize=False).to_wire()
