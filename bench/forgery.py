"""A million forged replies at queries that wait (row P08): what somebody's guesses bring him.

    python -m bench.forgery
    python -m bench.forgery --queries 20 --forgeries 500

Each query goes to an upstream of this process, which sends forged replies from its own address and
port to that of the query, so that the ID alone has to be guessed: random ones, and after the first
of them one that is right in everything. The true answer comes over TCP. Exit code 1 where a forged
answer was taken.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator

from minidns.resolver.model import Question
from minidns.upstream.exchange import Upstreams
from minidns.wire.reply import Reply
from tests.upstream.fake_upstream import Acts, Asked, Flood, fake_upstream

TRUE, FORGED = "192.0.2.1", "203.0.113.66"
PATIENCE = 60.0  # seconds for one query, among its forged replies
_A = 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.forgery", description=__doc__)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--forgeries", type=int, default=10_000, help="for each query")
    arguments = parser.parse_args()
    began = time.process_time()
    taken, mismatched = asyncio.run(forge(arguments.queries, arguments.forgeries))
    seconds = time.process_time() - began
    sent = arguments.queries * arguments.forgeries
    print(
        f"{arguments.queries} queries, {sent} forged replies, {taken} taken, {mismatched} seen "
        f"before TCP was asked, {seconds:.1f} s of processor time on both sides"
    )
    return 1 if taken or mismatched != arguments.queries else 0


class _Guesses(list[bytes]):
    """Counts those that have been sent."""

    sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for wire in super().__iter__():
            yield wire
            self.sent += 1


async def forge(queries: int, forgeries: int) -> tuple[int, int]:
    """Forged answers that were taken, and forged replies that were seen to be such."""

    def script(asked: Asked) -> Acts:
        if asked.protocol == "tcp":
            return [asked.reply(f"@ 300 A {TRUE}")]
        right = asked.reply(f"@ 300 A {FORGED}").to_wire()
        first = (asked.query.id ^ 1).to_bytes(2, "big") + right[2:]
        chance = os.urandom(2 * max(forgeries - 2, 0))
        guesses = _Guesses(chance[at : at + 2] + right[2:] for at in range(0, len(chance), 2))
        floods.append(guesses)
        return [first, right, Flood(guesses)]

    taken = 0
    floods: list[_Guesses] = []
    upstreams = Upstreams()
    async with fake_upstream(script) as fake:
        for number in range(queries):
            question = Question(b"\x06%06d\x07example\x00" % number, _A)
            reply = await upstreams.exchange(fake.upstream(), question, PATIENCE)
            assert isinstance(reply, Reply), reply
            while floods[-1].sent < len(floods[-1]):
                await asyncio.sleep(0)
            taken += [record.rdata for record in reply.answer] != [bytes((192, 0, 2, 1))]
        await upstreams.close()
    return taken, upstreams.counters.mismatched


if __name__ == "__main__":
    sys.exit(main())
