"""The second tier's memory: encoded answers by where they were found.

Bounded in octets: a referral or a chain of aliases may hold 64 KiB, and a stranger chooses how
many of them are made, by the lengths of names and by types that nobody has.
"""

from minidns.authority.find import Found, Outcome
from minidns.authority.solve import solve
from minidns.responder.letting_go import LettingGo
from minidns.wire.response import AA, QR, Body, Sections, encode, rotate
from minidns.zone.model import Catalog, Node, RRset, Zone

# Where it was found, what was asked there (or which outcome it is), octets of the qname.
BodyKey = tuple[Node, int | Outcome, int]

_NEGATIVE = frozenset({Outcome.NODATA, Outcome.NXDOMAIN})
_REFERRAL = Outcome.REFERRAL
_OVERHEAD = 480  # octets of the objects around one body, measured with tracemalloc
_OVERHEAD_PER_SET = 210  # and around each of its record sets


def body_key(apex: Node, found: Found, qtype: int, octets: int) -> BodyKey:
    """Where the body for a qname of so many `octets` is kept."""
    outcome, node, is_synthesized = found
    if outcome in _NEGATIVE:
        return apex, outcome, octets  # the same for all names that are as long
    if outcome is _REFERRAL:
        return node, outcome, octets  # the same for all types
    return node, -qtype if is_synthesized else qtype, octets


def splice(rrset: RRset, flags: int = 0) -> Body:
    """A set whose octets are ready, as the whole answer; one that is encoded later is no such."""
    wire = rrset.wire or b""
    return Body(QR | AA | flags, wire, ((len(wire), len(rrset.rdatas), 0, 0),), required=1)


class Unfit(Exception):
    """The data that should be answered cannot be served; the text says why."""


def encode_found(
    catalog: Catalog,
    zone: Zone,
    sent: bytes,
    qtype: int,
    found: Found,
    turn: int = 0,
    flags: int = 0,
) -> tuple[Body, bool]:
    """What `find` found for `sent` (wire, case of the client), encoded, and whether to keep it.

    `turn`, where it is not 0, turns the records of each set. `flags` are set besides those of an
    answer. Raises Unfit.
    """
    solution = solve(catalog, zone, sent, qtype, found)
    sections = solution.sections
    if solution.reason and not sections.answer:
        raise Unfit(solution.reason)
    if turn:
        sections = Sections(
            rotate(sections.answer, turn),
            rotate(sections.authority, turn),
            rotate(sections.additional, turn),
            sections.required,
        )
    flags |= QR | (AA if solution.aa else 0) | solution.rcode
    return encode(flags, sections, len(sent), solution.anchor), solution.is_reusable and not turn


class BodyCache:
    """When it is full it is emptied: refilling costs microseconds an answer.

    What is forgotten is out of reach at once and freed little by little (`letting_go`).
    """

    def __init__(self, max_bytes: int) -> None:
        self._held: dict[BodyKey, Body] = {}
        self.get = self._held.get
        self._max_bytes = max_bytes
        self._bytes = 0
        self._gone = LettingGo(_size_of)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def add(self, key: BodyKey, body: Body) -> None:
        """Remember an answer that was not there."""
        size = _size_of(key, body)
        if self._bytes + size > self._max_bytes:
            self.forget()
        if self._gone.generations:
            self._gone.free(size)
        self._bytes += size
        self._held[key] = body

    def forget(self) -> None:
        """All of it."""
        if self._held:
            self._gone.take(self._held)
            self._held = {}
            self.get = self._held.get
        self._bytes = 0


def _size_of(_: BodyKey, body: Body) -> int:
    return len(body.wire) + _OVERHEAD + _OVERHEAD_PER_SET * len(body.ends)
