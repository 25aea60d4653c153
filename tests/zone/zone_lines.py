"""Records from lines of text, rdata by dnspython, each with the number of its line as its mark.

Unlike a zone of dnspython's, these may hold what no zone may: that is what is checked.
"""

import textwrap

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from minidns.wire.codes import RRType
from minidns.zone.check import check_zone
from minidns.zone.model import Fault, Mark, Record
from tests.harness import wire_name

FILE = "zone"
TTL = 3600
ORIGIN = "example.com."
SOUND = r"""
@    SOA  ns1.example.net. hostmaster.example.com. 1 7200 3600 1209600 300
@    NS   ns1.example.net.
"""
_ADDED = 3  # the line after those


def records_from(origin: str, text: str) -> list[Record]:
    """One record a line: `owner [TTL] type rdata`; names are relative to `origin`."""
    return [
        _record(dns.name.from_text(origin), line, number)
        for number, line in enumerate(textwrap.dedent(text).strip("\n").splitlines(), 1)
        if line.strip()
    ]


def check_lines(lines: str, origin: str = ORIGIN, sound: str = SOUND) -> list[Fault]:
    """What the check finds in a sound zone with these lines after it."""
    text = sound.strip("\n") + "\n" + textwrap.dedent(lines).strip("\n")
    return check_zone(wire_name(origin).lower(), records_from(origin, text))


def rules_of(lines: str, origin: str = ORIGIN) -> list[str]:
    """What is found, as `line rule`; 1 is the first of the added lines."""
    return [f"{fault.mark.line - _ADDED + 1} {fault.rule}" for fault in check_lines(lines, origin)]


def _record(origin: dns.name.Name, line: str, number: int) -> Record:
    owner, first, *others = line.split(maxsplit=2)
    ttl = TTL
    if first.isdigit():
        ttl = int(first)
        first, *others = others[0].split(maxsplit=1)
    text = others[0] if others else ""
    rtype = int(RRType.ALIAS) if first == "ALIAS" else int(dns.rdatatype.from_text(first))
    wire = dns.name.from_text(owner, origin).to_wire()
    return Record(wire, rtype, ttl, _rdata(origin, first, text), Mark(FILE, number, 1))


def _rdata(origin: dns.name.Name, rtype: str, text: str) -> bytes:
    if rtype == "ALIAS":
        return dns.name.from_text(text, origin).to_wire()
    if rtype.startswith("TYPE"):  # RFC 3597 section 5; dnspython would refuse OPT
        _, _, data = text.partition(r"\# ")
        return bytes.fromhex(data.partition(" ")[2])
    rdata = dns.rdata.from_text(
        dns.rdataclass.IN, dns.rdatatype.from_text(rtype), text, origin=origin, relativize=False
    )
    wire = rdata.to_wire()
    assert wire is not None
    return wire
