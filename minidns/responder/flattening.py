"""ALIAS whose target no zone here holds: the addresses that others give, under the owner's name.

The owner of the zone asks for them, not the client, so they are resolved for all clients, within
the bounds of any client's query. AA is set, as for all that stands in a zone here. TTLs are the
smallest on the way (RFC 2181 section 5.2); where the target has no address the owner has none.
"""

from minidns.authority.solve import OpenAlias, Solution
from minidns.resolver.model import Question, Segment
from minidns.wire.codes import ExtendedError, Rcode
from minidns.wire.response import AA, QR, Body, Records, Sections, encode

_UNRESOLVED = (ExtendedError.OTHER, "the target of an ALIAS could not be resolved")

Error = tuple[ExtendedError, str]


def question_of(alias: OpenAlias, question: Question) -> Question:
    """What is asked elsewhere for a client's question."""
    return Question(alias.target.lower(), question.qtype)


def flatten(
    solution: Solution, alias: OpenAlias, question: Question, segment: Segment, error: Error | None
) -> tuple[Body, Error | None]:
    """`solution`, which lacks `alias`, with what was found for `question_of`."""
    chain = tuple(one for one in solution.sections.answer if one.rtype != question.qtype)
    authority: tuple[Records, ...] = ()
    found = [one for one in segment.answer if one.rtype == question.qtype]
    rcode: int = Rcode.NOERROR
    if segment.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
        rcode, error = Rcode.SERVFAIL, error or _UNRESOLVED
    elif found:
        ttl = min([alias.ttl, *(one.ttl for one in segment.answer)])
        chain += (Records(alias.owner, question.qtype, ttl, found[-1].rdatas),)
    else:
        authority = (alias.soa,)
    sections = Sections(chain, authority, ())
    return encode(QR | AA | rcode, sections, len(question.qname), question.qname), error
