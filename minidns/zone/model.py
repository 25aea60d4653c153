"""What a zone is once it is loaded: immutable, wire names as keys, nothing of YAML left.

Names that are keys are lower-case wire names. Rdata is uncompressed wire, its names in the case
of the file. Empty non-terminals are nodes (RFC 4592 section 2.2.2), and each node knows the zone
cut or the DNAME that hides it, so a query never has to search for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from minidns.wire.name import ROOT

if TYPE_CHECKING:
    from minidns.zone.nodes import Nodes

MAX_RECORDS = 5_000_000  # of one zone


class Mark(NamedTuple):
    """Where something stands in a file; line and column count from 1."""

    file: str
    line: int
    column: int


class Fault(NamedTuple):
    """One finding about a zone file.

    `rule` is a short slug, `message` says what is wrong and what would be right, `reference`
    names the RFC and section or the document that the rule comes from (may be empty).
    """

    mark: Mark
    severity: str  # "error" or "warning"
    rule: str
    message: str
    reference: str = ""

    def __str__(self) -> str:
        reference = f" ({self.reference})" if self.reference else ""
        file, line, column = self.mark
        return f"{file}:{line}:{column}: {self.rule}: {self.message}{reference}"


class Record(NamedTuple):
    """One record as a file states it: what the readers give to the checks and the builder."""

    owner: bytes  # absolute wire name, case of the file
    rtype: int  # wire.codes.RRType.ALIAS (65401) for ALIAS, its rdata the target's wire name
    ttl: int  # seconds
    rdata: bytes  # uncompressed wire
    mark: Mark


class RRset:
    """Records of one owner and type (RFC 2181 section 5).

    `wire` is the set as an answer splices it: each record with the owner as a pointer to the
    question at octet 12. `None` where the rdata holds names that an answer compresses or adds
    addresses for; such sets are encoded by `wire.response`.
    """

    __slots__ = ("rdatas", "rtype", "ttl", "wire")

    def __init__(
        self, rtype: int, ttl: int, rdatas: tuple[bytes, ...], wire: bytes | None = None
    ) -> None:
        self.rtype = rtype
        self.ttl = ttl
        self.rdatas = rdatas
        self.wire = wire

    def __repr__(self) -> str:
        return f"RRset(type={self.rtype}, ttl={self.ttl}, rdatas={self.rdatas!r})"


class Node:
    """A name that exists in a zone: an owner of record sets or an empty non-terminal."""

    __slots__ = ("alias", "cut", "dname", "name", "rrsets")

    def __init__(self, name: bytes) -> None:
        self.name = name  # wire, case of the file
        self.rrsets: dict[int, RRset] = {}  # ALIAS is not among them
        self.alias: RRset | None = None  # octoDNS ALIAS: one rdata, the target
        # What is met first on the way down from the apex, so at most one of the two:
        self.cut: Node | None = None  # a zone cut at or above this name
        self.dname: Node | None = None  # the owner of a DNAME above this name


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone that can be served. `origin` is the apex, lower-case wire."""

    origin: bytes
    nodes: "Nodes"
    soa: RRset
    apex: Node
    longest: int  # octets of the longest name here: one that is longer need not be looked up
    records: int  # how many it has
    falls_through: bool = False  # names that it lacks are asked elsewhere

    @property
    def serial(self) -> int:
        """The SOA's serial number (RFC 1035 section 3.3.13)."""
        return int.from_bytes(self.soa.rdatas[0][-20:-16], "big")

    @property
    def negative_ttl(self) -> int:
        """Seconds: min(TTL of the SOA, its minimum field), RFC 2308 section 5."""
        return min(self.soa.ttl, int.from_bytes(self.soa.rdatas[0][-4:], "big"))


@dataclass(frozen=True, slots=True)
class BrokenZone:
    """A zone whose files have faults: its names are answered SERVFAIL and never forwarded."""

    origin: bytes


class Catalog:
    """All zones of one load, by origin. Swapped as a whole, never changed."""

    __slots__ = ("ends", "longest", "shortest", "zones")

    def __init__(self, zones: Mapping[bytes, Zone | BrokenZone]) -> None:
        self.zones = zones
        # Octets of the longest and of the shortest origin.
        self.longest = max(map(len, zones), default=len(ROOT))
        self.shortest = min(map(len, zones), default=len(ROOT))
        # What a name that is in a zone here ends with, in octets as many as the shortest origin.
        self.ends = frozenset(origin[-self.shortest :] for origin in zones)
