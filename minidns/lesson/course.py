"""The ten experiments in their order, and runs of one or all of them."""

from collections.abc import Sequence

from minidns.lesson import (
    collision,
    datagram,
    descriptors,
    five_tuple,
    most_specific,
    one_address,
    options,
    reuse_port,
    stream,
    truncation,
)
from minidns.lesson.experiment import Experiment, run_experiment
from minidns.lesson.page import EndOfInputError, Page

EXPERIMENTS: tuple[Experiment, ...] = (
    stream.EXPERIMENT,
    datagram.EXPERIMENT,
    one_address.EXPERIMENT,
    five_tuple.EXPERIMENT,
    collision.EXPERIMENT,
    most_specific.EXPERIMENT,
    reuse_port.EXPERIMENT,
    options.EXPERIMENT,
    truncation.EXPERIMENT,
    descriptors.EXPERIMENT,
)


def write_list(page: Page) -> None:
    """All experiments, each with what it shows."""
    page.write("What the kernel does with an address, in ten experiments on loopback.")
    page.blank()
    for each in EXPERIMENTS:
        page.write(f"{each.number:>2}  {each.title}", hang="    ", style="step")
        page.write(each.shows, "    ", "    ")
    page.blank()
    page.write("minidns lesson 1 runs one, minidns lesson all runs all; --step waits in between.")


def find_experiments(text: str) -> list[Experiment]:
    """The ones meant by "3" or "all"; none where there is no such."""
    if text == "all":
        return list(EXPERIMENTS)
    return [each for each in EXPERIMENTS if str(each.number) == text]


def run_all(experiments: Sequence[Experiment], page: Page) -> bool:
    """Run them in turn; whether all their rules held on this kernel, as far as it was run."""
    failures: list[str] = []
    try:
        for each in experiments:
            page.blank()
            run_experiment(each, page, failures)
    except EndOfInputError:
        page.blank()
        page.write("Ended here: there is no further input.")
        return not failures
    if len(experiments) > 1:
        page.blank()
        if failures:
            page.write("These rules did not hold on this kernel:", style="bad")
            for failure in failures:
                page.write(failure, "  ", "     ")
        else:
            page.write("Every rule of every experiment held on this kernel.", style="good")
    return not failures
