"""What the README holds: its commands, its blocks, its sections."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.dockerfile import ROOT

README = (ROOT / "README.md").read_text()
HOME = "Home network"
SOCKETS = "See the sockets"


@dataclass(frozen=True)
class Command:
    """A command of a console block, with the output that the README shows."""

    text: str
    output: tuple[str, ...]
    section: str  # the last heading before it

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    def __str__(self) -> str:
        return self.text


def blocks(language: str) -> list[tuple[str, str]]:
    """The text before each fenced block of that language, and the block."""
    pattern = rf"^(.*?)^```{language}\n(.*?)^```$"
    found = []
    for before, block in re.findall(pattern, README, re.MULTILINE | re.DOTALL):
        found.append((before.rsplit("```", 1)[-1], block))
    return found


def commands() -> Iterator[Command]:
    heading = ""
    for title, block in re.findall(r"^##+ (.*)$|^```console\n([^`]*?)^```$", README, re.MULTILINE):
        heading = title or heading
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            text, *output = part.rstrip("\n").split("\n")
            yield Command(text, tuple(output), heading)


def commands_of(*programs: str) -> list[Command]:
    """Those of the sections without a server of their own."""
    return [
        command
        for command in commands()
        if command.words[0] in programs and command.section not in (HOME, SOCKETS)
    ]


def commands_in(section: str, *words: str) -> list[Command]:
    """Those of a section that begin with these words."""
    return [
        command
        for command in commands()
        if command.section == section and command.words[: len(words)] == list(words)
    ]


def text_of(section: str) -> str:
    """What the README has below a heading."""
    return re.split(r"^#+ ", README.partition(f"# {section}\n")[2], flags=re.MULTILINE)[0]
