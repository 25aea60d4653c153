"""A server in a running event loop: one responder behind every socket, over UDP and TCP.

Neither binds nor loads, and knows no signal, so that a test suite can start one of its own. Clocks
are given; the secrets of cookies are made here where none are given, and follow their periods.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from minidns.config import ResolverSettings
from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.server.cookie_secrets import CookieSecrets, make_cookie_secrets
from minidns.server.listeners import Listeners
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_limits import TcpLimits
from minidns.transport.udp import UdpServer
from minidns.zone.model import Catalog

if TYPE_CHECKING:
    from minidns.server.control_socket import ControlSocket
    from minidns.server.resolving import Resolving


def make_resolving(settings: ResolverSettings) -> "Resolving | None":
    """None where names outside are not asked for; then nothing of it is even imported."""
    if not settings.is_on:
        return None
    from minidns.server.resolving import Resolving

    return Resolving(settings)


class Server:
    """Answers on `listeners` from `catalog` between `start()` and `stop()`, which closes them.

    `monotonic` is the clock of `secrets`. Without `resolving` names outside are refused.
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
    ) -> None:
        self.listeners = listeners
        self._monotonic = monotonic
        self._secrets = secrets or make_cookie_secrets(monotonic())
        self._cookies = Cookies(*self._secrets.at(monotonic()))
        self._rotation: asyncio.TimerHandle | None = None
        self._resolving = resolving
        self._control: ControlSocket | None = None
        outside = resolving.outside if resolving else None
        responder = Responder(catalog, policy, self._cookies, unix_time, outside)
        self.responder = responder
        answers = responder.datagram_answers.replies
        self.udp = [UdpServer(sock, responder.respond, answers) for sock in listeners.udp]
        # One for all listeners: the limits on connections are those of the process.
        self.tcp = TcpServer(
            listeners.tcp, responder.respond, responder.stream_answers.replies, limits=tcp_limits
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer from now on."""
        self._await_period(loop)
        for each in self.udp:
            each.start(loop)
        self.tcp.start(loop)

    async def open_control(self, path: Path | None, worker: int = 0) -> None:
        """Let this user look into the cache, at `path` or in the place for such sockets.

        `worker` is its number among several. Where there is no cache there is nothing to open, and
        where it cannot be opened the log says why.
        """
        if self._resolving is not None:
            from minidns.server.control import open_control

            first, *_ = self.listeners.udp + self.listeners.tcp
            self._control = await open_control(self._resolving, path, first, worker)

    async def stop(self, grace: float) -> None:
        """Take no more queries, answer those that are here, close all sockets.

        What is not answered after `grace` seconds is given up.
        """
        if self._rotation is not None:
            self._rotation.cancel()
        if self._control is not None:
            await self._control.close()
        self.tcp.stop_accepting()
        await asyncio.gather(self.tcp.drain(grace), *(_end(each, grace) for each in self.udp))
        if self._resolving is not None:
            await self._resolving.close()
        self.listeners.close()

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
