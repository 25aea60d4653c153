"""The cache as text: records as in a master file (RFC 1035 section 5), the rest as comments."""

from collections.abc import Iterator

from minidns.resolver.cache import Cache
from minidns.resolver.cached_answer import Hit
from minidns.resolver.model import Question
from minidns.wire.codes import Rcode
from minidns.wire.name import name_to_text
from minidns.wire.rdata import rdata_to_text, type_to_text


def dump(cache: Cache, now: float) -> Iterator[str]:
    """One line for each answer that says what it is, and one for each of its records."""
    for group_number, question, hit in cache.answers(now):
        if hit.is_fresh or hit.is_stale:
            yield from _answer_lines(group_number, question, hit, now)


def _answer_lines(group_number: int, question: Question, hit: Hit, now: float) -> Iterator[str]:
    segment = hit.segment_at(now)
    name = name_to_text(question.qname)
    words = [";", name, type_to_text(question.qtype) if question.qtype else "any type"]
    if segment.rcode == Rcode.NXDOMAIN:
        words.append("NXDOMAIN")
    elif segment.authority and not segment.answer:
        words.append("NODATA")
    words += [f"group {group_number}", f"ttl {segment.ttl}"]
    words += ["stale"] * hit.is_stale
    words += ["do"] * question.dnssec_ok + ["cd"] * question.checking_disabled
    if segment.target is not None:
        words.append(f"goes on at {name_to_text(segment.target)}")
    yield " ".join(words)
    for records in segment.answer + segment.authority:
        owner = name if records.owner is None else name_to_text(records.owner)
        rtype = type_to_text(records.rtype)
        for rdata in records.rdatas:
            yield f"{owner} {records.ttl} IN {rtype} {rdata_to_text(records.rtype, rdata)}"
