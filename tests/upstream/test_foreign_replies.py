"""Replies that are no replies to the query (rows P02 and P03), each kind by itself.

All come before the true one, from the upstream's own address and port unless it says otherwise. A
foreign message is counted and leaves the query to TCP; what comes from elsewhere is not even seen.
"""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdataclass
import dns.rdatatype
import pytest

from minidns.upstream.exchange import Upstreams
from tests.upstream.fake_upstream import Acts, Asked, From, fake_upstream, run
from tests.upstream.test_exchange import ADDRESS, FORGED, LATE, QUESTION, addresses

Lie = Callable[[dns.message.Message], None]


def other_id(reply: dns.message.Message) -> None:
    reply.id ^= 0x8000


def other_qname(reply: dns.message.Message) -> None:
    reply.question[0].name = dns.name.from_text("www.example.org.")


def other_qtype(reply: dns.message.Message) -> None:
    reply.question[0].rdtype = dns.rdatatype.AAAA


def other_qclass(reply: dns.message.Message) -> None:
    reply.question[0].rdclass = dns.rdataclass.CH


def other_opcode(reply: dns.message.Message) -> None:
    reply.set_opcode(dns.opcode.NOTIFY)


def a_query(reply: dns.message.Message) -> None:
    reply.flags &= ~dns.flags.QR


def no_question(reply: dns.message.Message) -> None:
    reply.question = []


LIES = [other_id, other_qname, other_qtype, other_qclass, other_opcode, a_query, no_question]


@pytest.mark.parametrize("lie", LIES)
def test_one_that_lies_is_counted_and_tcp_is_believed(lie: Lie) -> None:
    def script(asked: Asked) -> Acts:
        good = asked.reply(f"@ 300 A {ADDRESS}")
        if asked.protocol == "tcp":
            return [good]
        forged = asked.reply(f"@ 300 A {FORGED}")
        lie(forged)
        return [forged, asked.reply(f"@ 300 A {FORGED}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert [asked.protocol for asked in fake.asked] == ["udp", "tcp"]
            counters = upstreams.counters
            assert (counters.mismatched, counters.replies, counters.timed_out) == (1, 1, 0)
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("lie", LIES)
def test_over_tcp_one_that_lies_is_passed_over(lie: Lie) -> None:
    """Nobody else can write into a connection; what does not fit is no answer all the same."""

    def script(asked: Asked) -> Acts:
        if asked.protocol == "udp":
            return [asked.truncated()]
        forged = asked.reply(f"@ 300 A {FORGED}")
        lie(forged)
        return [forged, asked.reply(f"@ 300 A {ADDRESS}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert upstreams.counters.mismatched == 1
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("is_same_port", [False, True])
def test_what_comes_from_another_address_is_not_seen(is_same_port: bool) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:

            def script(asked: Asked) -> Acts:
                forged = asked.reply(f"@ 300 A {FORGED}")
                port = fake.port if is_same_port else 0
                return [From("127.0.0.2", forged, port), asked.reply(f"@ 300 A {ADDRESS}")]

            fake.script = script
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert [asked.protocol for asked in fake.asked] == ["udp"]
            assert upstreams.counters.mismatched == 0
            await upstreams.close()

    run(main())
