"""The checks of one zone as a whole: all that is refused and all that is warned of.

What no server could answer by the RFCs is an error and the zone is not served; what is merely
doubtful is served, as BIND, NSD and Knot do. Here are the rules about single records and about the
apex; the others have modules of their own. What a value may hold was the readers' to say.
"""

from collections.abc import Iterable, Iterator, Sequence

from minidns.wire.codes import RRType
from minidns.wire.name import is_at_or_below
from minidns.wire.rdata_mnemonics import type_to_text
from minidns.zone.check_loops import check_loops
from minidns.zone.check_names import check_names
from minidns.zone.check_occlusion import check_occlusion
from minidns.zone.check_targets import check_targets
from minidns.zone.contents import Contents
from minidns.zone.findings import Findings
from minidns.zone.model import Fault, Record

MAX_TTL = 2**31 - 1  # seconds, RFC 2181 section 8

_NS = int(RRType.NS)
_SOA = int(RRType.SOA)
# Reserved, OPT, and the range of Q-types and meta-types: RFC 6895 section 3.1.
_META_TYPES = frozenset({0, int(RRType.OPT), *range(128, 256)})


def check_zone(
    origin: bytes, records: Sequence[Record], falls_through: bool = False
) -> list[Fault]:
    """What is wrong with the records of the zone at `origin` (lower-case wire), taken together.

    Ordered by place; a bounded number of each rule. Where none of the faults is an error the zone
    can be built and served. A zone without SOA is none of these faults: it is given one.
    """
    findings = Findings()
    contents = Contents(origin, _records_that_fit(origin, records, findings))
    check_names(contents, findings)
    check_occlusion(contents, findings)
    check_targets(contents, findings, falls_through)
    check_loops(contents, findings)
    if records:
        _check_name_servers(contents, records[0], findings)
    return findings.faults()


def _records_that_fit(
    origin: bytes, records: Iterable[Record], findings: Findings
) -> Iterator[tuple[bytes, Record]]:
    """The records that the zone may hold, with their owners in lower case."""
    last = origin
    known: bytes | None = None  # what the last owner was below; most are below the same name
    for record in records:
        owner, rtype, ttl, _, mark = record
        name = owner.lower()
        if ttl > MAX_TTL:
            message = "a TTL of {} seconds: the largest is {}"
            findings.report("ttl-too-large", mark, message, ttl, MAX_TTL)
        if name != last and name[1 + name[0] :] != known and not is_at_or_below(name, origin):
            message = "'{}' is not in the zone '{}': move it to its own zone's file"
            findings.report("out-of-zone", mark, message, owner, origin)
        elif rtype in _META_TYPES:
            message = "{} is a type of questions and messages, no data: remove it from '{}'"
            findings.report("meta-type", mark, message, type_to_text(rtype), owner)
        else:
            if name != last:
                last = name
                known = name[1 + name[0] :] if name != origin else None
            yield name, record


def _check_name_servers(contents: Contents, first: Record, findings: Findings) -> None:
    """Report a zone without name servers, at its SOA or else at its first record."""
    apex = contents.names.get(contents.origin, [])
    if any(record.rtype == _NS for record in apex):
        return
    place = next((record for record in apex if record.rtype == _SOA), first)
    message = "'{}' has no NS at its apex: name there the servers that the delegation to it names"
    findings.report("no-ns", place.mark, message, contents.origin)
