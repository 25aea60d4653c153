"""The optional build says what it lacks, and never leaves uncompiled what was to be compiled."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.dockerfile import ROOT, arguments_of

STDIO = Path("/usr/include/stdio.h")  # where the build looks for the headers of C
# Setup by a Python that has no mypyc.
SETUP = "import runpy, sys; sys.modules['mypyc.build'] = None; runpy.run_path('setup.py')"


def set_up(command: str, switch: str) -> subprocess.CompletedProcess[str]:
    if find_spec("setuptools") is None:
        pytest.skip("setuptools is not installed")
    return subprocess.run(
        [sys.executable, "-c", SETUP, command],
        cwd=ROOT,
        env=os.environ | {"MINIDNS_COMPILE": switch},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("switch", ["true", "yes", "2"])
def test_the_switch_is_one_or_nought(switch: str) -> None:
    done = set_up("--version", switch)
    assert done.returncode == 1
    assert done.stderr == f"MINIDNS_COMPILE is 1 (compile) or 0 (do not), not '{switch}'\n"


def test_without_mypy_nothing_is_built() -> None:
    """As by `pip install --no-build-isolation`, which asks nobody what the build needs."""
    done = set_up("bdist_wheel", "1")
    assert done.returncode == 1
    assert "MINIDNS_COMPILE=1 needs mypy>=1.18" in done.stderr
    assert "pip install 'mypy>=1.18'" in done.stderr


class Base:
    """A base image of no more programs than are named; apt-get tells what it is asked for."""

    def __init__(self, directory: Path, programs: list[str], has_headers: bool) -> None:
        self._bin = directory / "bin"
        self._bin.mkdir()
        headers = directory / "include"
        headers.mkdir()
        if has_headers:
            (headers / "Python.h").touch()
        for name in programs:
            program = self._bin / name
            says = headers if name == "python3" else f'{name} "$@"'
            program.write_text(f"#!/bin/sh\necho {says}\n")
            program.chmod(0o755)

    def prepare(self, switch: str) -> tuple[int, str, str]:
        """Exit code and output of the step that makes the base fit for compiling."""
        done = subprocess.run(
            ["/bin/sh", "-c", arguments_of("RUN")[0]],
            env={"PATH": str(self._bin), "COMPILE": switch},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


def test_the_image_is_compiled_or_not(tmp_path: Path) -> None:
    base = Base(tmp_path, ["python3"], has_headers=False)
    assert base.prepare("0") == (0, "", "")
    assert base.prepare("true") == (1, "", "COMPILE is 0 or 1, not true\n")


@pytest.mark.parametrize("has_headers", [True, False])
def test_the_image_lacks_a_compiler(tmp_path: Path, has_headers: bool) -> None:
    lacks = "gcc libc6-dev" if has_headers else "gcc libc6-dev python3-dev"
    base = Base(tmp_path, ["python3", "apt-get"], has_headers)
    install = f"apt-get install -y --no-install-recommends {lacks}"
    assert base.prepare("1") == (0, f"apt-get update\n{install}\n", "")


def test_nothing_can_be_installed(tmp_path: Path) -> None:
    code, _, error = Base(tmp_path, ["python3"], has_headers=True).prepare("1")
    assert code == 1
    assert error == (
        "no apt-get in this base for what it lacks (gcc libc6-dev): --build-arg COMPILE=0\n"
    )


@pytest.mark.skipif(not STDIO.exists(), reason="no headers of C here (Debian: libc6-dev)")
def test_nothing_is_installed_that_is_there(tmp_path: Path) -> None:
    assert Base(tmp_path, ["python3", "gcc"], has_headers=True).prepare("1") == (0, "", "")
