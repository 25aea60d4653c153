"""UDP by recvmmsg(2) and sendmmsg(2) through ctypes: Linux only, 64 bits. Many datagrams a call.

Queries lie in the slots of `MmsgArrays`; each reply is written over its query, the ID stays where
it is, and the header that brought the query takes the reply back. Nothing is made per packet but
the key it is looked up by. About 0.4 microseconds of Python for a reply from the answer cache.
"""

import ctypes
import errno
import socket
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import repeat
from operator import add

from minidns.responder.via import Via
from minidns.sockets.linux import IS_LINUX
from minidns.sockets.pktinfo import is_wildcard_bound
from minidns.transport import Answers, AnswersByClient, Reply, Respond
from minidns.transport.awaited import report
from minidns.transport.client_address import unmap
from minidns.transport.counters import UdpCounters
from minidns.transport.mmsg_arrays import MmsgArrays
from minidns.transport.udp_deferred import DeferredReplies

SLOTS = 64  # datagrams a call; 32 costs 2 % more processor time a packet, 128 gains nothing
# Calls per wake-up of the event loop: 512 datagrams, then TCP has its turn.
BATCHES_PER_TURN = 8

_NO_REPLY = b""
_NOTHING_THERE = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR})
_Call = Callable[..., int]


def load_calls() -> tuple[_Call, _Call] | None:
    """libc's recvmmsg and sendmmsg, or None where they or the 64-bit layout are missing.

    A libc that has them may run on a kernel, in a sandbox or under a filter that has not.
    """
    if not IS_LINUX or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        receive, send = libc.recvmmsg, libc.sendmmsg
    except (OSError, AttributeError):
        return None
    receive.argtypes = (
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_void_p,
    )
    send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    for call, arguments in ((receive, (-1, None, 0, 0, None)), (send, (-1, None, 0, 0))):
        call(*arguments)
        if ctypes.get_errno() != errno.EBADF:
            return None
    return receive, send


class MmsgUdp:
    """The batched form. Arguments as `udp.UdpServer` has them; `calls` are `load_calls()`'s."""

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
        calls: tuple[_Call, _Call],
    ) -> None:
        self._sock = sock
        self._descriptor = sock.fileno()
        self._family = sock.family
        self._respond = respond
        self._answers = answers
        self._by_client = by_client
        self._via = via
        self._counters = counters
        # Socket address and packet information, as the kernel gave them.
        self.deferred: DeferredReplies[tuple[bytes, bytes]] = DeferredReplies(
            counters, in_flight, self._send_later
        )
        self._refused_ports = frozenset(map(socket.htons, refused_ports))
        self._receive, self._send = calls
        is_wildcard = is_wildcard_bound(sock)
        self._arrays = MmsgArrays(sock.family, SLOTS, packet_octets, is_wildcard)
        self._later_arrays = MmsgArrays(sock.family, SLOTS, packet_octets, is_wildcard)
        self._body_starts = [start + 2 for start in self._arrays.starts]  # behind the ID

    def receive(self) -> None:
        """Answer the datagrams that wait, at most `BATCHES_PER_TURN` times `SLOTS`."""
        headers = self._arrays.header_address
        for _ in range(BATCHES_PER_TURN):
            count = self._receive(self._descriptor, headers, SLOTS, socket.MSG_DONTWAIT, None)
            if count < 0:
                if ctypes.get_errno() not in _NOTHING_THERE:
                    self._counters.receive_errors += 1
                return
            self._answer_batch(count)
            if count < SLOTS:
                return

    def _answer_batch(self, count: int) -> None:
        arrays = self._arrays
        counters = self._counters
        packets = arrays.packets
        names, clients = arrays.names, arrays.clients
        respond, via = self._respond, self._via
        is_v6 = self._family == socket.AF_INET6
        room = arrays.slot_octets - 2
        lengths = arrays.lengths[:count].tolist()
        counters.queries += count
        counters.query_octets += sum(lengths)
        if not self._refused_ports.isdisjoint(arrays.ports[:count].tolist()):
            self._void_refused(lengths)
        sizes: list[int] = []
        append = sizes.append
        silent = []  # slots without a reply
        misses = 0
        ends = map(add, arrays.starts, lengths)
        look_ups = self._look_ups(count)
        for start, end, look_up in zip(self._body_starts, ends, look_ups, strict=False):
            body = look_up(packets[start:end])
            if body is None:
                misses += 1
                slot = len(sizes)
                if start < end < start + room:
                    client = names[clients[slot]]
                    reply = respond(
                        packets[start - 2 : end], unmap(client) if is_v6 else client, via
                    )
                else:
                    reply = self._answer_odd(slot, end)
                body = reply[2:] if reply.__class__ is bytes else self._put_off(reply, slot)
                if body is _NO_REPLY:
                    silent.append(slot)
                    append(0)
                    continue
            size = len(body)
            if size > room:  # it would overwrite the next query
                counters.dropped_send += 1
                silent.append(len(sizes))
                body, size = _NO_REPLY, 0
            packets[start : start + size] = body
            append(size + 2)
        counters.from_cache += count - misses
        arrays.sizes[:count] = array("Q", sizes)
        arrays.clear_interfaces(count)
        first = 0
        for slot in silent:
            if first < slot:
                self._send_run(arrays, first, slot)
            first = slot + 1
        self._send_run(arrays, first, count)
        arrays.reset(count)

    def _look_ups(self, count: int) -> Iterable[Callable[[bytes], bytes | None]]:
        """For each of the first `count` clients what finds its answers."""
        by_client = self._by_client
        if by_client is None:
            return repeat(self._answers.get)
        clients = map(self._arrays.names.__getitem__, self._arrays.clients[:count])
        if self._family == socket.AF_INET6:
            clients = map(unmap, clients)
        return [by_client[client].get for client in clients]

    def _answer_odd(self, slot: int, end: int) -> Reply | Awaitable[Reply]:
        """As `respond`, for what is no longer than an ID, may be cut short, or is not answered."""
        arrays = self._arrays
        start = arrays.starts[slot]
        if end < start:  # its port was refused
            return None
        wire = arrays.packets[start:end]
        if end - start == arrays.slot_octets:
            wire += b"\x00"  # maybe cut short: never to be taken for a whole message
        return self._respond(wire, unmap(arrays.names[arrays.clients[slot]]), self._via)

    def _put_off(self, outcome: Reply | Awaitable[Reply], slot: int) -> bytes:
        """No reply now, but later where one is awaited."""
        if outcome is None or isinstance(outcome, bytes):
            return _NO_REPLY
        arrays = self._arrays
        self.deferred.add(outcome, (arrays.name_at(slot), arrays.control_at(slot)))
        return _NO_REPLY

    def _send_later(self, outgoing: Sequence[tuple[bytes, tuple[bytes, bytes]]]) -> None:
        arrays = self._later_arrays
        for first in range(0, len(outgoing), SLOTS):
            count = 0
            for reply, (name, control) in outgoing[first : first + SLOTS]:
                try:
                    if len(reply) > arrays.slot_octets:
                        self._counters.dropped_send += 1
                        continue
                    arrays.put(count, reply, name, control)
                except Exception as error:  # a fault of ours with one of them
                    self._counters.failed += 1
                    report(error)
                else:
                    count += 1
            arrays.clear_interfaces(count)
            # Its number may be another's since the socket was closed.
            self._descriptor = self._sock.fileno()
            self._send_run(arrays, 0, count)

    def _void_refused(self, lengths: list[int]) -> None:
        """Make the length of each packet from a refused port negative."""
        ports = self._arrays.ports[: len(lengths)].tolist()
        for slot, port in enumerate(ports):
            if port in self._refused_ports:
                lengths[slot] = -1
                self._counters.dropped_port += 1

    def _send_run(self, arrays: MmsgArrays, first: int, end: int) -> None:
        """Send the slots from `first` up to `end`. What the kernel refuses is lost, and counted."""
        counters = self._counters
        while first < end:
            sent = self._send(
                self._descriptor, arrays.header_at(first), end - first, socket.MSG_DONTWAIT
            )
            if sent > 0:
                counters.replies += sent
                # The kernel says what it took of each where it said what had come (sendmmsg(2)).
                counters.reply_octets += sum(arrays.lengths[first : first + sent].tolist())
                first += sent
            elif ctypes.get_errno() != errno.EINTR:
                counters.dropped_send += 1  # the first of the run; those after it may go
                first += 1
