"""The check of zones that are large, hostile or random: linear, bounded, never an exception."""

import sys
from collections.abc import Callable
from itertools import product
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.wire.codes import RRType
from minidns.zone.build import build_zone
from minidns.zone.check import check_zone
from minidns.zone.faults import is_refused
from minidns.zone.findings import MAX_PER_RULE
from minidns.zone.model import Mark, Record
from minidns.zone.soa import make_soa

ORIGIN = b"\x07example\x03com\x00"
MARK = Mark("zone", 1, 1)
SMALL, LARGE = 100, 300  # records, for counting
DEEP = 1200  # records; more than a recursion could follow
LABEL = b"\x01a" * 100  # a hundred labels


def name(number: int, below: bytes = ORIGIN) -> bytes:
    return b"\x06h%05d" % number + below


def record(owner: bytes, rtype: RRType, rdata: bytes, line: int = 1) -> Record:
    return Record(owner, int(rtype), 3600, rdata, Mark("zone", line, 1))


SHAPES: dict[str, Callable[[int], list[Record]]] = {
    "names": lambda n: [record(name(i), RRType.A, bytes(4)) for i in range(n)],
    "one set": lambda n: [record(name(1), RRType.A, i.to_bytes(4, "big")) for i in range(n)],
    "equal records": lambda n: [record(name(1), RRType.A, bytes(4)) for _ in range(n)],
    "chain": lambda n: [record(name(i), RRType.CNAME, name(i + 1)) for i in range(n)],
    "chain from its end": lambda n: [
        record(name(i), RRType.CNAME, name(i + 1)) for i in reversed(range(n))
    ],
    "ring": lambda n: [record(name(i), RRType.CNAME, name((i + 1) % n)) for i in range(n)],
    "loops": lambda n: [record(name(i), RRType.CNAME, name(i)) for i in range(n)],
    "chain of DNAMEs": lambda n: [record(name(i), RRType.DNAME, name(i + 1)) for i in range(n)],
    "ring of DNAMEs": lambda n: [
        record(name(i), RRType.DNAME, name((i + 1) % n)) for i in range(n)
    ],
    "DNAMEs that lengthen": lambda n: [
        record(name(i), RRType.DNAME, name(i, name((i + 1) % n))) for i in range(n)
    ],
    "CNAMEs into a DNAME that lengthens": lambda n: [
        record(name(n), RRType.DNAME, b"\x01x" + name(n)),
        *(record(name(i), RRType.CNAME, name(i, name(n))) for i in range(n)),
    ],
    "wildcards": lambda n: [
        record(b"\x01*" + name(i), RRType.CNAME, b"\x01a" + name(i + 1)) for i in range(n)
    ],
    "delegations": lambda n: [
        record(owner, rtype, rdata)
        for i in range(n)
        for owner, rtype, rdata in (
            (name(i), RRType.NS, b"\x02ns" + name(i)),
            (b"\x02ns" + name(i), RRType.A, bytes(4)),
        )
    ],
    "targets at one large name": lambda n: [
        record(owner, rtype, rdata)
        for i in range(n)
        for owner, rtype, rdata in (
            (name(i), RRType.MX, b"\x00\x01" + name(n)),
            (name(n), RRType.TXT, b"\x04" + i.to_bytes(4, "big")),
        )
    ],
    "deep names beside a DNAME": lambda n: [
        record(name(n), RRType.DNAME, name(n + 1)),
        *(record(name(i, LABEL + ORIGIN), RRType.MX, b"\x00\x01" + ORIGIN) for i in range(n)),
    ],
}


def calls_of(records: list[Record]) -> int:
    """How many functions the check calls, Python's and C's: time without a clock."""
    calls = 0

    def count(_: FrameType, event: str, __: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        check_zone(ORIGIN, records)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_records(shape: str) -> None:
    small, large = (calls_of(SHAPES[shape](number)) for number in (SMALL, LARGE))
    assert large < small * (LARGE / SMALL) * 1.2 + 1000


@pytest.mark.parametrize("shape", SHAPES)
def test_findings_of_a_rule_are_bounded(shape: str) -> None:
    faults = check_zone(ORIGIN, SHAPES[shape](DEEP))
    rules = [fault.rule for fault in faults]
    assert max(map(rules.count, rules), default=0) <= MAX_PER_RULE + 1
    assert sum(map(len, map(str, faults))) < 300_000


def test_what_is_left_out_is_counted() -> None:
    records = [record(name(i, b"\x00"), RRType.A, bytes(4), i) for i in range(1, 351)]
    faults = [fault for fault in check_zone(ORIGIN, records) if fault.rule == "out-of-zone"]
    assert [fault.mark.line for fault in faults] == list(range(1, 102))
    assert faults[-1].message == "and 250 more, the first of them here"
    assert is_refused(faults[-1:])


def test_all_of_a_hundred_are_shown() -> None:
    records = [record(name(i, b"\x00"), RRType.A, bytes(4), i) for i in range(1, 101)]
    faults = [fault for fault in check_zone(ORIGIN, records) if fault.rule == "out-of-zone"]
    assert len(faults) == 100
    assert "more" not in faults[-1].message


# Random zones of few names, so that they meet: cuts, DNAMEs, wildcards, all of them at once.

LABELS = (b"\x01a", b"\x01b", b"\x01A", b"\x01*", b"\x07example")
NAMES = st.sampled_from(
    [b"".join(labels) + ORIGIN for n in range(4) for labels in product(LABELS, repeat=n)]
)
ANY_NAMES = st.one_of(NAMES, st.sampled_from([b"\x00", b"\x03com\x00", b"\x07invalid\x00"]))
PLAIN = st.tuples(
    st.sampled_from([RRType.A, RRType.AAAA, RRType.TXT, RRType.DS, RRType.RRSIG, 0, 41, 65280]),
    st.sampled_from([b"\x01a", b"\x01b", bytes(4)]),
)
POINTING = st.one_of(
    st.tuples(
        st.sampled_from([RRType.NS, RRType.CNAME, RRType.DNAME, RRType.PTR, RRType.ALIAS]),
        ANY_NAMES,
    ),
    st.tuples(st.just(RRType.MX), ANY_NAMES.map(b"\x00\x0a".__add__)),
    st.tuples(st.just(RRType.SRV), ANY_NAMES.map(bytes(6).__add__)),
    st.tuples(st.just(RRType.HTTPS), ANY_NAMES.map(b"\x00\x01".__add__)),
    st.tuples(st.just(RRType.SOA), NAMES.map(lambda wire: wire + wire + bytes(20))),
)
TTLS = st.sampled_from([0, 300, 2**31 - 1, 2**31])
RECORDS = st.builds(
    lambda owner, data, ttl, line: Record(owner, int(data[0]), ttl, data[1], Mark("zone", line, 1)),
    ANY_NAMES,
    st.one_of(PLAIN, POINTING),
    TTLS,
    st.integers(1, 99),
)


@settings(max_examples=50)
@given(st.lists(RECORDS, max_size=12), st.booleans())
def test_any_zone_is_judged_and_a_sound_one_can_be_built(
    records: list[Record], is_made_sound: bool
) -> None:
    if is_made_sound:  # or most would be refused
        records = [
            one._replace(ttl=300)
            for one in records
            if one.owner.endswith(ORIGIN) and one.rtype not in (0, 6, 41)
        ]
    faults = check_zone(ORIGIN, records)
    assert faults == sorted(faults, key=lambda fault: fault.mark)
    if is_refused(faults):
        return
    if not any(one.rtype == RRType.SOA for one in records):
        records.append(make_soa(ORIGIN, records, 1, MARK))
    zone = build_zone(ORIGIN, records)
    assert {one.owner.lower() for one in records} <= set(zone.nodes)
    for node in zone.nodes.values():
        cname = node.rrsets.get(RRType.CNAME)
        assert cname is None or (len(cname.rdatas) == 1 and not node.alias)


@given(st.lists(st.integers(0, 11), min_size=1, max_size=12))
def test_each_cname_loop_is_found_once(targets: list[int]) -> None:
    """Targets are owners by their numbers; the others do not exist."""
    records = [
        record(name(number), RRType.CNAME, name(target)) for number, target in enumerate(targets)
    ]
    loops = set()
    for start in range(len(targets)):
        walk = [start]
        while walk[-1] < len(targets) and len(walk) <= 2 * len(targets):
            walk.append(targets[walk[-1]])
        if walk[-1] < len(targets):
            loops.add(frozenset(walk[len(targets) :]))
    found = [fault for fault in check_zone(ORIGIN, records) if fault.rule == "cname-loop"]
    assert len(found) == len(loops)


DNAME_NAMES = st.sampled_from([labels for n in (1, 2) for labels in product("abc", repeat=n)])


@given(st.dictionaries(DNAME_NAMES, DNAME_NAMES, max_size=4))
def test_dname_loops_are_those_in_which_names_go_round(
    dnames: dict[tuple[str, ...], tuple[str, ...]],
) -> None:
    """Names are tuples of labels below the origin."""
    records = [record(wire(owner), RRType.DNAME, wire(target)) for owner, target in dnames.items()]
    found = any(fault.rule == "dname-loop" for fault in check_zone(ORIGIN, records))
    assert found == any(goes_round(("x", *owner), dnames) for owner in dnames)


def wire(labels: tuple[str, ...]) -> bytes:
    return b"".join(b"\x01" + label.encode() for label in labels) + ORIGIN


def goes_round(qname: tuple[str, ...], dnames: dict[tuple[str, ...], tuple[str, ...]]) -> bool:
    """Whether a query is led on without end by the topmost DNAME above each name."""
    for _ in range(60):
        suffixes = (qname[at:] for at in range(len(qname) - 1, 0, -1))
        top = next((suffix for suffix in suffixes if suffix in dnames), None)
        if top is None:
            return False
        qname = qname[: len(qname) - len(top)] + dnames[top]
    return True


def test_the_order_of_records_does_not_matter() -> None:
    shapes = [
        record(b"\x01x" + name(1), RRType.TXT, b"\x01a", 1),
        record(name(1), RRType.NS, b"\x01b\x00", 2),
        record(b"\x01y" + name(2), RRType.TXT, b"\x01a", 3),
        record(name(2), RRType.DNAME, b"\x01b\x00", 4),
        record(ORIGIN, RRType.NS, b"\x01b\x00", 5),
    ]
    expected = {("occluded", 1), ("below-dname", 3)}
    for records in (shapes, shapes[::-1]):
        assert {(f.rule, f.mark.line) for f in check_zone(ORIGIN, records)} == expected
