"""The records of one owner and type: how many, how large, equal ones, one TTL.

RFC 2181 section 5. A set that no message can hold could never be answered; too many records of a
set or too many types make every look-up slow (CVE-2024-1737).
"""

from minidns.wire.codes import RRType
from minidns.wire.edns import MAX_NSID
from minidns.wire.name import MAX_NAME, is_wildcard
from minidns.wire.query import HEADER
from minidns.wire.rdata_mnemonics import type_to_text
from minidns.wire.response import MAX_MESSAGE
from minidns.zone.canonical import canonical_rdata
from minidns.zone.findings import Findings
from minidns.zone.model import Record

MAX_IN_SET = 100  # different records of one owner and type

_QUESTION_FIXED = 4  # octets of a question after the qname: type and class
_RECORD_FIXED = 12  # octets of a record before its rdata, the owner as a pointer
# Octets of the largest OPT over a stream: RFC 6891 section 6.1.2, COOKIE, NSID, edns-tcp-keepalive.
_OPT = 11 + (4 + 24) + (4 + MAX_NSID) + (4 + 2)
_SURELY_FITS = 65_000  # octets of rdata that fit a message whatever the question

_ALONE = {  # types of which a name has one record
    int(RRType.CNAME): "several-cnames",
    int(RRType.DNAME): "several-dnames",
    int(RRType.SOA): "several-soas",
    int(RRType.ALIAS): "alias-and-address",
}
# RRSIGs of one owner are no record set: each has the TTL of what it signs (RFC 4034 section 3).
_RRSIG = int(RRType.RRSIG)


def check_set(records: list[Record], findings: Findings) -> None:
    """Report what is wrong with the records, one or more, of one owner and type."""
    if len(records) == 1:
        if len(records[0].rdata) > _SURELY_FITS:
            _check_size(records, findings)
        return
    distinct = _find_distinct(records, findings)
    _check_ttls(records, findings)
    _check_count(distinct, findings)
    _check_size(distinct, findings)


def _find_distinct(records: list[Record], findings: Findings) -> list[Record]:
    """The records that equal none before them; the others are reported."""
    rtype = records[0].rtype
    distinct: dict[bytes, Record] = {}
    for record in records:
        first = distinct.setdefault(canonical_rdata(rtype, record.rdata), record)
        if first is not record:
            message = "the same {} of '{}' is in {} already: remove one of them"
            shown = type_to_text(rtype)
            findings.report("equal-records", record.mark, message, shown, record.owner, first.mark)
    return list(distinct.values())


def _check_ttls(records: list[Record], findings: Findings) -> None:
    first = records[0]
    other = next((record for record in records if record.ttl != first.ttl), None)
    if other is None or first.rtype == _RRSIG:
        return
    message = (
        "{} of '{}' has a TTL of {}, and {} in {}: a record set has one, the smallest is served"
    )
    shown = type_to_text(other.rtype)
    findings.report(
        "different-ttls", other.mark, message, shown, other.owner, other.ttl, first.ttl, first.mark
    )


def _check_count(distinct: list[Record], findings: Findings) -> None:
    first = distinct[0]
    shown = type_to_text(first.rtype)
    rule = _ALONE.get(first.rtype)
    if rule is not None and len(distinct) > 1:
        second = distinct[1]
        message = "a second {} of '{}', the first is in {}: remove one of them"
        findings.report(rule, second.mark, message, shown, second.owner, first.mark)
    if len(distinct) > MAX_IN_SET:
        extra = distinct[MAX_IN_SET]
        message = "'{}' has {} records of {}: at most {} are served, spread them over names"
        count = len(distinct)
        findings.report(
            "too-many-in-set", extra.mark, message, extra.owner, count, shown, MAX_IN_SET
        )


def _check_size(distinct: list[Record], findings: Findings) -> None:
    first = distinct[0]
    # A wildcard answers for names longer than its own.
    qname = MAX_NAME if is_wildcard(first.owner) else len(first.owner)
    size = HEADER + qname + _QUESTION_FIXED + _OPT
    size += sum(_RECORD_FIXED + len(record.rdata) for record in distinct)
    if size > MAX_MESSAGE:
        message = "an answer with {} of '{}' has {} octets: at most {} fit, shorten its records"
        shown = type_to_text(first.rtype)
        findings.report("set-too-large", first.mark, message, shown, first.owner, size, MAX_MESSAGE)
