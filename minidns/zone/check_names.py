"""What one name may own: CNAME and ALIAS beside other data, SOA, wildcards, how many types.

RFC 1034 section 3.6.2 and RFC 2181 section 10.1 (CNAME), RFC 1035 section 5.2 (SOA), RFC 4592
sections 4.2 and 4.6 (wildcards). What is at or below a zone cut is `check_occlusion`'s.
"""

from collections.abc import Mapping

from minidns.wire.codes import RRType
from minidns.wire.name import is_wildcard, parent_of
from minidns.wire.rdata_mnemonics import type_to_text
from minidns.zone.check_sets import check_set
from minidns.zone.contents import Contents
from minidns.zone.findings import Findings
from minidns.zone.model import Record

MAX_TYPES = 100  # of one owner

_CNAME = int(RRType.CNAME)
_SOA = int(RRType.SOA)
_ALIAS = int(RRType.ALIAS)
_ADDRESSES = (int(RRType.A), int(RRType.AAAA))
_KEY, _SIG, _NXT = 25, 24, 30
# RFC 4035 section 2.5 allows RRSIG, NSEC and KEY, RFC 2181 section 10.1 KEY, SIG and NXT.
_BESIDE_CNAME = frozenset({int(RRType.RRSIG), int(RRType.NSEC), _KEY, _SIG, _NXT})
_AT_WILDCARD = {int(RRType.NS): "ns-at-wildcard", int(RRType.DS): "ds-at-wildcard"}

Sets = Mapping[int, list[Record]]  # the records of one name by their type


def check_names(contents: Contents, findings: Findings) -> None:
    """Report what no name may own, and what is doubtful at a wildcard."""
    origin = contents.origin
    for name, held in contents.names.items():
        sets = {held[0].rtype: held} if len(held) == 1 else _group(held)
        for of_type in sets.values():
            check_set(of_type, findings)
        if _CNAME in sets:
            _check_cname(held, sets, name == origin, findings)
        if _ALIAS in sets:
            _check_alias(sets, findings)
        if name != origin:
            _check_below_apex(origin, name, sets, findings)
        if len(sets) > MAX_TYPES:
            extra = list(sets.values())[MAX_TYPES][0]
            message = "'{}' has records of {} types: at most {} are served, spread them over names"
            findings.report(
                "too-many-types", extra.mark, message, extra.owner, len(sets), MAX_TYPES
            )


def _group(held: list[Record]) -> dict[int, list[Record]]:
    sets: dict[int, list[Record]] = {}
    for record in held:
        sets.setdefault(record.rtype, []).append(record)
    return sets


def _check_cname(held: list[Record], sets: Sets, is_apex: bool, findings: Findings) -> None:
    cname = sets[_CNAME][0]
    other = next(
        (one for one in held if one.rtype != _CNAME and one.rtype not in _BESIDE_CNAME), None
    )
    if is_apex:
        message = "a CNAME at the apex '{}', which has an SOA: an ALIAS may stand there"
        findings.report("cname-and-other-data", cname.mark, message, cname.owner)
    elif other is not None:
        first = next(one for one in held if one is cname or one is other)
        second = other if first is cname else cname
        message = "{} of '{}' beside its {} in {}: a CNAME stands alone, remove one of them"
        findings.report(
            "cname-and-other-data",
            second.mark,
            message,
            type_to_text(second.rtype),
            second.owner,
            type_to_text(first.rtype),
            first.mark,
        )


def _check_alias(sets: Sets, findings: Findings) -> None:
    """An ALIAS answers A and AAAA: with either of them beside it, it is not clear which counts."""
    alias = sets[_ALIAS][0]
    for rtype in _ADDRESSES:
        if rtype in sets:
            address = sets[rtype][0]
            message = "{} of '{}' beside its ALIAS in {}, which answers A and AAAA: remove one"
            findings.report(
                "alias-and-address",
                address.mark,
                message,
                type_to_text(rtype),
                address.owner,
                alias.mark,
            )


def _check_below_apex(origin: bytes, name: bytes, sets: Sets, findings: Findings) -> None:
    soa = sets.get(_SOA)
    if soa is not None:
        message = "an SOA at '{}': a zone has one, at its apex '{}'; remove it"
        findings.report("soa-below-apex", soa[0].mark, message, soa[0].owner, origin)
    if not is_wildcard(name):
        return
    if parent_of(name) == origin:
        first = next(iter(sets.values()))[0]
        message = (
            "'{}' answers for every name that the zone lacks, and with a search list for names "
            "outside: write out the names that are meant"
        )
        findings.report("wildcard-at-apex", first.mark, message, first.owner)
    for rtype, rule in _AT_WILDCARD.items():
        if rtype in sets:
            record = sets[rtype][0]
            message = (
                "{} at '{}' does not count for the names that the wildcard covers: write them out"
            )
            findings.report(rule, record.mark, message, type_to_text(rtype), record.owner)
