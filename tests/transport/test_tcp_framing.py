"""Frames whole, octet by octet, many at once with trailing data, and cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.transport.tcp_framing import MAX_MESSAGE, FrameReader, answer_known, frame
from tests.transport.clients import framed

MESSAGES = [b"one", b"", b"a longer message", b"x", b"\x00" * 300]


def test_whole() -> None:
    for message in MESSAGES:
        reader = FrameReader()
        reader.feed(framed(message))
        assert reader.has_message()
        assert reader.take(10) == [message]
        assert not reader.has_message()
        assert not reader.is_partial


def test_octet_by_octet() -> None:
    reader = FrameReader()
    got = []
    stream = framed(*MESSAGES)
    for at in range(len(stream)):
        reader.feed(stream[at : at + 1])
        got += reader.take(10)
    assert got == MESSAGES
    assert not reader.is_partial


def test_many_with_trailing_data() -> None:
    reader = FrameReader()
    reader.feed(framed(*MESSAGES) + b"\x00")
    assert reader.take(2) == MESSAGES[:2]
    assert reader.has_message()
    assert reader.take(100) == MESSAGES[2:]
    assert reader.is_partial
    assert not reader.has_message()
    reader.feed(b"\x02h")
    assert reader.take(100) == []
    assert reader.is_partial
    reader.feed(b"i")
    assert reader.take(100) == [b"hi"]


def test_fed_before_all_was_taken() -> None:
    reader = FrameReader()
    reader.feed(framed(b"one", b"two") + b"\x00\x05th")
    assert reader.take(1) == [b"one"]
    reader.feed(b"ree" + framed(b"four"))
    assert reader.take(10) == [b"two", b"three", b"four"]


def test_largest() -> None:
    reader = FrameReader()
    stream = framed(bytes(MAX_MESSAGE))
    reader.feed(stream[:-1])
    assert reader.take(1) == []
    reader.feed(stream[-1:])
    assert reader.take(1) == [bytes(MAX_MESSAGE)]


def test_frame() -> None:
    assert frame(b"abc") == b"\x00\x03abc"
    assert frame(bytes(300)) == b"\x01\x2c" + bytes(300)
    with pytest.raises(OverflowError):
        frame(bytes(MAX_MESSAGE + 1))


@given(
    messages=st.lists(st.binary(max_size=600), max_size=30),
    trailing=st.sampled_from([b"", b"\x00", b"\x00\x09", b"\x00\x09abc"]),
    data=st.data(),
)
def test_any_cuts_and_any_limits(
    messages: list[bytes], trailing: bytes, data: st.DataObject
) -> None:
    stream = framed(*messages) + trailing
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    reader = FrameReader()
    got: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        reader.feed(stream[start:end])
        for limit in data.draw(st.lists(st.integers(0, 5), max_size=4)):
            some = reader.take(limit)
            assert len(some) <= limit
            got += some
    while reader.has_message():
        got += reader.take(1)
    got += reader.take(1)
    assert got == messages
    assert reader.is_partial == bool(trailing)


def test_known_messages_are_answered_up_to_the_first_unknown() -> None:
    answers = {b"a": b"x" * 5000, b"b": b"y"}
    octets = framed(b"01a", b"02b", b"03c", b"04a")
    pieces, messages, used = answer_known(octets, answers, 64)
    assert b"".join(pieces) == framed(b"01" + b"x" * 5000, b"02y")
    assert (messages, used) == (2, len(framed(b"01a", b"02b")))


def test_known_messages_up_to_the_limit() -> None:
    octets = framed(b"01a", b"02a", b"03a")
    assert answer_known(octets, {b"a": b"x"}, 2)[1:] == (2, len(framed(b"01a", b"02a")))


@pytest.mark.parametrize("cut", range(len(framed(b"01a"))))
def test_a_part_of_a_message_is_not_answered(cut: int) -> None:
    octets = framed(b"01a") + framed(b"02a")[:cut]
    assert answer_known(octets, {b"a": b"x", b"": b"never"}, 64)[1:] == (1, len(framed(b"01a")))


@pytest.mark.parametrize("message", [b"", b"0", b"01"])
def test_message_without_octets_after_the_id(message: bytes) -> None:
    assert answer_known(framed(message), {b"a": b"x"}, 64) == ([], 0, 0)
