"""Encoded answers are shared among questions: whatever was asked before, the octets are the same.

Every name of up to two of five labels below each name of one zone family, in which wildcards, empty
non-terminals, aliases, loops, DNAME and zone cuts meet. One responder remembers, the others have
just been made. Many of these names are equally long.
"""

import struct
from itertools import product

import dns.message
import dns.name
import dns.rdatatype
import pytest

from minidns.responder.via import Via
from minidns.zone.model import Catalog
from tests.harness import CLIENT, TCP, UDP, responder_for, zone_of

ALIAS_OF_A = "TYPE65401 \\# 6 016102657800"  # a.ex., as octoDNS's ALIAS
ZONES = {
    "ex.": f"""
        @       60 SOA ns host 1 2 3 4 5
        @       60 NS ns
        ns      60 A 192.0.2.1
        a       60 A 192.0.2.2
        b       60 {ALIAS_OF_A}
        *.w     60 MX 1 *.w
        *.w     60 MX 2 y.w
        *.w     60 A 192.0.2.3
        *.w     60 HTTPS 1 .
        yy.w    60 TXT "beside the wildcard"
        *.l     60 CNAME y.l
        *.m     60 CNAME a.l
        a.m     60 CNAME b.w
        *.i     60 {ALIAS_OF_A}
        *.t     60 CNAME b.d
        a.c     60 CNAME b.c
        b.c     60 CNAME a.c
        y.c     60 CNAME a.kid
        d       60 DNAME w
        dd      60 DNAME l
        cut     60 NS a.cut
        cut     60 NS b.kid
        cut     60 DS 1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
        a.cut   60 A 192.0.2.4
        b.cut   60 NS y.b.cut
        y.b.cut 60 A 192.0.2.5
        kid     60 NS b.kid
        b.kid   60 A 192.0.2.6
        a.*.v   60 TXT "the wildcard is empty"
        y.e     60 TXT "the name above is empty"
        """,
    "kid.ex.": """
        @    60 SOA ns host 1 2 3 4 5
        b    60 A 192.0.2.7
        *    60 MX 5 b
        a    60 CNAME a.w.ex.
        """,
}
LABELS = ("a", "b", "y", "yy", "*")
ABOVE = ("", "w.", "l.", "m.", "i.", "t.", "c.", "d.", "dd.", "cut.", "kid.", "v.", "e.", "n.")
TYPES = tuple(map(dns.rdatatype.from_text, ("A", "MX", "CNAME", "DS", "HTTPS", "ANY", "TYPE300")))
EDNS_512 = b"\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00"


def make_queries() -> list[bytes]:
    """All of them, one in three with EDNS, in an order in which lengths and types mix."""
    below = ["", *(f"{one}." for one in LABELS), *(f"{a}.{b}." for a, b in product(LABELS, LABELS))]
    queries = []
    for (first, above), rtype in product(product(below, ABOVE), TYPES):
        name = dns.name.from_text(f"{first}{above}ex.").to_wire()
        edns = b"" if len(queries) % 3 else EDNS_512
        head = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, bool(edns))
        queries.append(head + name + struct.pack(">HH", rtype, 1) + edns)
    return queries


QUERIES = make_queries()


def catalog_of(zones: dict[str, str]) -> Catalog:
    built = [zone_of(origin, text) for origin, text in zones.items()]
    return Catalog({zone.origin: zone for zone in built})


@pytest.mark.parametrize(("via", "turn"), [(UDP, 1), (TCP, -1)], ids=["udp", "tcp-backwards"])
def test_what_was_asked_before_changes_no_octet(via: Via, turn: int) -> None:
    remembering = responder_for(ZONES)
    catalog = catalog_of(ZONES)
    fresh = responder_for(ZONES)
    answers = remembering.stream_answers if via is TCP else remembering.datagram_answers
    for query in QUERIES[::turn]:
        reply = remembering.respond(query, CLIENT, via)
        fresh.swap(catalog)  # it forgets what it was asked
        assert reply == fresh.respond(query, CLIENT, via)
        assert reply is not None
        assert answers.replies.get(query[2:], reply[2:]) == reply[2:]
    assert not remembering.failures


def test_no_reply_holds_a_record_twice() -> None:
    """RFC 2181 section 5."""
    responder = responder_for(ZONES)
    for wire in {responder.respond(query, CLIENT, TCP) for query in QUERIES[::7]}:
        assert wire is not None
        reply = dns.message.from_wire(wire, one_rr_per_rrset=True)
        records = [
            (rrset.name, rrset.rdtype, rrset[0].to_digestable())
            for section in (reply.answer, reply.authority, reply.additional)
            for rrset in section
        ]
        assert len(records) == len(set(records))
