"""Numbers of the IANA registry "Domain Name System (DNS) Parameters" that minidns acts on.

Types that are only data live in `wire.rdata`; here are those the query path names.
"""

from enum import IntEnum


class Rcode(IntEnum):
    """RFC 1035 section 4.1.1, RFC 2136 section 2.2, RFC 6891 section 9, RFC 7873 section 8."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    YXDOMAIN = 6
    NOTAUTH = 9
    BADVERS = 16
    BADCOOKIE = 23


class RRType(IntEnum):
    """Resource record types with a meaning of their own on the query path."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    NAPTR = 35
    DNAME = 39
    OPT = 41
    DS = 43
    RRSIG = 46
    NSEC = 47
    DNSKEY = 48
    NSEC3 = 50
    SVCB = 64
    HTTPS = 65
    TKEY = 249
    TSIG = 250
    IXFR = 251
    AXFR = 252
    MAILB = 253
    MAILA = 254
    ANY = 255
    ALIAS = 65401  # octoDNS's and PowerDNS's; private use, never on the wire


class RRClass(IntEnum):
    """RFC 1035 section 3.2.4, RFC 2136 section 2.4."""

    IN = 1
    CH = 3
    HS = 4
    NONE = 254
    ANY = 255


class EdnsOption(IntEnum):
    """Registry "DNS EDNS0 Option Codes"."""

    NSID = 3  # RFC 5001
    COOKIE = 10  # RFC 7873
    KEEPALIVE = 11  # RFC 7828
    PADDING = 12  # RFC 7830
    EDE = 15  # RFC 8914


class ExtendedError(IntEnum):
    """RFC 8914 section 4."""

    OTHER = 0
    STALE_ANSWER = 3
    CACHED_ERROR = 13
    BLOCKED = 15
    FILTERED = 17
    PROHIBITED = 18
    STALE_NXDOMAIN_ANSWER = 19
    NOT_AUTHORITATIVE = 20
    NOT_SUPPORTED = 21
    NO_REACHABLE_AUTHORITY = 22
    NETWORK_ERROR = 23
    INVALID_DATA = 24
