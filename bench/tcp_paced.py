"""An open loop over TCP connections: queries at a fixed rate whether or not answers come.

dnsperf 2.10 leaves Nagle's algorithm on, so its paced TCP queries wait for acknowledgements that
the peer delays, up to 40 milliseconds; its latencies would be those of the client. Here each
query leaves at once (TCP_NODELAY). Latency is from the write of a query to the read of its answer.
"""

import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.rcode

from bench.outcome import BadRun, Outcome
from tests.peers import Peer

TIMEOUT = 5.0  # seconds after the last query until those without an answer count as lost
MICROSECONDS = 1e6
LENGTH = 2  # octets before each message, RFC 1035 section 4.2.2
IDS = 0x10000  # so many queries may be under way
_READ = 65_536  # octets


@dataclass
class _Connection:
    sock: socket.socket
    received: bytes = b""


def run_tcp_paced(
    peer: Peer, queries: Sequence[bytes], seconds: float, rate: int, connections: int
) -> Outcome:
    """Ask `rate` queries a second for that long, over all connections in turn. Raises BadRun."""
    try:
        ready = [_Connection(_connect(peer)) for _ in range(connections)]
    except OSError as error:
        raise BadRun(f"no connection: {error}") from None
    try:
        return _run(ready, queries, int(seconds * rate), rate)
    except OSError as error:
        raise BadRun(f"a connection ended: {error}") from None
    finally:
        for connection in ready:
            connection.sock.close()


def _run(ready: list[_Connection], queries: Sequence[bytes], total: int, rate: int) -> Outcome:
    by_descriptor = {connection.sock.fileno(): connection for connection in ready}
    sent_at: dict[int, float] = {}
    rcodes: Counter[str] = Counter()
    latencies: list[float] = []
    octets = asked = 0
    start = time.perf_counter()
    end = start + total / rate + TIMEOUT
    while (now := time.perf_counter()) < end and (asked < total or sent_at):
        while asked < total and asked / rate <= now - start:
            number = asked % IDS
            query = number.to_bytes(2, "big") + queries[asked % len(queries)][2:]
            sent_at[number] = time.perf_counter()
            ready[asked % len(ready)].sock.sendall(len(query).to_bytes(LENGTH, "big") + query)
            asked += 1
        due = start + asked / rate if asked < total else end
        wait = max(0.0, due - time.perf_counter())
        for descriptor in select.select(by_descriptor, (), (), wait)[0]:
            for answer in _receive(by_descriptor[descriptor]):
                sent = sent_at.pop(int.from_bytes(answer[:2], "big"), None)
                if sent is not None:
                    latencies.append((time.perf_counter() - sent) * MICROSECONDS)
                    rcodes[dns.rcode.to_text(dns.rcode.Rcode(answer[3] & 0xF))] += 1
                    octets += len(answer)
    took = time.perf_counter() - start
    answers = rcodes.total()
    return Outcome(
        answers, asked - answers, rcodes, answers / took, octets / max(answers, 1), latencies
    )


def _connect(peer: Peer) -> socket.socket:
    sock = socket.create_connection((peer.address, peer.port), TIMEOUT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _receive(connection: _Connection) -> Iterator[bytes]:
    """Each whole answer that is there."""
    more = connection.sock.recv(_READ)
    if not more:
        raise ConnectionResetError("the server closed it")
    data, start = connection.received + more, 0
    while len(data) - start >= LENGTH:
        end = start + LENGTH + int.from_bytes(data[start : start + LENGTH], "big")
        if end > len(data):
            break
        yield data[start + LENGTH : end]
        start = end
    connection.received = data[start:]
