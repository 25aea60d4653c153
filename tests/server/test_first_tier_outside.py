"""Kept names in the first tier: for clients that may ask, until the second is over; P20; RA."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest

from minidns.config import ForwardGroup, ResolverSettings, ServeSettings
from minidns.responder.responder import Policy
from minidns.server.listeners import open_listeners
from minidns.server.presenting import Presenting
from minidns.server.resolving import Resolving
from minidns.server.server import Server
from minidns.transport.tcp_limits import TcpLimits
from tests.server.loaded import catalog_of
from tests.server.test_resolving import ZONE
from tests.upstream.fake_upstream import Acts, Asked, FakeUpstream, answer_all, fake_upstream, run

SECONDS = 5.0
FRIEND, STRANGER = "127.0.0.1", "127.0.0.9"


class Subject:
    """A server that may resolve for FRIEND alone, and its upstream."""

    def __init__(self, server: Server, fake: FakeUpstream, port: int) -> None:
        self.server = server
        self.fake = fake
        self._port = port

    async def ask(
        self, name: str, source: str = FRIEND, is_tcp: bool = False
    ) -> dns.message.Message:
        exchange = dns.asyncquery.tcp if is_tcp else dns.asyncquery.udp
        query = dns.message.make_query(name, "A")
        return await exchange(query, "127.0.0.1", SECONDS, self._port, source)

    @property
    def held(self) -> int:
        """Replies in the first tier."""
        return sum(
            len(answers.replies)
            for responder in self.server.responders
            for answers in (responder.datagram_answers, responder.stream_answers)
        )

    @property
    def without_respond(self) -> int:
        """Queries answered from there, or by a reply that was recalled."""
        return sum(each.counters.from_cache for each in (*self.server.udp, self.server.tcp))

    @property
    def is_to_forget(self) -> bool:
        return self.server._forgetting is not None


def with_subject(
    use: Callable[[Subject], Awaitable[None]], script: Callable[[Asked], Acts] = answer_all
) -> None:
    async def main() -> None:
        async with fake_upstream(script) as fake:
            group = ForwardGroup((f"{fake.host}:{fake.port}",))
            resolver = ResolverSettings(forward=(group,), allow=(FRIEND,))
            settings = ServeSettings(listen=("127.0.0.1:0",), resolver=resolver)
            presenting = Presenting(settings)
            presenting.begin(catalog_of({"example.com.": ZONE}))
            assert presenting.clients is not None
            (listeners,) = open_listeners(settings)
            resolving = Resolving(resolver, presenting.clients.groups)
            moment = time.monotonic()
            for outside in resolving.outsides:
                outside.clock = lambda: moment  # all is in one second
            server = Server(
                presenting.catalogs[0],
                listeners,
                Policy(),
                TcpLimits(),
                resolving=resolving,
                presenting=presenting,
                monotonic=lambda: 0.0,  # a second has just begun
            )
            server.start(asyncio.get_running_loop())
            try:
                await use(Subject(server, fake, listeners.udp[0].getsockname()[1]))
            finally:
                await server.stop(0)

    run(main())


@pytest.mark.parametrize("is_tcp", [False, True])
def test_kept_names_come_from_the_first_tier_until_they_are_forgotten(is_tcp: bool) -> None:
    async def use(subject: Subject) -> None:
        first = await subject.ask("www.example.net.", is_tcp=is_tcp)
        second = await subject.ask("www.example.net.", is_tcp=is_tcp)  # from the cache
        assert not subject.is_to_forget
        third = await subject.ask("www.example.net.", is_tcp=is_tcp)  # recalled, and into it
        assert (subject.is_to_forget, subject.held) == (True, 1)
        fourth = await subject.ask("www.example.net.", is_tcp=is_tcp)
        assert subject.without_respond == 2
        for reply in (second, third, fourth):
            assert reply.answer[0].items.keys() == first.answer[0].items.keys()
            assert reply.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
            assert first.answer[0].ttl - 3 <= reply.answer[0].ttl <= first.answer[0].ttl
        subject.server._forget_passing()
        assert subject.held == 0
        await subject.ask("www.example.net.", is_tcp=is_tcp)  # recalled again
        assert (subject.without_respond, subject.held) == (3, 1)
        assert len(subject.fake.asked) == 1

    with_subject(use)


def test_what_a_friend_asked_is_not_told_a_stranger() -> None:
    async def use(subject: Subject) -> None:
        for _ in range(4):
            await subject.ask("www.example.net.")
        before = subject.without_respond
        assert before == 2
        reply = await subject.ask("www.example.net.", STRANGER)
        assert subject.without_respond == before
        assert reply.rcode() == dns.rcode.REFUSED
        assert not reply.flags & dns.flags.RA
        assert not reply.answer

    with_subject(use)


def test_a_zone_is_answered_with_ra_for_those_who_may_ask() -> None:
    """RFC 1035 section 4.1.1; dig warns without it."""

    async def use(subject: Subject) -> None:
        for name in ("www.example.com.", "no.example.com.", "www.example.com."):
            of_friend = await subject.ask(name)
            of_stranger = await subject.ask(name, STRANGER)
            assert of_friend.flags & dns.flags.RA
            assert not of_stranger.flags & dns.flags.RA
            of_friend.flags &= ~dns.flags.RA
            assert of_friend.flags == of_stranger.flags
            assert of_friend.answer == of_stranger.answer
            assert of_friend.authority == of_stranger.authority

    with_subject(use)


def test_p20_truncated_where_tcp_fails_is_passed_on() -> None:
    """RFC 5625 section 4.4: the client may ask over TCP, and is told there that it failed."""

    def script(asked: Asked) -> Acts:
        return [asked.truncated()] if asked.protocol == "udp" else []

    async def use(subject: Subject) -> None:
        subject.fake.close_tcp()
        reply = await subject.ask("large.example.net.")
        assert (reply.rcode(), reply.flags & dns.flags.TC) == (dns.rcode.NOERROR, dns.flags.TC)
        assert not reply.answer
        reply = await subject.ask("large.example.net.", is_tcp=True)
        assert (reply.rcode(), reply.flags & dns.flags.TC) == (dns.rcode.SERVFAIL, 0)

    with_subject(use, script)
