"""ALIAS whose target no zone here holds: resolved for all clients, as data of the zone."""

from dataclasses import replace

import dns.edns
import dns.flags
import dns.rcode
import pytest

from minidns.authority.solve import OpenAlias, Solution
from minidns.resolver.model import Question, Segment
from minidns.responder.flattening import flatten
from minidns.wire.codes import ExtendedError, Rcode
from minidns.wire.response import Records, Sections
from minidns.zone.model import Catalog
from tests.conformance.test_alias import alias
from tests.harness import wire_name, zone_of
from tests.server.test_resolving import (
    LOOPBACK,
    STRANGER,
    Ask,
    extended_errors,
    rdatas,
    with_resolver,
)
from tests.upstream.fake_upstream import Acts, Asked, FakeUpstream, answer_all

ZONE = f"""
    @ 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300
    @ 300 IN NS ns.example.com.
    @ 120 IN {alias("www.example.net.")}
    long 900 IN {alias("www.example.net.")}
    over 200 IN {alias("chain.example.com.")}
    twice 60 IN {alias("long.example.com.")}
    chain 100 IN CNAME www.example.net.
    to 300 IN CNAME example.com.
    *.wild 300 IN {alias("www.example.net.")}
    local 300 IN {alias("host.example.com.")}
    self 300 IN {alias("localhost.")}
    back 300 IN {alias("back.example.net.")}
    lacking 300 IN {alias("nothing.example.com.")}
    never 300 IN {alias("www.never.example.")}
    host 300 IN A 192.0.2.80
"""
ZONES = {"example.com.": ZONE}
ANYBODY = [(LOOPBACK, dns.flags.RD), (STRANGER, dns.flags.RD), (STRANGER, 0)]


@pytest.mark.parametrize(("client", "flags"), ANYBODY)
@pytest.mark.parametrize(
    ("name", "ttl"),
    [
        ("example.com.", 120),
        ("long.example.com.", 300),
        ("over.example.com.", 100),
        ("twice.example.com.", 60),
        ("any.wild.example.com.", 300),
    ],
)
def test_for_all_clients(name: str, ttl: int, client: bytes, flags: int) -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(3):
            reply = await ask(name, client=client, flags=int(flags))
            assert rdatas(reply) == ["192.0.2.1"]
            assert reply.answer[0].name.to_text() == name
            assert ttl - 2 <= reply.answer[0].ttl <= ttl
            assert reply.flags == dns.flags.QR | dns.flags.AA | flags
        assert [each.text for each in fake.asked] == ["www.example.net. A"]

    with_resolver(use, zones=ZONES)


def test_behind_a_cname() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for client in (LOOPBACK, STRANGER):
            reply = await ask("to.example.com.", client=client)
            assert rdatas(reply) == ["example.com.", "192.0.2.1"]
            assert [one.name.to_text() for one in reply.answer] == [
                "to.example.com.",
                "example.com.",
            ]

    with_resolver(use, zones=ZONES)


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
def test_a_target_without_addresses(rcode: str) -> None:
    """The name exists, so that it has no such address is NODATA, with the SOA of its zone."""

    def script(asked: Asked) -> Acts:
        soa = "example.net. 60 SOA ns.example.net. h.example.net. 1 2 3 4 60"
        return [asked.reply(authority=[soa], rcode=rcode)]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(2):
            reply = await ask("example.com.", "AAAA")
            assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
            assert reply.authority[0].name.to_text() == "example.com."
            assert reply.flags & dns.flags.AA
        assert len(fake.asked) == 1

    with_resolver(use, script, zones=ZONES)


@pytest.mark.parametrize("name", ["example.com.", "over.example.com."])
def test_a_target_that_cannot_be_resolved(name: str) -> None:
    def script(asked: Asked) -> Acts:
        return [asked.reply(rcode="SERVFAIL")]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask(name, use_edns=0)
        assert (reply.rcode(), reply.answer) == (dns.rcode.SERVFAIL, [])
        assert extended_errors(reply) == [dns.edns.EDECode.NO_REACHABLE_AUTHORITY]

    with_resolver(use, script, zones=ZONES)


def test_a_target_here_needs_nobody() -> None:
    """And its answers are kept as those of other names are."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(3):
            assert rdatas(await ask("local.example.com.")) == ["192.0.2.80"]
            assert rdatas(await ask("host.example.com.")) == ["192.0.2.80"]
        assert rdatas(await ask("self.example.com.")) == ["127.0.0.1"]
        assert (await ask("lacking.example.com.")).rcode() == dns.rcode.NOERROR
        assert fake.asked == []

    with_resolver(use, zones=ZONES)


def test_a_target_that_leads_back() -> None:
    def script(asked: Asked) -> Acts:
        return [asked.reply("@ 50 CNAME host.example.com.", "host.example.com. 50 A 203.0.113.66")]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("back.example.com.")
        assert rdatas(reply) == ["192.0.2.80"]
        assert 48 <= reply.answer[0].ttl <= 50

    with_resolver(use, script, zones=ZONES)


def test_a_target_that_a_zone_here_lacks_and_falls_through_for() -> None:
    zone = replace(zone_of("example.com.", ZONE), falls_through=True)

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for client in (STRANGER, LOOPBACK):
            assert rdatas(await ask("lacking.example.com.", client=client)) == ["192.0.2.1"]
        assert [each.text for each in fake.asked] == ["nothing.example.com. A"]

    with_resolver(use, zones=Catalog({zone.origin: zone}))


def test_a_target_that_is_never_forwarded() -> None:
    from minidns.config import ForwardGroup

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("never.example.com.", use_edns=0)
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert fake.asked == []

    with_resolver(
        use,
        answer_all,
        lambda where: (ForwardGroup((where,)), ForwardGroup((), "never.example.")),
        zones=ZONES,
    )


def test_other_types_of_the_name() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert rdatas(await ask("example.com.", "NS")) == ["ns.example.com."]
        assert (await ask("example.com.", "MX")).authority
        assert fake.asked == []

    with_resolver(use, zones=ZONES)


def test_a_stale_answer_says_so() -> None:
    """RFC 8767: with what the resolver says of it."""
    name = wire_name("example.com.")
    soa = Records(name, 6, 300, (bytes(22),))
    alias_of = OpenAlias(None, wire_name("www.example.net."), 3600, soa)
    solution = Solution(Rcode.SERVFAIL, True, Sections((), (), ()), name, True, "", alias_of)
    segment = Segment(Rcode.NOERROR, (Records(None, 1, 30, (bytes(4),)),), ttl=30)
    error = (ExtendedError.STALE_ANSWER, "no upstream has answered in time")
    body, said = flatten(solution, alias_of, Question(name, 1), segment, error)
    assert said == error
    assert body.wire == b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04" + bytes(4)
