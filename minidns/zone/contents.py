"""What a zone's files hold, by owner name, as the checks of a whole zone ask for it.

A draft of the zone with its marks, faults and all; `zone.build` makes the zone that is served. All
names are lower-case wire. Zone cuts (RFC 9499 section 7) are those below the apex. No look-up
costs more than one step a label, so that millions of names stay possible.
"""

from collections.abc import Iterable
from functools import cached_property

from minidns.wire.codes import RRType
from minidns.wire.name import is_at_or_below, is_wildcard
from minidns.zone.model import Record

_NS = int(RRType.NS)


class Contents:
    """The records at or below `origin` by owner, each given with its owner in lower case.

    `names` holds them in the order of the files; `cuts`, `dnames`, `cnames` and `aliases` the first
    NS, DNAME, CNAME and ALIAS of the names that have one.
    """

    def __init__(self, origin: bytes, records: Iterable[tuple[bytes, Record]]) -> None:
        self.origin = origin
        self.names: dict[bytes, list[Record]] = {}
        self.cuts: dict[bytes, Record] = {}
        self.dnames: dict[bytes, Record] = {}
        self.cnames: dict[bytes, Record] = {}
        self.aliases: dict[bytes, Record] = {}
        first_of_type = {
            _NS: self.cuts,
            int(RRType.DNAME): self.dnames,
            int(RRType.CNAME): self.cnames,
            int(RRType.ALIAS): self.aliases,
        }
        for name, record in records:
            held = self.names.get(name)
            if held is None:
                self.names[name] = [record]
            else:
                held.append(record)
            first = first_of_type.get(record.rtype)
            if first is not None:
                first.setdefault(name, record)
        self.cuts.pop(origin, None)
        self._topmost = {origin: origin if origin in self.dnames else None}

    def holds(self, name: bytes) -> bool:
        """Whether the name is at or below the apex; it need not exist."""
        return is_at_or_below(name, self.origin)

    def topmost_break(self, name: bytes) -> bytes | None:
        """The topmost zone cut or owner of a DNAME at or above `name`, which the zone holds.

        That of the two which is met first on the way down decides (RFC 1034 section 4.3.2 step 3);
        a name that is both is a zone cut.
        """
        if not self.cuts and not self.dnames:
            return None
        if name != self.origin:
            above = self._topmost_at(name[1 + name[0] :])
            if above is not None:
                return above
        return name if name in self.cuts or name in self.dnames else None

    def source_of(self, name: bytes) -> bytes | None:
        """The owner of the records that answer for a name of the zone, cuts and DNAMEs aside.

        The name itself, or its source of synthesis (RFC 4592 section 3.3.1); None for names that
        do not exist and for empty non-terminals.
        """
        if name in self.names:
            return name
        if not self._has_wildcard or name in self._empty_non_terminals:
            return None
        while name not in self.names and name not in self._empty_non_terminals:
            name = name[1 + name[0] :]  # the apex exists, since a wildcard does
        wildcard = b"\x01*" + name
        return wildcard if wildcard in self.names else None

    def lacks(self, name: bytes) -> bool:
        """Whether NXDOMAIN would be the answer for a name of a zone with records, cuts aside."""
        exists, empty = self.names, self._empty_non_terminals
        if name in exists or name in empty:
            return False
        while name not in exists and name not in empty:
            name = name[1 + name[0] :]
        wildcard = b"\x01*" + name
        return wildcard not in exists and wildcard not in empty

    def _topmost_at(self, name: bytes) -> bytes | None:
        """As `topmost_break`, kept for next time: this is for names that have names below them."""
        known = self._topmost
        climbed = []
        while name not in known:
            climbed.append(name)
            name = name[1 + name[0] :]
        topmost = known[name]
        for lower in reversed(climbed):
            if topmost is None and (lower in self.cuts or lower in self.dnames):
                topmost = lower
            known[lower] = topmost
        return topmost

    @cached_property
    def _has_wildcard(self) -> bool:
        return any(map(is_wildcard, self.names))

    @cached_property
    def _empty_non_terminals(self) -> set[bytes]:
        """Names without records that exist since one below them has some (RFC 4592 2.2.2)."""
        found: set[bytes] = set()
        for name in self.names:
            while name != self.origin:
                name = name[1 + name[0] :]
                if name in self.names or name in found:
                    break
                found.add(name)
        return found
