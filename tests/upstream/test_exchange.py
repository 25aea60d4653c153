"""The exchange with a fake upstream: what is sent, what is believed, what is left behind."""

import asyncio
import errno
import gc
import logging
import os
import select
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import dns.flags
import dns.name
import pytest

from minidns.errand import Errand, Signal
from minidns.resolver.model import Failure, FailureKind, Protocol, Question, Upstream
from minidns.sockets.linux import (
    IP_MTU_DISCOVER,
    IP_PMTUDISC_OMIT,
    IPV6_MTU_DISCOVER,
    IPV6_PMTUDISC_OMIT,
    IS_LINUX,
)
from minidns.upstream import datagram, resting, stream
from minidns.upstream.datagram import DatagramQuery
from minidns.upstream.exchange import Limits, Upstreams
from minidns.wire.plain_reply import PlainReply
from minidns.wire.reply import Reply
from minidns.wire.upstream_query import UpstreamQuery
from tests.upstream.fake_upstream import Acts, Asked, End, Flood, From, drop_all, fake_upstream, run

QUESTION = Question(dns.name.from_text("www.example.").to_wire(), 1)
ADDRESS = "192.0.2.1"
FORGED = "203.0.113.66"
SOON, LATE = 0.05, 10.0  # seconds; the second is for what comes at once


def addresses(reply: object) -> list[str]:
    if isinstance(reply, PlainReply):
        reply = reply.at_length()
    assert isinstance(reply, Reply), reply
    return [str(ip_address(record.rdata)) for record in reply.answer]


def descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else []


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before


def test_what_is_sent() -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            question = QUESTION._replace(dnssec_ok=True, checking_disabled=True)
            reply = await upstreams.exchange(fake.upstream(), question, LATE)
            assert addresses(reply) == [ADDRESS]
            (asked,) = fake.asked
            assert asked.text == "www.example. A"
            query = asked.query
            assert query.flags == dns.flags.RD | dns.flags.CD
            assert (query.payload, query.ednsflags, query.options) == (1232, dns.flags.DO, ())
            await upstreams.close()

    run(main())


def test_ids_ports_and_case_are_drawn() -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            for _ in range(200):
                await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert len({asked.query.id for asked in fake.asked}) > 190
            ports = [asked.source[1] for asked in fake.asked]
            assert len(set(ports)) > 190
            assert min(ports) >= 1024
            assert sum(port < 32_768 for port in ports) > 50  # no ephemeral range of the kernel's
            assert len({asked.qname.to_text() for asked in fake.asked}) > 100
            await upstreams.close()

    run(main())


@pytest.mark.parametrize(
    "lie",
    [
        {"message_id": 1},
        {"qname": "other.example."},
        {"qtype": "AAAA"},
    ],
)
def test_a_reply_that_does_not_match_leaves_it_to_tcp(lie: dict[str, object]) -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        if "message_id" in lie:
            lie["message_id"] = asked.query.id ^ 1
        return [
            asked.reply(f"@ 300 A {FORGED}", **lie),  # type: ignore[arg-type]
            asked.reply(f"@ 300 A {FORGED}"),  # too late: UDP is not believed any more
        ]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert [asked.protocol for asked in fake.asked] == ["udp", "tcp"]
            assert upstreams.counters.mismatched == 1
            await upstreams.close()

    run(main())


def test_from_elsewhere_is_not_even_seen() -> None:
    def script(asked: Asked) -> Acts:
        forged = asked.reply(f"@ 300 A {FORGED}")
        return [
            From("127.0.0.1", forged),
            From("127.0.0.2", forged),
            asked.reply(f"@ 300 A {ADDRESS}"),
        ]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert upstreams.counters.mismatched == 0
            await upstreams.close()

    run(main())


def test_a_flood_of_forged_replies() -> None:
    def script(asked: Asked) -> Acts:
        good = asked.reply(f"@ 300 A {ADDRESS}")
        if asked.protocol == "tcp":
            return [good]
        forged = asked.reply(f"@ 300 A {FORGED}").to_wire()
        others = [n.to_bytes(2, "big") + forged[2:] for n in range(3000) if n != asked.query.id]
        return [Flood(others), asked.reply(f"@ 300 A {FORGED}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            await upstreams.close()

    run(main())


def test_malformed_replies_do_not_end_the_wait() -> None:
    def script(asked: Asked) -> Acts:
        good = asked.reply(f"@ 300 A {ADDRESS}")
        return [good.to_wire()[:-3], good.to_wire()[:-20], good]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert upstreams.counters.malformed == 2
            await upstreams.close()

    run(main())


def test_truncated_is_asked_again_over_tcp() -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "udp":
            return [asked.truncated(f"@ 300 A {FORGED}")]
        return [asked.reply(f"@ 300 A {ADDRESS}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert upstreams.counters.truncated == 1
            await upstreams.close()

    run(main())


def test_an_upstream_that_loses_the_case(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def script(asked: Asked) -> Acts:
        lower = str(asked.qname).lower()
        return [asked.reply(f"{lower} 300 A {ADDRESS}", qname=lower)]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            question = Question(dns.name.from_text(f"{'x' * 60}.example.").to_wire(), 1)
            for _ in range(3):
                reply = await upstreams.exchange(fake.upstream(), question, LATE)
                assert addresses(reply) == [ADDRESS]
            assert [asked.protocol for asked in fake.asked] == ["udp", "tcp", "udp", "udp"]
            await upstreams.close()

    run(main())
    assert caplog.text.count("loses the case") == 1


def test_nobody_listens() -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            fake.close_udp()
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert isinstance(reply, Failure)
            assert (reply.kind, reply.text) == (FailureKind.UNREACHABLE, "Connection refused")
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.TCP])
def test_no_answer_in_time(protocol: Protocol) -> None:
    async def main() -> None:
        async with fake_upstream(drop_all) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(protocol), QUESTION, SOON)
            assert reply == Failure(FailureKind.TIMEOUT, "no answer within 0.05 s")
            assert (upstreams.counters.timed_out, upstreams.counters.in_flight) == (1, 0)
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("protocol", [Protocol.UDP, Protocol.TCP])
def test_given_up_by_the_client(protocol: Protocol) -> None:
    async def main() -> None:
        async with fake_upstream(drop_all) as fake:
            upstreams = Upstreams()
            asking = asyncio.ensure_future(
                upstreams.exchange(fake.upstream(protocol), QUESTION, LATE)
            )
            await fake.until_asked(1)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert upstreams.counters.in_flight == 0
            await upstreams.close()

    run(main())


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(per_upstream=2), "2 queries to this upstream"),
        (Limits(in_flight=2), "2 queries to upstreams"),
    ],
)
def test_bound_on_what_is_under_way(limits: Limits, words: str) -> None:
    async def main() -> None:
        async with fake_upstream(drop_all) as fake:
            upstreams = Upstreams(limits=limits)
            asks = [upstreams.exchange(fake.upstream(), QUESTION, SOON) for _ in range(3)]
            replies = await asyncio.gather(*asks)
            kinds = [reply.kind for reply in replies if isinstance(reply, Failure)]
            assert sorted(kinds, key=str) == [FailureKind.BUSY, *[FailureKind.TIMEOUT] * 2]
            assert any(isinstance(one, Failure) and words in one.text for one in replies)
            await upstreams.close()

    run(main())


def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    async def main() -> None:
        upstreams = Upstreams()
        with monkeypatch.context() as patch:
            patch.setattr(datagram, "make_socket", refuse)
            reply = await upstreams.exchange(Upstream("127.0.0.1", 53), QUESTION, LATE)
        assert reply == Failure(FailureKind.BUSY, "Too many open files")
        assert (upstreams.counters.refused_busy, upstreams.counters.unreachable) == (1, 0)
        await upstreams.close()

    run(main())


@pytest.mark.skipif(not IS_LINUX, reason="elsewhere there is no epoll")
def test_no_descriptor_left_for_the_first_query(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams(limits=Limits(in_flight=2))
            with monkeypatch.context() as patch:
                patch.setattr(select, "epoll", refuse)
                for _ in range(3):
                    reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
                    assert reply == Failure(FailureKind.BUSY, "Too many open files")
            assert upstreams.counters.in_flight == 0
            assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [ADDRESS]
            await upstreams.close()

    run(main())


def test_a_fault_of_ours_leaves_nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        upstreams = Upstreams()
        with monkeypatch.context() as patch:
            patch.setattr(os, "urandom", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                upstreams.exchange(Upstream("127.0.0.1", 9), QUESTION, LATE)
        assert upstreams.counters.in_flight == 0

    run(main())


def test_who_asks_again_while_it_closes_is_told_and_leaves_nothing_open() -> None:
    async def main() -> None:
        async with fake_upstream(drop_all) as fake:
            upstreams = Upstreams()

            async def ask_twice() -> list[object]:
                return [await upstreams.exchange(fake.upstream(), QUESTION, LATE) for _ in range(2)]

            asking = Errand(ask_twice())
            await fake.until_asked(1)
            await upstreams.close()
            assert asking.is_done
            assert asking.result()[1] == Failure(FailureKind.BUSY, "the server is stopping")
            assert upstreams.counters.in_flight == 0

    run(main())


def test_what_is_given_up_is_not_asked_again_without_edns(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            sent: list[int] = []

            async def ask(_: object, make: Callable[[bytes], UpstreamQuery]) -> Failure:
                sent.append(make(bytes(2)).payload)
                return Failure(FailureKind.RCODE, "FORMERR", 1)

            monkeypatch.setattr(stream.StreamUpstream, "ask", ask)
            answer = upstreams.exchange(fake.upstream(Protocol.TCP), QUESTION, LATE)
            assert isinstance(answer, Signal)
            await asyncio.sleep(0)  # the task has ended, and its end is on its way
            answer.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            assert (sent, upstreams.counters.in_flight) == ([1232], 0)
            await upstreams.close()

    run(main())


def test_many_queries_on_one_connection_in_any_order() -> None:
    held = asyncio.Event()

    def script(asked: Asked) -> Acts:
        good = asked.reply(f"@ 300 A 192.0.2.{len(asked.text.split('.')[0])}")
        return [held, good] if asked.text.startswith("a.") else [good]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            names = ["a", "bb", "ccc", "dddd"]
            asks = [
                asyncio.ensure_future(
                    upstreams.exchange(
                        fake.upstream(Protocol.TCP),
                        Question(dns.name.from_text(f"{name}.example.").to_wire(), 1),
                        LATE,
                    )
                )
                for name in names
            ]
            for asked, number in zip(asks[1:], (2, 3, 4), strict=True):
                assert addresses(await asked) == [f"192.0.2.{number}"]
            assert not asks[0].done()
            held.set()
            assert addresses(await asks[0]) == ["192.0.2.1"]
            assert fake.connections == 1
            assert len({asked.query.id for asked in fake.asked}) == 4
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("end", list(End))
def test_a_connection_that_dies_is_replaced(end: End) -> None:
    def script(asked: Asked) -> Acts:
        return [end] if asked.connection == 1 else [asked.reply(f"@ 300 A {ADDRESS}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            asks = [
                upstreams.exchange(fake.upstream(Protocol.TCP), QUESTION, LATE) for _ in range(5)
            ]
            for reply in await asyncio.gather(*asks):
                assert addresses(reply) == [ADDRESS]
            assert fake.connections == 2
            await upstreams.close()

    run(main())


def test_one_that_always_dies() -> None:
    async def main() -> None:
        async with fake_upstream(lambda _: [End.CLOSE]) as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(Protocol.TCP), QUESTION, LATE)
            assert isinstance(reply, Failure)
            assert reply.kind is FailureKind.UNREACHABLE
            assert len(fake.asked) == 2
            await upstreams.close()

    run(main())


def test_an_idle_connection_is_closed() -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams(limits=Limits(idle=0.0))
            for _ in range(2):
                reply = await upstreams.exchange(fake.upstream(Protocol.TCP), QUESTION, LATE)
                assert addresses(reply) == [ADDRESS]
                while fake.open_connections:
                    await asyncio.sleep(0)
            assert fake.connections == 2
            await upstreams.close()

    run(main())


def test_one_forged_reply_does_not_end_mixed_case() -> None:
    def script(asked: Asked) -> Acts:
        if asked.protocol == "udp" and not forged:
            forged.append(True)
            lower = str(asked.qname).lower()
            return [asked.reply(f"{lower} 300 A {FORGED}", qname=lower)]
        return [asked.reply(f"@ 300 A {ADDRESS}")]

    forged: list[bool] = []

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            question = Question(dns.name.from_text(f"{'x' * 60}.example.").to_wire(), 1)
            for _ in range(2):
                reply = await upstreams.exchange(fake.upstream(), question, LATE)
                assert addresses(reply) == [ADDRESS]
            assert not str(fake.asked[-1].qname).islower()
            await upstreams.close()

    run(main())


def test_a_silent_connection_is_replaced() -> None:
    def script(asked: Asked) -> Acts:
        return [] if asked.connection == 1 else [asked.reply(f"@ 300 A {ADDRESS}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            for _ in range(2):
                reply = await upstreams.exchange(fake.upstream(Protocol.TCP), QUESTION, SOON)
                assert isinstance(reply, Failure)
            reply = await upstreams.exchange(fake.upstream(Protocol.TCP), QUESTION, LATE)
            assert addresses(reply) == [ADDRESS]
            assert fake.connections == 2
            await upstreams.close()

    run(main())


def test_no_connection_after_the_end() -> None:
    async def main() -> None:
        async with fake_upstream(drop_all) as fake:
            upstreams = Upstreams()
            upstream = fake.upstream(Protocol.TCP)
            asks = [
                asyncio.ensure_future(upstreams.exchange(upstream, QUESTION, LATE))
                for _ in range(2)
            ]
            await fake.until_asked(2)
            await upstreams.close()
            for reply in await asyncio.gather(*asks):
                assert reply == Failure(FailureKind.UNREACHABLE, "the server is stopping")
            assert fake.connections == 1

    run(main())


def test_who_gives_up_does_not_end_the_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake may take longer than a question may wait."""
    go = asyncio.Event()
    connect = stream.StreamUpstream._open

    async def slow(self: stream.StreamUpstream) -> object:
        await go.wait()
        return await connect(self)

    monkeypatch.setattr(stream.StreamUpstream, "_open", slow)

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            upstream = fake.upstream(Protocol.TCP)
            reply = await upstreams.exchange(upstream, QUESTION, SOON)
            assert isinstance(reply, Failure)
            assert reply.kind is FailureKind.TIMEOUT
            asking = asyncio.ensure_future(upstreams.exchange(upstream, QUESTION, LATE))
            go.set()
            assert addresses(await asking) == [ADDRESS]
            assert fake.connections == 1
            await upstreams.close()

    run(main())


def test_over_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")

    async def main() -> None:
        async with fake_upstream(host="::1") as fake:
            upstreams = Upstreams()
            for protocol in (Protocol.UDP, Protocol.TCP):
                reply = await upstreams.exchange(fake.upstream(protocol), QUESTION, LATE)
                assert addresses(reply) == [ADDRESS]
            await upstreams.close()

    run(main())


def test_queries_of_one_turn_are_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream that sleeps between two of them has to be woken for each."""
    calls: list[str] = []

    class Told(socket.socket):
        def connect(self, *address: object) -> None:
            calls.append("connect")
            super().connect(*address)

        def send(self, *octets: object) -> int:
            calls.append("send")
            return super().send(*octets)

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            with monkeypatch.context() as patch:
                patch.setattr(datagram, "make_socket", Told)
                asks = [upstreams.exchange(fake.upstream(), QUESTION, LATE) for _ in range(3)]
                assert [addresses(await ask) for ask in asks] == [[ADDRESS]] * 3
            await upstreams.close()

    run(main())
    assert calls == ["connect"] * 3 + ["send"] * 3


def _left_for_a_collector(*kinds: type) -> int:
    """Of 20 queries, objects of these; it is switched off while queries come."""

    async def main() -> int:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            gc.collect()
            gc.disable()
            try:
                for _ in range(20):
                    await upstreams.exchange(fake.upstream(), QUESTION, LATE)
                await asyncio.sleep(0)  # a turn, so that the loop has done with the last one
                return sum(isinstance(one, kinds) for one in gc.get_objects())
            finally:
                gc.enable()
                await upstreams.close()

    left = []

    async def guarded() -> None:
        left.append(await main())

    run(guarded())
    return left[0]


def test_nothing_is_left_for_a_collector() -> None:
    assert _left_for_a_collector(DatagramQuery) == 0


@pytest.mark.parametrize("error", [errno.EADDRINUSE, errno.EADDRNOTAVAIL])
def test_a_port_that_cannot_be_had_leaves_nothing_for_a_collector(
    error: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of them in a row; the fault with its traceback would hold the socket."""

    class Taken(socket.socket):
        binds = 0

        def bind(self, address: object) -> None:
            self.binds += 1
            if self.binds < 4:
                raise OSError(error, "not this one")
            super().bind(address)

    monkeypatch.setattr(datagram, "make_socket", Taken)
    monkeypatch.setattr(resting, "ephemeral_ports", lambda: range(0))  # so that all are bound
    assert _left_for_a_collector(Taken, OSError) == 0


@pytest.mark.skipif(not IS_LINUX, reason="an option of Linux")
def test_p19_no_forged_icmp_message_makes_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[tuple[int, int]] = []

    class Told(socket.socket):
        def connect(self, *address: object) -> None:
            is_v4 = self.family == socket.AF_INET
            level, option = (
                (socket.IPPROTO_IP, IP_MTU_DISCOVER)
                if is_v4
                else (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER)
            )
            options.append((self.family, self.getsockopt(level, option)))
            super().connect(*address)

    async def main() -> None:
        upstreams = Upstreams()
        with monkeypatch.context() as patch:
            patch.setattr(datagram, "make_socket", Told)
            for address in ("127.0.0.1", "::1"):
                await upstreams.exchange(Upstream(address, 9), QUESTION, SOON)
        await upstreams.close()

    run(main())
    assert options[0] == (socket.AF_INET, IP_PMTUDISC_OMIT)
    assert options[1:] in ([], [(socket.AF_INET6, IPV6_PMTUDISC_OMIT)])  # without IPv6
