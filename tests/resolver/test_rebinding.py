"""P24: public names with private addresses."""

from ipaddress import ip_address, ip_network

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from minidns.resolver.model import Segment
from minidns.resolver.rebinding import filter_private
from minidns.wire.codes import Rcode
from minidns.wire.response import Records

PRIVATE = [
    ip_network(text)
    for text in ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16", "::1", "fe80::/10")
]


class Networks:
    """By the standard library."""

    def __contains__(self, address: object) -> bool:
        assert isinstance(address, bytes)
        return any(ip_address(address) in network for network in PRIVATE)


def wire(text: str) -> bytes:
    return dns.name.from_text(text).to_wire()


def segment(rtype: str, *rdatas: str, owner: str = "") -> Segment:
    octets = tuple(dns.rdata.from_text("IN", rtype, rdata).to_wire() for rdata in rdatas)
    code = int(dns.rdatatype.from_text(rtype))
    return Segment(0, (Records(wire(owner) if owner else None, code, 60, octets),), ttl=60)


def is_filtered(answer: Segment, *domains: str) -> bool:
    result = filter_private(
        answer, wire("www.example."), Networks(), [wire(one) for one in domains]
    )
    if result is answer:
        return False
    assert (result.rcode, result.answer, result.authority) == (Rcode.NOERROR, (), ())
    return True


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        ("A", "10.0.0.1"),
        ("A", "127.0.0.1"),
        ("A", "0.0.0.0"),
        ("AAAA", "::1"),
        ("AAAA", "fe80::"),
        ("AAAA", "::ffff:10.0.0.1"),
        ("AAAA", "::10.0.0.1"),
        ("AAAA", "::ffff:0:10.0.0.1"),
        ("AAAA", "64:ff9b::10.0.0.1"),
        ("AAAA", "64:ff9b:1::10.0.0.1"),
        ("AAAA", "64:ff9b:1:a00:0:100::"),
        ("AAAA", "64:ff9b:1:a:0:1::"),
        ("AAAA", "64:ff9b:1:0:a:0:100:0"),
        ("AAAA", "64:ff9b:1:abcd:0:5678:10.0.0.1"),
        ("AAAA", "2002:a00:1::1"),
        ("AAAA", "2002:c0a8:101::"),
        ("AAAA", "2001:0:7f00:1:8000:63bf:3fff:fdd2"),
        ("AAAA", "2001:0:4136:e378:8000:63bf:f5ff:fffe"),
        ("HTTPS", "1 . ipv6hint=2002:a00:1::1"),
        ("HTTPS", "1 . ipv4hint=192.168.0.1"),
        ("SVCB", "1 svc.example. alpn=h2 ipv4hint=192.0.2.1,192.168.0.1"),
        ("HTTPS", "1 . ipv6hint=2001:db8::1,::ffff:10.0.0.1"),
    ],
)
def test_private_addresses_are_filtered(rtype: str, rdata: str) -> None:
    assert is_filtered(segment(rtype, rdata))
    assert not is_filtered(segment(rtype, rdata), "test.", "example.")


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::a00:1"),
        ("AAAA", "::ffff:192.0.2.1"),
        ("AAAA", "64:ff9b::192.0.2.1"),
        ("AAAA", "64:ff9b:1::192.0.2.1"),
        ("AAAA", "64:ff9b:1:a00:0:1:192.0.2.1"),
        ("AAAA", "64:ff9b:1:c000:2:100::"),
        ("AAAA", "64:ff9b:1:c0:0:201::"),
        ("AAAA", "64:ff9b:1:0:c0:2:100:0"),
        ("AAAA", "2002:c000:201::a00:1"),
        ("AAAA", "2003:a00:1::1"),
        ("AAAA", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
        ("AAAA", "2001:1:a00:1::1"),
        ("HTTPS", "1 . alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1"),
        ("HTTPS", "0 other.example."),
        ("TXT", "10.0.0.1"),
    ],
)
def test_others_pass(rtype: str, rdata: str) -> None:
    assert not is_filtered(segment(rtype, rdata))


def test_one_private_address_empties_the_answer() -> None:
    assert is_filtered(segment("A", "192.0.2.1", "10.0.0.1"))


def test_the_owner_of_the_address_decides() -> None:
    answer = segment("A", "10.0.0.1", owner="host.corp.test.")
    assert not is_filtered(answer, "corp.test.")
    assert is_filtered(answer, "example.")


def test_hints_that_are_cut_off_are_read_as_far_as_they_go() -> None:
    whole = dns.rdata.from_text("IN", "HTTPS", "1 . ipv4hint=192.168.0.1").to_wire()
    for size in range(len(whole)):
        is_filtered(Segment(0, (Records(None, 65, 60, (whole[:size],)),), ttl=60))
