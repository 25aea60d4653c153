"""Sockets that serve one query after another: each on a port of its own, and with its reply alone.

Here the kernel draws every port, where it draws those of its own range otherwise.
"""

import asyncio
import errno
import os
import select
import selectors
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from minidns.errand import Errand
from minidns.resolver.model import Failure, FailureKind, Question, Upstream
from minidns.sockets import ephemeral
from minidns.sockets.ephemeral import GiveBack
from minidns.sockets.linux import IS_LINUX
from minidns.upstream import arrivals, datagram, exchange, resting
from minidns.upstream.exchange import Upstreams
from minidns.upstream.resting import IDLE_SECONDS, MOST, RestingSockets
from tests.upstream.fake_upstream import PATIENCE, Acts, Asked, fake_upstream, run
from tests.upstream.test_exchange import (
    ADDRESS,
    FORGED,
    LATE,
    QUESTION,
    addresses,
    nothing_left_open,  # noqa: F401 - a fixture that each test here has
)
from tests.upstream.test_forgery import MAX_OF_63, MAX_OF_64, chi_squared

pytestmark = pytest.mark.skipif(
    not IS_LINUX or ephemeral.load_give_back() is None, reason="no port is given back here"
)
OTHER = "192.0.2.2"
epoll = getattr(select, "epoll", None)


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
            open_now = []
            for _ in range(4):
                seconds = 0.0 if what == "silence" else LATE
                await upstreams.exchange(fake.upstream(), QUESTION, seconds)
                open_now.append(len(os.listdir("/proc/self/fd")))
            assert len(made) == 4
            assert len(set(open_now)) == 1
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


@pytest.mark.parametrize("hops", range(6))
def test_nor_where_it_is_named_in_one_look_with_another_reply(
    made: list[int], monkeypatch: pytest.MonkeyPatch, hops: int
) -> None:
    """Whoever waited for that one asks again at once, inside of that look.

    The reply that he waited for leaves so many turns of the loop after his query.
    """
    seen = 0

    async def script(asked: Asked) -> None:
        nonlocal seen
        seen += 1
        number = seen
        good = asked.reply(f"@ 300 A {ADDRESS}").to_wire()
        for _ in range({1: 0, 2: hops}.get(number, 4)):
            await asyncio.sleep(0)
        fake_socket.sendto(good, asked.source)
        if number == 1:
            fake_socket.sendto(asked.reply(f"@ 300 A {FORGED}").to_wire(), asked.source)

    async def chain(upstreams: Upstreams, upstream: Upstream, count: int) -> list[str]:
        found = []
        for _ in range(count):
            found += addresses(await upstreams.exchange(upstream, QUESTION, LATE))
        return found

    async def main() -> None:
        loop = asyncio.get_running_loop()
        tasks = set()

        def take() -> None:
            while True:
                try:
                    wire, source = fake_socket.recvfrom(512)
                except BlockingIOError:
                    return
                tasks.add(loop.create_task(script(Asked(wire, "udp", source, 0))))

        fake_socket.setblocking(False)
        fake_socket.bind(("127.0.0.1", 0))
        loop.add_reader(fake_socket, take)
        upstream = Upstream(*fake_socket.getsockname())
        upstreams = Upstreams()
        monkeypatch.setattr(exchange.os, "urandom", lambda octets: b"\x77" * octets)
        works = [Errand(chain(upstreams, upstream, count)) for count in (1, 2)]
        while not all(work.is_done for work in works):
            await asyncio.sleep(0)
        assert [work.result() for work in works] == [[ADDRESS], [ADDRESS] * 2]
        await asyncio.gather(*tasks)
        loop.remove_reader(fake_socket)
        await upstreams.close()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as fake_socket:
        run(main())


@pytest.mark.parametrize("rested", [0, 2])
def test_one_that_cannot_be_connected_is_closed(made: list[int], rested: int) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            nobody = Upstream("255.255.255.255", 53)  # wants SO_BROADCAST
            assert isinstance(await upstreams.exchange(nobody, QUESTION, LATE), Failure)
            for _ in range(rested):
                await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            open_now = len(os.listdir("/proc/self/fd"))
            assert isinstance(await upstreams.exchange(nobody, QUESTION, LATE), Failure)
            assert open_now - len(os.listdir("/proc/self/fd")) == rested // 2
            for _ in range(2):
                reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
                assert addresses(reply) == [ADDRESS]
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("rested", [0, 2])
def test_ports_of_the_kernel_s_that_are_all_taken(
    made: list[int], monkeypatch: pytest.MonkeyPatch, rested: int
) -> None:
    """Others are not."""
    is_full = False

    class Full(socket.SocketType):
        def connect(self, *address: object) -> None:
            if is_full and not self.getsockname()[1]:
                raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
            super().connect(*address)

    async def main() -> None:
        nonlocal is_full
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            monkeypatch.setattr(datagram, "make_socket", Full)
            for _ in range(rested):
                await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            is_full = True
            for _ in range(4):
                reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
                assert addresses(reply) == [ADDRESS]
            await upstreams.close()

    run(main())


def test_those_that_rest_make_room_for_who_has_no_descriptor(
    made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            asks = [upstreams.exchange(fake.upstream(), QUESTION, LATE) for _ in range(5)]
            await asyncio.gather(*asks)
            full = len(os.listdir("/proc/self/fd"))

            def make(family: int, kind: int) -> socket.SocketType:
                if len(os.listdir("/proc/self/fd")) >= full:
                    raise OSError(errno.EMFILE, "Too many open files")
                return socket.SocketType(family, kind)

            monkeypatch.setattr(datagram, "make_socket", make)
            other = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert addresses(other) == [ADDRESS]
            await upstreams.close()

    run(main())


@pytest.mark.parametrize("has_epoll", [True, False])
def test_nothing_is_watched_that_is_closed(
    monkeypatch: pytest.MonkeyPatch, has_epoll: bool
) -> None:
    """By select(2), which fails where it is; without epoll the loop watches each socket."""
    if not has_epoll:
        monkeypatch.delattr(select, "epoll")
    monkeypatch.setattr(resting, "ephemeral_ports", lambda: range(0, 65_536, 2))

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            for nobody in ("255.255.255.255", "127.0.0.1"):
                for _ in range(4):
                    failed = await upstreams.exchange(Upstream(nobody, 9), QUESTION, LATE)
                    assert isinstance(failed, Failure)
                    reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
                    assert addresses(reply) == [ADDRESS]
            given_up = Errand(_wait_for(upstreams.exchange(fake.upstream(), QUESTION, LATE)))
            given_up.cancel()
            await upstreams.close()
            await asyncio.sleep(0)

    async def _wait_for(ask: Awaitable[object]) -> None:
        await ask

    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(asyncio.wait_for(main(), PATIENCE))


class Epoll:
    """One of the kernel's, whose looks are counted; it may be full."""

    looks = 0
    is_full = False

    def __init__(self) -> None:
        self._epoll = epoll()
        self.fileno = self._epoll.fileno
        self.unregister = self._epoll.unregister
        self.close = self._epoll.close

    @property
    def closed(self) -> bool:
        return self._epoll.closed

    def register(self, descriptor: int, events: int) -> None:
        if Epoll.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._epoll.register(descriptor, events)

    def poll(self, *arguments: Any) -> list[tuple[int, int]]:
        Epoll.looks += 1
        return self._epoll.poll(*arguments)


@pytest.mark.usefixtures("made")
def test_where_no_more_can_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "epoll", Epoll)
    monkeypatch.setattr(Epoll, "is_full", True)

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert isinstance(reply, Failure)
            assert reply.text == "No space left on device"
            Epoll.is_full = False
            assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [ADDRESS]
            await upstreams.close()

    run(main())


def test_what_another_process_has_as_well_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closed here, it would be in the epoll still, and be named at each look."""
    copies: list[int] = []
    monkeypatch.setattr(select, "epoll", Epoll)
    monkeypatch.setattr(resting, "ephemeral_ports", lambda: range(0))

    def make(family: int, kind: int) -> socket.SocketType:
        sock = socket.SocketType(family, kind)
        copies.append(os.dup(sock.fileno()))
        return sock

    def script(asked: Asked) -> Acts:
        return [asked.reply(f"@ 300 A {ADDRESS}"), asked.reply(f"@ 300 A {FORGED}")]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            monkeypatch.setattr(datagram, "make_socket", make)
            assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [ADDRESS]
            before = Epoll.looks
            for _ in range(20):
                await asyncio.sleep(0)
            assert Epoll.looks == before
            await upstreams.close()
            for copy in copies:
                os.close(copy)

    run(main())


def test_a_fault_of_ours_is_told_once(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not read is not told of again; the query is over, as if nothing had come."""
    told: list[dict[str, Any]] = []

    class Faulty(socket.SocketType):
        def recv(self, *_: object) -> bytes:
            raise ZeroDivisionError

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            with monkeypatch.context() as patch:
                patch.setattr(datagram, "make_socket", Faulty)
                reply = await upstreams.exchange(fake.upstream(), QUESTION, LATE)
            assert isinstance(reply, Failure)
            assert reply.kind is FailureKind.TIMEOUT
            assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [ADDRESS]
            await upstreams.close()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert [type(one["exception"]) for one in told] == [ZeroDivisionError]


def test_a_generator_that_gives_nothing_but_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends no loop of ours: the kernel draws a port then."""

    async def main() -> None:
        async with fake_upstream() as fake:
            upstreams = Upstreams()
            monkeypatch.setattr(exchange.os, "urandom", bytes)
            assert addresses(await upstreams.exchange(fake.upstream(), QUESTION, LATE)) == [ADDRESS]
            assert fake.asked[0].source[1] >= 1024
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


def _close(sock: socket.SocketType) -> None:
    sock.close()


def _make(family: int = socket.AF_INET) -> socket.SocketType:
    return socket.SocketType(family, socket.SOCK_DGRAM)


def _sockets(clock: Clock, give_back: GiveBack | None = lambda _: True) -> RestingSockets:
    return RestingSockets(clock, _close, give_back)  # type: ignore[arg-type]


def test_closed_when_none_was_wanted_for_a_while() -> None:
    clock = Clock()
    sockets = _sockets(clock)
    sockets.look_up()
    for _ in range(2):
        sockets.rest(_make())
    sockets.look([], True)
    lent = sockets.take(socket.AF_INET)
    assert lent is not None
    clock.go_off()
    assert len(sockets) == 1
    sockets.rest(lent)
    clock.go_off()
    assert (len(sockets), clock.calls, sockets.are_known) == (0, [], False)
    assert lent.fileno() == -1
    assert sockets.take(socket.AF_INET) is None
    sockets.look_up()
    sockets.rest(_make())
    sockets.close()
    assert (len(sockets), clock.calls) == (0, [])


def test_ports_are_looked_up_again_while_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are set while the server runs."""
    monkeypatch.setattr(resting, "ephemeral_ports", lambda: range(*now))
    clock = Clock()
    sockets = _sockets(clock)
    now = 2000, 3000
    sockets.look_up()
    assert 2500 in sockets.ports
    now = 5000, 6000
    sockets.take(socket.AF_INET)
    clock.go_off()
    assert 2500 not in sockets.ports
    assert 5500 in sockets.ports
    sockets.close()


@pytest.mark.parametrize("give_back", [None, lambda _: False])
def test_none_rests_where_no_port_is_given_back(give_back: GiveBack | None) -> None:
    clock = Clock()
    sockets = _sockets(clock, give_back)
    sockets.look_up()
    assert give_back is not None or not sockets.ports
    sock = _make()
    sockets.rest(sock)
    assert (len(sockets), sock.fileno()) == (0, -1)
    sockets.close()


@pytest.mark.parametrize("is_seen", [True, False])
def test_those_that_are_named_are_closed_and_not_counted(is_seen: bool) -> None:
    sockets = _sockets(Clock())
    for _ in range(2):
        rested = [_make() for _ in range(MOST)]
        for sock in rested:
            sockets.rest(sock)
        if is_seen:
            sockets.look([], True)
        sockets.look([sock.fileno() for sock in rested], True)
        assert len(sockets) == 0
        assert {sock.fileno() for sock in rested} == {-1}
        assert sockets.take(socket.AF_INET) is None


def test_none_of_another_family_is_lent() -> None:
    sockets = _sockets(Clock())
    try:
        sockets.rest(_make(socket.AF_INET6))
    except OSError:
        pytest.skip("no IPv6")
    sockets.look([], True)
    assert sockets.take(socket.AF_INET) is None
    assert len(sockets) == 1
    sockets.close_all()


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
    assert chi_squared((port % 64 for port in ports), 64) < MAX_OF_64
    assert len(set(ports)) > 2800  # 2,931 are to be expected
