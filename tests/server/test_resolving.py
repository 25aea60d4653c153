"""Names that no zone here holds, through sockets: a server of this loop and a fake upstream."""

import asyncio
import gc
import inspect
from collections.abc import Awaitable, Callable

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from minidns.config import ForwardGroup, ResolverSettings
from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.via import Via
from minidns.server.resolving import Resolving
from minidns.transport.awaited import discard
from minidns.zone.model import Catalog
from tests.server.loaded import catalog_of
from tests.upstream.fake_upstream import (
    Acts,
    Asked,
    FakeUpstream,
    answer_all,
    drop_all,
    fake_upstream,
    run,
)

LOOPBACK, STRANGER = b"\x7f\x00\x00\x01", b"\xcb\x00\x71\x05"
OTHER = b"\x0a\x00\x00\x07"  # not where the upstream is, which would look like a loop
ZONE = """
    @ 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300
    @ 300 IN NS ns.example.com.
    www 300 IN A 192.0.2.80
"""
UDP = Via("udp", is_stream=False)
Ask = Callable[..., Awaitable[dns.message.Message]]


def with_resolver(
    use: Callable[[Ask, FakeUpstream], Awaitable[None]],
    script: Callable[[Asked], Acts] = answer_all,
    groups: Callable[[str], tuple[ForwardGroup, ...]] = lambda where: (ForwardGroup((where,)),),
    zones: dict[str, str] | Catalog | None = None,
    **settings: object,
) -> None:
    """Run `use` with a way to ask a responder, which forwards to a fake upstream."""

    async def main() -> None:
        async with fake_upstream(script) as fake:
            where = f"{fake.host}:{fake.port}"
            resolving = Resolving(ResolverSettings(forward=groups(where), **settings))
            held = zones or {"example.com.": ZONE}
            responder = Responder(
                held if isinstance(held, Catalog) else catalog_of(held),
                Policy(),
                Cookies(b"k" * 16),
                lambda: 1_700_000_000.0,
                resolving.outside,
            )

            async def ask(
                name: str, rtype: str = "A", client: bytes = LOOPBACK, **more: object
            ) -> dns.message.Message:
                flags = more.pop("flags", int(dns.flags.RD))
                query = dns.message.make_query(name, rtype, **more)
                query.flags = flags
                reply = responder.respond(query.to_wire(), client, UDP)
                if not isinstance(reply, bytes):
                    assert reply is not None
                    reply = await reply
                assert responder.failures == 0
                return dns.message.from_wire(reply)

            try:
                await use(ask, fake)
            finally:
                await resolving.close()

    run(main())


def rdatas(message: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in message.answer for rdata in rrset]


def extended_errors(message: dns.message.Message) -> list[int]:
    return [int(one.code) for one in message.options if isinstance(one, dns.edns.EDEOption)]


def test_asked_once_then_kept() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for case in ("www.example.net.", "wWw.example.NET."):
            reply = await ask(case)
            assert rdatas(reply) == ["192.0.2.1"]
            assert reply.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
            assert reply.question[0].name.to_text() == case
            assert 298 <= reply.answer[0].ttl <= 300
        assert len(fake.asked) == 1

    with_resolver(use)


def test_a_zone_here_is_never_asked_for() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("www.example.com.")
        assert rdatas(reply) == ["192.0.2.80"]
        assert reply.flags & dns.flags.AA
        assert (await ask("nope.example.com.")).rcode() == dns.rcode.NXDOMAIN
        assert fake.asked == []

    with_resolver(use)


@pytest.mark.parametrize("name", ["www.example.net.", "kept.example.net."])
def test_strangers_and_their_like_are_refused(name: str) -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        await ask("kept.example.net.")
        asked = len(fake.asked)
        for client in (STRANGER, bytes.fromhex("20010db8") + bytes(12)):
            reply = await ask(name, client=client, use_edns=0)
            assert reply.rcode() == dns.rcode.REFUSED
            assert not reply.flags & dns.flags.RA
            assert extended_errors(reply) == [dns.edns.EDECode.PROHIBITED]
            assert rdatas(await ask("www.example.com.", client=client)) == ["192.0.2.80"]
        assert len(fake.asked) == asked

    with_resolver(use)


def test_allowed_networks() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert rdatas(await ask("www.example.net.", client=STRANGER)) == ["192.0.2.1"]
        assert (await ask("www.example.net.")).rcode() == dns.rcode.REFUSED

    with_resolver(use, allow=("203.0.113.0/24",))


def test_nobody_looks_through_what_is_kept() -> None:
    """X11: RD=0."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        await ask("www.example.net.")
        reply = await ask("www.example.net.", flags=0)
        assert (reply.rcode(), reply.answer) == (dns.rcode.REFUSED, [])
        assert len(fake.asked) == 1

    with_resolver(use)


def test_nothing_of_the_clients_edns_goes_upstream() -> None:
    """E09, and back: the upstream's OPT is not the reply's."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        options = [
            dns.edns.ECSOption("192.0.2.0", 24),
            dns.edns.GenericOption(dns.edns.OptionType.NSID, b""),
            dns.edns.GenericOption(65001, b"x"),
            dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678"),
        ]
        reply = await ask("www.example.net.", use_edns=0, payload=4096, options=options)
        assert rdatas(reply) == ["192.0.2.1"]
        assert (fake.asked[0].query.options, fake.asked[0].query.payload) == ((), 1232)
        assert [option.otype for option in reply.options] == [dns.edns.OptionType.COOKIE]

    with_resolver(use)


def test_dead_upstream_is_servfail_with_the_reason() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        fake.close_udp()
        reply = await ask("www.example.net.", use_edns=0)
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert extended_errors(reply) == [dns.edns.EDECode.NETWORK_ERROR]
        assert rdatas(await ask("www.example.com.")) == ["192.0.2.80"]

    with_resolver(use)


def test_nxdomain_covers_what_is_below() -> None:
    """RFC 8020, and the SOA's TTL counts for both."""

    def script(asked: Asked) -> Acts:
        soa = "example.net. 60 SOA ns.example.net. a.example.net. 1 2 3 4 60"
        return [asked.reply(rcode="NXDOMAIN", authority=[soa])]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for name in ("gone.example.net.", "below.gone.example.net."):
            reply = await ask(name)
            assert reply.rcode() == dns.rcode.NXDOMAIN
            assert reply.authority[0].name.to_text() == "example.net."
        assert len(fake.asked) == 1

    with_resolver(use, script)


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "0.0.0.0", "192.168.7.7"])
def test_no_private_address_in_a_public_answer(address: str) -> None:
    """P24, and when it is kept."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("evil.example.net.", use_edns=0)
        assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
        assert extended_errors(reply) == [dns.edns.EDECode.FILTERED]
        assert (await ask("evil.example.net.")).answer == []
        assert rdatas(await ask("www.home.example.")) == [address]

    with_resolver(
        use,
        lambda asked: [asked.reply(f"@ 300 A {address}")],
        private_domains=("home.example",),
    )


def test_the_deepest_of_zones_and_groups_has_a_name() -> None:
    def groups(where: str) -> tuple[ForwardGroup, ...]:
        return (
            ForwardGroup((where,), domain="corp.example.com"),
            ForwardGroup((where,), domain="example.org"),
            ForwardGroup((), domain="never.example.org"),
        )

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert rdatas(await ask("a.corp.example.com.")) == ["192.0.2.1"]
        assert rdatas(await ask("b.example.org.")) == ["192.0.2.1"]
        assert rdatas(await ask("www.example.com.")) == ["192.0.2.80"]
        for name in ("c.example.net.", "d.never.example.org."):
            assert (await ask(name)).rcode() == dns.rcode.REFUSED
        assert [asked.text for asked in fake.asked] == ["a.corp.example.com. A", "b.example.org. A"]

    with_resolver(use, groups=groups)


def test_a_chain_that_comes_back_is_answered_from_the_zone() -> None:
    """P10: never from upstream."""

    def script(asked: Asked) -> Acts:
        chain = ["@ 300 CNAME www.example.com.", "www.example.com. 300 A 203.0.113.66"]
        return [asked.reply(*chain)]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(2):
            reply = await ask("alias.example.net.")
            assert rdatas(reply) == ["www.example.com.", "192.0.2.80"]
            assert reply.answer[1].name.to_text() == "www.example.com."
        assert len(fake.asked) == 1

    with_resolver(use, script)


ALIASES = (
    ZONE
    + """
    out 300 IN CNAME www.example.net.
    twice 300 IN CNAME out
    in 300 IN CNAME www
    lost 300 IN CNAME gone.example.net.
    back 300 IN CNAME alias.example.net.
    tree 300 IN DNAME example.net.
"""
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out", ["www.example.net.", "192.0.2.1"]),
        ("twice", ["out.example.com.", "www.example.net.", "192.0.2.1"]),
        ("a.tree", ["example.net.", "a.example.net.", "192.0.2.1"]),
        ("back", ["alias.example.net.", "www.example.com.", "192.0.2.80"]),
        ("in", ["www.example.com.", "192.0.2.80"]),
    ],
)
def test_a_chain_that_leads_out_is_followed(name: str, expected: list[str]) -> None:
    """For clients whose names are resolved, and for no others; nobody's answer is another's."""

    def script(asked: Asked) -> Acts:
        record = "@ 300 A 192.0.2.1"
        return [asked.reply("@ 9 CNAME www.example.com." if "alias" in asked.text else record)]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        name_ = f"{name}.example.com."
        zone_only = [one for one in expected if name == "in" or "192" not in one]
        if name == "back":
            zone_only = expected[:1]
        for _ in range(2):
            assert rdatas(await ask(name_, client=STRANGER)) == zone_only
            assert rdatas(await ask(name_, flags=0)) == zone_only
            reply = await ask(name_)
            assert rdatas(reply) == expected
            assert reply.flags & dns.flags.AA
        assert rdatas(await ask(name_, "CNAME"))[0] == expected[0]
        assert len(fake.asked) == (name != "in")

    with_resolver(use, script, zones={"example.com.": ALIASES})


def test_a_chain_that_leads_to_nothing() -> None:
    def script(asked: Asked) -> Acts:
        soa = "example.net. 60 SOA ns.example.net. a.example.net. 1 2 3 4 60"
        return [asked.reply(rcode="NXDOMAIN", authority=[soa])]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("lost.example.com.")
        assert reply.rcode() == dns.rcode.NXDOMAIN  # RFC 6604
        assert rdatas(reply) == ["gone.example.net."]
        assert reply.authority[0].name.to_text() == "example.net."

    with_resolver(use, script, zones={"example.com.": ALIASES})


@pytest.mark.parametrize(
    ("name", "rtype", "expected"),
    [
        ("localhost.", "A", ["127.0.0.1"]),
        ("deep.down.localhost.", "AAAA", ["::1"]),
        ("1.0.0.127.in-addr.arpa.", "PTR", ["localhost."]),
    ],
)
def test_localhost_is_here(name: str, rtype: str, expected: list[str]) -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask(name, rtype)
        assert rdatas(reply) == expected
        assert reply.flags & dns.flags.AA
        assert fake.asked == []

    with_resolver(use)


@pytest.mark.parametrize(
    "name",
    [
        *("invalid.", "a.test.", "b.onion.", "c.local.", "d.alt.", "e.home.arpa."),
        *("1.0.0.10.in-addr.arpa.", "7.31.172.in-addr.arpa.", "8.8.168.192.in-addr.arpa."),
        *("1.d.f.ip6.arpa.", "0.8.e.f.ip6.arpa."),
    ],
)
def test_special_use_names_are_never_asked_for(name: str) -> None:
    """P25; one that a group is for is asked of that."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask(name)
        assert reply.rcode() == (dns.rcode.NOERROR if name == "invalid." else dns.rcode.NXDOMAIN)
        assert [rrset.rdtype for rrset in reply.authority] == [dns.rdatatype.SOA]
        assert fake.asked == []

    async def use_group(ask: Ask, fake: FakeUpstream) -> None:
        assert rdatas(await ask(name)) == ["192.0.2.1"]

    with_resolver(use)
    with_resolver(use_group, groups=lambda where: (ForwardGroup((where,), domain=name),))


def test_many_who_ask_the_same_cost_one_query() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        replies = await asyncio.gather(*(ask("www.example.net.", client=OTHER) for _ in range(50)))
        assert [rdatas(reply) for reply in replies] == [["192.0.2.1"]] * 50
        assert len(fake.asked) == 1

    with_resolver(use)


def test_checking_disabled_and_dnssec_are_their_own_questions() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        await ask("www.example.net.")
        reply = await ask("www.example.net.", flags=int(dns.flags.RD | dns.flags.CD))
        assert reply.flags & dns.flags.CD
        await ask("www.example.net.", want_dnssec=True)
        sent = [(bool(q.query.flags & dns.flags.CD), q.query.ednsflags != 0) for q in fake.asked]
        assert sent == [(False, False), (True, False), (False, True)]

    with_resolver(use)


def test_no_ad_from_an_upstream_that_is_not_trusted() -> None:
    """P18."""

    def groups(where: str) -> tuple[ForwardGroup, ...]:
        return (
            ForwardGroup((where,)),
            ForwardGroup((where,), domain="signed.example", trust_ad=True),
        )

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        flags = int(dns.flags.RD | dns.flags.AD)
        assert not (await ask("www.example.net.", flags=flags)).flags & dns.flags.AD
        assert (await ask("www.signed.example.", flags=flags)).flags & dns.flags.AD
        assert not (await ask("www.signed.example.")).flags & dns.flags.AD

    with_resolver(use, lambda asked: [asked.reply("@ 300 A 192.0.2.1", flags="AD")], groups)


def test_any_is_not_asked_for() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert (await ask("www.example.net.", "ANY")).rcode() == dns.rcode.REFUSED
        assert fake.asked == []

    with_resolver(use)


def test_without_zones() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        assert rdatas(await ask("www.example.com.")) == ["192.0.2.1"]

    with_resolver(use, zones={"other.example.": ZONE.replace("example.com", "other.example")})


def test_a_client_that_leaves_does_not_end_it_for_others() -> None:
    held = asyncio.Event()

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        first = asyncio.ensure_future(ask("www.example.net.", client=OTHER))
        await fake.until_asked(1)
        second = asyncio.ensure_future(ask("www.example.net.", client=OTHER))
        await asyncio.sleep(0)
        first.cancel()
        held.set()
        assert rdatas(await second) == ["192.0.2.1"]
        assert len(fake.asked) == 1

    with_resolver(use, lambda asked: [held, asked.reply("@ 300 A 192.0.2.1")])


def test_closed_while_it_waits() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        waiting = asyncio.ensure_future(ask("www.example.net."))
        await fake.until_asked(1)
        waiting.cancel()

    with_resolver(use, drop_all)


def responder_of(resolving: Resolving, catalog: Catalog) -> Responder:
    return Responder(catalog, Policy(), Cookies(b"k" * 16), lambda: 0.0, resolving.outside)


def test_a_reply_that_nobody_awaits_leaves_nothing_behind() -> None:
    """A transport that has too many to wait for drops it."""

    async def main() -> None:
        resolving = Resolving(ResolverSettings(forward=(ForwardGroup(("127.0.0.1",)),)))
        responder = responder_of(resolving, catalog_of({"example.com.": ALIASES}))
        for name in ("www.example.net.", "out.example.com."):
            reply = responder.respond(dns.message.make_query(name, "A").to_wire(), LOOPBACK, UDP)
            assert inspect.isawaitable(reply)
            discard(reply)
            del reply
            gc.collect()  # a coroutine that was never awaited is complained of here
        await resolving.close()

    run(main())


def test_what_was_kept_of_a_name_that_now_has_a_zone_is_forgotten() -> None:
    """The chain was whole when nobody here had its end."""

    def script(asked: Asked) -> Acts:
        chain = ["@ 300 CNAME www.example.com.", "www.example.com. 300 A 203.0.113.66"]
        return [asked.reply(*chain)]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            where = f"{fake.host}:{fake.port}"
            resolving = Resolving(ResolverSettings(forward=(ForwardGroup((where,)),)))
            responder = responder_of(resolving, Catalog({}))
            query = dns.message.make_query("alias.example.net.", "A").to_wire()
            expected = {0: "203.0.113.66", 1: "192.0.2.80", 2: "203.0.113.66"}
            for number, address in expected.items():
                reply = responder.respond(query, LOOPBACK, UDP)
                wire = reply if isinstance(reply, bytes) else await reply
                assert rdatas(dns.message.from_wire(wire)) == ["www.example.com.", address]
                zones = {0: {"example.com.": ZONE}, 1: {}}.get(number, {})
                responder.swap(catalog_of(zones))
            await resolving.close()

    run(main())


def test_an_empty_catalog_and_a_swap() -> None:
    resolving = Resolving(ResolverSettings(forward=(ForwardGroup(("127.0.0.1",)),)))
    name = b"\x03www\x07example\x03com\x00"
    assert resolving.outside.group_of(name) is resolving.groups[0]
    resolving.outside.take(catalog_of({"example.com.": ZONE}))
    assert resolving.outside.group_of(name) is None
    resolving.outside.take(Catalog({}))
    assert resolving.outside.group_of(name) is resolving.groups[0]
