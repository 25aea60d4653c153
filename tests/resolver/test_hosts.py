"""Hosts files: names, reverse names, lines that are skipped."""

import dns.rdatatype
import dns.reversename

from minidns.resolver.hosts import Hosts
from tests.harness import wire_name

TEXT = b"""\
# a comment
192.0.2.1\tPrinter.example printer  # behind it
2001:db8::1 printer.example
192.0.2.2 printer.example
0.0.0.0 nothing.example
fe80::1%lo0 localhost
192.0.2.3
not-an-address name
192.0.2.4 a..b
"""


def _rdatas(hosts: Hosts, name: str, rtype: str) -> tuple[bytes, ...] | None:
    found = hosts.find(wire_name(name), int(dns.rdatatype.from_text(rtype)))
    if found is None:
        return None
    return tuple(rdata for records in found for rdata in records.rdatas)


def _hosts() -> Hosts:
    hosts = Hosts()
    hosts.add(TEXT)
    return hosts


def test_names_in_any_case_and_several_a_line() -> None:
    hosts = _hosts()
    assert _rdatas(hosts, "printer.example.", "A") == (b"\xc0\0\x02\x01", b"\xc0\0\x02\x02")
    assert _rdatas(hosts, "printer.", "A") == (b"\xc0\0\x02\x01",)
    assert _rdatas(hosts, "printer.example.", "AAAA") == (b"\x20\x01\x0d\xb8" + bytes(11) + b"\1",)


def test_other_types_are_nodata_and_other_names_are_not_here() -> None:
    hosts = _hosts()
    assert hosts.find(wire_name("printer.example."), 65) == ()
    assert hosts.find(wire_name("x.printer.example."), 1) is None


def test_any_is_one_set() -> None:
    found = _hosts().find(wire_name("printer.example."), 255)
    assert found is not None
    assert len(found) == 1


def test_reverse_names() -> None:
    hosts = _hosts()
    for address in ("192.0.2.1", "2001:db8::1"):
        name = dns.reversename.from_address(address).to_text()
        assert _rdatas(hosts, name, "PTR") == (wire_name("printer.example."),)
    name = dns.reversename.from_address("0.0.0.0").to_text()
    assert _rdatas(hosts, name, "PTR") is None


def test_lines_that_cannot_be_used_are_told_of() -> None:
    faults = Hosts().add(TEXT)
    assert [fault.line for fault in faults] == [6, 7, 8, 9]
    assert "leave '%'" in faults[0].message
    assert "192.0.2.3 host.example" in faults[1].message
