"""How the lesson is written: width, colour, and the form of calls."""

import io
import os
import socket

import pytest

from minidns.lesson import c_text
from minidns.lesson.page import MIN_WIDTH, Page, page_for


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written_to(out: io.StringIO) -> str:
    page = page_for(out)
    page.title("A title")
    page.write("A rule that holds.", style="good")
    return out.getvalue()


def test_colours_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32mA rule that holds.\x1b[0m\n" in written_to(Terminal())
    assert written_to(io.StringIO()) == "A title\n=======\nA rule that holds.\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    assert "\x1b" not in written_to(Terminal())


@pytest.mark.parametrize(
    ("columns", "width"), [("20", 40), ("57", 57), ("80", 80), ("500", 100), ("", 80)]
)
def test_width(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((80, 24)))
    assert page_for(io.StringIO()).width == width


def test_wrapped_lines_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    Page(out, MIN_WIDTH).write("word " * 12, first="  Rule: ", hang="        ")
    lines = out.getvalue().splitlines()
    assert [line[:8] for line in lines] == ["  Rule: ", "        "]
    assert max(map(len, lines)) <= MIN_WIDTH


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"", '""'),
        (b"plain", '"plain"'),
        (b'a "b" \\', '"a \\"b\\" \\\\"'),
        (b"x" * 33, '"' + "x" * 32 + '"...'),
        (b"x" * 32, '"' + "x" * 32 + '"'),
        (b"\x00\xff", '"\\x00\\xff"'),
        (bytes(9), '"' + "\\x00" * 8 + '"...'),
    ],
)
def test_octets_as_c_has_them(octets: bytes, shown: str) -> None:
    assert c_text.quote(octets) == shown


def test_constants_without_a_name_are_numbers() -> None:
    assert c_text.option(socket.SOL_SOCKET, socket.SO_REUSEADDR) == "SOL_SOCKET, SO_REUSEADDR"
    assert c_text.option(socket.SOL_SOCKET, 99) == "SOL_SOCKET, 99"
    assert c_text.option(77, 5) == "77, 5"
    assert c_text.flags(socket.MSG_DONTWAIT) == "MSG_DONTWAIT"
    assert c_text.flags(0) == "0"
