"""UDP by recvmsg() and sendmsg(), a datagram at a time: for systems without recvmmsg(2).

The same behaviour as `udp_mmsg` behind the same interface: `receive()` is called when the socket is
readable, answers what is there up to a bound, and returns.
"""

import errno
import socket
from collections.abc import Sequence
from typing import Any

from minidns.responder.via import Via
from minidns.sockets.pktinfo import (
    IN6_PKTINFO_OCTETS,
    ControlMessage,
    is_wildcard_bound,
    reply_control,
)
from minidns.transport import Answers, AnswersByClient, Respond
from minidns.transport.awaited import report
from minidns.transport.client_address import pack_client
from minidns.transport.counters import UdpCounters
from minidns.transport.udp_deferred import DeferredReplies

# Datagrams per wake-up of the event loop, so that TCP has its turn; as many as `udp_mmsg` takes.
DATAGRAMS_PER_TURN = 512

_NOTHING_THERE = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR})
_Where = tuple[tuple[Any, ...], Sequence[ControlMessage]]  # an address as recvmsg() gives it


class PortableUdp:
    """The portable form. Arguments as `udp.UdpServer` has them."""

    def __init__(
        self,
        sock: socket.socket,
        respond: Respond,
        answers: Answers,
        by_client: AnswersByClient | None,
        via: Via,
        counters: UdpCounters,
        in_flight: int,
        refused_ports: frozenset[int],
        packet_octets: int,
    ) -> None:
        self._sock = sock
        self._respond = respond
        self._answers = answers
        self._by_client = by_client
        self._via = via
        self._counters = counters
        self.deferred: DeferredReplies[_Where] = DeferredReplies(
            counters, in_flight, self._send_all
        )
        self._refused_ports = refused_ports
        self._packet_octets = packet_octets
        self._control_octets = (
            socket.CMSG_SPACE(IN6_PKTINFO_OCTETS) if is_wildcard_bound(sock) else 0
        )

    def receive(self) -> None:
        """Answer the datagrams that wait, at most `DATAGRAMS_PER_TURN`."""
        counters = self._counters
        receive = self._sock.recvmsg
        for _ in range(DATAGRAMS_PER_TURN):
            try:
                wire, received, _, address = receive(self._packet_octets, self._control_octets)
            except OSError as error:
                if error.errno not in _NOTHING_THERE:
                    counters.receive_errors += 1
                return
            counters.queries += 1
            counters.query_octets += len(wire)
            if address[1] in self._refused_ports:
                counters.dropped_port += 1
                continue
            if len(wire) == self._packet_octets:
                wire += b"\x00"  # maybe cut short: never to be taken for a whole message
            self._answer(wire, received, address)

    def _answer(
        self, wire: bytes, received: list[tuple[int, int, bytes]], address: tuple[str, int]
    ) -> None:
        counters = self._counters
        client = pack_client(self._sock.family, address[0])
        answers = self._answers if self._by_client is None else self._by_client[client]
        body = answers.get(wire[2:])
        if body is not None:
            counters.from_cache += 1
            reply = wire[:2] + body
        else:
            outcome = self._respond(wire, client, self._via)
            if outcome is None:
                return
            if not isinstance(outcome, bytes):
                self.deferred.add(outcome, (address, reply_control(received)))
                return
            reply = outcome
        self._send(reply, (address, reply_control(received)))

    def _send_all(self, outgoing: Sequence[tuple[bytes, _Where]]) -> None:
        for reply, where in outgoing:
            try:
                self._send(reply, where)
            except Exception as error:  # a fault of ours with one of them
                self._counters.failed += 1
                report(error)

    def _send(self, reply: bytes, where: _Where) -> None:
        counters = self._counters
        if len(reply) > self._packet_octets:  # as `udp_mmsg`, which has no room for it
            counters.dropped_send += 1
            return
        address, control = where
        try:
            self._sock.sendmsg([reply], control, socket.MSG_DONTWAIT, address)
        except OSError:  # buffer full, no route, firewall: this reply is lost, the next may go
            counters.dropped_send += 1
        else:
            counters.replies += 1
            counters.reply_octets += len(reply)
