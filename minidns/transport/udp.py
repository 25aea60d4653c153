"""DNS over UDP on one bound socket: the interface, with the quicker of two forms behind it.

`udp_mmsg` (Linux) takes datagrams in batches, `udp_portable` one at a time; both answer inside the
event loop's reader callback. Never asyncio's datagram transport: its sendto() queues without bound
and cannot choose the source address. Nothing is queued here: a reply that the kernel refuses is
dropped and counted, and the client asks again.
"""

import asyncio
import socket

from minidns.responder.via import Via
from minidns.transport import Answers, AnswersByClient, Respond
from minidns.transport.counters import UdpCounters
from minidns.transport.udp_mmsg import MmsgUdp, load_calls
from minidns.transport.udp_portable import PortableUdp

# Octets taken of a datagram. No query is that long; what is cut ends in an octet too many, so that
# it is unreadable or has trailing octets. No answer over UDP is that long either (1,400): one that
# is gets dropped and counted.
PACKET_OCTETS = 4096
# Queries whose reply is awaited, a bound on memory: whoever makes the replies has a lower one, and
# answers what is over it.
IN_FLIGHT = 8192
# Ports of services that answer anything: a reply there would be answered in turn, for ever. 0 is no
# port to send to. As BIND's ns_client_dropport: echo, daytime, qotd, chargen, time.
REFLECTING_PORTS = frozenset({0, 7, 13, 17, 19, 37})


class UdpServer:
    """Answers the queries of one UDP socket, which stays the caller's to close.

    With `by_client` the answers are those for each client, and `answers` are not looked at.

    `batched` None takes `recvmmsg` where the system has it; False forces the portable form, True
    raises OSError where there is none. `counters` may be read at any time.
    """

    def __init__(
        self,
        sock: socket.socket,
        respond: Respond,
        answers: Answers,
        via: Via | None = None,
        *,
        by_client: AnswersByClient | None = None,
        in_flight: int = IN_FLIGHT,
        refused_ports: frozenset[int] = REFLECTING_PORTS,
        batched: bool | None = None,
    ) -> None:
        self.sock = sock
        self.counters = UdpCounters()
        self._loop: asyncio.AbstractEventLoop | None = None
        via = via or Via("udp", is_stream=False)
        calls = load_calls() if batched is not False else None
        if batched and calls is None:
            raise OSError("this system has no recvmmsg and sendmmsg that can be used")
        self.is_batched = calls is not None
        common = (
            sock,
            respond,
            answers,
            by_client,
            via,
            self.counters,
            in_flight,
            refused_ports,
            PACKET_OCTETS,
        )
        self._form = MmsgUdp(*common, calls) if calls else PortableUdp(*common)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer from now on."""
        self._loop = loop
        loop.add_reader(self.sock.fileno(), self._form.receive)

    def stop(self) -> None:
        """Take no more queries. Those that wait in the socket are answered first, up to a bound."""
        if self._loop is None:
            return
        self._loop.remove_reader(self.sock.fileno())
        self._loop = None
        self._form.receive()

    async def drain(self, grace: float) -> None:
        """After `stop()`: wait at most `grace` seconds for awaited replies, then give them up."""
        await self._form.deferred.drain(grace)
