"""What is asked in the differential test: names and types made from the zones themselves.

For each zone: every owner, every empty non-terminal, a child, a grandchild and a sibling of each,
names that wildcards match, names that a DNAME makes too long, the targets of the zone's records,
and names outside of all zones. For each name: every type present, and some that are not. Each
pair is sent in one of FORMS, in turn; pairs whose answers are large in all of them. The list is
the same in each run.
"""

from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.zone
from dns.rdatatype import RdataType

MAX_NAME = 255  # octets, RFC 1035 section 2.3.4
MAX_LABEL = 63  # octets, RFC 1035 section 2.3.4


class Form(NamedTuple):
    """How a question is put: `payload` None is without EDNS (RFC 6891)."""

    name: str
    payload: int | None
    dnssec_ok: bool = False
    is_tcp: bool = False
    is_mixed_case: bool = False

    @property
    def limit(self) -> int:
        """Octets that a reply may have."""
        return 65_535 if self.is_tcp else self.payload or 512


EDNS = Form("udp, EDNS 1232, DO", 1232, dnssec_ok=True)
PLAIN = Form("udp, no EDNS", None)
TCP = Form("tcp", None, is_tcp=True)
MIXED = Form("udp, EDNS 1232, mixed case", 1232, is_mixed_case=True)
SMALL = Form("udp, EDNS 512", 512)
FORMS = (EDNS, PLAIN, EDNS, TCP, MIXED)  # most clients speak EDNS
FLAG_EVERY = ((dns.flags.RD, 7), (dns.flags.CD, 11), (dns.flags.AD, 13))  # one query in so many
SIZE_FORMS = (EDNS, PLAIN, TCP, SMALL)

ABSENT = tuple(
    dns.rdatatype.from_text(text)
    for text in ("A", "DS", "ANY", "NS", "TXT", "CNAME", "SOA", "MX", "TYPE65282")
)
NEAR_CUTS = ABSENT[:3]  # for names below zone cuts and for wildcard matches
NUMBERED = frozenset(f"n{at}" for at in range(4, 24) if not 9 <= at <= 16)  # of a long chain
LARGE = ("big.test.", "glue.test.")  # asked for in all of SIZE_FORMS
REPETITIVE = (
    "host0",
    "host1",
    "host2",
    "host3",
    "ns-with-a-rather-long-label",
)  # first labels: many of these are alike


class Question(NamedTuple):
    """One query; `number` is its place in the list and its message ID."""

    number: int
    qname: dns.name.Name
    rdtype: RdataType
    form: Form

    @property
    def flags(self) -> int:
        """Header bits that some of the queries have set."""
        flags = 0
        for flag, every in FLAG_EVERY:
            flags |= 0 if self.number % every else flag
        return flags

    def message(self) -> dns.message.QueryMessage:
        form = self.form
        return dns.message.make_query(
            self.qname,
            self.rdtype,
            use_edns=-1 if form.payload is None else 0,
            payload=form.payload or 0,
            want_dnssec=form.dnssec_ok,
            id=self.number,
            flags=self.flags,
        )

    def as_tcp(self) -> "Question":
        """The same query over TCP, for the whole of the answer."""
        return self._replace(form=self.form._replace(is_tcp=True))

    def __str__(self) -> str:
        return f"{self.qname} {dns.rdatatype.to_text(self.rdtype)} ({self.form.name})"


def make_questions(zones: Iterable[dns.zone.Zone]) -> list[Question]:
    """All questions for these zones, in a fixed order."""
    pairs: dict[tuple[dns.name.Name, RdataType], bool] = {}
    for zone in zones:
        for name, rdtypes in _names_of(zone):
            for rdtype in rdtypes:
                pairs.setdefault((name, rdtype), False)
        if str(zone.origin) in LARGE:
            for name, node in zone.nodes.items():
                if not _is_repetitive(name):
                    pairs.update(((name, rdataset.rdtype), True) for rdataset in node)
    for text in ("elsewhere.net.", "www.elsewhere.net.", "test.", "unserved.test.", "arpa."):
        for rdtype in (RdataType.A, RdataType.DS, RdataType.ANY):
            pairs.setdefault((dns.name.from_text(text), rdtype), False)
    questions: list[Question] = []
    forms = cycle(FORMS)
    for (name, rdtype), is_large in pairs.items():
        for form in SIZE_FORMS if is_large else (next(forms),):
            qname = _mix_case(name) if form.is_mixed_case else name
            questions.append(Question(len(questions), qname, rdtype, form))
    return questions


def _names_of(zone: dns.zone.Zone) -> Iterator[tuple[dns.name.Name, Iterable[RdataType]]]:
    """Names worth asking for in one zone, with the types to ask for."""
    origin = zone.origin
    assert origin is not None
    turn = cycle(ABSENT)
    for name, node in zone.nodes.items():
        if _is_repetitive(name):
            continue
        present = [rdataset.rdtype for rdataset in node]
        yield name, [*present, *ABSENT[:3], next(turn)]
        for above in _ancestors(name, origin):
            if above not in zone.nodes:
                yield above, ABSENT[:3]  # an empty non-terminal
        is_special = name.is_wild() or {RdataType.NS, RdataType.DNAME} & set(present)
        for derived in _derived_names(name, origin):
            yield derived, NEAR_CUTS if is_special else (next(turn),)
        for rdataset in node:
            if rdataset.rdtype == RdataType.DNAME:
                for long in _overflowing_names(name, rdataset[0].target):
                    yield long, (RdataType.A, RdataType.CNAME, RdataType.DNAME, RdataType.ANY)
            for target in _targets(rdataset):
                yield target, (RdataType.A,)


def _derived_names(name: dns.name.Name, origin: dns.name.Name) -> Iterator[dns.name.Name]:
    """Child, grandchild, sibling, and for a wildcard what it might match."""
    yield from _prepend(name, b"child")
    yield from _prepend(name, b"grand", b"child")
    yield from _prepend(name, b"*")
    if name == origin:
        return
    parent, first = name.parent(), name.labels[0]
    yield from _prepend(parent, first[: MAX_LABEL - 1] + b"z")  # begins with the owner's label
    yield from _prepend(parent, b"z" + first[: MAX_LABEL - 1])  # ends with it
    if name.is_wild():
        for label in (b"other", b"again", b"**", b"\x00"):  # of one length, and odd ones
            yield from _prepend(parent, label)
        yield from _prepend(parent, b"two", b"labels")


def _overflowing_names(owner: dns.name.Name, target: dns.name.Name) -> Iterator[dns.name.Name]:
    """Names below a DNAME whose substitution has 254, 255 and 256 octets (RFC 6672 section 2.2)."""
    growth = len(target.to_digestable()) - len(owner.to_digestable())
    for octets in (MAX_NAME - 1, MAX_NAME, MAX_NAME + 1):
        room = octets - growth - len(owner.to_digestable())
        labels = []
        while room > 0:
            length = min(room - 1, MAX_LABEL)
            if room - 1 - length == 1:
                length -= 1  # what is left has to hold a length octet and one more
            labels.append(b"o" * length)
            room -= length + 1
        yield from _prepend(owner, *labels)


def _ancestors(name: dns.name.Name, origin: dns.name.Name) -> Iterator[dns.name.Name]:
    while name != origin:
        name = name.parent()
        yield name


def _targets(rdataset: dns.rdataset.Rdataset) -> Iterator[dns.name.Name]:
    for rdata in rdataset:
        for field in ("target", "exchange"):
            target = getattr(rdata, field, None)
            if isinstance(target, dns.name.Name) and not _is_repetitive(target):
                yield target


def _is_repetitive(name: dns.name.Name) -> bool:
    first = name.labels[0].decode("latin-1")
    return (first.startswith(REPETITIVE) and first[-1:] != "0") or first in NUMBERED


def _prepend(name: dns.name.Name, *labels: bytes) -> Iterator[dns.name.Name]:
    """The name with labels put before it, where that is a name."""
    if all(0 < len(label) <= MAX_LABEL for label in labels):
        try:
            yield dns.name.Name((*labels, *name.labels))
        except dns.exception.DNSException:
            return


def _mix_case(name: dns.name.Name) -> dns.name.Name:
    """Every other octet in the other case."""
    return dns.name.Name(
        bytes(
            octet ^ 0x20 if at % 2 and chr(octet).isascii() and chr(octet).isalpha() else octet
            for at, octet in enumerate(label)
        )
        for label in name.labels
    )
