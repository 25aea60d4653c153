"""What the command writes, and where: results to standard output, all else to standard error.

A closed or full standard error never ends the command: a server outlives its terminal. Faults of
zone files are lines that editors and CI read, errors first; a file's name cannot move the cursor.
"""

import logging
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from copy import copy
from threading import RLock
from typing import TextIO

from minidns.zone.faults import ERROR
from minidns.zone.model import Fault

LEVELS = ("debug", "info", "warning", "error")


def write(text: str) -> None:
    """A line, or several, on standard output. Raises OSError where nobody reads it."""
    print(text)


def say(text: str) -> None:
    """A line, or several, on standard error, at once."""
    with _status.lock:
        _status.clear()
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def show_status(text: str) -> None:
    """A line at the end of a terminal, until the next one, or until anything else is said."""
    with _status.lock:
        _status.clear()
        _status.show(text)


def clear_status() -> None:
    """Take the last of `show_status` away."""
    with _status.lock:
        _status.clear()


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
    handler = _LogHandler(sys.stderr)
    handler.setFormatter(_Formatter("minidns: %(levelname)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.raiseExceptions = False  # of a log that cannot be written: nobody could read it


class _Status:
    """What stands at the end of the terminal, without a line end. `lock` is for all who write."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._length = 0

    def show(self, text: str) -> None:
        with suppress(OSError, ValueError):  # no terminal; closed
            width = os.get_terminal_size(sys.stderr.fileno()).columns
            shown = text[: width - 1] if width else text  # one that wraps cannot be taken away
            print(shown, end="", file=sys.stderr, flush=True)
            self._length = len(shown)

    def clear(self) -> None:
        if self._length:
            with suppress(OSError, ValueError):
                print(f"\r{' ' * self._length}\r", end="", file=sys.stderr, flush=True)
            self._length = 0


_status = _Status()


class _LogHandler(logging.StreamHandler[TextIO]):
    """Takes the status away before a line of the log."""

    def emit(self, record: logging.LogRecord) -> None:
        with _status.lock:
            _status.clear()
            super().emit(record)


class _Formatter(logging.Formatter):
    """Level names in lower case, as compilers write them."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        shown = copy(record)  # other handlers get the same record
        shown.levelname = record.levelname.lower()
        return super().formatMessage(shown)


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)
