"""What somebody who cannot see our queries has to guess, and what his guesses bring (P rows).

Bounds on chance are those that one run in a thousand million passes over.
"""

import ast
import asyncio
import socket
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import minidns.upstream
from minidns.resolver.model import Failure, Question, Upstream
from minidns.upstream.exchange import Upstreams
from tests.upstream.fake_upstream import Acts, Asked, Flood, fake_upstream, run
from tests.upstream.test_exchange import ADDRESS, FORGED, LATE, QUESTION, addresses

QUERIES, AT_ONCE = 10_000, 100
# Chi squared with 255, 63 and 62 degrees of freedom, p = 1e-9 (Wilson and Hilferty 1931).
MAX_OF_256, MAX_OF_64, MAX_OF_63 = 415.0, 156.0, 154.0
RUNS, FORGERIES = 20, 500


def chi_squared(values: Iterable[int], bins: int) -> float:
    """Of equally likely bins."""
    counts = Counter(values)
    assert set(counts) <= set(range(bins))
    expected = counts.total() / bins
    return sum((counts[number] - expected) ** 2 / expected for number in range(bins))


def test_p01_ids_and_ports_of_ten_thousand_misses_are_chance() -> None:
    seen: list[tuple[int, int]] = []
    names: Counter[bytes] = Counter()

    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            sink.setblocking(False)
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sink.bind(("127.0.0.1", 0))
            upstream = Upstream(*sink.getsockname())
            upstreams = Upstreams()
            for _ in range(QUERIES // AT_ONCE):
                asks = [upstreams.exchange(upstream, QUESTION, 0.0) for _ in range(AT_ONCE)]
                assert all(isinstance(one, Failure) for one in await asyncio.gather(*asks))
                for _ in range(AT_ONCE):
                    wire, (_, port) = sink.recvfrom(512)
                    seen.append((int.from_bytes(wire[:2]), port))
                    names[wire[12:25]] += 1
            await upstreams.close()

    run(main())
    ids, ports = zip(*seen, strict=True)
    assert chi_squared((number >> 8 for number in ids), 256) < MAX_OF_256
    assert chi_squared((number & 255 for number in ids), 256) < MAX_OF_256
    assert min(ports) >= 1024
    assert chi_squared((port // 1024 - 1 for port in ports), 63) < MAX_OF_63
    assert chi_squared((port % 64 for port in ports), 64) < MAX_OF_64
    assert len(set(ports)) >= 8000
    assert len(seen) - len(set(seen)) <= 3  # 0.012 are to be expected
    # Ten letters: each of the 1,024 ways to write them comes about ten times.
    assert len(names) > 1000
    assert max(names.values()) < 50


def test_p01_chance_comes_from_the_system_alone() -> None:
    found = set()
    for path in Path(minidns.upstream.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module)
    assert "random" not in found


def test_p08_no_guess_is_taken_even_if_a_later_one_is_right() -> None:
    """After the first wrong one only what comes over TCP counts."""

    def script(asked: Asked) -> Acts:
        good = asked.reply(f"@ 300 A {ADDRESS}")
        if asked.protocol == "tcp":
            return [good]
        forged = asked.reply(f"@ 300 A {FORGED}").to_wire()
        first = asked.query.id + 1
        guesses = [(first + n) % 65_536 for n in range(FORGERIES - 1)]
        wires = [number.to_bytes(2) + forged[2:] for number in guesses]
        wires[1:1] = [forged]  # the second one is right in everything
        return [*wires[:2], Flood(wires[2:])]

    async def main() -> None:
        async with fake_upstream(script) as fake:
            upstreams = Upstreams()
            for number in range(RUNS):
                question = Question(b"\x03%03d\x07example\x00" % number, QUESTION.qtype)
                reply = await upstreams.exchange(fake.upstream(), question, LATE)
                assert addresses(reply) == [ADDRESS]
            assert upstreams.counters.mismatched == RUNS
            await upstreams.close()

    run(main())
