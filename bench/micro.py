"""`python -m bench.micro`: what a query costs from its octets to its reply, without sockets.

Nanoseconds of processor time per query are the median of REPEATS runs of the same queries; they
drift with the machine. Instructions (`--instructions`, by valgrind's callgrind) hardly do: 1 % more
of them is a change of the code. `--against FILE` compares with what `--output FILE` has kept.
`--keep` and `--compare` do so with instructions alone and the baseline that is committed.

Exit code 0 with figures, 1 when one of them grew by more than its tolerance, 2 when something is
missing or the baseline is of another build of Python.
"""

import argparse
import gc
import json
import platform
import statistics
import sys
import time
from pathlib import Path

from bench import baseline
from bench.instructions import Missing, count_instructions, mark
from bench.micro_queries import HOSTS, KINDS, Prepared, make_responder, prepare

REPEATS = 15
MARKED_HOSTS = 100  # below valgrind, where all is slow
TOLERANCE = {"nanoseconds": 0.25, "instructions": 0.02}  # that is not told as a regression
_MARKED = "--between-marks"  # how instructions.py runs this module below valgrind

Figures = dict[str, dict[str, float]]  # kind of query to unit to figure for one query


def main() -> int:
    arguments = _parse_arguments()
    chosen = [kind for kind in KINDS if not arguments.kind or kind.name in arguments.kind]
    names = [kind.name for kind in chosen]
    if arguments.between_marks:
        responder = make_responder(MARKED_HOSTS)
        for kind in chosen:
            _run_between_marks(prepare(kind, responder, MARKED_HOSTS, is_checked=False))
        return 0
    if arguments.keep or arguments.compare:
        return _keep_or_compare(names, arguments.keep, arguments.compare)
    responder = make_responder(HOSTS)
    figures: Figures = {}
    for kind in chosen:
        prepared = prepare(kind, responder, HOSTS)
        figures[kind.name] = {"nanoseconds": _nanoseconds(prepared, arguments.repeats)}
    if arguments.instructions:
        try:
            counts = _count(names)
        except Missing as reason:
            print(reason, file=sys.stderr)
            return 2
        for name, count in counts.items():
            figures[name]["instructions"] = count
    earlier = json.loads(arguments.against.read_text())["figures"] if arguments.against else {}
    print(to_markdown(figures, earlier))
    if arguments.output:
        document = {"python": platform.python_version(), "figures": figures}
        arguments.output.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if regressions(figures, earlier) else 0


def _count(names: list[str]) -> dict[str, float]:
    """Instructions of one query by kind. Raises Missing."""
    command = ["-m", "bench.micro", _MARKED, *(f"--kind={name}" for name in names)]
    counts = count_instructions(command, len(names))
    return {name: each / MARKED_HOSTS for name, each in zip(names, counts, strict=True)}


def _keep_or_compare(names: list[str], kept_at: Path | None, compared: Path | None) -> int:
    """Instructions alone: written to a baseline, or held against one."""
    try:
        kept = baseline.read(compared) if compared else {}
        counts = _count(names)
    except (Missing, baseline.NotComparable) as reason:
        print(reason, file=sys.stderr)
        return 2
    earlier = {name: {"instructions": count} for name, count in kept.items()}
    print(to_markdown({name: {"instructions": count} for name, count in counts.items()}, earlier))
    if kept_at:
        baseline.keep(kept_at, counts)
    faults = baseline.grown(counts, kept)
    print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


def to_markdown(figures: Figures, earlier: Figures) -> str:
    """A row for each kind of query; what was `earlier` beside it, as a ratio."""
    units = list(dict.fromkeys(unit for each in figures.values() for unit in each))
    columns = ["query", *units, *(f"{unit} ÷ earlier" for unit in units if earlier)]
    lines = [f"| {' | '.join(columns)} |", "|---|" + "---:|" * (len(columns) - 1)]
    for name, each in figures.items():
        cells = [f"{each[unit]:,.0f}" if unit in each else "-" for unit in units]
        if earlier:
            cells += [_ratio(each, earlier.get(name, {}), unit) for unit in units]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def regressions(figures: Figures, earlier: Figures) -> list[str]:
    """The kinds whose most reliable figure grew by more than its tolerance."""
    found = []
    for name, each in figures.items():
        before = earlier.get(name, {})
        unit = "instructions" if "instructions" in each.keys() & before else "nanoseconds"
        if unit in before and each[unit] > before[unit] * (1 + TOLERANCE[unit]):
            found.append(name)
    return found


def _ratio(figures: dict[str, float], earlier: dict[str, float], unit: str) -> str:
    return f"{figures[unit] / earlier[unit]:.3f}" if unit in figures.keys() & earlier else "-"


def _nanoseconds(prepared: Prepared, repeats: int) -> float:
    """The median over the repeats, for one query."""
    taken = []
    prepared.run()
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeats):
            start = time.process_time_ns()
            prepared.run()
            taken.append(time.process_time_ns() - start)
    finally:
        gc.enable()
    return statistics.median(taken) / prepared.count


def _run_between_marks(prepared: Prepared) -> None:
    prepared.run()
    gc.collect()
    gc.disable()
    mark()
    prepared.run()
    mark()
    gc.enable()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.micro", description="what a query costs without sockets"
    )
    names = [kind.name for kind in KINDS]
    parser.add_argument(
        "--kind", action="append", choices=names, help="may be given several times (default: all)"
    )
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions too (needs valgrind)"
    )
    parser.add_argument("--repeats", type=int, default=REPEATS, help=f"default {REPEATS}")
    parser.add_argument("--output", type=Path, help="keep the figures as JSON")
    parser.add_argument("--against", type=Path, help="figures that --output has kept")
    for flag, told in (("--keep", "write"), ("--compare", "compare with")):
        parser.add_argument(
            flag,
            type=Path,
            nargs="?",
            const=baseline.BASELINE,
            metavar="FILE",
            help=f"{told} a baseline of instructions (default: {baseline.BASELINE.name})",
        )
    parser.add_argument(_MARKED, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
