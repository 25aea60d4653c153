"""Many questions to one server in little time: a window of them under way, over UDP and TCP.

dnspython makes the queries; octets go out and come back here, matched by message ID. A datagram
that got lost is asked again, a few times. Nothing here looks into a message beyond its ID.
"""

import selectors
import socket
import struct
from collections.abc import Mapping

WINDOW = 32  # queries under way; a server's socket buffer holds more than that many replies
RETRY_SECONDS = 1.0  # without any reply, then what is missing is sent again
RETRIES = 5
TCP_SECONDS = 10.0  # for one read or write
RECEIVE = 65_535  # octets, the largest message


class NoReply(AssertionError):
    """A server stayed silent to a question that it must answer."""


def exchange_udp(address: tuple[str, int], queries: Mapping[int, bytes]) -> dict[int, bytes]:
    """Replies by message ID. Raises NoReply when one is missing after RETRIES rounds."""
    replies: dict[int, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        sock.settimeout(RETRY_SECONDS)
        for _ in range(RETRIES):
            waiting = [number for number in queries if number not in replies]
            if not waiting:
                return replies
            _exchange_round(sock, queries, waiting, replies)
    missing = [number for number in queries if number not in replies]
    if missing:
        raise NoReply(f"{address} gave no reply to {len(missing)} queries, first {missing[0]}")
    return replies


def exchange_tcp(address: tuple[str, int], queries: Mapping[int, bytes]) -> dict[int, bytes]:
    """Replies by message ID from one connection, pipelined (RFC 7766 section 6.2.1.1)."""
    replies: dict[int, bytes] = {}
    pending = b"".join(struct.pack("!H", len(wire)) + wire for wire in queries.values())
    unread = bytearray()
    with (
        socket.create_connection(address, TCP_SECONDS) as sock,
        selectors.DefaultSelector() as selector,
    ):
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while len(replies) < len(queries):
            ready = selector.select(TCP_SECONDS)
            if not ready:
                raise NoReply(f"{address} answered {len(replies)} of {len(queries)} over TCP")
            events = ready[0][1]
            if events & selectors.EVENT_WRITE:
                pending = pending[sock.send(pending) :]
                if not pending:
                    selector.modify(sock, selectors.EVENT_READ)
            if events & selectors.EVENT_READ:
                received = sock.recv(RECEIVE)
                if not received:
                    raise NoReply(f"{address} closed after {len(replies)} of {len(queries)}")
                unread += received
                _take_frames(unread, replies)
    return replies


def _exchange_round(
    sock: socket.socket, queries: Mapping[int, bytes], waiting: list[int], replies: dict[int, bytes]
) -> None:
    """Send what is waiting, WINDOW at a time; end at the first silence of RETRY_SECONDS."""
    waiting.reverse()
    under_way = 0
    while waiting or under_way:
        while waiting and under_way < WINDOW:
            sock.send(queries[waiting.pop()])
            under_way += 1
        try:
            reply = sock.recv(RECEIVE)
        except TimeoutError:
            return
        number = int.from_bytes(reply[:2], "big")
        if number in queries and number not in replies:
            replies[number] = reply
            under_way -= 1


def _take_frames(unread: bytearray, replies: dict[int, bytes]) -> None:
    """Move whole messages out of what a connection gave (RFC 1035 section 4.2.2)."""
    while len(unread) >= 2:
        end = 2 + int.from_bytes(unread[:2], "big")
        if len(unread) < end:
            return
        replies[int.from_bytes(unread[2:4], "big")] = bytes(unread[2:end])
        del unread[:end]
