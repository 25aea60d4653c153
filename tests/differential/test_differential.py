"""The same zones from NSD, Knot DNS, BIND and minidns, the same questions, compared.

Each difference has its reason in `explained.REASONS`, or this fails. minidns answers in this
process; `test_serve.py` asks a part of it through sockets.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests import peers
from tests.differential import subject
from tests.differential.compare import Case, judge
from tests.differential.exchange import exchange_tcp, exchange_udp
from tests.differential.explained import ALL, REASONS
from tests.differential.questions import Question, make_questions
from tests.differential.reply import Reply, faults_of
from tests.differential.world import WORLDS, ZONES, World

pytestmark = [pytest.mark.differential, pytest.mark.no_cover]

PEERS = sorted(ALL)
CACHE = 2**24  # octets of the answer cache
SHOWN = 12  # differences printed in full; the rest is counted


@dataclass(frozen=True)
class Run:
    """One world, its questions, and everybody's replies to them by UDP or TCP, and all by TCP."""

    world: World
    questions: list[Question]
    queries: dict[int, bytes]
    replies: dict[str, dict[int, Reply]]
    wholes: dict[str, dict[int, Reply]]


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """Every world, asked of every peer and of minidns."""
    for name in PEERS:
        peers.require(name)
    return [_run(World(ZONES / name)) for name in WORLDS]


def test_replies_are_well_formed(runs: list[Run]) -> None:
    """What holds for every reply, whatever the peers say."""
    found = [
        f"{question}: {fault}"
        for run in runs
        for question in run.questions
        for fault in faults_of(
            question, run.queries[question.number], run.replies["minidns"][question.number]
        )
    ]
    assert not found, _some(found)


def test_differences_are_explained(runs: list[Run]) -> None:
    """minidns against each peer; each reason that explains is needed at least once."""
    found, used = [], Counter[str]()
    for run in runs:
        for case in _cases(run):
            verdict = judge(case, REASONS)
            used.update(verdict.rules)
            if verdict.unexplained:
                found.append(_describe(case, verdict.unexplained))
    assert not found, _some(found)
    every = {rule.name for rule in (*REASONS.contents, *REASONS.cuts)}
    every |= {extra.name for extra in REASONS.extras}
    assert set(used) == every, f"reasons that explain nothing: {sorted(every - set(used))}"


def test_cache_and_order_change_nothing(runs: list[Run]) -> None:
    """The same octets without the answer cache, from it, and when asked in another order."""
    for run in runs:
        cached = subject.make_responder(run.world, CACHE)
        backwards = list(reversed(run.questions))
        first = subject.respond_all(cached, backwards, run.queries)
        again = subject.respond_all(cached, run.questions, run.queries)
        for replies in (first, again):
            found = [
                f"{question}: {first_reply}\nnow {Reply(replies[question.number])}"
                for question in run.questions
                for first_reply in (run.replies["minidns"][question.number],)
                if replies[question.number] != first_reply.wire
            ]
            assert not found, _some(found)


def _run(world: World) -> Run:
    questions = make_questions(world.zones.values())
    queries = {question.number: question.message().to_wire() for question in questions}
    datagrams = {q.number: queries[q.number] for q in questions if not q.form.is_tcp}
    streams = {q.number: queries[q.number] for q in questions if q.form.is_tcp}
    replies: dict[str, dict[int, Reply]] = {}
    wholes: dict[str, dict[int, Reply]] = {}
    known: dict[bytes, Reply] = {}

    def ask(name: str) -> None:
        with peers.run_peer(name, world.files) as peer:
            address = (peer.address, peer.port)
            asked = exchange_udp(address, datagrams) | exchange_tcp(address, streams)
            replies[name] = _parse(asked, known)
            wholes[name] = _parse(exchange_tcp(address, queries), known)

    with ThreadPoolExecutor(len(PEERS)) as pool:
        for asked in [pool.submit(ask, name) for name in PEERS]:
            asked.result()
    responder = subject.make_responder(world, answer_cache=0)
    replies["minidns"] = _parse(subject.respond_all(responder, questions, queries), known)
    as_tcp = [question.as_tcp() for question in questions]
    wholes["minidns"] = _parse(subject.respond_all(responder, as_tcp, queries), known)
    return Run(world, questions, queries, replies, wholes)


def _parse(wires: dict[int, bytes], known: dict[bytes, Reply]) -> dict[int, Reply]:
    """Replies by number; equal octets are one object, so that they are parsed once."""
    return {number: known.setdefault(wire, Reply(wire)) for number, wire in wires.items()}


def _cases(run: Run) -> Iterator[Case]:
    """Pairs of replies that are not the same octets."""
    for question in run.questions:
        number = question.number
        ours, our_whole = (of["minidns"][number] for of in (run.replies, run.wholes))
        for name in PEERS:
            theirs, their_whole = (of[name][number] for of in (run.replies, run.wholes))
            if theirs.wire == ours.wire and their_whole.wire == our_whole.wire:
                continue
            yield Case(question, run.world, name, ours, theirs, our_whole, their_whole)


def _describe(case: Case, unexplained: frozenset[str]) -> str:
    return (
        f"{case.question} against {case.peer}: {', '.join(sorted(unexplained))}\n"
        f"minidns: {case.ours}\n{case.peer}: {case.theirs}"
    )


def _some(found: list[str]) -> str:
    shown = "\n\n".join(found[:SHOWN])
    return f"{len(found)} found\n\n{shown}"
