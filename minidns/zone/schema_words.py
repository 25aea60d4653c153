"""What editors show about record types and their fields: words and examples for the JSON Schema.

Which types and fields there are is `wire.rdata_types`'s to say; this holds one entry for each of
them (a test compares the two), and the RFC of a type is taken from there.
"""

from typing import Any, NamedTuple


class Words(NamedTuple):
    """`summary` follows the name of the type; `examples` are values as YAML loads them."""

    summary: str
    examples: tuple[Any, ...]


_DIGEST = "2bb183af5f22588179a53b0a98631fad1a292118aef5e0ee2f0d5b4b2b0e1f2a"
_KEY = "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
_CERTIFICATE = {
    "certificate_usage": 3,
    "selector": 1,
    "matching_type": 1,
    "certificate_association_data": _DIGEST,
}
_DELEGATION = {"key_tag": 60485, "algorithm": 13, "digest_type": 2, "digest": _DIGEST}
_PUBLIC_KEY = {"flags": 257, "protocol": 3, "algorithm": 13, "public_key": _KEY}

TYPE_WORDS: dict[str, Words] = {
    "A": Words("an IPv4 address", ("192.0.2.1",)),
    "AAAA": Words("an IPv6 address", ("2001:db8::1",)),
    "ALIAS": Words(
        "at the apex: answers A and AAAA with the addresses of another name", ("www.example.net.",)
    ),
    "CAA": Words(
        "who may issue certificates", ({"flags": 0, "tag": "issue", "value": "letsencrypt.org"},)
    ),
    "CDNSKEY": Words("a key for the parent to make a DS of", (_PUBLIC_KEY,)),
    "CDS": Words("a DS for the parent to take over", (_DELEGATION,)),
    "CNAME": Words("another name for this one; nothing else may stand here", ("www.example.com.",)),
    "CSYNC": Words(
        "which record sets the parent may copy",
        ({"serial": 66, "flags": 3, "types": ["A", "NS", "AAAA"]},),
    ),
    "DNAME": Words("all names below this one are those below another", ("example.net.",)),
    "DNSKEY": Words("a public key of the zone", (_PUBLIC_KEY,)),
    "DS": Words("the digest of a child zone's key, at the zone cut", (_DELEGATION,)),
    "HINFO": Words("kind of machine and system", ({"cpu": "RFC8482", "os": ""},)),
    "HTTPS": Words(
        "where and how a web server is reached",
        (
            {"svcpriority": 1, "targetname": ".", "svcparams": {"alpn": ["h2", "h3"]}},
            {"svcpriority": 0, "targetname": "www.example.net."},
        ),
    ),
    "LOC": Words(
        "a place on earth",
        (
            {
                "lat_degrees": 52,
                "lat_minutes": 22,
                "lat_seconds": 23,
                "lat_direction": "N",
                "long_degrees": 4,
                "long_minutes": 53,
                "long_seconds": 32,
                "long_direction": "E",
                "altitude": -2,
                "size": 1,
                "precision_horz": 10000,
                "precision_vert": 10,
            },
        ),
    ),
    "MX": Words("a mail server", ({"preference": 10, "exchange": "mx1.example.com."},)),
    "NAPTR": Words(
        "rules that rewrite a name, for telephony",
        (
            {
                "order": 100,
                "preference": 10,
                "flags": "U",
                "service": "SIP+D2U",
                "regexp": "!^.*$!sip:info@example.com!",
                "replacement": ".",
            },
        ),
    ),
    "NS": Words(
        "a name server: of the zone at the apex, elsewhere a delegation", ("ns1.example.com.",)
    ),
    "NSEC": Words(
        "the next name and the types of this one",
        ({"next": "host.example.com.", "types": ["A", "MX", "RRSIG", "NSEC"]},),
    ),
    "NSEC3": Words(
        "the next hashed name and the types of this one",
        (
            {
                "hash_algorithm": 1,
                "flags": 0,
                "iterations": 0,
                "salt": "-",
                "next": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
                "types": ["NS", "SOA", "RRSIG"],
            },
        ),
    ),
    "NSEC3PARAM": Words(
        "how the names of NSEC3 are hashed",
        ({"hash_algorithm": 1, "flags": 0, "iterations": 0, "salt": "-"},),
    ),
    "OPENPGPKEY": Words(
        "an OpenPGP key, in Base64", ("mQINBFit2ioBEADhWpZZ8wvZ6hUTiXOwQHXMAlaFHcPH",)
    ),
    "PTR": Words("the name of an address, in a reverse zone", ("host.example.com.",)),
    "RP": Words(
        "who is responsible: a mailbox and the name of a TXT record",
        ({"mbox": "admin.example.com.", "txt": "."},),
    ),
    "RRSIG": Words(
        "a signature of a record set",
        (
            {
                "type_covered": "A",
                "algorithm": 13,
                "labels": 3,
                "original_ttl": 3600,
                "expiration": "20300101000000",
                "inception": "20290101000000",
                "key_tag": 2642,
                "signer": "example.com.",
                "signature": _KEY,
            },
        ),
    ),
    "SMIMEA": Words("a certificate for S/MIME", (_CERTIFICATE,)),
    "SOA": Words(
        "the start of the zone, at the apex; without it one is made",
        (
            {
                "mname": "ns1.example.com.",
                "rname": "hostmaster.example.com.",
                "serial": 1,
                "refresh": 7200,
                "retry": 3600,
                "expire": 1209600,
                "minimum": 300,
            },
        ),
    ),
    "SPF": Words("given up for TXT by RFC 7208 section 3.1", ("v=spf1 -all",)),
    "SRV": Words(
        "the host and port of a service, at _service._proto",
        ({"priority": 10, "weight": 20, "port": 5060, "target": "sip.example.com."},),
    ),
    "SSHFP": Words(
        "the fingerprint of a host key",
        ({"algorithm": 4, "fingerprint_type": 2, "fingerprint": _DIGEST},),
    ),
    "SVCB": Words(
        "where and how a service is reached",
        ({"svcpriority": 1, "targetname": "svc.example.com.", "svcparams": {"port": 8443}},),
    ),
    "TLSA": Words("the certificate of a TLS server, at _port._proto", (_CERTIFICATE,)),
    "TXT": Words(
        "a text; longer than 255 octets, it is cut into several strings", ("v=spf1 -all",)
    ),
    "URI": Words(
        "a URI by name", ({"priority": 10, "weight": 1, "target": "https://www.example.com/"},)
    ),
    "ZONEMD": Words(
        "a digest of the zone",
        ({"serial": 2018031500, "scheme": 1, "hash_algorithm": 1, "digest": "ab" * 48},),
    ),
}

FIELD_WORDS: dict[str, str] = {
    "algorithm": "number or mnemonic of the algorithm (SSHFP: 1 RSA, 3 ECDSA, 4 Ed25519)",
    "altitude": "metres above the sea",
    "certificate_association_data": "the certificate, its key or a digest, in hexadecimal",
    "certificate_usage": "0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE (RFC 7218)",
    "cpu": "kind of machine",
    "digest": "the digest in hexadecimal",
    "digest_type": "1 SHA-1, 2 SHA-256, 4 SHA-384",
    "exchange": "the name of the mail server",
    "expiration": "when the signature ends: YYYYMMDDHHmmSS in UTC, or seconds since 1970",
    "expire": "seconds after which a secondary stops answering",
    "fingerprint": "the fingerprint in hexadecimal",
    "fingerprint_type": "1 SHA-1, 2 SHA-256",
    "flags": "CAA: 128 is critical; DNSKEY: 257 signs keys, 256 the zone; NAPTR: S, A, U or P",
    "hash_algorithm": "NSEC3: 1 SHA-1; ZONEMD: 1 SHA-384, 2 SHA-512",
    "inception": "when the signature begins: YYYYMMDDHHmmSS in UTC, or seconds since 1970",
    "iterations": "further rounds of hashing; 0 (RFC 9276)",
    "key_tag": "tag of the key (RFC 4034 appendix B)",
    "labels": "labels of the owner, without the root and a wildcard's asterisk",
    "lat_degrees": "latitude: whole degrees, 0 to 90",
    "lat_direction": "N or S of the equator",
    "lat_minutes": "latitude: whole minutes",
    "lat_seconds": "latitude: seconds, with up to three decimals",
    "long_degrees": "longitude: whole degrees, 0 to 180",
    "long_direction": "E or W of Greenwich",
    "long_minutes": "longitude: whole minutes",
    "long_seconds": "longitude: seconds, with up to three decimals",
    "matching_type": "0 the whole, 1 SHA-256, 2 SHA-512",
    "mbox": "a mailbox as a name: admin.example.com.",
    "minimum": "TTL in seconds of negative answers (RFC 2308 section 4)",
    "mname": "the primary name server",
    "next": "the next name of the zone",
    "order": "rules of lower order come first",
    "original_ttl": "TTL in seconds of the signed record set",
    "os": "operating system",
    "port": "the port of the service",
    "precision_horz": "metres; 10000 where it is left out",
    "precision_vert": "metres; 10 where it is left out",
    "preference": "lower is tried first",
    "priority": "lower is tried first",
    "protocol": "3",
    "public_key": "the key in Base64",
    "refresh": "seconds between two looks of a secondary",
    "regexp": "a substitution: '!^.*$!sip:info@example.com!'",
    "replacement": "the next name to ask, '.' beside a regexp",
    "retry": "seconds until a secondary tries again",
    "rname": "the mailbox of who is responsible, as a name: hostmaster.example.com.",
    "salt": "in hexadecimal, '-' for none",
    "scheme": "1 SIMPLE",
    "selector": "0 the certificate, 1 its public key",
    "serial": "the zone's serial number",
    "service": "service and protocol, as SIP+D2U",
    "signature": "the signature in Base64",
    "signer": "the zone that signs",
    "size": "metres across; 1 where it is left out",
    "svcparams": "parameters: alpn, port, ipv4hint, ipv6hint, ech, mandatory, keyNNNNN",
    "svcpriority": "0 is an alias, otherwise lower is tried first",
    "tag": "the property: issue, issuewild, iodef",
    "target": "where it leads",
    "targetname": "the name that serves, '.' for the owner itself",
    "txt": "a name with a TXT record, '.' for none",
    "type_covered": "the signed type",
    "types": "types of records",
    "value": "the property's value",
    "weight": "share among those of equal priority",
}
