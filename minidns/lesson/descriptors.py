"""Experiment 10: descriptors run out (getrlimit(2), accept(2)), in a child that can spare them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from minidns.lesson.arrival import NothingCameError
from minidns.lesson.descriptors_child import RESULT, STEP
from minidns.lesson.experiment import Experiment, InMinidns
from minidns.lesson.lab import Lab
from minidns.lesson.page import Page

_PACKAGE_AT = Path(__file__).parents[2]  # the directory that holds the package
_CHILD = "minidns.lesson.descriptors_child"
_SECONDS = 30.0  # for what takes half of one


def run(lab: Lab) -> None:
    """The child does it; its lines are shown step by step, and its checks count here."""
    try:
        done = _run_child(lab.page)
    except OSError as error:
        lab.skip(f"all of it, since no other process can be started ({error})")
        return
    result = _copy(done.stdout, lab.page)
    if result is None:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise NothingCameError(f"the child process ended early: {last[0]}")
    lab.checks += result["checks"]
    lab.failures += result["failures"]


def _run_child(page: Page) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(_PACKAGE_AT), os.environ.get("PYTHONPATH", ""))))
    return subprocess.run(  # noqa: S603 - this Python, this package
        [sys.executable, "-P", "-m", _CHILD, str(page.width), str(int(page.is_coloured))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": path},
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def _copy(lines: str, page: Page) -> Any:
    """Show what the child wrote; returns its result, None where it did not come to one."""
    for line in lines.split("\n")[:-1]:  # splitlines() takes form feeds for ends of lines
        if line.startswith(RESULT):
            return json.loads(line.removeprefix(RESULT))
        if line.startswith(STEP):
            page.step(line.removeprefix(STEP))
        elif line:
            page.copy(line)
        else:
            page.blank()
    return None


EXPERIMENT = Experiment(
    number=10,
    title="Descriptors run out",
    shows="Each socket takes a descriptor, and a process may have only so many. What accept() "
    "says when there is none left, in a child process whose limit is lowered, and what minidns "
    "does about it.",
    in_minidns=(
        InMinidns("minidns/sockets/descriptor_limit.py", "as many connections as fit"),
        InMinidns("minidns/transport/tcp.py", "EMFILE: an idle connection goes, accept() pauses"),
    ),
    run=run,
)
