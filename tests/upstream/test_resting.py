"""Sockets that serve one query after another: each on a port of its own, and with its reply alone.

Here the kernel draws every port, where it draws those of its own range otherwise.
"""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from minidns.resolver.model import Failure, Question, Upstream
from minidns.sockets import ephemeral
from minidns.sockets.linux import IS_LINUX
from minidns.upstream import arrivals, datagram, exchange, resting
from minidns.upstream.exchange import Upstreams
from minidns.upstream.resting import IDLE_SECONDS, MOST, RestingSockets
from tests.upstream.fake_upstream import Acts, Asked, fake_upstream, run
from tests.upstream.test_exchange import (
    ADDRESS,
    FORGED,
    LATE,
    QUESTION,
    addresses,
    nothing_left_open,  # noqa: F401 - a fixture that each test here has
)
from tests.upstream.test_forgery import MAX_OF_63, chi_squared

pytestmark = pytest.mark.skipif(
    not IS_LINUX or ephemeral.load_give_back() is None, reason="no port is given back here"
)
OTHER = "192.0.2.2"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The families of the sockets that queries made, all of which have a port of the kernel's."""
    families: list[int] = []

    def make(family: int, kind: int) -> socket.SocketType:
        families.append(family)
        return socket.SocketType(family, kind)

    monkeypatch.setattr(datagram, "make_socket", make)
    monkeypatch.setattr(resting, "ephemeral_ports", lambda: range(65_536))
    return families


def test_one_socket_serves_many_queries_from_many_ports(made: list[int]) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            for _ in range(100):
                assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [
                    ADDRESS
                ]
            assert len(made) == 2  # the first rests unseen while the second query is asked
            assert len({asked.source for asked in fake.asked}) > 90
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("records", [(), ("@ 300 A 192.0.2.1", "@ 300 TXT text")])
def test_after_any_reply(made: list[int], records: tuple[str, ...]) -> None:
    """NODATA, and one that is not plain."""

    async def main() -> None:
        async with fake_upstream(lambda asked: [asked.reply(*records)]) as fake:
            upstreams = Upstreams()
            for _ in range(4):
                await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert len(made) == 2
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("what", ["silence", "mismatch", "truncated", "error"])
def test_not_after_anything_else(made: list[int], what: str) -> None:
    def script(asked: Asked) -> Acts:
        if what == "silence":
            return []
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {ADDRESS}")]
        if what == "mismatch":
            return [asked.reply(f"@ 300 A {FORGED}", message_id=asked.query.id ^ 1)]
        if what == "truncated":
            return [asked.truncated()]
        return [asked.query.id.to_bytes(2) + b"\x80\x02" + bytes(8)]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            for _ in range(4):
                seconds = 0.0 if what == "silence" else LATE
                await upstreams.exchange(fake.upstream(), QUESTION, seconds)
            assert len(made) == 4
            await upstreams.close()

    run(main())


def test_what_came_for_the_old_port_is_not_the_next_query_s(
    made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if it is right in everything: ID, question, case, address and port of the other."""

    def script(asked: Asked) -> Acts:
        if len(fakes[0].asked) == 1:
            return [asked.reply(f"@ 300 A {ADDRESS}"), asked.reply(f"@ 300 A {FORGED}")]
        return [asked.reply(f"@ 300 A {OTHER}")]

    fakes: list[Any] = []

    async def main() -> None:
        async with fake_upstream(script) as fake:
            fakes.append(fake)
            upstreams = Upstreams()
            monkeypatch.setattr(exchange.os, "urandom", lambda octets: b"\x77" * octets)
            answers = []
            for _ in range(4):
                reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
                answers += addresses(reply)
            assert answers == [ADDRESS, OTHER, OTHER, OTHER]
            assert len({asked.wire for asked in fake.asked}) == 1
            # The first socket is closed, named without a query; the second one serves twice.
            assert len(made) == 3
            assert upstreams.counters.mismatched == 0
            await upstreams.close()

    run(main())


def test_a_look_that_might_name_more_says_nothing_of_those_it_did_not_name(
    made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_MAX_EVENTS", 1)

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            for _ in range(5):
                await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert len(made) == 5
            await upstreams.close()

    run(main())


def test_each_family_has_its_own(made: list[int]) -> None:
    async def main() -> None:
        async with fake_upstream() as one, fake_upstream(host="::1") as other:
            upstreams = Upstreams()
            for _ in range(3):
                for fake in (one, other):
                    await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert Counter(made) == {socket.AF_INET: 1, socket.AF_INET6: 1}
            await upstreams.close()

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6")
    run(main())


def test_one_that_cannot_be_connected_again_is_closed(made: list[int]) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            for _ in range(2):
                await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            nobody = Upstream("255.255.255.255", 53)  # wants SO_BROADCAST
            assert isinstance(await upstreams.exchange(nobody, QUESTION, LATE), Failure)
            assert len(made) == 2
            assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [ADDRESS]
            await upstreams.close()

    run(main())


def test_many_at_once_and_no_more_than_may_rest(made: list[int]) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            asks = [upstreams.exchange(fake.upstream(), QUESTION, LATE) for _ in range(MOST + 9)]
            await asyncio.gather(*asks)
            open_now = len(os.listdir("/proc/self/fd"))
            await upstreams.close()
            assert open_now - len(os.listdir("/proc/self/fd")) == MOST + 1  # the epoll

    run(main())


class Clock:
    """The timers of a loop, of which one is set at most."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, call: Callable[[], None]) -> "Clock":
        assert not self.calls
        self.calls.append((seconds, call))
        return self

    def cancel(self) -> None:
        self.calls.clear()

    def go_off(self) -> None:
        (seconds, call) = self.calls.pop()
        assert seconds == IDLE_SECONDS
        call()


def test_closed_when_none_was_wanted_for_a_while() -> None:
    clock = Clock()
    resting = RestingSockets(clock)  # type: ignore[arg-type]
    for _ in range(2):
        resting.rest(socket.SocketType(socket.AF_INET, socket.SOCK_DGRAM))
    resting.look([], True)
    lent = resting.take(socket.AF_INET)
    assert lent is not None
    clock.go_off()
    assert len(resting) == 1
    resting.rest(lent)
    clock.go_off()
    assert (len(resting), clock.calls) == (0, [])
    assert lent.fileno() == -1
    assert resting.take(socket.AF_INET) is None
    resting.rest(socket.SocketType(socket.AF_INET, socket.SOCK_DGRAM))
    resting.close()
    assert (len(resting), clock.calls) == (0, [])


def test_none_rests_where_no_port_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "load_give_back", lambda: None)
    sockets = RestingSockets(Clock())  # type: ignore[arg-type]
    assert 40_000 not in sockets.ports
    sock = socket.SocketType(socket.AF_INET, socket.SOCK_DGRAM)
    sockets.rest(sock)
    assert (len(sockets), sock.fileno()) == (0, -1)


def test_p01_ports_are_chance_whoever_draws_them() -> None:
    """As all of them that are not answered; here the sockets of two in five serve again."""
    ports: list[int] = []

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            for number in range(60):
                questions = [
                    Question(b"\x05%02d-%02d\x07example\x00" % (number, each), 1)
                    for each in range(50)
                ]
                await asyncio.gather(
                    *(upstreams.exchange(fake.upstream(), one, LATE) for one in questions)
                )
            ports.extend(asked.source[1] for asked in fake.asked)
            await upstreams.close()

    run(main())
    assert min(ports) >= 1024
    assert chi_squared((port // 1024 - 1 for port in ports), 63) < MAX_OF_63
    assert len(set(ports)) > 2800  # 2,931 are to be expected
