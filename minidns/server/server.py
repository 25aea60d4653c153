"""A server in a running event loop: one responder behind every socket, over UDP and TCP.

Neither binds nor loads, and knows no signal, so that a test suite can start one of its own. Clocks
are given; the secrets of cookies are made here where none are given, and follow their periods.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from minidns.config import ResolverSettings
from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.room import make_rooms
from minidns.server.cookie_secrets import CookieSecrets, make_cookie_secrets
from minidns.server.listeners import Listeners
from minidns.server.presenting import Presenting
from minidns.transport import AnswersByClient, Respond
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_limits import TcpLimits
from minidns.transport.udp import UdpServer
from minidns.zone.model import Catalog

if TYPE_CHECKING:
    from minidns.server.client_views import ClientViews
    from minidns.server.control_socket import Command, ControlSocket
    from minidns.server.resolving import Resolving
    from minidns.server.sources import Sources
    from minidns.server.trace import Write
    from minidns.server.zone_troubles import ZoneTroubles

_SPARE = 0.1  # seconds


def make_resolving(
    settings: ResolverSettings,
    clients: "ClientViews | None" = None,
    sources: "Sources | None" = None,
    worker: int = 0,
) -> "Resolving | None":
    """None where names outside are not asked for; then nothing of it is even imported."""
    if not (settings.is_on or settings.hosts):
        return None
    from minidns.server.resolving import Resolving

    if clients is None:
        return Resolving(settings, None, sources, worker=worker)
    return Resolving(settings, clients.groups, sources, clients.sight_texts, worker)


def make_trace(is_on: bool, worker: int = 0) -> "Write | None":
    """Where a line for each query goes: standard error, or nowhere."""
    if not is_on:
        return None
    from minidns.server.trace import stderr_writer

    return stderr_writer(worker)


class Server:
    """Answers on `listeners` from `catalog` between `start()` and `stop()`, which closes them.

    `monotonic` is the clock of `secrets`. Without `resolving` names outside are refused. `trace`
    is given a line for each query. With `presenting` each class of clients is answered from its
    own catalog, and `catalog` is not looked at.
    """

    def __init__(
        self,
        catalog: Catalog,
        listeners: Listeners,
        policy: Policy,
        tcp_limits: TcpLimits,
        secrets: CookieSecrets | None = None,
        resolving: "Resolving | None" = None,
        unix_time: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        trace: "Write | None" = None,
        presenting: Presenting | None = None,
        troubles: "ZoneTroubles | None" = None,
    ) -> None:
        self.listeners = listeners
        self._monotonic = monotonic
        self._secrets = secrets or make_cookie_secrets(monotonic())
        self._cookies = Cookies(*self._secrets.at(monotonic()))
        self._rotation: asyncio.TimerHandle | None = None
        self._resolving = resolving
        self._troubles = troubles
        self._control: ControlSocket | None = None
        catalogs = presenting.catalogs if presenting else (catalog,)
        clients = presenting.clients if presenting else None
        sights = clients.sights if clients else (0,)
        resolves = clients.resolves if clients else (False,)
        outsides = resolving.outsides if resolving else [None] * (max(sights) + 1)
        rooms = make_rooms(policy.answer_cache)
        self.responders = [
            Responder(
                of_class, policy, self._cookies, unix_time, outsides[sight], may_resolve, rooms
            )
            for of_class, sight, may_resolve in zip(catalogs, sights, resolves, strict=True)
        ]
        self._forgetting: asyncio.TimerHandle | None = None
        self.responder = responder = self.responders[0]
        respond: Respond = responder.respond
        by_client: list[AnswersByClient | None] = [None, None]
        if clients:
            from minidns.responder.client_classes import ByClient, respond_by_class

            class_of = clients.classes.class_of
            respond = respond_by_class(class_of, self.responders)
            by_client = [
                ByClient(class_of, [each.datagram_answers.replies for each in self.responders]),
                ByClient(class_of, [each.stream_answers.replies for each in self.responders]),
            ]
        self.udp: list[UdpServer]
        self.tcp: TcpServer
        if trace is not None:
            from minidns.server.trace import traced_transports

            self.udp, self.tcp = traced_transports(listeners, respond, tcp_limits, trace)
            return
        answers = responder.datagram_answers.replies
        self.udp = [
            UdpServer(sock, respond, answers, by_client=by_client[0]) for sock in listeners.udp
        ]
        # One for all listeners: the limits on connections are those of the process.
        self.tcp = TcpServer(
            listeners.tcp,
            respond,
            responder.stream_answers.replies,
            limits=tcp_limits,
            by_client=by_client[1],
        )

    def swap(self, catalogs: Sequence[Catalog]) -> None:
        """Answer from other zones from now on, each class of clients from its own."""
        for responder, catalog in zip(self.responders, catalogs, strict=True):
            responder.swap(catalog)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer from now on."""
        self._await_period(loop)
        for each in self.udp:
            each.start(loop)
        self.tcp.start(loop)
        for responder in self.responders:
            responder.call_on_passing(partial(self._await_second, loop))
        if self._resolving is not None:
            self._resolving.start(loop)

    async def open_control(self, path: Path | None, worker: int = 0) -> None:
        """Let this user ask what the server does, at `path` or in the place for such sockets.

        `worker` is its number among several. Where it cannot be opened the log says why.
        """
        from minidns.server.control import health_command, open_control, sockets_command

        commands: dict[str, Command] = {
            "cache": self.run_cache_command,
            "health": health_command(self._troubles, self._resolving),
            "sockets": sockets_command(self.listeners, self.udp, self.tcp, self._resolving, worker),
        }
        first, *_ = self.listeners.udp + self.listeners.tcp
        self._control = await open_control(commands, path, first, worker)

    def count_queries(self) -> int:
        """How many came so far."""
        return sum(each.counters.queries for each in self.udp) + self.tcp.counters.queries

    def run_cache_command(self, words: Sequence[str]) -> Iterable[str]:
        """As `control_socket.Command`; what is flushed is not in the first tier any more either."""
        from minidns.server.control import cache_command

        lines = cache_command(self._resolving)(words)
        if list(words[:1]) == ["flush"]:
            for responder in self.responders:
                responder.forget_passing()
        return lines

    async def stop(self, grace: float) -> None:
        """Take no more queries, answer those that are here, close all sockets.

        What is not answered after `grace` seconds is given up; the cache is kept in what is left.
        """
        end = self._monotonic() + grace
        if self._rotation is not None:
            self._rotation.cancel()
        if self._control is not None:
            await self._control.close()
        self.tcp.stop_accepting()
        await asyncio.gather(self.tcp.drain(grace), *(_end(each, grace) for each in self.udp))
        if self._forgetting is not None:
            self._forgetting.cancel()
        if self._resolving is not None:
            await self._resolving.close()
        self.listeners.close()
        if self._resolving is not None:
            await self._resolving.save(max(end - self._monotonic() - _SPARE, _SPARE))

    def _await_second(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget what is true for this second alone: TTLs count down at whole ones."""
        if self._forgetting is None:
            self._forgetting = loop.call_later(1 - self._monotonic() % 1, self._forget_passing)

    def _forget_passing(self) -> None:
        self._forgetting = None
        for responder in self.responders:
            responder.forget_passing()

    def _await_period(self, loop: asyncio.AbstractEventLoop) -> None:
        seconds = self._secrets.seconds_left(self._monotonic())
        self._rotation = loop.call_later(seconds, self._rotate_secret, loop)

    def _rotate_secret(self, loop: asyncio.AbstractEventLoop) -> None:
        secret, _ = self._secrets.at(self._monotonic())
        self._cookies.rotate(secret)
        self._await_period(loop)


async def _end(server: UdpServer, grace: float) -> None:
    """The socket is closed at once after the last reply: who asks then is told by ICMP."""
    server.stop()
    await server.drain(grace)
    server.sock.close()
