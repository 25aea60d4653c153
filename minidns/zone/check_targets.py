"""Names that records point to: aliases and names without address where a host is needed, glue.

NS, MX and SRV need a host that has an address (RFC 2181 section 10.3, RFC 2782). Only targets
inside the zone are looked at, and found as a query finds them: through wildcards, not past zone
cuts. A name server at or below its own zone cut needs glue (RFC 1034 section 4.2.1).
"""

from minidns.wire.codes import RRType
from minidns.wire.name import ROOT, is_at_or_below, name_from_text
from minidns.wire.rdata_mnemonics import type_to_text
from minidns.zone.contents import Contents
from minidns.zone.findings import Findings
from minidns.zone.model import Record

_NS = int(RRType.NS)
_CNAME = int(RRType.CNAME)
_PTR = int(RRType.PTR)
_TARGET_AT = {  # octets of rdata before the target
    _NS: 0,
    _CNAME: 0,
    _PTR: 0,
    int(RRType.SOA): 0,
    int(RRType.DNAME): 0,
    int(RRType.ALIAS): 0,
    int(RRType.MX): 2,
    int(RRType.SVCB): 2,
    int(RRType.HTTPS): 2,
    int(RRType.SRV): 6,
}
_NEED_HOST = frozenset({_NS, int(RRType.MX), int(RRType.SRV)})
_ADDRESSES = frozenset({int(RRType.A), int(RRType.AAAA)})
_ALIAS = int(RRType.ALIAS)  # answers as an address does
_REVERSE = (name_from_text("in-addr.arpa."), name_from_text("ip6.arpa."))
_MESSAGES = {
    "missing-glue": "{} of '{}' points to '{}', which is in the zone delegated there and has no "
    "address here: add its A or AAAA",
    "target-is-alias": "{} of '{}' points to '{}', an alias: write the name that has the address",
    "target-without-address": "{} of '{}' points to '{}', which has no address: add its A or AAAA, "
    "or mend the name",
}


def check_targets(contents: Contents, findings: Findings, falls_through: bool = False) -> None:
    """Report targets inside the zone that cannot be what was meant.

    What a zone that falls through lacks is somewhere else, perhaps with an address.
    """
    relative, hosts = _RelativeTargets(contents), _Hosts(contents, falls_through)
    for name, held in contents.names.items():
        for record in held:
            at = _TARGET_AT.get(record.rtype)
            if at is None:
                continue
            target = _name_at(record.rdata, at)
            key = target.lower()
            if not contents.holds(key):
                continue
            meant = relative.find_meant(record, key)
            if meant is not None:
                shown = type_to_text(record.rtype)
                message = "{} of '{}' points to '{}', as if a final dot were missing: write '{}'"
                findings.report(
                    "relative-target", record.mark, message, shown, record.owner, target, meant
                )
            elif record.rtype in _NEED_HOST and key != ROOT:  # "." is none, RFC 7505, RFC 2782
                rule = hosts.find_rule(name, record.rtype, key)
                if rule is not None:
                    shown = type_to_text(record.rtype)
                    message = _MESSAGES[rule]
                    findings.report(rule, record.mark, message, shown, record.owner, target)


class _RelativeTargets:
    """Knows targets to which a master file's reader added the origin, the final dot missing."""

    def __init__(self, contents: Contents) -> None:
        origin = contents.origin
        self._names = contents.names
        self._origin = origin
        self._repeated = origin[:-1] + origin
        self._is_reverse = any(is_at_or_below(origin, suffix) for suffix in _REVERSE)

    def find_meant(self, record: Record, target: bytes) -> bytes | None:
        """What was meant by a target in this zone (lower case); None where nothing else was."""
        if self._origin == ROOT or target in self._names:
            return None
        # In a reverse zone PTR leads out of it: RFC 1035 section 3.5.
        leads_out = self._is_reverse and record.rtype == _PTR
        if leads_out or is_at_or_below(target, self._repeated):
            return target[: -len(self._origin)] + ROOT
        return None


class _Hosts:
    """Looks up targets; what a name has is looked at once, however many records point to it."""

    def __init__(self, contents: Contents, falls_through: bool) -> None:
        self._contents = contents
        self._falls_through = falls_through
        self._types: dict[bytes, set[int]] = {}

    def find_rule(self, name: bytes, rtype: int, target: bytes) -> str | None:
        """The rule that a record of `name` breaks by needing a host at `target`, if it does."""
        contents = self._contents
        top = contents.topmost_break(name)
        if top is not None:
            if top != name:
                return None  # occluded, and reported so
            if name in contents.cuts:
                if rtype != _NS:
                    return None
                if is_at_or_below(target, name):
                    has_glue = not self._types_at(target).isdisjoint(_ADDRESSES)
                    return None if has_glue else "missing-glue"
        return self._find_host_rule(target)

    def _find_host_rule(self, target: bytes) -> str | None:
        contents = self._contents
        top = contents.topmost_break(target)
        if top in contents.cuts:
            return None  # for the zone below to answer
        if top is not None and top != target:
            return "target-is-alias"  # by DNAME
        types = self._types_at(contents.source_of(target) or target)
        if _CNAME in types:
            return "target-is-alias"
        if _ALIAS in types or not types.isdisjoint(_ADDRESSES):
            return None
        if self._falls_through and contents.lacks(target):
            return None
        return "target-without-address"

    def _types_at(self, owner: bytes) -> set[int]:
        types = self._types.get(owner)
        if types is None:
            held = self._contents.names.get(owner, ())
            types = self._types[owner] = {record.rtype for record in held}
        return types


def _name_at(rdata: bytes, start: int) -> bytes:
    at = start
    while rdata[at]:
        at += 1 + rdata[at]
    return rdata[start : at + 1]
