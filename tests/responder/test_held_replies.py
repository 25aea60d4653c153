"""What a transport's look-up finds: what is held, then what is recalled."""

import dns.message
import dns.rcode
import pytest

from minidns.resolver.kept_reply import KeptReply
from minidns.responder.answer_cache import AnswerCache
from minidns.responder.held_replies import HeldReplies
from minidns.responder.room import Room
from tests.responder.test_kept_replies import CLIENT, UDP, Subject, addresses, query, question


class Kept:
    """What is kept is as it was."""

    def clock(self) -> float:
        return 0.0

    def recall(self, kept: KeptReply, now: float) -> int:
        return 1


def kept() -> KeptReply:
    return KeptReply(b" reply", 0.0, 5, (), b"key", b"packed")


def test_recalled_by_the_look_up_and_by_no_other() -> None:
    asked: list[bytes] = []

    def recall(query: bytes) -> bytes | None:
        asked.append(query)
        return b"recalled" if query == b"known" else None

    held = HeldReplies(recall)
    held[b"held"] = b"reply"
    assert [held[b"held"], held[b"known"], held[b"other"]] == [b"reply", b"recalled", None]
    assert asked == [b"known", b"other"]
    assert held.get(b"known") is None
    assert b"known" not in held
    assert len(held) == 1


def test_nobody_is_asked_while_nothing_is_kept() -> None:
    cache = AnswerCache(Room(10_000), Kept())
    assert cache.replies.get.__name__ == "get"
    cache.add(b"id zone", b"id answer")
    cache.keep(b"id query", kept())
    look_up = cache.replies.get
    assert look_up(b" query") == b" reply"
    cache.clear()
    assert look_up(b" query") is None  # of a batch that is under way
    assert cache.replies.get.__name__ == "get"
    assert cache.replies.get(b" query") is None
    cache.keep(b"id query", kept())
    assert cache.replies.get(b" query") == b" reply"
    assert cache.replies.get(b" zone") is None
    cache.give_up()
    assert cache.replies.get(b" query") is None


def test_a_fault_goes_to_respond_which_tells_of_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The queries of the same batch are not concerned."""
    subject = Subject()
    subject.learn(question(), addresses(60))
    subject.ask(query())
    subject.pass_time(1)
    responder = subject.keeping[0]
    assert responder.datagram_answers.kept
    monkeypatch.setattr(subject, "now", None)  # what has no number cannot be counted down
    wire = query()
    assert responder.datagram_answers.replies.get(wire[2:]) is None
    reply = responder.respond(wire, CLIENT, UDP)
    assert isinstance(reply, bytes)
    assert dns.message.from_wire(reply).rcode() == dns.rcode.SERVFAIL
    assert responder.failures == 1
    assert "a query failed" in caplog.text
