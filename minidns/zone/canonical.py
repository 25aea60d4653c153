"""Record data as it is compared: equal records are one record (RFC 2181 section 5).

Names in rdata are compared without case, as in the canonical form of RFC 4034 section 6.2, for the
types here whose names stand last. Of all other types equal octets are equal data (RFC 3597
section 6). What is served keeps the case of the file.
"""

from minidns.wire.codes import RRType

# Octets of rdata before what is nothing but names. Length octets of labels are at most 63 and so
# never letters; the numbers before them may look like letters.
_NAMES_FROM = {
    int(RRType.NS): 0,
    int(RRType.CNAME): 0,
    int(RRType.PTR): 0,
    int(RRType.DNAME): 0,
    int(RRType.ALIAS): 0,
    int(RRType.MX): 2,
    int(RRType.SRV): 6,
}


def canonical_rdata(rtype: int, rdata: bytes) -> bytes:
    """What is the same for all rdata that is equal to this one."""
    start = _NAMES_FROM.get(rtype)
    if start is None:
        return rdata
    return rdata[:start] + rdata[start:].lower()
