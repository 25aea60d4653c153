"""Records that are never answered, since a zone cut or a DNAME stands above them.

A zone cut leaves to its parent NS, DS, NSEC and glue (RFC 1034 section 4.2.1, RFC 4035 section
2.6); all else at or below it is occluded (RFC 2136 section 7.18). Below a DNAME there is nothing
(RFC 6672 section 2.4).
"""

from minidns.wire.codes import RRType
from minidns.wire.rdata_mnemonics import type_to_text
from minidns.zone.contents import Contents
from minidns.zone.findings import Findings
from minidns.zone.model import Record

_NS = int(RRType.NS)
_ADDRESSES = frozenset({int(RRType.A), int(RRType.AAAA)})
_KEY, _SIG, _NXT = 25, 24, 30  # of RFC 2535; KEY may stand at a cut, RFC 3445 section 1
_AT_CUT = frozenset(
    {_NS, int(RRType.DS), int(RRType.NSEC), int(RRType.RRSIG), _KEY, _SIG, _NXT}
    | {int(RRType.CNAME), int(RRType.SOA)}  # reported as errors already
)


def check_occlusion(contents: Contents, findings: Findings) -> None:
    """Report names below a DNAME, and what is at or below a zone cut and no glue."""
    cuts, dnames = contents.cuts, contents.dnames
    if not cuts and not dnames:
        return
    servers = _name_servers(contents)
    for name, held in contents.names.items():
        top = contents.topmost_break(name)
        if top is None:
            continue
        if top in cuts:
            for record in held:
                if name == top and record.rtype in _AT_CUT:
                    continue
                if record.rtype not in _ADDRESSES or name not in servers:
                    _report_occluded(record, cuts[top], findings)
                    break
        elif top != name:
            first, dname = held[0], dnames[top]
            message = "'{}' is below the DNAME of '{}' ({}) and never answered: remove one of them"
            findings.report(
                "below-dname", first.mark, message, first.owner, dname.owner, dname.mark
            )


def _name_servers(contents: Contents) -> set[bytes]:
    """The targets of all NS of zone cuts and of the apex."""
    owners = [name for name in (contents.origin, *contents.cuts) if name in contents.names]
    return {
        record.rdata.lower()
        for owner in owners
        for record in contents.names[owner]
        if record.rtype == _NS
    }


def _report_occluded(record: Record, cut: Record, findings: Findings) -> None:
    message = (
        "{} of '{}' is not glue, and never answered since '{}' is delegated ({}): "
        "move it to the zone '{}' or remove it"
    )
    shown = type_to_text(record.rtype)
    findings.report(
        "occluded", record.mark, message, shown, record.owner, cut.owner, cut.mark, cut.owner
    )
