"""Questions in class CHAOS about the server itself, answered only where configured.

RFC 4892 (id.server); version.bind and its kin are BIND's custom, which dig users know. Silence
is the default: a version string helps an attacker first.
"""

from collections.abc import Mapping

from minidns.wire.codes import RRType
from minidns.wire.name import name_from_text
from minidns.wire.response import AA, QR, Body

_VERSION = ("version.bind.", "version.server.")
_IDENTITY = ("id.server.", "hostname.bind.")
_TXT_IN_CHAOS = b"\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00"  # owner, TXT, CH, TTL 0
_MAX_STRING = 255  # octets, RFC 1035 section 3.3


def chaos_bodies(version: str, identity: str) -> Mapping[tuple[bytes, int], Body]:
    """Bodies by qname (lower-case wire) and qtype; an empty text leaves its names unanswered.

    Raises ValueError for a text over 255 octets.
    """
    bodies = {}
    for names, text in ((_VERSION, version), (_IDENTITY, identity)):
        raw = text.encode("utf-8")
        if len(raw) > _MAX_STRING:
            raise ValueError(f"'{text[:20]}...' is {len(raw)} octets long, at most 255 fit")
        if raw:
            rdata = bytes((len(raw),)) + raw
            wire = _TXT_IN_CHAOS + len(rdata).to_bytes(2, "big") + rdata
            body = Body(QR | AA, wire, ((len(wire), 1, 0, 0),), required=1)
            for name in names:
                bodies[name_from_text(name), int(RRType.TXT)] = body
    return bodies
