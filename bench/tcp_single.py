"""A client that opens a TCP connection for each query, and closes it when the answer is there.

dnsperf 2.10 waits up to 100 milliseconds between two connections (`num-queries-per-conn=1`), so
it cannot drive this load. Latency is from connect() to the whole answer. A few connections are
under way at once: more than that overflow the accept queue of BIND, which is 10 long, and the
kernel's second try comes a second later.
"""

import select
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import dns.rcode

from bench.outcome import BadRun, Outcome
from tests.peers import Peer

TIMEOUT = 5.0  # seconds until a query counts as lost
MICROSECONDS = 1e6
LENGTH = 2  # octets before each message, RFC 1035 section 4.2.2
_READ = 65_537  # octets: the longest message and its length


@dataclass
class _Connection:
    sock: socket.socket
    began: float
    received: bytes = b""


def run_tcp_single(
    peer: Peer, queries: Sequence[bytes], seconds: float, connections: int
) -> Outcome:
    """Ask one query after another for that long, `connections` at a time. Raises BadRun."""
    poll = select.epoll()
    open_now: dict[int, _Connection] = {}
    rcodes: Counter[str] = Counter()
    latencies: list[float] = []
    octets = asked = 0
    start = time.perf_counter()
    end = start + seconds
    while open_now or time.perf_counter() < end:
        while len(open_now) < connections and time.perf_counter() < end:
            connection = _ask(peer, queries[asked % len(queries)])
            asked += 1
            open_now[connection.sock.fileno()] = connection
            poll.register(connection.sock, select.EPOLLIN)
        ready = poll.poll(TIMEOUT)
        for descriptor, _ in ready:
            connection = open_now[descriptor]
            answer = _receive(connection)
            if answer is None:
                continue
            latencies.append((time.perf_counter() - connection.began) * MICROSECONDS)
            del open_now[descriptor]
            connection.sock.close()
            if len(answer) > LENGTH:
                octets += len(answer) - LENGTH
                rcodes[dns.rcode.to_text(dns.rcode.Rcode(answer[LENGTH + 3] & 0xF))] += 1
        if not ready:
            break
    took = time.perf_counter() - start
    for connection in open_now.values():
        connection.sock.close()
    poll.close()
    answers = rcodes.total()
    return Outcome(
        answers, asked - answers, rcodes, answers / took, octets / max(answers, 1), latencies
    )


def _ask(peer: Peer, query: bytes) -> _Connection:
    began = time.perf_counter()
    try:
        sock = socket.create_connection((peer.address, peer.port), TIMEOUT)
        sock.sendall(len(query).to_bytes(LENGTH, "big") + query)
    except OSError as error:
        raise BadRun(f"no connection: {error}") from None
    return _Connection(sock, began)


def _receive(connection: _Connection) -> bytes | None:
    """The answer with its length, b"" where the connection ended before it, None for not yet."""
    try:
        more = connection.sock.recv(_READ)
    except OSError:
        more = b""
    if not more:
        return b""
    connection.received += more
    received = connection.received
    if len(received) < LENGTH:
        return None
    whole = LENGTH + int.from_bytes(received[:LENGTH], "big")
    return received if len(received) >= max(whole, LENGTH + 4) else None
