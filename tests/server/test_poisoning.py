"""What an upstream, or who speaks in its place, cannot make clients believe (P rows), to the end.

Each lie is told once, and then what it was to change is asked for.
"""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from minidns.config import ForwardGroup
from tests.server.test_resolving import OTHER, ZONE, Ask, rdatas, with_resolver
from tests.upstream.fake_upstream import Acts, Asked, FakeUpstream

TRUE, FORGED = "192.0.2.1", "203.0.113.66"
SOA = "example.net. 60 SOA ns.example.net. a.example.net. 1 2 3 4 60"


@pytest.mark.parametrize("is_signed", [False, True])
def test_p09_what_is_beside_the_answer_is_neither_told_nor_kept(is_signed: bool) -> None:
    def script(asked: Asked) -> Acts:
        if not asked.text.startswith("www.example.net. "):
            return [asked.reply(f"@ 300 A {TRUE}")]
        return [
            asked.reply(
                f"@ 300 A {TRUE}",
                f"bank.example. 300 A {FORGED}",
                f"*.example.net. 300 A {FORGED}",
                authority=["net. 300 NS ns.evil.example.", f"bank.example. 300 A {FORGED}"],
                additional=[f"bank.example. 300 A {FORGED}", f"ns.evil.example. 300 A {FORGED}"],
            )
        ]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(2):
            reply = await ask("www.example.net.", want_dnssec=is_signed)
            assert rdatas(reply) == [TRUE]
            assert (reply.authority, reply.additional) == ([], [])
        assert len(fake.asked) == 1
        for number, name in enumerate(
            ("bank.example.", "other.example.net.", "ns.evil.example."), start=2
        ):
            assert rdatas(await ask(name, want_dnssec=is_signed)) == [TRUE]
            assert len(fake.asked) == number

    with_resolver(use, script)


def test_p11_a_dname_is_for_its_own_question_alone() -> None:
    """What it says of other names is asked for, not made here."""

    def script(asked: Asked) -> Acts:
        if not asked.text.startswith("one."):
            return [asked.reply(f"@ 300 A {TRUE}")]
        return [
            asked.reply(
                "example.net. 300 DNAME evil.example.",
                "one.example.net. 300 CNAME one.evil.example.",
                f"one.evil.example. 300 A {FORGED}",
            )
        ]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert rdatas(await ask("one.example.net.")) == [
            "evil.example.",
            "one.evil.example.",
            FORGED,
        ]
        assert rdatas(await ask("two.example.net.")) == [TRUE]
        assert [asked.text for asked in fake.asked] == ["one.example.net. A", "two.example.net. A"]

    with_resolver(use, script)


def test_p13_nxdomain_from_outside_says_nothing_of_zones_and_groups_below() -> None:
    def script(asked: Asked) -> Acts:
        if asked.text.startswith("www.group."):
            return [asked.reply(f"@ 300 A {TRUE}")]
        return [asked.reply(rcode="NXDOMAIN", authority=[SOA])]

    def groups(where: str) -> tuple[ForwardGroup, ...]:
        return ForwardGroup((where,)), ForwardGroup((where,), domain="group.example.net")

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert (await ask("example.net.")).rcode() == dns.rcode.NXDOMAIN
        assert (await ask("below.example.net.")).rcode() == dns.rcode.NXDOMAIN
        assert len(fake.asked) == 1
        assert rdatas(await ask("www.zone.example.net.")) == ["192.0.2.80"]
        assert rdatas(await ask("www.group.example.net.")) == [TRUE]

    with_resolver(use, script, groups, {"zone.example.net.": ZONE})


Lie = Callable[[Asked], dns.message.Message]
LIES: dict[str, Lie] = {
    "id": lambda asked: asked.reply(f"@ 9 A {FORGED}", message_id=asked.query.id ^ 1),
    "qname": lambda asked: asked.reply(f"@ 9 A {FORGED}", qname="www.example.org."),
    "case": lambda asked: asked.reply(f"@ 9 A {FORGED}", qname=str(asked.qname).swapcase()),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_p02_a_forged_reply_costs_a_connection_and_no_answer(lie: Lie) -> None:
    """Every client gets the true one, never SERVFAIL, and it is what is kept."""

    def script(asked: Asked) -> Acts:
        good = asked.reply(f"@ 300 A {TRUE}")
        return [good] if asked.protocol == "tcp" else [lie(asked), good]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for number in range(20):
            for client in (OTHER, OTHER):
                reply = await ask(f"www{number}.example.net.", client=client)
                assert (reply.rcode(), rdatas(reply)) == (dns.rcode.NOERROR, [TRUE])
        protocols = [asked.protocol for asked in fake.asked]
        assert protocols.count("tcp") >= 1
        assert len({asked.text for asked in fake.asked}) == 20
        assert fake.connections == 1

    with_resolver(use, script)


def test_p15_the_soa_of_a_negative_answer_is_bounded_and_handed_on() -> None:
    """Its TTL is the lesser of both (RFC 2308 section 5), an hour at most."""

    def script(asked: Asked) -> Acts:
        ttl, minimum = asked.text.split(".")[0].split("-")
        soa = f"example.net. {ttl} SOA ns.example.net. a.example.net. 1 2 3 4 {minimum}"
        return [asked.reply(authority=[soa])]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for name, ttl in (("10-86400", 10), ("86400-10", 10), ("999999-999999", 3600)):
            for _ in range(2):
                reply = await ask(f"{name}.example.net.")
                assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
                assert reply.authority[0].rdtype == dns.rdatatype.SOA
                assert ttl - 5 <= reply.authority[0].ttl <= ttl
        assert len(fake.asked) == 3

    with_resolver(use, script)
