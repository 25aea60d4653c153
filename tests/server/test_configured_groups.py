"""Policies and groups for domains, as a configuration file has them, in front of fake upstreams."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import dns.asyncquery
import dns.edns
import dns.message
import dns.rcode

from minidns.config import CacheSettings, ResolverLimits, ResolverSettings
from minidns.resolver.bounds import Bounds
from minidns.resolver.model import Question, Segment
from minidns.server.config_file import read_config
from minidns.server.resolving import Resolving, bounds_of, limits_of
from minidns.upstream.exchange import Limits
from minidns.wire.codes import Rcode, RRType
from minidns.wire.response import Records
from minidns.zone.model import Catalog
from tests.server.test_resolving import UDP, rdatas, responder_of
from tests.upstream.fake_upstream import Acts, Asked, FakeUpstream, drop_all, fake_upstream, run

OTHER = b"\x0a\x00\x00\x07"  # not where the upstreams are, which would look like a loop
Ask = Callable[..., Awaitable[dns.message.Message]]
Use = Callable[[Ask, FakeUpstream, FakeUpstream], Awaitable[None]]


def _with_config(directory: Path, text: str, use: Use) -> None:
    """`FIRST` and `SECOND` in the text are two upstreams, which answer with 192.0.2.1 and .2."""

    def say(address: str) -> Callable[[Asked], Acts]:
        return lambda asked: [asked.reply(f"@ 300 A {address}")]

    async def main() -> None:
        async with (
            fake_upstream(say("192.0.2.1")) as first,
            fake_upstream(say("192.0.2.2")) as second,
        ):
            path = directory / "minidns.yaml"
            written = text
            for word, fake in (("FIRST", first), ("SECOND", second)):
                written = written.replace(word, f"'{fake.host}:{fake.port}'")
            path.write_text(written)
            settings, faults = read_config(path)
            assert faults == []
            resolving = Resolving(settings.resolver)
            responder = responder_of(resolving, Catalog({}))

            async def ask(
                name: str, client: bytes = OTHER, rtype: str = "A"
            ) -> dns.message.Message:
                query = dns.message.make_query(name, rtype, use_edns=0)
                reply = responder.respond(query.to_wire(), client, UDP)
                wire = reply if isinstance(reply, bytes) else await reply
                assert responder.failures == 0
                return dns.message.from_wire(wire)

            await use(ask, first, second)
            await resolving.close()

    run(main())


def test_in_order(tmp_path: Path) -> None:
    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        for number in range(5):
            assert rdatas(await ask(f"n{number}.example.")) == ["192.0.2.1"]
        assert len(second.asked) == 0
        first.script = lambda asked: [asked.reply(rcode="SERVFAIL")]
        assert rdatas(await ask("last.example.")) == ["192.0.2.2"]

    _with_config(tmp_path, "forward: [FIRST, SECOND]", use)


def test_race(tmp_path: Path) -> None:
    """Both are asked; who is silent is not felt."""

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        first.script = drop_all
        assert rdatas(await ask("www.example.")) == ["192.0.2.2"]
        await first.until_asked(1)
        assert [one.text for one in first.asked] == [one.text for one in second.asked]

    _with_config(tmp_path, "forward: [{upstreams: [FIRST, SECOND], policy: race}]", use)


def test_fastest(tmp_path: Path) -> None:
    """Each is measured once, then the quicker one has the questions."""

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        held = asyncio.Event()
        first.script = lambda asked: [held, asked.reply("@ 300 A 192.0.2.1")]
        waiting = asyncio.ensure_future(ask("slow.example."))
        await first.until_asked(1)
        for _ in range(40):  # the time of many round trips passes
            query = dns.message.make_query("time.example.", "A")
            await dns.asyncquery.udp(query, second.host, 5.0, second.port)
        held.set()
        assert rdatas(await waiting) == ["192.0.2.1"]
        for number in range(4):
            assert rdatas(await ask(f"n{number}.example.")) == ["192.0.2.2"]

    _with_config(tmp_path, "forward: [{upstreams: [FIRST, SECOND], policy: fastest}]", use)


def test_ds_of_a_domain_is_asked_of_who_has_the_name_above(tmp_path: Path) -> None:
    """RFC 4035 section 3.1.4.1; Unbound and dnsmasq do so."""
    text = """
forward:
  - FIRST
  - {domain: corp.example, upstreams: SECOND}
  - {domain: lab.corp.example, upstreams: []}
"""

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        for fake in (first, second):
            fake.script = lambda asked: [asked.reply(f"@ 300 DS 1 13 2 {'00' * 32}")]
        for name in ("Corp.example.", "x.corp.example.", "lab.corp.example.", "x.example."):
            for _ in range(2):  # the second is kept
                await ask(name, rtype="DS")
        assert [one.text for one in first.asked] == ["corp.example. DS", "x.example. DS"]
        assert [one.text for one in second.asked] == ["x.corp.example. DS"]
        second.script = lambda asked: [asked.reply("@ 300 A 192.0.2.2")]
        assert rdatas(await ask("corp.example.")) == ["192.0.2.2"]

    _with_config(tmp_path, text, use)


def test_ds_where_nobody_has_the_name_above(tmp_path: Path) -> None:
    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        second.script = lambda asked: [asked.reply(f"@ 300 DS 1 13 2 {'00' * 32}")]
        assert (await ask("corp.example.", rtype="DS")).answer
        assert [one.text for one in second.asked] == ["corp.example. DS"]

    _with_config(tmp_path, "forward: [{domain: corp.example, upstreams: SECOND}]", use)


def test_groups_for_domains(tmp_path: Path) -> None:
    text = """
forward:
  - FIRST
  - {domain: corp.example, upstreams: SECOND}
  - {domain: 10.in-addr.arpa, upstreams: SECOND}
  - {domain: lab.corp.example, upstreams: []}
"""

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        for name in ("corp.example.", "a.corp.example.", "1.0.0.10.in-addr.arpa."):
            assert rdatas(await ask(name)) == ["192.0.2.2"]
        for name in ("notcorp.example.", "example."):
            assert rdatas(await ask(name)) == ["192.0.2.1"]
        assert (await ask("x.lab.corp.example.")).rcode() == dns.rcode.REFUSED
        assert (len(first.asked), len(second.asked)) == (2, 3)

    _with_config(tmp_path, text, use)


def test_the_numbers_of_a_file_are_kept_to(tmp_path: Path) -> None:
    text = """
forward: FIRST
cache: {max_ttl: 7, max_negative_ttl: 3}
limits: {chain: 2, attempts: 1, attempt: 50ms}
"""

    def script(asked: Asked) -> Acts:
        if asked.text.startswith("none"):
            soa = "example. 300 SOA ns.example. h.example. 1 7200 3600 1209600 300"
            return [asked.reply(authority=[soa], rcode="NXDOMAIN")]
        if asked.text.startswith("long"):
            chain = [f"c{n}.example. 300 CNAME c{n + 1}.example." for n in range(3)]
            return [asked.reply("@ 300 CNAME c0.example.", *chain, "c3.example. 300 A 192.0.2.1")]
        return [asked.reply("@ 300 A 192.0.2.1")]

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        first.script = script
        assert (await ask("www.example.")).answer[0].ttl == 7
        assert (await ask("none.example.")).authority[0].ttl == 3
        assert (await ask("long.example.")).rcode() == dns.rcode.SERVFAIL
        first.script = drop_all
        before = len(first.asked)
        assert (await ask("silent.example.")).rcode() == dns.rcode.SERVFAIL
        assert len(first.asked) == before + 1

    _with_config(tmp_path, text, use)


def test_the_octets_that_upstreams_are_offered(tmp_path: Path) -> None:
    text = "forward: FIRST\nlimits: {upstream_payload: 512}"

    def script(asked: Asked) -> Acts:
        return [asked.reply(*(f"@ 300 A 192.0.2.{number}" for number in range(40)))]

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        first.script = script
        reply = await ask("large.example.")
        assert len(reply.answer[0]) == 40
        asked = [(one.query.payload, one.protocol) for one in first.asked]
        assert asked == [(512, "udp"), (512, "tcp")]

    _with_config(tmp_path, text, use)


def test_bounds_on_who_waits(tmp_path: Path) -> None:
    text = "forward: FIRST\nlimits: {waiting: 3, waiting_per_client: 2, waiting_per_name: 1}"

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        held = asyncio.Event()
        first.script = lambda asked: [held, asked.reply("@ 300 A 192.0.2.1")]
        clients = [bytes((10, 0, 0, number)) for number in range(1, 5)]
        waiting = [
            asyncio.ensure_future(ask(name, client))
            for name, client in (
                ("a.example.", clients[0]),
                ("b.example.", clients[0]),
                ("c.example.", clients[1]),
            )
        ]
        await first.until_asked(3)
        for name, client, text in (
            ("d.example.", clients[3], "3 queries wait"),
            ("a.example.", clients[3], "3 queries wait"),
        ):
            reply = await ask(name, client)
            (error,) = (one for one in reply.options if isinstance(one, dns.edns.EDEOption))
            assert text in (error.text or "")
        held.set()
        for reply in await asyncio.gather(*waiting):
            assert rdatas(reply) == ["192.0.2.1"]

    _with_config(tmp_path, text, use)


def test_who_may_ask(tmp_path: Path) -> None:
    stranger = b"\xcb\x00\x71\x05"

    async def use(ask: Ask, first: FakeUpstream, second: FakeUpstream) -> None:
        assert rdatas(await ask("www.example.", stranger)) == ["192.0.2.1"]

    for text in ("allow: 203.0.113.0/24", "open_resolver: true"):
        _with_config(tmp_path, f"forward: FIRST\n{text}", use)


def test_every_number_reaches_the_resolver() -> None:
    assert bounds_of(ResolverSettings()) == Bounds()
    assert limits_of(ResolverLimits()) == Limits()
    limits = ResolverLimits(*range(101, 115))
    cache = CacheSettings(*range(201, 210))
    bounds = bounds_of(ResolverSettings(limits=limits, cache=cache))
    of_upstreams = set(limits_of(limits))
    elsewhere = {cache.size, cache.stale, cache.stale_ttl, cache.file} | of_upstreams
    numbers = {getattr(one, name) for one in (limits, cache) for name in one.__slots__}
    assert sorted({*bounds, *of_upstreams}) == sorted(numbers - elsewhere | of_upstreams)


def test_numbers_of_the_cache_reach_it(tmp_path: Path) -> None:
    path = tmp_path / "minidns.yaml"
    path.write_text("cache: {size: 2 MiB, stale: 100, stale_ttl: 7}")
    cache = Resolving(read_config(path).settings.resolver).cache
    assert cache.stats()["max_bytes"] == 2 * 2**20
    question = Question(b"\x03www\x07example\x00", RRType.A)
    records = Records(None, RRType.A, 10, (bytes(4),))
    cache.add(1, question, Segment(Rcode.NOERROR, (records,), ttl=10), 0)
    stale = cache.get(1, question, 109)
    assert stale is not None
    assert stale.segment_at(109).ttl == 7
    assert cache.get(1, question, 110) is None
