"""One experiment, run in this process, and what it wrote; which descriptors are open here."""

import io
import os
from collections.abc import Callable
from functools import cache

from minidns.lesson.course import EXPERIMENTS
from minidns.lesson.experiment import run_experiment
from minidns.lesson.page import DEFAULT_WIDTH, Page

NUMBERS = [each.number for each in EXPERIMENTS]


def run(
    number: int, width: int = DEFAULT_WIDTH, wait: Callable[[], None] | None = None
) -> tuple[str, list[str]]:
    """The text of an experiment, and the rules that did not hold."""
    out = io.StringIO()
    failures: list[str] = []
    run_experiment(EXPERIMENTS[number - 1], Page(out, width, wait=wait), failures)
    return out.getvalue(), failures


@cache
def known_text(number: int) -> str:
    """The text of one run, for tests that only read it."""
    return run(number)[0]


def open_descriptors() -> set[str]:
    """What the open descriptors of this process are, by number and target where it is known."""
    found = set()
    for name in os.listdir("/dev/fd"):
        try:
            found.add(f"{name} {os.readlink(f'/dev/fd/{name}')}")
        except OSError:  # the directory itself, closed meanwhile; or no links there (macOS)
            continue
    return found
