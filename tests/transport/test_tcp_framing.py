"""Frames whole, octet by octet, many at once with trailing data, and cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidns.transport.tcp_framing import MAX_MESSAGE, FrameReader, frame
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
