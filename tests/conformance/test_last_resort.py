"""The last resort: a fault inside is one failed query, SERVFAIL with its question and its OPT."""

import logging
import struct
from typing import Never

import dns.message
import dns.rcode
import pytest

from minidns.responder.responder import Responder
from minidns.wire.name import ROOT
from minidns.zone.model import BrokenZone, Catalog, Zone
from tests.conformance.compiled import NOT_COMPILED
from tests.harness import CLIENT, UDP, ask, responder_for

ZONE = "@ 60 SOA ns1 host 1 2 3 4 5\nc 60 CNAME ns1\nns1 60 A 192.0.2.1\n"


class BrokenZones(dict[bytes, Zone | BrokenZone]):
    """Fails while it is looked in, in whatever form the responder runs."""

    def get(self, *_: object) -> Never:
        raise RuntimeError("failpoint")


@pytest.mark.parametrize(
    "stage",
    [
        "responder.find_zone",
        "responder.find",
        "responder.assemble",
        "ordinary.find",
        "ordinary.assemble",
        "body_cache.solve",
        "body_cache.encode",
    ],
)
@NOT_COMPILED
def test_o01_the_last_resort_is_servfail_with_the_question(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault inside is one failed query, with the question and the OPT that it had."""
    responder: Responder = responder_for({"example.com.": ZONE})
    if stage.startswith("ordinary"):
        ask(responder, "example.com.", use_edns=0)  # makes its OPT one that is known

    def broken(*_: object) -> None:
        raise RuntimeError("failpoint")

    monkeypatch.setattr(f"minidns.responder.{stage}", broken)
    reply = ask(responder, "c.example.com.", use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert reply.question
    assert reply.edns == 0
    assert responder.failures == 1
    monkeypatch.undo()
    assert ask(responder, "c.example.com.").rcode() == 0


@NOT_COMPILED
def test_o01_a_fault_in_the_reader_is_servfail_too(monkeypatch: pytest.MonkeyPatch) -> None:
    responder: Responder = responder_for({"example.com.": ZONE})

    def broken(*_: object) -> None:
        raise RecursionError("failpoint")

    monkeypatch.setattr("minidns.wire.query.QueryReader.read", broken)
    query = dns.message.make_query("c.example.com.", "A", use_edns=0).to_wire()
    wire = responder.respond(query, CLIENT, UDP)
    assert wire is not None
    assert wire[:2] == query[:2]
    assert dns.message.from_wire(wire).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("is_known", [False, True], ids=["long way", "short way"])
def test_o01_a_fault_in_the_catalog_is_servfail_with_the_question(is_known: bool) -> None:
    responder: Responder = responder_for({"example.com.": ZONE})
    if is_known:
        ask(responder, "example.com.", use_edns=0)
    responder.swap(Catalog(BrokenZones({ROOT: BrokenZone(ROOT)})))
    reply = ask(responder, "c.example.com.", use_edns=0)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert reply.question
    assert reply.edns == 0
    assert responder.failures == 1


def test_o02_lines_that_a_stranger_provokes_are_few(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ten in a second, in hexadecimal: no octet of a query reaches the log as it is."""
    responder = responder_for({"example.": ZONE})
    responder.swap(Catalog(BrokenZones({ROOT: BrokenZone(ROOT)})))
    header = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0)
    query = header + b"\x03\n\x1b%\x07example\x00\x00\x01\x00\x01"
    with caplog.at_level(logging.ERROR):
        for _ in range(100):
            assert responder.respond(query, CLIENT, UDP) is not None
    assert responder.failures == 100
    assert len(caplog.records) == 10
    assert all("\x1b" not in one.getMessage() for one in caplog.records)
