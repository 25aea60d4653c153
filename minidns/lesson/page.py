"""What the lesson writes: wrapped to the terminal, in colour only where somebody looks at one.

Plain text when it goes into a pipe or a file (and with NO_COLOR, or TERM=dumb). Between two steps
it waits where it was asked to.
"""

import os
import shutil
import textwrap
from collections.abc import Callable
from typing import TextIO

DEFAULT_WIDTH = 80  # columns where nobody tells
MIN_WIDTH = 40
MAX_WIDTH = 100  # longer lines are hard to read
UNBROKEN = "\u00a0"  # a blank where no line may end

_STYLES = {
    "title": "\x1b[1m",
    "step": "\x1b[1m",
    "call": "\x1b[36m",
    "good": "\x1b[32m",
    "bad": "\x1b[1;31m",
    "skipped": "\x1b[33m",
    "plain": "",
}
_RESET = "\x1b[0m"


class EndOfInputError(Exception):
    """Nobody is there any more to ask for the next step."""


class Page:
    """Where one run of the lesson is written.

    `wait`, where given, is called between steps; it raises EndOfInputError to end them.
    """

    def __init__(
        self,
        out: TextIO,
        width: int = DEFAULT_WIDTH,
        is_coloured: bool = False,
        wait: Callable[[], None] | None = None,
    ) -> None:
        self.width = max(MIN_WIDTH, min(width, MAX_WIDTH))
        self.is_coloured = is_coloured
        self._out = out
        self._wait = wait
        self._has_step = False
        self._is_blank = True

    def title(self, text: str) -> None:
        """The heading of an experiment."""
        self.write(text, style="title")
        self.write("=" * min(len(text), self.width), style="title")

    def step(self, text: str) -> None:
        """The heading of a step; waits first, unless it is the first of all."""
        if self._has_step and self._wait is not None:
            self.blank()
            self.write("-- Enter for the next step --")
            self._out.flush()
            self._wait()
        self._has_step = True
        self.blank()
        self.write(text, style="step")

    def write(self, text: str, first: str = "", hang: str = "", style: str = "plain") -> None:
        """A paragraph: `first` stands before its first line, `hang` before the others."""
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=hang,
            break_on_hyphens=False,
        )
        colour = _STYLES[style] if self.is_coloured else ""
        for line in (each.replace(UNBROKEN, " ") for each in lines):
            self._is_blank = False
            self._out.write(f"{colour}{line}{_RESET}\n" if colour else f"{line}\n")

    def blank(self) -> None:
        """An empty line, unless the last one was."""
        if not self._is_blank:
            self._is_blank = True
            self._out.write("\n")

    def copy(self, line: str) -> None:
        """A line that is as wide as it should be."""
        self._is_blank = not line
        self._out.write(f"{line}\n")


def page_for(out: TextIO, wait: Callable[[], None] | None = None) -> Page:
    """A page as wide as the terminal (or COLUMNS), in colour where `out` is a terminal."""
    width = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
    is_coloured = (
        out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return Page(out, width, is_coloured, wait)
