"""Names of record types and DNSSEC algorithms, and their numbers (IANA registries).

dnslib's table of type names, with what it lacks registered into it, so that whole messages that
dnslib shows use the same names.
"""

import re
from difflib import get_close_matches

from dnslib import QTYPE

from minidns.wire.codes import RRType
from minidns.wire.rdata_text import BadRdata

_LACKED_BY_DNSLIB = {
    "MD": 3,
    "MF": 4,
    "MB": 7,
    "MG": 8,
    "MR": 9,
    "WKS": 11,
    "MINFO": 14,
    "X25": 19,
    "ISDN": 20,
    "RT": 21,
    "NSAP": 22,
    "NSAP-PTR": 23,
    "PX": 26,
    "GPOS": 27,
    "NXT": 30,
    "SMIMEA": 53,  # dnslib 0.9.26 calls it HIP
    "HIP": 55,
    "NINFO": 56,
    "DSYNC": 66,
    "NID": 104,
    "L32": 105,
    "L64": 106,
    "LP": 107,
    "MAILB": 253,
    "MAILA": 254,
    "AVC": 258,
    "AMTRELAY": 260,
    "RESINFO": 261,
    "WALLET": 262,
    "ALIAS": int(RRType.ALIAS),
}
for _name, _code in _LACKED_BY_DNSLIB.items():
    QTYPE.forward[_code] = _name
    QTYPE.reverse[_name] = _code

# Registry "DNS Security Algorithm Numbers".
ALGORITHMS = {
    "RSAMD5": 1,
    "DH": 2,
    "DSA": 3,
    "RSASHA1": 5,
    "DSA-NSEC3-SHA1": 6,
    "RSASHA1-NSEC3-SHA1": 7,
    "RSASHA256": 8,
    "RSASHA512": 10,
    "ECC-GOST": 12,
    "ECDSAP256SHA256": 13,
    "ECDSAP384SHA384": 14,
    "ED25519": 15,
    "ED448": 16,
    "INDIRECT": 252,
    "PRIVATEDNS": 253,
    "PRIVATEOID": 254,
}

_GENERIC = re.compile(r"TYPE(\d{1,5})", re.ASCII)  # RFC 3597 section 5
_MAX_CODE = 65_535


def type_code(text: str) -> int:
    """The number of a type by its name, `TYPE65280` too. Raises BadRdata."""
    name = text.upper()
    code = QTYPE.reverse.get(name)
    if code is not None:
        return int(code)
    generic = _GENERIC.fullmatch(name)
    if generic is not None and int(generic[1]) <= _MAX_CODE:
        return int(generic[1])
    near = get_close_matches(name, map(str, QTYPE.reverse), n=1)
    meant = f"is it {near[0]}?" if near else "mend it."
    raise BadRdata(
        f"'{text}' is no record type known here: {meant} Or write TYPE and its number (TYPE65280)"
    )


def type_to_text(code: int) -> str:
    """The name of a type, `TYPE65280` where it has none."""
    name = QTYPE.forward.get(code)
    return f"TYPE{code}" if name is None else str(name)
