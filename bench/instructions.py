"""Instructions between two marks of a Python program, counted by valgrind's callgrind.

A mark is a call of getppid(2), which nothing else here makes; callgrind writes what it counted
since the last one (`--dump-before`). The count hardly depends on the machine and not at all on
its load, and differs with the build of Python. About 50 times slower than the program alone.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MARK = "getppid"


class Missing(RuntimeError):
    """Instructions cannot be counted here."""


def mark() -> None:
    """The border between two counts."""
    os.getppid()


def count_instructions(arguments: Sequence[str], parts: int) -> list[int]:
    """Run Python with these arguments; it calls `mark()` before and after each of its parts.

    Returns the instructions of each part. Raises Missing.
    """
    if shutil.which("valgrind") is None:
        raise Missing("valgrind is not installed (Debian: apt-get install valgrind)")
    with tempfile.TemporaryDirectory(prefix="bench-callgrind-") as made:
        out = Path(made) / "out"
        command = [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"),
            *(f"--dump-before={MARK}", sys.executable, *arguments),
        ]
        environment = os.environ | {"PYTHONHASHSEED": "0"}  # the same dicts each time
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        dumps = sorted(Path(made).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        if run.returncode or len(dumps) < 2 * parts:
            raise Missing(f"callgrind gave {len(dumps)} counts:\n{run.stderr[-2000:]}")
        # The first is what came before the first mark, the second the first part, and so on.
        return [_total(dumps[2 * part + 1]) for part in range(parts)]


def _total(dump: Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.MULTILINE)
    if not found:
        raise Missing(f"no totals in what callgrind wrote: {dump.name}")
    return int(found[1])
