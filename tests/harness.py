"""Zones from master-file text and questions to a responder, all through dnspython.

dnspython reads the zones, encodes the rdata and parses the replies, so that nothing of what is
tested makes the values it is compared with.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.via import Via
from minidns.zone.build import build_zone
from minidns.zone.model import BrokenZone, Catalog, Mark, Record, Zone

CLIENT = bytes((127, 0, 0, 1))
NOW = 1_600_000_000
UDP = Via("udp", is_stream=False)
TCP = Via("tcp", is_stream=True, keepalive=100)


def records_of(origin: str, text: str) -> list[Record]:
    """Records of a master file's text, by dnspython."""
    zone = dns.zone.from_text(
        textwrap.dedent(text), dns.name.from_text(origin), relativize=False, check_origin=False
    )
    return [
        Record(name.to_wire(), int(rdata.rdtype), ttl, rdata.to_wire(), Mark("test", 1, 1))
        for name, ttl, rdata in zone.iterate_rdatas()
    ]


def zone_of(origin: str, text: str) -> Zone:
    """A served zone from a master file's text."""
    return build_zone(wire_name(origin).lower(), records_of(origin, text))


def wire_name(text: str) -> bytes:
    """Wire form by dnspython."""
    return dns.name.from_text(text).to_wire()


def responder_for(zones: dict[str, str], *, broken: Iterable[str] = (), **policy: Any) -> Responder:
    """A responder for master-file texts by origin; `broken` are zones that failed to load."""
    held: dict[bytes, Zone | BrokenZone] = {}
    for origin, text in zones.items():
        zone = zone_of(origin, text)
        held[zone.origin] = zone
    for origin in broken:
        name = wire_name(origin).lower()
        held[name] = BrokenZone(name)
    return Responder(Catalog(held), Policy(**policy), Cookies(b"k" * 16), lambda: NOW)


def ask(
    responder: Responder,
    qname: str,
    qtype: str = "A",
    *,
    via: Via = UDP,
    client: bytes = CLIENT,
    rdclass: str = "IN",
    flags: int | None = None,
    use_edns: int | bool = False,
    **edns: Any,
) -> dns.message.Message:
    """One question, made and parsed by dnspython; the reply must be a reply to it."""
    query = dns.message.make_query(qname, qtype, rdclass, use_edns=use_edns, **edns)
    if flags is not None:
        query.flags = flags
    wire = responder.respond(query.to_wire(), client, via)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert query.is_response(reply)
    return reply


def texts_of(section: Iterable[dns.rrset.RRset]) -> set[str]:
    """Records of a section, one line each, as dnspython prints them."""
    return {
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata.to_text()}"
        for rrset in section
        for rdata in rrset
    }


@dataclass(frozen=True)
class Case:
    """One question and the whole of its answer; records as `owner TTL type rdata`."""

    qname: str
    qtype: str
    rcode: str = "NOERROR"
    flags: str = "QR AA RD"
    answer: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    name: str = field(default="")

    def __str__(self) -> str:
        return self.name or f"{self.qname}-{self.qtype}"

    def check(self, responder: Responder) -> None:
        """Ask over a stream, so that nothing is cut, and compare everything."""
        reply = ask(responder, self.qname, self.qtype, via=TCP)
        assert dns.rcode.to_text(reply.rcode()) == self.rcode
        assert dns.flags.to_text(reply.flags) == self.flags
        assert texts_of(reply.answer) == set(self.answer)
        assert texts_of(reply.authority) == set(self.authority)
        assert texts_of(reply.additional) == set(self.additional)
