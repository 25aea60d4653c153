"""A reply that is kept as it came is kept as its segment would be, whatever was kept before."""

import dns.message
import dns.name
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.resolver.accept import accept
from minidns.resolver.cache import Cache
from minidns.resolver.model import Group, Question, Segment
from minidns.wire.name import ROOT
from minidns.wire.plain_reply import PlainReply, read_plain_reply
from minidns.wire.upstream_query import UpstreamQuery, draw_up_query, form_of
from tests.resolver.test_cache import negative, wire

A, AAAA = 1, 28
NXDOMAIN, NODATA = 3, 0
RDATA = {A: ("A", "192.0.2.%d"), AAAA: ("AAAA", "2001:db8::%d")}
EVERYBODY = Group(1, ROOT, ())


def asked(question: Question) -> UpstreamQuery:
    return draw_up_query(form_of(question.qtype), question.qname, b"id")


def plain(question: Question, ttl: int, count: int) -> PlainReply:
    message = dns.message.make_response(dns.message.from_wire(asked(question).wire))
    kind, text = RDATA[question.qtype]
    name = dns.name.from_wire(question.qname, 0)[0]
    texts = [text % number for number in range(count)]
    message.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, *texts))
    reply = read_plain_reply(asked(question), message.to_wire())
    assert reply is not None
    return reply


ACTS = st.tuples(
    st.sampled_from(["plain", "plain", "plain", "nxdomain", "nodata", "look"]),
    st.sampled_from(["a.example.", "b.a.example.", "c.example."]),
    st.sampled_from([A, AAAA]),
    st.booleans(),  # DO
    st.integers(1, 90),  # TTL
    st.integers(1, 3),  # addresses
    st.booleans(),  # AD
    st.integers(0, 40),  # seconds since the one before
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(acts=st.lists(ACTS, max_size=20), size=st.sampled_from([0, 500, 2**20]))
def test_as_its_segment(acts: list[tuple[str, str, int, bool, int, int, bool, int]], size) -> None:
    short, long = Cache(size), Cache(size)
    now = 1000
    for kind, name, qtype, is_dnssec, ttl, count, is_authentic, after in acts:
        now += after
        question = Question(wire(name), qtype, is_dnssec)
        if kind == "look":
            hits = [each.get(1, question, now) for each in (short, long)]
            told = [hit and (hit.is_fresh, hit.segment_at(now)) for hit in hits]
            assert told[0] == told[1]
        elif kind == "plain":
            reply = plain(question, ttl, count)
            segment = accept(question, reply.at_length(), EVERYBODY, lambda *_: True)
            assert isinstance(segment, Segment)
            reply.is_authentic = is_authentic
            assert short.add_plain(EVERYBODY, question, reply, now)
            long.add(1, question, segment._replace(is_authentic=is_authentic), now)
        else:
            rcode = NXDOMAIN if kind == "nxdomain" else NODATA
            for each in (short, long):
                each.add(1, question, negative(ttl, rcode), now)
        assert list(short.kept(now)) == list(long.kept(now))
        assert short.stats() == long.stats()
