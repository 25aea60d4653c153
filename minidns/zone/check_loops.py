"""Chains of CNAME, DNAME and ALIAS that lead back to where they began.

Such a zone is served, and a query gets each record of the loop once (RFC 1034 section 5.2.2). All
chains of a zone are walked in one go, each name once, so that neither length nor number of chains
costs more than their records. Chains that leave the zone or enter a delegated one end there.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.name import MAX_NAME
from minidns.zone.contents import Contents
from minidns.zone.findings import Findings
from minidns.zone.model import Record

# DNAMEs applied in one walk to names that only came about by DNAMEs. A DNAME that lengthens names
# could go on up to 255 octets; BIND and Unbound follow a chain for 11 steps.
_MAX_SUBSTITUTIONS = 11
_MAX_SHOWN = 5  # names of a loop that a message lists

_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_ALIAS = int(RRType.ALIAS)


class _Step(NamedTuple):
    """One record followed. A walk that comes to the name `at` again goes round in a circle."""

    at: bytes
    record: Record
    target: bytes


_Follow = Callable[[Contents, bytes], _Step | None]


def check_loops(contents: Contents, findings: Findings) -> None:
    """Report each loop once, at one of its records."""
    for loop in _find_loops(contents, contents.dnames, _follow_below):
        _report("dname-loop", "DNAME", loop, findings)
    for loop in _find_loops(contents, (*contents.cnames, *contents.aliases), _follow):
        types = {record.rtype for record in loop}
        if _ALIAS in types:
            _report("alias-loop", "ALIAS", loop, findings)
        elif _CNAME in types:  # else it is of DNAMEs alone, and reported
            _report("cname-loop", "CNAME", loop, findings)


def _find_loops(
    contents: Contents, starts: Iterable[bytes], follow: _Follow
) -> Iterator[list[Record]]:
    """The records of each loop that a chain leads into which begins at one of the `starts`."""
    settled: set[bytes] = set()  # names whose chains were walked
    for start in starts:
        path: dict[bytes, _Step] = {}
        name, substitutions = start, 0
        while name not in settled and substitutions <= _MAX_SUBSTITUTIONS:
            step = follow(contents, name)
            if step is None:
                break
            first = name if name in path else step.at
            if first in path:
                names = list(path)
                yield [path[one].record for one in names[names.index(first) :]]
                break
            path[name] = step
            substitutions += step.record.rtype == _DNAME and step.record.owner.lower() != name
            name = step.target
        if substitutions <= _MAX_SUBSTITUTIONS:
            settled.update(path)
        else:  # given up; a walk that begins further on may yet see what it is
            settled.update(name for name, step in path.items() if step.at == name)


def _follow(contents: Contents, name: bytes) -> _Step | None:
    """The CNAME, ALIAS or DNAME that a query for `name` meets in this zone."""
    if not contents.holds(name):
        return None
    top = contents.topmost_break(name)
    if top in contents.cuts:
        return None
    if top is not None and top != name:
        step = _follow_below(contents, name)
        return None if step is None else step._replace(at=name)
    owner = contents.source_of(name)
    if owner is None:
        return None
    record = contents.cnames.get(owner) or contents.aliases.get(owner)
    return None if record is None else _Step(name, record, record.rdata.lower())


def _follow_below(contents: Contents, name: bytes) -> _Step | None:
    """The DNAME that applies to names below `name`, whatever labels they begin with.

    A walk that comes to its owner again, now with more labels before it, has them from the DNAMEs
    between: every further round adds them again, which is a loop, too (RFC 6672 section 5.2).
    """
    top = contents.topmost_break(name) if contents.holds(name) else None
    if top is None or top in contents.cuts:
        return None
    record = contents.dnames[top]
    target = name[: len(name) - len(top)] + record.rdata.lower()
    return None if len(target) > MAX_NAME else _Step(top, record, target)


def _report(rule: str, kind: str, loop: list[Record], findings: Findings) -> None:
    owners = [record.owner for record in loop]
    shown = " -> ".join(["'{}'"] * min(len(owners), _MAX_SHOWN))
    if len(owners) > _MAX_SHOWN:
        shown += f" -> {len(owners) - _MAX_SHOWN} more"
    message = f"{kind} leads in a circle: {shown} -> back to the first; let one point elsewhere"
    findings.report(rule, loop[0].mark, message, *owners[:_MAX_SHOWN])
