"""Where an experiment works: its sockets, what is printed of them, the rules and their checks.

Every socket made here is closed at the end of the experiment, whatever happened in it.
"""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from socket import SO_REUSEADDR, SO_REUSEPORT
from typing import Any

from minidns.lesson.c_text import errno_name
from minidns.lesson.calls import Descriptor, OpenSocket
from minidns.lesson.kernel_table import Row, has_kernel_table, read_table
from minidns.lesson.page import UNBROKEN, Page

LOOPBACK = "127.0.0.1"
# By which sockets that do not listen may have one and the same address: socket(7) on Linux,
# getsockopt(2) on the BSDs and macOS.
SHARING = SO_REUSEADDR if sys.platform == "linux" else SO_REUSEPORT
SHARING_NAME = "SO_REUSEADDR" if sys.platform == "linux" else "SO_REUSEPORT"
NOTHING_THERE = frozenset({"EAGAIN", "EWOULDBLOCK"})
_SIDE = 10  # columns in which it stands whose call it is
_WIDE_TABLE = 76  # columns; narrower pages have a row on three lines
_HEAD = ("fd", "proto", "local address", "remote address", "state")


class Lab:
    """One experiment's. `failures` are the rules that this kernel does not keep."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.checks = 0
        self.failures: list[str] = []
        self._open: list[OpenSocket | Descriptor] = []

    def step(self, title: str) -> None:
        """A step begins; with `--step` it waits for the reader first."""
        self.page.step(title)

    def say(self, text: str) -> None:
        """A paragraph of explanation."""
        self.page.write(text, "  ", "  ")

    def note(self, text: str) -> None:
        """An entry of a list."""
        self.page.write(text, "  - ", "    ")

    def rule(self, text: str) -> None:
        """What follows from what was seen."""
        self.page.blank()
        self.page.write(text, "  Rule: ", "        ", style="step")

    def socket(self, family: int, kind: int, side: str) -> OpenSocket:
        """socket(2), shown. Raises OSError."""
        made = OpenSocket(self.show, side, family, kind)
        self._open.append(made)
        return made

    def accept(self, listener: OpenSocket) -> tuple[Descriptor, Any]:
        """accept(2), shown. Raises OSError, NothingCameError."""
        taken, peer = listener.take()
        self._open.append(taken)
        return taken, peer

    def refusal(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
        """The name of the error that the call ends with, "" where it ends well."""
        try:
            call(*arguments, **named)
        except OSError as error:
            return errno_name(error)
        return ""

    def show(self, side: str, line: str) -> None:
        """The line of one call."""
        line = line.replace(" = ", f"{UNBROKEN}={UNBROKEN}")
        self.page.write(line, f"  {side:<{_SIDE}}", " " * (_SIDE + 4), style="call")

    def table(self, remains: tuple[str, str] | None = None) -> None:
        """What the kernel lists of the sockets that are open here, and of what `remains`."""
        numbers = [each.fileno() for each in self._open if each.fileno() >= 0]
        rows = read_table(numbers, remains)
        self.page.blank()
        if not has_kernel_table():
            self.say("(This system has no /proc/net: from getsockname() and getpeername().)")
        if self.page.width >= _WIDE_TABLE:
            self._wide_table(rows)
        else:
            self._narrow_table(rows)
        self.page.blank()

    def check(self, what: str, holds: bool) -> None:
        """Whether the rule holds on this kernel."""
        self.checks += 1
        if holds:
            self.page.write(what, "  holds: ", "         ", style="good")
        else:
            self.failures.append(what)
            self.page.write(
                f"{what} - this kernel does otherwise", "  DOES NOT HOLD: ", "    ", style="bad"
            )

    def skip(self, text: str) -> None:
        """What cannot be shown on this machine, and why."""
        self.page.write(text, "  skipped: ", "           ", style="skipped")

    def close(self, sockets: Iterable[OpenSocket | Descriptor] | None = None) -> None:
        """close(2) on these, or on all that are open; each is shown."""
        for each in list(self._open) if sockets is None else sockets:
            each.close()
        self._open = [each for each in self._open if each.fileno() >= 0]

    def close_unseen(self) -> None:
        """At the end, also after a fault."""
        for each in self._open:
            if each.fileno() >= 0:
                with suppress(OSError):
                    os.close(each.detach())
        self._open.clear()

    def _wide_table(self, rows: list[Row]) -> None:
        for cells in (_HEAD, *(_cells(row) for row in rows)):
            number, protocol, local, remote, state = cells
            line = f"{number:>4}  {protocol:<5}  {local:<24} {remote:<24} {state}"
            self.page.copy(line.rstrip())

    def _narrow_table(self, rows: list[Row]) -> None:
        for row in rows:
            number, protocol, local, remote, state = _cells(row)
            self.page.copy(f"  fd {number} {protocol} {state}")
            self.page.copy(f"    local  {local}")
            self.page.copy(f"    remote {remote}")


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    number = "-" if row.number is None else str(row.number)
    return number, row.protocol, row.local, row.remote, row.state
