"""A server in a running event loop: one responder behind every socket, over UDP and TCP.

Neither binds nor loads, and knows no signal, so that a test suite can start one of its own. The
clock of cookies is given; their secret is made here and replaced each `ROTATE_AFTER` seconds.
"""

import asyncio
import secrets
import time
from collections.abc import Callable

from minidns.responder.cookies import ROTATE_AFTER, SECRET, Cookies
from minidns.responder.responder import Policy, Responder
from minidns.server.listeners import Listeners
from minidns.transport.tcp import TcpServer
from minidns.transport.tcp_limits import TcpLimits
from minidns.transport.udp import UdpServer
from minidns.zone.model import Catalog


class Server:
    """Answers on `listeners` from `catalog` between `start()` and `stop()`, which closes them."""

    def __init__(
        self,
        catalog: Catalog,
        listeners: Listeners,
        policy: Policy,
        tcp_limits: TcpLimits,
        unix_time: Callable[[], float] = time.time,
    ) -> None:
        self.listeners = listeners
        self._cookies = Cookies(secrets.token_bytes(SECRET))
        self._rotation: asyncio.TimerHandle | None = None
        responder = Responder(catalog, policy, self._cookies, unix_time)
        self.responder = responder
        answers = responder.datagram_answers.replies
        self.udp = [UdpServer(sock, responder.respond, answers) for sock in listeners.udp]
        # One for all listeners: the limits on connections are those of the process.
        self.tcp = TcpServer(
            listeners.tcp, responder.respond, responder.stream_answers.replies, limits=tcp_limits
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer from now on."""
        self._rotation = loop.call_later(ROTATE_AFTER, self._rotate_secret, loop)
        for each in self.udp:
            each.start(loop)
        self.tcp.start(loop)

    async def stop(self, grace: float) -> None:
        """Take no more queries, answer those that are here, close all sockets.

        What is not answered after `grace` seconds is given up.
        """
        if self._rotation is not None:
            self._rotation.cancel()
        self.tcp.stop_accepting()
        await asyncio.gather(self.tcp.drain(grace), *(_end(each, grace) for each in self.udp))
        self.listeners.close()

    def _rotate_secret(self, loop: asyncio.AbstractEventLoop) -> None:
        self._cookies.rotate(secrets.token_bytes(SECRET))
        self._rotation = loop.call_later(ROTATE_AFTER, self._rotate_secret, loop)


async def _end(server: UdpServer, grace: float) -> None:
    """The socket is closed at once after the last reply: who asks then is told by ICMP."""
    server.stop()
    await server.drain(grace)
    server.sock.close()
