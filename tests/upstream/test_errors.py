"""Replies that are no answer: a bare header, one that is too long, TC that TCP cannot resolve."""

import asyncio
from collections.abc import Callable

import dns.flags
import dns.name
import dns.rcode
import pytest

from minidns.resolver.model import Failure, FailureKind, Protocol, Question
from minidns.upstream.exchange import Upstreams
from tests.upstream.fake_upstream import Acts, Asked, End, FakeUpstream, fake_upstream, run
from tests.upstream.test_exchange import ADDRESS, FORGED, LATE, QUESTION, SOON, addresses

ERRORS = ("FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")


def bare(asked: Asked, rcode: str, *, message_id: int | None = None) -> bytes:
    """A header alone: QDCOUNT=0, as old servers and middleboxes send it (RFC 8906 section 8)."""
    reply = asked.reply(rcode=rcode, message_id=message_id)
    reply.question = []
    reply.use_edns(-1)
    return reply.to_wire()


def ask(
    script: Callable[[Asked], Acts],
    check: Callable[[object, FakeUpstream, Upstreams], None],
    protocol: Protocol = Protocol.UDP,
    seconds: float = LATE,
    question: Question = QUESTION,
) -> None:
    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(protocol), question, seconds)
            check(reply, fake, upstreams)
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.TCP])
@pytest.mark.parametrize("rcode", ERRORS)
def test_a_bare_error_ends_the_attempt_and_is_no_answer(rcode: str, protocol: Protocol) -> None:
    def script(asked: Asked) -> Acts:
        return [bare(asked, rcode)] if asked.protocol == protocol.value else []

    def check(reply: object, fake: FakeUpstream, upstreams: Upstreams) -> None:
        assert isinstance(reply, Failure)
        assert (reply.kind, reply.rcode) == (FailureKind.RCODE, dns.rcode.from_text(rcode))
        assert rcode in reply.text
        assert len(fake.asked) == (2 if rcode == "FORMERR" else 1)
        counters = upstreams.counters
        assert (counters.replies, counters.mismatched, counters.unreachable) == (1, 0, 0)

    ask(script, check, protocol)


@pytest.mark.parametrize("rcode", ERRORS)
def test_a_bare_error_with_another_id_is_a_forgery(rcode: str) -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        return [bare(asked, rcode, message_id=asked.query.id ^ 0x100)]

    def check(reply: object, fake: FakeUpstream, upstreams: Upstreams) -> None:
        assert addresses(reply) == [ADDRESS]
        assert upstreams.counters.mismatched == 1

    ask(script, check)


def test_a_bare_header_without_an_error_is_a_forgery() -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        return [bare(asked, "NOERROR")]

    ask(script, lambda reply, *_: addresses_are(reply, ADDRESS))


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.TCP])
@pytest.mark.parametrize("is_bare", [True, False])
def test_formerr_is_asked_once_more_without_edns(is_bare: bool, protocol: Protocol) -> None:
    """RFC 6891 section 7: FORMERR without an OPT is what a server says that knows no EDNS."""

    def script(asked: Asked) -> Acts:
        if asked.query.edns < 0:
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        if is_bare:
            return [bare(asked, "FORMERR")]
        reply = asked.reply(rcode="FORMERR")
        reply.use_edns(-1)
        return [reply]

    def check(reply: object, fake: FakeUpstream, upstreams: Upstreams) -> None:
        assert addresses(reply) == [ADDRESS]
        assert [asked.query.edns for asked in fake.asked] == [0, -1]
        first, second = fake.asked
        assert first.protocol == second.protocol == protocol.value
        if protocol is Protocol.UDP:
            assert first.source != second.source

    ask(script, check, protocol)


def test_formerr_with_an_opt_is_no_lack_of_edns() -> None:
    def script(asked: Asked) -> Acts:
        return [asked.reply(rcode="FORMERR")]

    def check(reply: object, fake: FakeUpstream, upstreams: Upstreams) -> None:
        assert len(fake.asked) == 1

    ask(script, check)


def addresses_are(reply: object, *expected: str) -> None:
    assert addresses(reply) == list(expected)


def test_a_reply_longer_than_was_offered_is_not_believed() -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        long = [f"@ 300 A 203.0.113.{n}" for n in range(100)]
        assert len(asked.reply(*long).to_wire(max_size=65535)) > 1232
        return [asked.reply(*long)]

    def check(reply: object, fake: FakeUpstream, upstreams: Upstreams) -> None:
        assert addresses(reply) == [ADDRESS]
        assert [asked.protocol for asked in fake.asked] == ["udp", "tcp"]
        assert upstreams.counters.oversized == 1

    ask(script, check)


@pytest.mark.parametrize(("size", "protocols"), [(1232, ["udp"]), (1233, ["udp", "tcp"])])
def test_as_long_as_was_offered_is_believed(size: int, protocols: list[str]) -> None:
    def script(asked: Asked) -> Acts:
        plain = asked.reply(f"@ 300 A {ADDRESS}").to_wire()
        return [plain + bytes(size - len(plain))]

    ask(script, lambda _, fake, __: check_protocols(fake, protocols))


def check_protocols(fake: FakeUpstream, protocols: list[str]) -> None:
    assert [asked.protocol for asked in fake.asked] == protocols


def test_without_edns_the_bound_is_512() -> None:
    def script(asked: Asked) -> Acts:
        if asked.query.edns >= 0 and asked.protocol == "udp":
            return [bare(asked, "FORMERR")]
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        return [asked.reply(*[f"@ 300 A 203.0.113.{n}" for n in range(40)])]

    ask(script, lambda reply, *_: addresses_are(reply, ADDRESS))


@pytest.mark.parametrize("tcp", ["refused", "silent", "dies"])
def test_p20_truncated_and_no_tcp_is_said_to_be_truncated(tcp: str) -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "udp":
            return [asked.truncated(f"@ 300 A {FORGED}")]
        return [End.RESET] if tcp == "dies" else []

    async def main() -> None:
        async with fake_upstream(script) as fake:
            if tcp == "refused":
                fake.close_tcp()
                await asyncio.sleep(0)
            upstreams = Upstreams()
            reply = await upstreams.exchange(
                fake.upstream(), QUESTION, SOON if tcp == "silent" else LATE
            )
            assert isinstance(reply, Failure)
            assert reply.kind is FailureKind.TRUNCATED
            await upstreams.close()

    run(main())
