"""Which fields each record type has, under the names that octoDNS gives them.

One table for reading, showing and the JSON Schema. Types that are not in it are octets in the form
of RFC 3597 section 5.
"""

from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.rdata_binary import BASE64, HASHED_OWNER, HEX, SALT
from minidns.wire.rdata_fields import (
    ALGORITHM,
    IPV4,
    IPV6,
    MOMENT,
    NAME,
    PERIOD,
    STRING,
    STRINGS,
    TAG,
    TARGET,
    TEXT,
    TYPE,
    TYPES,
    U8,
    U16,
    U32,
    Kind,
)
from minidns.wire.rdata_loc import Location
from minidns.wire.rdata_svcb import ServiceParameters


class Field(NamedTuple):
    """`older` are names that octoDNS had for it before."""

    name: str
    kind: Kind
    older: tuple[str, ...] = ()
    may_be_missing: bool = False


class RdataType(NamedTuple):
    """`reference` is the RFC that defines the record data."""

    fields: tuple[Field, ...]
    reference: str


TXT, LOC, SPF = int(RRType.TXT), 29, 99
TEXT_TYPES = frozenset({TXT, SPF})
SERVICE_TYPES = frozenset({int(RRType.SVCB), int(RRType.HTTPS)})

_ADDRESS = Field("address", IPV4)
_TARGET_NAME = (Field("target", NAME),)
_DIGEST = (
    Field("key_tag", U16),
    Field("algorithm", ALGORITHM),
    Field("digest_type", U8),
    Field("digest", HEX),
)
_PUBLIC_KEY = (
    Field("flags", U16),
    Field("protocol", U8),
    Field("algorithm", ALGORITHM),
    Field("public_key", BASE64, may_be_missing=True),
)
_CERTIFICATE = (
    Field("certificate_usage", U8),
    Field("selector", U8),
    Field("matching_type", U8),
    Field("certificate_association_data", HEX),
)
_SERVICE = (
    Field("svcpriority", U16),
    Field("targetname", NAME),
    Field("svcparams", ServiceParameters(), may_be_missing=True),
)
_NSEC3_PARAMETERS = (
    Field("hash_algorithm", U8),
    Field("flags", U8),
    Field("iterations", U16),
    Field("salt", SALT),
)

RDATA_TYPES: dict[int, RdataType] = {
    RRType.A: RdataType((_ADDRESS,), "RFC 1035 section 3.4.1"),
    RRType.NS: RdataType(_TARGET_NAME, "RFC 1035 section 3.3.11"),
    RRType.CNAME: RdataType(_TARGET_NAME, "RFC 1035 section 3.3.1"),
    RRType.SOA: RdataType(
        (
            Field("mname", NAME),
            Field("rname", NAME),
            Field("serial", U32),
            Field("refresh", PERIOD),
            Field("retry", PERIOD),
            Field("expire", PERIOD),
            Field("minimum", PERIOD),
        ),
        "RFC 1035 section 3.3.13",
    ),
    RRType.PTR: RdataType(_TARGET_NAME, "RFC 1035 section 3.3.12"),
    13: RdataType((Field("cpu", STRING), Field("os", STRING)), "RFC 1035 section 3.3.2"),  # HINFO
    RRType.MX: RdataType(
        (Field("preference", U16, ("priority",)), Field("exchange", NAME, ("value",))),
        "RFC 1035 section 3.3.9",
    ),
    TXT: RdataType((Field("strings", STRINGS),), "RFC 1035 section 3.3.14"),
    17: RdataType((Field("mbox", NAME), Field("txt", NAME)), "RFC 1183 section 2.2"),  # RP
    RRType.AAAA: RdataType((Field("address", IPV6),), "RFC 3596 section 2.2"),
    LOC: RdataType((Field("location", Location()),), "RFC 1876 section 2"),
    RRType.SRV: RdataType(
        (
            Field("priority", U16),
            Field("weight", U16),
            Field("port", U16),
            Field("target", NAME),
        ),
        "RFC 2782",
    ),
    RRType.NAPTR: RdataType(
        (
            Field("order", U16),
            Field("preference", U16),
            Field("flags", STRING),
            Field("service", STRING),
            Field("regexp", STRING),
            Field("replacement", NAME),
        ),
        "RFC 3403 section 4.1",
    ),
    RRType.DNAME: RdataType(_TARGET_NAME, "RFC 6672 section 2.1"),
    RRType.DS: RdataType(_DIGEST, "RFC 4034 section 5.1"),
    44: RdataType(  # SSHFP
        (Field("algorithm", U8), Field("fingerprint_type", U8), Field("fingerprint", HEX)),
        "RFC 4255 section 3.1",
    ),
    RRType.RRSIG: RdataType(
        (
            Field("type_covered", TYPE),
            Field("algorithm", ALGORITHM),
            Field("labels", U8),
            Field("original_ttl", PERIOD),
            Field("expiration", MOMENT),
            Field("inception", MOMENT),
            Field("key_tag", U16),
            Field("signer", NAME),
            Field("signature", BASE64),
        ),
        "RFC 4034 section 3.1",
    ),
    RRType.NSEC: RdataType(
        (Field("next", NAME), Field("types", TYPES, may_be_missing=True)), "RFC 4034 section 4.1"
    ),
    RRType.DNSKEY: RdataType(_PUBLIC_KEY, "RFC 4034 section 2.1"),
    RRType.NSEC3: RdataType(
        (
            *_NSEC3_PARAMETERS,
            Field("next", HASHED_OWNER),
            Field("types", TYPES, may_be_missing=True),
        ),
        "RFC 5155 section 3.1",
    ),
    51: RdataType(_NSEC3_PARAMETERS, "RFC 5155 section 4.1"),  # NSEC3PARAM
    52: RdataType(_CERTIFICATE, "RFC 6698 section 2.1"),  # TLSA
    53: RdataType(_CERTIFICATE, "RFC 8162 section 2"),  # SMIMEA
    59: RdataType(_DIGEST, "RFC 7344 section 3.1"),  # CDS
    60: RdataType(_PUBLIC_KEY, "RFC 7344 section 3.2"),  # CDNSKEY
    61: RdataType((Field("public_key", BASE64),), "RFC 7929 section 2"),  # OPENPGPKEY
    62: RdataType(  # CSYNC
        (Field("serial", U32), Field("flags", U16), Field("types", TYPES, may_be_missing=True)),
        "RFC 7477 section 2.1",
    ),
    63: RdataType(  # ZONEMD
        (
            Field("serial", U32),
            Field("scheme", U8),
            Field("hash_algorithm", U8),
            Field("digest", HEX),
        ),
        "RFC 8976 section 2.2",
    ),
    RRType.SVCB: RdataType(_SERVICE, "RFC 9460 section 2.1"),
    RRType.HTTPS: RdataType(_SERVICE, "RFC 9460 section 9"),
    SPF: RdataType((Field("strings", STRINGS),), "RFC 4408 section 3.1.1"),
    256: RdataType(  # URI
        (Field("priority", U16), Field("weight", U16), Field("target", TARGET)),
        "RFC 7553 section 4.1",
    ),
    257: RdataType(  # CAA
        (Field("flags", U8), Field("tag", TAG), Field("value", TEXT)), "RFC 8659 section 4.1"
    ),
    RRType.ALIAS: RdataType(_TARGET_NAME, "octoDNS"),
}

# How long a digest of a type is, in octets, by the field before it; others may be of any length.
DIGEST_LENGTHS: dict[int, dict[int, int]] = {
    RRType.DS: {1: 20, 2: 32, 3: 32, 4: 48},  # registry "DS RR Type Digest Algorithms"
    59: {1: 20, 2: 32, 3: 32, 4: 48},
    44: {1: 20, 2: 32},  # RFC 4255 section 3.1.2, RFC 6594 section 4
    52: {1: 32, 2: 64},  # RFC 6698 section 2.1.3
    53: {1: 32, 2: 64},
    63: {1: 48, 2: 64},  # RFC 8976 section 2.2.3
}
