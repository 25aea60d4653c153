"""Any record data of any type: dnspython's octets and text against ours, both ways."""

import base64
from collections.abc import Callable
from typing import Any

import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from dnslib import DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from minidns.wire.rdata import rdata_from_value, rdata_to_text, rdata_to_value, type_code
from minidns.wire.rdata_types import RDATA_TYPES
from tests.wire.test_rdata import PRESENTATIONS, as_texts

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
OCTETS = st.binary(min_size=1, max_size=40)
LABEL = st.binary(min_size=1, max_size=12)
NAME = st.lists(LABEL, max_size=5).map(lambda labels: dns.name.Name([*labels, b""]))
NAME_TEXT = NAME.map(lambda name: name.to_text())
HEX = OCTETS.map(bytes.hex)
BASE64 = OCTETS.map(lambda octets: base64.b64encode(octets).decode())


def quoted(octets: bytes) -> str:
    return '"' + "".join(f"\\{octet:03d}" for octet in octets) + '"'


STRING = st.binary(max_size=60).map(quoted)
MOMENT = st.integers(0, 2**31).map(str)
TYPE = st.sampled_from(["A", "NS", "TXT", "AAAA", "RRSIG", "CAA", "TYPE1234", "TYPE65280"])
TYPES = st.lists(TYPE, min_size=1, max_size=6).map(" ".join)


def digests(*lengths: tuple[int, int]) -> st.SearchStrategy[str]:
    """The number of a digest type and a digest, from pairs of number and octets."""
    return st.sampled_from(lengths).flatmap(
        lambda pair: st.binary(min_size=pair[1], max_size=pair[1]).map(
            lambda octets: f"{pair[0]} {octets.hex()}"
        )
    )


DIGEST = digests((1, 20), (2, 32), (4, 48))
FINGERPRINT = digests((1, 20), (2, 32))
MATCHED = st.one_of(digests((1, 32), (2, 64)), HEX.map(lambda digits: f"0 {digits}"))
SALT = st.binary(max_size=10).map(lambda octets: octets.hex() or "-")
HASH = st.binary(min_size=20, max_size=20).map(lambda octets: base64.b32hexencode(octets).decode())
ANGLE = st.tuples(st.integers(0, 59), st.integers(0, 59_999)).map(
    lambda pair: f"{pair[0]} {pair[1] / 1000:.3f}"
)
LOC = st.builds(
    "{} {} {} {} {} {} {:.2f}m {}m {}m {}m".format,
    st.integers(0, 89),
    ANGLE,
    st.sampled_from("NS"),
    st.integers(0, 179),
    ANGLE,
    st.sampled_from("EW"),
    # Quarters, which a binary float holds: dnspython makes 413872 centimetres of 4138.73m.
    st.integers(-400_000, 100_000_000).map(lambda quarters: quarters / 4),
    *[st.builds(lambda m, e: m * 10**e, st.integers(1, 9), st.integers(0, 7)) for _ in range(3)],
)
ADDRESS4 = st.ip_addresses(v=4).map(str)
ADDRESS6 = st.ip_addresses(v=6).map(str)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "alpn": st.lists(st.sampled_from(["h2", "h3", "http/1.1"]), min_size=1, max_size=3).map(
            ",".join
        ),
        "port": U16.map(str),
        "ipv4hint": st.lists(ADDRESS4, min_size=1, max_size=3).map(",".join),
        "ipv6hint": st.lists(ADDRESS6, min_size=1, max_size=3).map(",".join),
        "key667": st.binary(min_size=1, max_size=10).map(quoted),
    },
).map(lambda params: " ".join(f"{key}={value}" for key, value in params.items()))
SERVICE = [st.integers(1, 65_535), NAME_TEXT, PARAMETERS]

FORMS: dict[str, list[Any]] = {
    "A": [ADDRESS4],
    "AAAA": [ADDRESS6],
    "NS": [NAME_TEXT],
    "CNAME": [NAME_TEXT],
    "PTR": [NAME_TEXT],
    "DNAME": [NAME_TEXT],
    "SOA": [NAME_TEXT, NAME_TEXT, U32, *[st.integers(0, 2**31 - 1)] * 4],
    "HINFO": [STRING, STRING],
    "MX": [U16, NAME_TEXT],
    "TXT": [st.lists(STRING, min_size=1, max_size=4).map(" ".join)],
    "SPF": [st.lists(STRING, min_size=1, max_size=4).map(" ".join)],
    "RP": [NAME_TEXT, NAME_TEXT],
    "LOC": [LOC],
    "SRV": [U16, U16, U16, NAME_TEXT],
    "NAPTR": [U16, U16, STRING, STRING, STRING, NAME_TEXT],
    "DS": [U16, U8, DIGEST],
    "CDS": [U16, U8, DIGEST],
    "SSHFP": [U8, FINGERPRINT],
    "RRSIG": [TYPE, U8, U8, st.integers(0, 2**31 - 1), MOMENT, MOMENT, U16, NAME_TEXT, BASE64],
    "NSEC": [NAME_TEXT, TYPES],
    "DNSKEY": [U16, U8, U8, BASE64],
    "CDNSKEY": [U16, U8, U8, BASE64],
    "NSEC3": [U8, U8, U16, SALT, HASH, TYPES],
    "NSEC3PARAM": [U8, U8, U16, SALT],
    "TLSA": [U8, U8, MATCHED],
    "SMIMEA": [U8, U8, MATCHED],
    "OPENPGPKEY": [BASE64],
    "CSYNC": [U32, U16, TYPES],
    "ZONEMD": [U32, st.just(1), st.just(1), st.binary(min_size=48, max_size=48).map(bytes.hex)],
    "SVCB": SERVICE,
    "HTTPS": SERVICE,
    "URI": [U16, U16, st.binary(min_size=1, max_size=40).map(quoted)],
    "CAA": [U8, st.sampled_from(["issue", "issuewild", "iodef", "contactemail"]), STRING],
    "TYPE65280": [st.binary(max_size=40).map(lambda octets: f"\\# {len(octets)} {octets.hex()}")],
}


def test_every_type_is_covered() -> None:
    assert {type_code(name) for name in FORMS} == {*RDATA_TYPES, 65280} - {type_code("ALIAS")}


@pytest.mark.parametrize("rtype", FORMS)
def test_round_trip(rtype: str) -> None:
    code = type_code(rtype)

    @given(st.tuples(*FORMS[rtype]))
    def check(parts: tuple[object, ...]) -> None:
        text = " ".join(map(str, parts))
        expected = dns.rdata.from_text("IN", rtype, text).to_wire()
        assert rdata_from_value(code, text) == expected
        shown = rdata_to_text(code, expected)
        assert dns.rdata.from_text("IN", rtype, shown).to_wire() == expected
        assert rdata_from_value(code, as_texts(rdata_to_value(code, expected))) == expected

    check()


@pytest.mark.parametrize("code", [*map(int, RDATA_TYPES), 65280])
def test_any_octets_are_shown_so_that_they_can_be_read(code: int) -> None:
    @given(st.binary(max_size=60))
    def check(octets: bytes) -> None:
        for value in (rdata_to_text(code, octets), as_texts(rdata_to_value(code, octets))):
            try:
                assert rdata_from_value(code, value) == octets
            except ValueError:  # shown in full, and refused for what its fields ask of each other
                assert not str(value).startswith("\\#") or code in RDATA_TYPES

    check()


def _messages() -> list[Callable[[], bytes]]:
    owner = dns.name.from_text("owner.example.com.")

    def message(rtype: str, text: str) -> Callable[[], bytes]:
        def make() -> bytes:
            reply = dns.message.make_response(dns.message.make_query(owner, rtype))
            reply.answer.append(dns.rrset.from_text(owner, 60, "IN", rtype, text))
            return reply.to_wire()

        return make

    lacked = ("DNAME", "HINFO", "NSEC3", "SVCB", "URI", "SPF", "SMIMEA", "CDS", "CSYNC", "ZONEMD")
    return [message(rtype, text) for rtype, text in PRESENTATIONS if rtype in lacked]


@pytest.mark.parametrize("make", _messages())
def test_whole_messages_of_dnslib_hold_the_types_that_it_lacked(make: Callable[[], bytes]) -> None:
    wire = make()
    (expected,) = dns.message.from_wire(wire).answer
    again = DNSRecord.parse(wire).pack()
    assert dns.message.from_wire(bytes(again)).answer == [expected]
    shown = DNSRecord.parse(wire).rr[0].rdata.toZone()
    rtype = dns.rdatatype.to_text(expected.rdtype)
    assert dns.rdata.from_text("IN", rtype, shown) == expected[0]
