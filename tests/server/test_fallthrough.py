"""`fallthrough: true`: what a zone lacks is asked upstream, for those who may have it resolved."""

from dataclasses import replace
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest

from minidns.zone.model import Catalog
from tests.harness import zone_of
from tests.server.command import serving, write_zones
from tests.server.test_resolving import OTHER, STRANGER, Ask, rdatas, with_resolver
from tests.upstream.fake_upstream import Acts, Asked, FakeUpstream

TEXT = """
    @ 300 IN SOA ns.example.com. hostmaster.example.com. 1 7200 3600 1209600 300
    @ 300 IN NS ns.example.com.
    www 300 IN A 192.0.2.80
    chain 300 IN CNAME lacking
    a.deep 300 IN A 192.0.2.81
    *.wild 300 IN TXT here
    sub 300 IN NS ns.sub
    ns.sub 300 IN A 192.0.2.53
"""
ZONES = Catalog(
    {
        one.origin: replace(one, falls_through=True)
        for one in (zone_of("example.com.", TEXT), zone_of("home.arpa.", TEXT))
    }
)


def test_what_the_zone_lacks() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(2):
            reply = await ask("lacking.example.com.")
            assert rdatas(reply) == ["192.0.2.1"]
            assert reply.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
        assert len(fake.asked) == 1

    with_resolver(use, zones=ZONES)


@pytest.mark.parametrize(
    ("name", "rtype", "rcode"),
    [
        ("www.example.com.", "A", dns.rcode.NOERROR),
        ("www.example.com.", "AAAA", dns.rcode.NOERROR),
        ("deep.example.com.", "A", dns.rcode.NOERROR),
        ("any.wild.example.com.", "A", dns.rcode.NOERROR),
        ("any.sub.example.com.", "A", dns.rcode.NOERROR),
        ("lacking.home.arpa.", "A", dns.rcode.NXDOMAIN),
        ("lacking.example.com.", "ANY", dns.rcode.NXDOMAIN),
    ],
)
def test_what_it_does_not_lack(name: str, rtype: str, rcode: dns.rcode.Rcode) -> None:
    """NODATA, wildcards and delegations are answers; special-use names are never forwarded."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(2):
            reply = await ask(name, rtype)
            assert reply.rcode() == rcode
            assert reply.answer or reply.authority
        assert fake.asked == []

    with_resolver(use, zones=ZONES)


@pytest.mark.parametrize("more", [{"client": STRANGER}, {"flags": 0}])
@pytest.mark.parametrize("name", ["lacking.example.com.", "chain.example.com."])
def test_others_get_the_answer_of_the_zone(name: str, more: dict[str, object]) -> None:
    """Also after the answer is kept, and the other way round."""

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        for _ in range(2):
            reply = await ask(name, **more)
            assert reply.rcode() == dns.rcode.NXDOMAIN
            assert reply.flags & dns.flags.AA
            assert reply.authority[0].name.to_text() == "example.com."
            assert rdatas(await ask(name))[-1] == "192.0.2.1"
        assert len(fake.asked) == 1

    with_resolver(use, zones=ZONES)


def test_a_chain_to_a_name_that_is_lacking() -> None:
    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("chain.example.com.", client=OTHER)
        assert rdatas(reply) == ["lacking.example.com.", "192.0.2.1"]
        assert (reply.rcode(), reply.authority) == (dns.rcode.NOERROR, [])

    with_resolver(use, zones=ZONES)


def test_a_name_that_nobody_has() -> None:
    def script(asked: Asked) -> Acts:
        return [asked.reply(rcode="NXDOMAIN")]

    async def use(ask: Ask, fake: FakeUpstream) -> None:
        reply = await ask("lacking.example.com.")
        assert reply.rcode() == dns.rcode.NXDOMAIN
        assert not reply.flags & dns.flags.AA

    with_resolver(use, script, zones=ZONES)


def test_without_upstreams_nothing_falls(tmp_path: Path) -> None:
    far = write_zones(
        tmp_path / "far",
        com="'': {type: NS, value: ns.example.com.}\nlacking: {type: A, value: 192.0.2.9}\n",
    )
    near = "'': {type: NS, value: ns.example.com., minidns: {fallthrough: true}}\n"
    zones = write_zones(tmp_path / "near", com=near)
    query = dns.message.make_query("lacking.example.com.", "A")
    with serving(far, "--no-forward") as upstream, serving(zones, "--no-forward") as alone:
        assert alone.ask(query).rcode() == dns.rcode.NXDOMAIN
        host, port = upstream.addresses[0]
        for more in ((), ("--workers", "2")):
            with serving(zones, "--forward", f"{host}:{port}", *more) as server:
                assert server.ask(query).answer[0][0].to_text() == "192.0.2.9"
                write_zones(zones, com=near.replace("true", "false"))
                server.wait_for("reloaded in")
                assert server.ask(query).rcode() == dns.rcode.NXDOMAIN
                write_zones(zones, com=near)
