"""Records of every type that dnspython can make, for hypothesis: octets put together by field.

The fields of a type are from its RFC; dnspython judges whether the octets are data of the type.
"""

from collections.abc import Callable

import dns.exception
import dns.rdata
import dns.rdatatype
from hypothesis import strategies as st

from minidns.zone.model import Mark, Record

Octets = st.SearchStrategy[bytes]

ALIAS = 65401
LABEL_OCTETS = st.one_of(
    st.sampled_from([b"a", b"www", b"mail", b"*", b"_sip", b"@", b"$ORIGIN", b"no", b"010", b"<<"]),
    st.binary(min_size=1, max_size=6).filter(lambda label: not label.lower().startswith(b"xn--")),
)


def _with_length(octets: bytes) -> bytes:
    return bytes((len(octets),)) + octets


def _joined(*pieces: Octets) -> Octets:
    return st.tuples(*pieces).map(b"".join)


LABELS = LABEL_OCTETS.map(_with_length)
NAME = st.lists(LABELS, max_size=3).map(lambda labels: b"".join(labels) + b"\x00")
TEXT = st.one_of(
    st.binary(max_size=8), st.sampled_from([b"v=DKIM1; k", b'"', b"\\", b"no", b" a "])
)
STRING = TEXT.map(_with_length)
STRINGS = st.lists(STRING, min_size=1, max_size=3).map(b"".join)
REST = st.binary(min_size=1, max_size=40)
U8 = st.binary(min_size=1, max_size=1)
U16 = st.binary(min_size=2, max_size=2)
U32 = st.binary(min_size=4, max_size=4)
TAG = st.sampled_from([b"issue", b"iodef", b"x1"]).map(_with_length)
BITMAP = st.sampled_from([b"", b"\x00\x01\x40", b"\x00\x06\x40\x01\x00\x00\x00\x03\x01\x01\x80"])
SALT = st.binary(max_size=4).map(_with_length)
HASH = st.binary(min_size=20, max_size=20).map(_with_length)
PARAMETERS = st.sampled_from(
    [
        b"",
        b"\x00\x01\x00\x06\x02h2\x02h3",
        b"\x00\x01\x00\x04\x03a,b\x00\x02\x00\x00\x00\x03\x00\x02\x01\xbb",
        b"\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02",
        b"\x00\x00\x00\x02\x00\x01\x00\x01\x00\x03\x02h2\x00\x06\x00\x10" + bytes(15) + b"\x01",
        b'\xfd\xe8\x00\x06x" \\;\xff',
    ]
)
SERVICE = _joined(st.just(b"\x00\x01"), NAME, PARAMETERS)
LOCATION = st.sampled_from(
    [
        b"\x00\x12\x16\x13\x8b\x73\xa9\x50\x80\xd4\x8e\x50\x00\x98\x92\x58",
        b"\x00\x00\x00\x00\x80\x00\x00\x00\x80\x00\x00\x00\x00\x98\x96\x80",
    ]
)
DIGEST = _joined(U16, U8, st.just(b"\x02"), st.binary(min_size=32, max_size=32))

FIELDS: dict[str, Octets] = {
    "A": U32,
    "NS": NAME,
    "CNAME": NAME,
    "SOA": _joined(NAME, NAME, U32, U32, U32, U32, U32),
    "PTR": NAME,
    "HINFO": _joined(STRING, STRING),
    "MX": _joined(U16, NAME),
    "TXT": STRINGS,
    "RP": _joined(NAME, NAME),
    "AFSDB": _joined(U16, NAME),
    "X25": st.just(b"\x04\x31\x32\x33\x34"),
    "ISDN": STRING,
    "RT": _joined(U16, NAME),
    "AAAA": st.binary(min_size=16, max_size=16),
    "LOC": LOCATION,
    "SRV": _joined(U16, U16, U16, NAME),
    "NAPTR": _joined(U16, U16, STRING, STRING, STRING, NAME),
    "KX": _joined(U16, NAME),
    "CERT": _joined(U16, U16, U8, REST),
    "DNAME": NAME,
    "APL": st.sampled_from([b"", b"\x00\x01\x18\x83\xc0\x00\x02"]),
    "DS": DIGEST,
    "SSHFP": _joined(U8, st.just(b"\x01"), st.binary(min_size=20, max_size=20)),
    "IPSECKEY": st.just(b"\x0a\x01\x02\xc0\x00\x02\x01\x01\x02\x03"),
    "RRSIG": _joined(st.just(b"\x00\x01"), U8, U8, U32, U32, U32, U16, NAME, REST),
    "NSEC": _joined(NAME, BITMAP),
    "DNSKEY": _joined(U16, st.just(b"\x03"), U8, REST),
    "DHCID": REST,
    "NSEC3": _joined(st.just(b"\x01"), U8, U16, SALT, HASH, BITMAP),
    "NSEC3PARAM": _joined(st.just(b"\x01"), U8, U16, SALT),
    "TLSA": _joined(U8, U8, U8, REST),
    "SMIMEA": _joined(U8, U8, U8, REST),
    "HIP": st.just(b"\x02\x01\x00\x03\xaa\xbbkey\x01a\x00"),
    "CDS": DIGEST,
    "CDNSKEY": _joined(U16, st.just(b"\x03"), U8, REST),
    "OPENPGPKEY": REST,
    "CSYNC": _joined(U32, U16, BITMAP),
    "ZONEMD": _joined(U32, st.just(b"\x01\x01"), st.binary(min_size=48, max_size=48)),
    "SVCB": SERVICE,
    "HTTPS": SERVICE,
    "SPF": STRINGS,
    "NID": _joined(U16, U32, U32),
    "L32": _joined(U16, U32),
    "L64": _joined(U16, U32, U32),
    "LP": _joined(U16, NAME),
    "EUI48": st.binary(min_size=6, max_size=6),
    "EUI64": st.binary(min_size=8, max_size=8),
    "URI": _joined(U16, U16, REST),
    "CAA": _joined(U8, TAG, TEXT),
    "AVC": STRINGS,
    "AMTRELAY": st.just(b"\x0a\x01\xc0\x00\x02\x01"),
    "TYPE65280": st.binary(max_size=20),
}


def is_data_of(code: int, rdata: bytes) -> bool:
    """Whether dnspython takes the octets for data of the type, and makes the same of them again."""
    try:
        return dns.rdata.from_wire("IN", code, rdata, 0, len(rdata)).to_wire() == rdata
    except (dns.exception.DNSException, ValueError):
        return False


def _data(rdtype: str) -> st.SearchStrategy[tuple[int, bytes]]:
    code = int(dns.rdatatype.from_text(rdtype))
    data = FIELDS[rdtype].filter(lambda rdata: is_data_of(code, rdata))
    return data.map(lambda rdata: (code, rdata))


DATA = st.one_of(*map(_data, FIELDS), NAME.map(lambda target: (ALIAS, target)))


def _record(origin: bytes) -> Callable[[bytes, int, tuple[int, bytes]], Record]:
    def make(owner: bytes, ttl: int, data: tuple[int, bytes]) -> Record:
        return Record(owner + origin, data[0], ttl, data[1], Mark("test", 1, 1))

    return make


def records_of(origin: bytes) -> st.SearchStrategy[list[Record]]:
    """Some records of a zone, of any type, at any owner."""
    owner = st.lists(LABELS, max_size=2).map(b"".join)
    ttl = st.sampled_from([0, 300, 3600, 2**31 - 1])
    return st.lists(st.builds(_record(origin), owner, ttl, DATA), max_size=8)
