"""P24: a public name does not lead to a private address through a name that is answered here."""

import dns.edns
import dns.rcode
import pytest

from tests.server.test_resolving import ZONE, Ask, extended_errors, rdatas, with_resolver
from tests.upstream.fake_upstream import Acts, Asked, FakeUpstream

INSIDE = ZONE + "    nas 300 IN A 192.168.1.5\n"
TARGETS = {"a.example.net.": "localhost.", "b.example.net.": "nas.example.com."}


def _alias(asked: Asked) -> Acts:
    return [asked.reply(f"@ 300 CNAME {TARGETS[asked.text.split()[0]]}")]


@pytest.mark.parametrize("name", TARGETS)
def test_a_chain_from_a_public_name_to_a_private_address_of_ours_is_empty(name: str) -> None:
    async def use(ask: Ask, _: FakeUpstream) -> None:
        for _again in range(2):  # from upstream, and when the first part is kept
            reply = await ask(name, use_edns=0)
            assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
            assert extended_errors(reply) == [dns.edns.EDECode.FILTERED]

    with_resolver(use, _alias, zones={"example.com.": INSIDE})


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "255.255.255.255", "::", "fec0::1", "2002:7f00:1::"]
)
def test_addresses_that_no_public_name_may_have(address: str) -> None:
    rtype = "AAAA" if ":" in address else "A"

    async def use(ask: Ask, _: FakeUpstream) -> None:
        reply = await ask("c.example.net.", rtype, use_edns=0)
        assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
        assert extended_errors(reply) == [dns.edns.EDECode.FILTERED]

    with_resolver(use, lambda asked: [asked.reply(f"@ 300 {rtype} {address}")])


def test_names_of_private_domains_may_be_at_the_end_of_it() -> None:
    async def use(ask: Ask, _: FakeUpstream) -> None:
        assert rdatas(await ask("b.example.net.")) == ["nas.example.com.", "192.168.1.5"]

    zones = {"example.com.": INSIDE}
    with_resolver(use, _alias, zones=zones, private_domains=("example.com",))


def test_who_asks_for_the_name_here_gets_its_address() -> None:
    async def use(ask: Ask, _: FakeUpstream) -> None:
        assert rdatas(await ask("nas.example.com.")) == ["192.168.1.5"]
        assert rdatas(await ask("localhost.")) == ["127.0.0.1"]

    with_resolver(use, zones={"example.com.": INSIDE})
