"""`minidns serve` through its sockets: the octets that the responder gives, by UDP and by TCP."""

import os
import sys
from pathlib import Path

import dns.message
import dns.query

from tests import peers
from tests.differential import subject
from tests.differential.questions import make_questions
from tests.differential.reply import Reply
from tests.differential.world import ZONES, World

EVERY = 20  # of the questions, one in so many is asked
SECONDS = 5.0  # for one answer
ROOT = Path(__file__).parents[2]


def test_serve_answers_as_the_responder(tmp_path: Path) -> None:
    """A part of the questions, one after another with dnspython's own client."""
    directory = ZONES / "main"
    world = World(directory)
    questions = make_questions(world.zones.values())[::EVERY]
    queries = {question.number: question.message().to_wire() for question in questions}
    expected = subject.respond_all(subject.make_responder(world, 0), questions, queries)

    def command(port: int) -> list[str]:
        listen = f"{peers.LOOPBACK}:{port}"
        serve = ["serve", "--zones", str(directory), "--listen", listen, "--no-forward"]
        environment = ["env", f"PYTHONPATH={ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"]
        return [*environment, sys.executable, "-m", "minidns", *serve]

    with peers.run_server(command, list(world.files), tmp_path) as (_, port):
        for question in questions:
            ask = dns.query.tcp if question.form.is_tcp else dns.query.udp
            query = dns.message.from_wire(queries[question.number])
            reply = ask(query, peers.LOOPBACK, SECONDS, port, one_rr_per_rrset=True)
            wire = expected[question.number]
            assert reply.wire == wire, f"{question}: {reply}\nexpected {Reply(wire)}"
