"""The zone of the experiments, its queries and what is said of its replies, against dnspython."""

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from minidns.lesson.example_zone import (
    LARGE,
    LARGE_SIZE,
    MIDDLE,
    MIDDLE_SIZE,
    PAYLOAD,
    SMALL,
    TCP,
    UDP,
    answer,
    describe,
    make_edns_query,
    make_plain_query,
    make_responder,
)


def test_queries() -> None:
    plain = dns.message.from_wire(make_plain_query(SMALL, 7))
    assert (plain.id, plain.edns, plain.flags) == (7, -1, dns.flags.RD)
    assert plain.question[0].to_text() == f"{SMALL} IN A"
    with_edns = dns.message.from_wire(make_edns_query(LARGE, 8))
    assert (with_edns.id, with_edns.edns, with_edns.payload) == (8, 0, PAYLOAD)
    assert with_edns.question[0].to_text() == f"{LARGE} IN A"


@pytest.mark.parametrize(
    ("name", "size", "plain_tc", "edns_tc"),
    [
        (SMALL, 1, False, False),
        (MIDDLE, MIDDLE_SIZE, True, False),
        (LARGE, LARGE_SIZE, True, True),
    ],
)
def test_replies(name: str, size: int, plain_tc: bool, edns_tc: bool) -> None:
    responder = make_responder()
    for query, via, is_cut in (
        (make_plain_query(name, 1), UDP, plain_tc),
        (make_edns_query(name, 1), UDP, edns_tc),
        (make_edns_query(name, 1), TCP, False),
    ):
        wire = answer(responder, query, via)
        reply = dns.message.from_wire(wire)
        assert dns.message.from_wire(query).is_response(reply)
        assert bool(reply.flags & dns.flags.TC) == is_cut
        found = sum(len(rrset) for rrset in reply.answer)
        assert is_cut or found == size
        records = "1 record" if found == 1 else f"{found} records"
        said = f"NOERROR, TC={int(is_cut)}, {records} in the answer, {len(wire)} octets"
        assert describe(wire) == said
