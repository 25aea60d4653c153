"""Processor time and memory of a server: the process that was started and all that descend from it.

Time is in nanoseconds from the CPU clock of each process, which counts threads that ended too
(clock_getcpuclockid(3)), and in clock ticks for children that ended (proc(5), cutime and cstime).
Memory is the proportional set size: pages that the processes share count once.
"""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PROC = Path("/proc")
NANOSECONDS = 1e9
_TICKS = os.sysconf("SC_CLK_TCK")  # a second
_CPUCLOCK_SCHED = 2  # Linux: a clock ID is the complement of a process ID, shifted by 3, and this
_TRIES = 100  # a child that ends while it is read begins the reading anew

Read = TypeVar("Read")


class Gone(RuntimeError):
    """The process ended."""


@dataclass(frozen=True)
class Usage:
    """Processor time so far of a process tree. User and system are counted in coarser ticks."""

    seconds: float
    user_ticks: int
    system_ticks: int


def usage_of(pid: int) -> Usage:
    """Sums over the tree. Raises Gone."""
    return _steadily(_read_usage, pid)


def resident_kib(pid: int) -> int:
    """Memory of the tree. Raises Gone."""
    return _steadily(lambda tree: sum(_proportional_kib(each) for each in tree), pid)


def seconds_since_start(pid: int) -> float:
    """Age of a process, from the ticks since the machine's start."""
    fields = _stat(pid)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / _TICKS  # starttime


def _steadily(read: Callable[[list[int]], Read], pid: int) -> Read:
    for _ in range(_TRIES):
        try:
            return read(_tree(pid))
        except OSError:
            if not (PROC / str(pid)).exists():
                break
    raise Gone(f"process {pid} ended")


def _read_usage(tree: list[int]) -> Usage:
    seconds, user, system = 0.0, 0, 0
    for pid in tree:
        fields = _stat(pid)
        own_user, own_system, ended_user, ended_system = (int(each) for each in fields[11:15])
        seconds += time.clock_gettime_ns(~pid << 3 | _CPUCLOCK_SCHED) / NANOSECONDS
        seconds += (ended_user + ended_system) / _TICKS
        user += own_user + ended_user
        system += own_system + ended_system
    return Usage(seconds, user, system)


def _proportional_kib(pid: int) -> int:
    text = (PROC / str(pid) / "smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _stat(pid: int) -> list[str]:
    """The fields after the name: the first is the third of proc(5)'s list."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in (PROC / str(each) / "task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found
