"""minidns in this process: the zones of a world through its own reader, messages in and out."""

from collections.abc import Iterable, Mapping

from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.via import Via
from minidns.zone.directory import ZoneSource, load_source
from minidns.zone.model import Catalog
from tests.differential.questions import Question
from tests.differential.world import World

CLIENT = bytes((127, 0, 0, 1))
UDP = Via("udp", is_stream=False)
TCP = Via("tcp", is_stream=True)


def make_responder(world: World, answer_cache: int) -> Responder:
    """A responder for the world's zones. `answer_cache` in octets, 0 for none."""
    held = {}
    for name, path in world.paths():
        origin = name.to_digestable()
        loaded = load_source(ZoneSource(origin, (path,), path.parent))
        errors = [str(fault) for fault in loaded.faults if fault.severity == "error"]
        assert loaded.zone is not None, "\n".join(errors)
        held[origin] = loaded.zone
    return Responder(
        Catalog(held), Policy(answer_cache=answer_cache), Cookies(b"differential key"), lambda: 0.0
    )


def respond_all(
    responder: Responder, questions: Iterable[Question], queries: Mapping[int, bytes]
) -> dict[int, bytes]:
    """Replies by number, each by the transport of the question's form."""
    replies = {}
    for question in questions:
        via = TCP if question.form.is_tcp else UDP
        reply = responder.respond(queries[question.number], CLIENT, via)
        assert reply is not None, f"no reply to {question}"
        replies[question.number] = reply
    return replies
