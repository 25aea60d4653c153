"""What the command writes, and where: results to standard output, all else to standard error.

A closed or full standard error never ends the command: a server outlives its terminal. Faults of
zone files are lines that editors and CI read, errors first; a file's name cannot move the cursor.
"""

import logging
import sys
from collections.abc import Iterable

from minidns.zone.faults import ERROR
from minidns.zone.model import Fault

LEVELS = ("debug", "info", "warning", "error")


def write(text: str) -> None:
    """A line, or several, on standard output. Raises OSError where nobody reads it."""
    print(text)


def say(text: str) -> None:
    """A line, or several, on standard error, at once."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        return


def fault_lines(faults: Iterable[Fault]) -> list[str]:
    """`file:line:column: rule: message` for each error, then the same for each warning, marked."""
    errors, warnings = [], []
    for fault in faults:
        if fault.severity == ERROR:
            errors.append(_printable(str(fault)))
        else:
            marked = fault._replace(rule=f"warning: {fault.rule}")
            warnings.append(_printable(str(marked)))
    return errors + warnings


def log_to_stderr(level: str) -> None:
    """Send what the layers log from `level` (of LEVELS) on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("minidns: %(levelname)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.raiseExceptions = False  # of a log that cannot be written: nobody could read it


class _Formatter(logging.Formatter):
    """Level names in lower case, as compilers write them."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        return super().formatMessage(record)


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)
