"""`minidns lesson`: experiments with sockets, made and explained on this machine's own kernel.

Exit code 0 when every rule held, 1 when this kernel does otherwise somewhere, 2 for an experiment
that does not exist. With `--step` the end of standard input ends it as well, with 0 or 1 so far.
"""

import argparse
import sys

from minidns.cli import output

ALL_HELD = 0
DID_NOT_HOLD = 1
NO_SUCH = 2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lesson` to the command's parser."""
    parser = subparsers.add_parser(
        "lesson",
        help="show on this machine what the kernel does with sockets and addresses",
        description="Ten experiments on loopback: what streams and datagrams are, what the kernel "
        "does with an address that two sockets want, and why DNS needs UDP and TCP. Each makes "
        "its system calls in the open, shows the kernel's table of sockets, and checks the rules "
        "that it states; exit code 1 where this kernel does otherwise.",
    )
    parser.add_argument(
        "experiment",
        nargs="?",
        metavar="N",
        help="the number of an experiment, or all (default: list them)",
    )
    parser.add_argument("--step", action="store_true", help="wait for Enter between two steps")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List the experiments, or run what was asked for."""
    from minidns.lesson.course import EXPERIMENTS, find_experiments, run_all, write_list
    from minidns.lesson.page import page_for

    page = page_for(sys.stdout, _wait_for_enter if arguments.step else None)
    if arguments.experiment is None:
        write_list(page)
        return ALL_HELD
    experiments = find_experiments(arguments.experiment)
    if not experiments:
        output.say(f"minidns: there is no experiment '{arguments.experiment}'; there are:")
        for each in EXPERIMENTS:
            output.say(f"  {each.number:>3}  {each.title}")
        output.say("  all  all of them")
        return NO_SUCH
    return ALL_HELD if run_all(experiments, page) else DID_NOT_HOLD


def _wait_for_enter() -> None:
    from minidns.lesson.page import EndOfInputError

    if not sys.stdin.readline():
        raise EndOfInputError
