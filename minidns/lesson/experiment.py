"""What an experiment is, and how one is run: title, steps, the verdict, no socket left behind."""

from collections.abc import Callable
from typing import NamedTuple

from minidns.lesson.arrival import NothingCameError
from minidns.lesson.lab import Lab
from minidns.lesson.page import Page


class InMinidns(NamedTuple):
    """Where the server does the same: a file of this package, and what it does there."""

    file: str
    what: str


class Experiment(NamedTuple):
    """One of the ten. `shows` says beforehand what there will be to see."""

    number: int
    title: str
    shows: str
    in_minidns: tuple[InMinidns, ...]
    run: Callable[[Lab], None]


def run_experiment(experiment: Experiment, page: Page, failures: list[str]) -> None:
    """Run one, and add the rules that did not hold on this kernel. Raises EndOfInputError."""
    lab = Lab(page)
    page.title(f"{experiment.number}. {experiment.title}")
    page.blank()
    page.write(experiment.shows)
    try:
        experiment.run(lab)
        page.blank()
        lab.close()
    except NothingCameError as error:
        lab.check(f"what was sent arrives ({error})", False)
    except OSError as error:
        lab.check(f"the calls above end well ({error})", False)
    finally:
        lab.close_unseen()
        failures += [f"{experiment.number}. {rule}" for rule in lab.failures]
    page.blank()
    page.write("The server does the same in:", style="step")
    for file, what in experiment.in_minidns:
        page.write(f"{file}: {what}", "  ", "    ")
    page.blank()
    if lab.failures:
        verdict = f"{len(lab.failures)} of {lab.checks} rules do not hold on this kernel."
        page.write(verdict, style="bad")
    elif lab.checks:
        page.write(f"All {lab.checks} rules hold on this kernel.", style="good")
