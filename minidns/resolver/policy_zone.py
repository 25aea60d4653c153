"""Response policy zones as master files (draft-vixie-dnsop-dns-rpz): triggers by owner names.

Done are `CNAME .` (NXDOMAIN), `CNAME *.` (NODATA), `CNAME rpz-passthru.` and A or AAAA (these
addresses), for a name or for `*.name`, which stands for what is below it. Other triggers and
actions are told of and skipped; rpz-drop. gets the answer of a list that says nothing.
"""

import io
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from minidns.resolver.hosts import MAX_FAULTS, LineFault, read_host_address
from minidns.resolver.verdict import NODATA, NXDOMAIN, PASS, Verdict
from minidns.wire.name import ROOT, BadName, is_at_or_below, name_from_text

HEAD = 64 * 1024  # octets in which the SOA stands
_SOA = re.compile(rb"(?im)^(?:\$(?:TTL|ORIGIN)\s|[^#;\n]*\sSOA\s)")
_TARGETS = {".": NXDOMAIN, "*.": NODATA, "rpz-passthru.": PASS, "rpz-drop.": None}
_WHOLE_ZONE = frozenset({"SOA", "NS"})
_OTHER_TRIGGERS = (b"rpz-ip", b"rpz-client-ip", b"rpz-nsdname", b"rpz-nsip")
_WILDCARD = b"\x01*"
_TTL = re.compile(r"[0-9]+[smhdwSMHDW0-9]*")


class Entry(NamedTuple):
    """`name` is lower-case wire; `verdict` None asks for the answer of lists without one."""

    name: bytes
    is_below: bool
    verdict: Verdict | None


def is_policy_zone(data: bytes) -> bool:
    """Whether a list is a master file: it has an SOA, or says $TTL or $ORIGIN."""
    return _SOA.search(data[:HEAD]) is not None


def read_policy_zone(data: bytes, note: Callable[[Entry], None]) -> list[LineFault]:
    """Have all entries noted, the first of a name first; the lines that cannot be used."""
    zone = _PolicyZone(note)
    faults: list[LineFault] = []
    for number, line in _logical_lines(data):
        try:
            zone.take(line)
        except ValueError as error:
            if len(faults) < MAX_FAULTS:
                faults.append(LineFault(number, str(error)))
    zone.end()
    return faults


class _PolicyZone:
    def __init__(self, note: Callable[[Entry], None]) -> None:
        self._note = note
        self._origin = ROOT
        self._apex = ROOT
        self._owner: bytes | None = None
        self._addresses: dict[tuple[bytes, bool], Verdict] = {}  # until no more can come

    def end(self) -> None:
        for (name, is_below), verdict in self._addresses.items():
            self._note(Entry(name, is_below, verdict))

    def take(self, line: str) -> None:
        """One line, its parentheses gone. Raises ValueError."""
        words = line.split()
        if words[0].startswith("$"):
            self._directive(words)
            return
        if not line[0].isspace():
            self._owner = name_from_text(words.pop(0), self._origin).lower()
        while words and (_TTL.fullmatch(words[0]) or words[0].upper() == "IN"):
            del words[0]
        if self._owner is None or len(words) < 2:
            raise ValueError("no record: write 'name CNAME .'")
        rtype = words[0].upper()
        if rtype == "SOA":
            self._apex = self._owner
        if rtype not in _WHOLE_ZONE:
            self._trigger(self._owner, rtype, words[1])

    def _directive(self, words: list[str]) -> None:
        if words[0].upper() == "$ORIGIN" and len(words) > 1:
            self._origin = name_from_text(words[1], self._origin).lower()
        elif words[0].upper() != "$TTL":
            raise ValueError(f"'{words[0]}' is not read in a block list: write its lines out")

    def _trigger(self, owner: bytes, rtype: str, target: str) -> None:
        if not is_at_or_below(owner, self._apex) or owner == self._apex:
            raise ValueError("the name is not below the zone: write it without final dot")
        name = owner[: len(owner) - len(self._apex)] + ROOT
        if any(name.endswith(_LABELS[trigger]) for trigger in _OTHER_TRIGGERS):
            raise ValueError("only names of questions are looked at: remove the line")
        is_below = name.startswith(_WILDCARD)
        key = (name[2:] if is_below else name, is_below)
        if rtype == "CNAME":
            self._note(Entry(*key, self._read_target(owner, target)))
        elif rtype in ("A", "AAAA"):
            octets = read_host_address(target)
            held = self._addresses.get(key, NODATA)
            self._addresses[key] = Verdict.of_addresses([*held.ipv4, *held.ipv6, octets])
        else:
            raise ValueError(f"{rtype} is not answered from a block list: write CNAME, A or AAAA")

    def _read_target(self, owner: bytes, target: str) -> Verdict | None:
        if target.lower() in _TARGETS:
            return _TARGETS[target.lower()]
        name = name_from_text(target, self._origin).lower()
        if name[:-1] == owner[: len(owner) - len(self._apex)]:
            return PASS  # the older form: the name itself
        raise BadName(f"CNAME to '{target}': write '.', '*.', 'rpz-passthru.', or an A record")


def _logical_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Lines with what they hold, those in parentheses as one."""
    held, start, depth = "", 0, 0
    for number, raw in enumerate(io.BytesIO(data), 1):
        line = raw.partition(b";")[0].decode("utf-8", "replace").rstrip()
        if not depth:
            held, start = "", number
        held += f" {line}" if depth else line
        depth += line.count("(") - line.count(")")
        if depth <= 0:
            depth = 0
            held = held.replace("(", " ").replace(")", " ")
            if held.strip():
                yield start, held


_LABELS = {label: bytes((len(label),)) + label + ROOT for label in _OTHER_TRIGGERS}
