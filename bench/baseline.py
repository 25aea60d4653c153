"""Instruction counts per kind of query that are kept, and what later ones are compared with.

Counts hold for one build of Python only: another compiler or another version needs others for the
same code. So a comparison between two builds is refused instead of shown.
"""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BASELINE = Path(__file__).parent / "baseline.json"
GROWTH = 0.05  # over the kept count: more is a regression

Counts = Mapping[str, float]  # kind of query to instructions for one


class NotComparable(ValueError):
    """Counts of another build of Python, or a file that holds none."""


def build() -> dict[str, str]:
    """The build of Python that runs this."""
    return {
        "version": platform.python_version(),
        "build": " ".join(platform.python_build()),
        "compiler": platform.python_compiler(),
    }


def keep(path: Path, counts: Counts) -> None:
    """Write the counts with the build and the machine they were made on."""
    machine = f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} CPU"
    document = {"python": build(), "machine": machine, "instructions": dict(counts)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def read(path: Path) -> Counts:
    """The counts that `keep` wrote. Raises NotComparable, which says why and what helps."""
    again = "write it anew with `python -m bench.micro --keep`"
    try:
        document: Any = json.loads(path.read_text())
        python, counts = document["python"], dict(document["instructions"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise NotComparable(f"{path} holds no baseline ({fault!r}): {again}") from None
    if python != build():
        raise NotComparable(
            f"{path} was counted with another build of Python, {python}; this one is {build()}: "
            f"compare with that one, or {again}"
        )
    return counts


def grown(counts: Counts, kept: Counts) -> list[str]:
    """A line for each kind that needs over GROWTH more than was kept."""
    return [
        f"{kind}: {count:,.0f} instructions a query, {kept[kind]:,.0f} kept "
        f"({count / kept[kind] - 1:+.1%}, at most {GROWTH:+.0%})"
        for kind, count in counts.items()
        if kind in kept and count > kept[kind] * (1 + GROWTH)
    ]
