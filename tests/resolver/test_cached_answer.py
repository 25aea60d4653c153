"""The packed form of one answer: each way to make it says the same, octet for octet."""

import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from minidns.resolver.cached_answer import Hit, JustKept, pack_answer
from minidns.resolver.model import Question, Segment
from minidns.wire.codes import RRType
from minidns.wire.response import Body, Records

QNAME = b"\x03www\x07example\x00"
QR_RA = 0x8080


@given(
    address=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    ttl=st.integers(1, 86_400),
    least=st.integers(1, 86_400),
    age=st.integers(0, 90_000),
    is_authentic=st.booleans(),
)
def test_one_address_is_packed_as_any_answer(address, ttl, least, age, is_authentic) -> None:
    """The short way beside the long one, which a set with the owner written out goes."""
    rtype = int(RRType.A if address.version == 4 else RRType.AAAA)
    question = Question(QNAME, rtype)

    def hit(owner: bytes | None) -> Hit:
        records = Records(owner, rtype, ttl, (address.packed,))
        segment = Segment(0, (records,), (), None, least, is_authentic)
        return Hit(question, _packed(question, segment, 1000.0).packed, 1000.0 + age)

    short, long = hit(None), hit(QNAME)
    for name in ("rcode", "is_authentic", "is_fresh", "is_stale", "is_due", "has_target"):
        assert getattr(short, name) == getattr(long, name)
    assert short.is_lasting(1000.0 + age) == long.is_lasting(1000.0 + age)
    body = short.body_at(1000.0 + age, QR_RA)
    rest = ttl - age if age < min(ttl, least) else 30  # RFC 8767 section 4
    assert _records(body, rtype) == _expected(str(address), rtype, rest)
    assert short.segment_at(1000.0 + age) == long.segment_at(1000.0 + age)


@given(ttl=st.integers(1, 86_400), sets=st.integers(0, 3), negative=st.integers(0, 2))
def test_as_kept_is_as_it_was_at_that_moment(ttl: int, sets: int, negative: int) -> None:
    records = [
        Records(None if number == 0 else b"\x01%d" % number + QNAME, 16, ttl + number, (b"\x01x",))
        for number in range(sets + negative)
    ]
    segment = Segment(3, tuple(records[:sets]), tuple(records[sets:]), None, ttl)
    question = Question(QNAME, 16)
    packed = _packed(question, segment, 5.0)
    hit = Hit(question, packed.packed, 5.0)
    kept, now = packed.body_as_kept(QR_RA), hit.body_at(5.0, QR_RA)
    assert _parts(kept) == _parts(now)


def _packed(question: Question, segment: Segment, now: float) -> JustKept:
    packed = pack_answer(question, segment, now)
    assert packed is not None
    return packed


def _parts(body: Body) -> tuple[object, ...]:
    return body.flags, body.wire, body.ends, body.required, body.heads


def _records(body: Body, rtype: int) -> list[dns.rrset.RRset]:
    """The answer section as dnspython reads it."""
    question = QNAME + rtype.to_bytes(2, "big") + b"\x00\x01"
    return dns.message.from_wire(b"\x00\x00" + body.heads[0] + question + body.wire).answer


def _expected(address: str, rtype: int, ttl: int) -> list[dns.rrset.RRset]:
    name = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rtype))
    return [dns.rrset.from_text("www.example.", ttl, "IN", name, address)]
