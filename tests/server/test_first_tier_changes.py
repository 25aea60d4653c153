"""Nothing in the first tier outlives what it was said by: lists, upstreams, the cache."""

from collections.abc import Awaitable, Callable

import dns.message
import dns.rcode
import pytest

from minidns.resolver.block_list import BlockList
from minidns.resolver.hosts import Hosts
from minidns.server.name_lists import NameLists
from minidns.server.resolving import Resolving
from minidns.upstream.address import parse_upstream
from tests.server.loaded import catalog_of
from tests.server.test_first_tier_outside import Subject, with_subject
from tests.server.test_resolving import ZONE

CHAIN = catalog_of({"example.com.": ZONE + "    printer 300 IN CNAME printer.example.net.\n"})


def _resolving_of(subject: Subject) -> Resolving:
    resolving = subject.server._resolving
    assert resolving is not None
    return resolving


def _with_chain(use: Callable[[Subject], Awaitable[None]]) -> None:
    async def use_with_chain(subject: Subject) -> None:
        subject.server.swap([CHAIN] * len(subject.server.responders))
        await use(subject)

    with_subject(use_with_chain)


def _rdatas(reply: dns.message.Message) -> list[str]:
    return [rdata.to_text() for rrset in reply.answer for rdata in rrset]


@pytest.mark.parametrize("is_tcp", [False, True])
def test_a_name_is_blocked_as_soon_as_the_list_is_there(is_tcp: bool) -> None:
    async def use(subject: Subject) -> None:
        for _ in range(4):
            reply = await subject.ask("www.example.net.", is_tcp=is_tcp)
            assert reply.rcode() == dns.rcode.NOERROR
        block = BlockList()
        block.add(b"www.example.net\n")
        _resolving_of(subject).take_lists(NameLists(None, block, []))
        reply = await subject.ask("www.example.net.", is_tcp=is_tcp)
        assert reply.rcode() == dns.rcode.NXDOMAIN

    with_subject(use)


def test_a_chain_from_a_zone_leads_to_a_hosts_file_as_soon_as_that_is_there() -> None:
    async def use(subject: Subject) -> None:
        resolving = _resolving_of(subject)
        resolving.take_upstreams(())
        for _ in range(2):
            assert _rdatas(await subject.ask("printer.example.com.")) == ["printer.example.net."]
        hosts = Hosts()
        hosts.add(b"192.0.2.7 printer.example.net\n")
        resolving.take_lists(NameLists(hosts, None, []))
        reply = await subject.ask("printer.example.com.")
        assert _rdatas(reply) == ["printer.example.net.", "192.0.2.7"]

    _with_chain(use)


def test_a_chain_from_a_zone_is_followed_as_soon_as_there_are_upstreams() -> None:
    async def use(subject: Subject) -> None:
        resolving = _resolving_of(subject)
        resolving.take_upstreams(())
        for _ in range(2):
            assert _rdatas(await subject.ask("printer.example.com.")) == ["printer.example.net."]
        resolving.take_upstreams((parse_upstream(f"{subject.fake.host}:{subject.fake.port}"),))
        reply = await subject.ask("printer.example.com.")
        assert _rdatas(reply) == ["printer.example.net.", "192.0.2.1"]

    _with_chain(use)


@pytest.mark.parametrize("words", [["flush"], ["flush", "example.net"]])
def test_a_flush_is_one_of_the_first_tier_too(words: list[str]) -> None:
    async def use(subject: Subject) -> None:
        for _ in range(4):
            await subject.ask("www.example.net.")
        before = len(subject.fake.asked)
        assert list(subject.server.run_cache_command(words)) == ["flushed 1"]
        await subject.ask("www.example.net.")
        assert len(subject.fake.asked) == before + 1

    with_subject(use)
