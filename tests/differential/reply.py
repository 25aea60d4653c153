"""A reply in the form in which two of them can be compared: rcode, flags, sections as sets.

dnspython parses. Names compare without case (RFC 4343), records without order (RFC 2181 section
5), TTLs as they are.
"""

from collections.abc import Iterator
from functools import cached_property

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

from tests.differential.questions import Question

SECTIONS = ("answer", "authority", "additional")
FLAGS = (dns.flags.AA, dns.flags.TC, dns.flags.RD, dns.flags.RA, dns.flags.AD, dns.flags.CD)

Record = tuple[dns.name.Name, RdataType, int, bytes]  # owner, type, TTL, canonical rdata


class Reply:
    """One reply, parsed at the first look inside: then dnspython raises for what is no message."""

    def __init__(self, wire: bytes) -> None:
        self.wire = wire

    @cached_property
    def message(self) -> dns.message.Message:
        return dns.message.from_wire(self.wire, one_rr_per_rrset=True)

    @cached_property
    def rcode(self) -> str:
        return dns.rcode.to_text(self.message.rcode())

    @cached_property
    def flags(self) -> frozenset[str]:
        return frozenset(str(flag.name) for flag in FLAGS if self.message.flags & flag)

    @cached_property
    def answer(self) -> frozenset[Record]:
        return frozenset(_records(self.message.answer))

    @cached_property
    def authority(self) -> frozenset[Record]:
        return frozenset(_records(self.message.authority))

    @cached_property
    def additional(self) -> frozenset[Record]:
        return frozenset(_records(self.message.additional))

    @cached_property
    def has_opt(self) -> bool:
        return self.message.opt is not None

    def differences(self, other: "Reply") -> frozenset[str]:
        """The aspects in which the two differ: rcode, opt, a flag's name, a section's name."""
        found = {"rcode"} if self.rcode != other.rcode else set()
        found |= {"opt"} if self.has_opt != other.has_opt else set()
        found |= self.flags ^ other.flags
        found |= {name for name in SECTIONS if getattr(self, name) != getattr(other, name)}
        return frozenset(found)

    def is_referral(self) -> bool:
        """No answer, and NS in the authority section (RFC 9499 section 4)."""
        return not self.answer and "AA" not in self.flags and _NS in types_of(self.authority)

    def __str__(self) -> str:
        lines = [f"{self.rcode} {' '.join(sorted(self.flags))}{' OPT' if self.has_opt else ''}"]
        for name in SECTIONS:
            lines += [f"  {name}: {text(record)}" for record in sorted(getattr(self, name))]
        return "\n".join(lines)


_NS = RdataType.NS


def types_of(records: frozenset[Record]) -> set[RdataType]:
    return {record[1] for record in records}


def text(record: Record) -> str:
    """One record as a line, for messages to people."""
    owner, rdtype, ttl, canonical = record
    rdata = dns.rdata.from_wire("IN", rdtype, canonical, 0, len(canonical))
    return f"{owner} {ttl} {dns.rdatatype.to_text(rdtype)} {rdata.to_text()[:100]}"


def faults_of(question: Question, query: bytes, reply: Reply) -> list[str]:
    """What no correct reply does, whoever the peers are; empty where all is well."""
    wire, faults = reply.wire, []
    end = 12 + len(question.qname.to_digestable()) + 4
    if wire[:2] != query[:2] or not wire[2] & 0x80:
        faults.append("the ID is not the query's, or QR is clear")
    if wire[4:6] != b"\x00\x01" or wire[12:end] != query[12:end]:
        faults.append("the question is not echoed octet for octet")
    if len(wire) > question.form.limit:
        faults.append(f"{len(wire)} octets, the limit is {question.form.limit}")
    if reply.has_opt != (question.form.payload is not None):
        faults.append("OPT must be there exactly when the query has one (RFC 6891 section 6.1.1)")
    for name in SECTIONS:
        if len(getattr(reply, name)) != len(getattr(reply.message, name)):
            faults.append(f"a record stands twice in the {name} section (RFC 2181 section 5)")
    if not _is_in_order(question, reply.message):
        faults.append("a record of the answer is reached by no CNAME or DNAME before it")
    return faults


def _is_in_order(question: Question, message: dns.message.Message) -> bool:
    """Each owner is the question's name, or what an alias before it leads to."""
    reached = {question.qname}
    for rrset in message.answer:
        if rrset.rdtype == RdataType.DNAME:
            if not any(name.is_subdomain(rrset.name) for name in reached):
                return False
        elif rrset.name not in reached:
            return False
        elif rrset.rdtype == RdataType.CNAME:
            reached.add(rrset[0].target)
    return True


def _records(section: list[dns.rrset.RRset]) -> Iterator[Record]:
    for rrset in section:
        yield rrset.name, rrset.rdtype, rrset.ttl, rrset[0].to_digestable()
