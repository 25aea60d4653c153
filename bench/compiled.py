"""minidns compiled by mypyc, for its figures beside those of the same files run as they are.

The sources are copied to a directory and compiled there (setup.py), so the checkout stays pure.
The interpreter that is measured compiles, for its own headers count; mypy may be that of this
process where both take the same extension modules. About a minute of processor time.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.floor import missing_compiler

ROOT = Path(__file__).parents[1]
PACKAGE = "minidns"
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
STAMP = "built.json"  # what the build in this directory was made of
PROBED = "minidns.responder.responder"  # one of setup.py's list

_DESCRIBE = (
    "import importlib.metadata as m, importlib.util as u, json, os, sys, sysconfig as s; "
    "p = s.get_path('include'); "
    "print(json.dumps([sys.version, s.get_config_var('EXT_SUFFIX'), p, "
    "os.path.exists(p + '/Python.h'), u.find_spec('mypyc') is not None, "
    "u.find_spec('setuptools') is not None "
    "and int(m.version('setuptools').partition('.')[0]) >= 77]))"  # as pyproject.toml has it
)
_EXTENSION = ".so"


class NotBuilt(RuntimeError):
    """There is no compiled form; the text says why, and what would help."""


class _Interpreter(NamedTuple):
    version: str
    suffix: str  # of extension modules
    include: str
    has_headers: bool
    has_mypyc: bool
    has_setuptools: bool


def missing(python: str) -> str | None:
    """None where `build` has what it needs, else why not and what would help."""
    try:
        _environment(python)
    except NotBuilt as fault:
        return str(fault)
    return None


def build(directory: Path, python: str) -> None:
    """Compile into a directory, which need not be there, for an interpreter. Raises NotBuilt.

    A build of the same files by the same interpreter that is there already is kept.
    """
    environment = _environment(python)
    stamp = directory / STAMP
    made_of = _made_of(python)
    if stamp.is_file() and stamp.read_text() == made_of:
        return
    if directory.exists() and any(directory.iterdir()) and not stamp.is_file():
        raise NotBuilt(f"{directory} holds something else: name a directory that is empty or new")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    stamp.write_text("")  # this directory is a build's, if an unfinished one
    ignored = shutil.ignore_patterns("__pycache__", f"*{_EXTENSION}")
    shutil.copytree(ROOT / PACKAGE, directory / PACKAGE, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, directory)
    command = [python, "setup.py", "--quiet", "build_ext", "--inplace"]
    made = _run(command, environment | {"MINIDNS_COMPILE": "1"}, directory)
    if made.returncode:
        raise NotBuilt(f"{' '.join(command)} failed in {directory}:\n{made.stdout}{made.stderr}")
    told = _run(
        [python, "-c", f"import {PROBED} as probed; print(probed.__file__)"],
        os.environ | {"PYTHONPATH": str(directory)},
        directory,
    )
    if told.returncode or not told.stdout.strip().endswith(_EXTENSION):
        raise NotBuilt(f"{PROBED} is not compiled: {told.stdout}{told.stderr}")
    stamp.write_text(made_of)


@contextmanager
def built(named: str | None, python: str) -> Iterator[Path | None]:
    """Where the compiled form is: in the directory named, or one of its own where that is "".

    None where it is not wanted. Raises NotBuilt.
    """
    if named is None:
        yield None
        return
    with TemporaryDirectory(prefix="bench-compiled-") as own:
        directory = Path(named or own).absolute()
        print(f"compiling minidns into {directory}", file=sys.stderr, flush=True)
        build(directory, python)
        yield directory


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--compiled`, for `built`."""
    parser.add_argument(
        "--compiled",
        nargs="?",
        const="",
        metavar="DIR",
        help="minidns compiled by mypyc, too: built in DIR, or kept where it is there already "
        "(default: a directory of the run's own)",
    )


def compiled_in_place() -> str | None:
    """Why the checkout itself is not pure, None where it is."""
    found = next(ROOT.glob(f"{PACKAGE}__mypyc*{_EXTENSION}"), None)
    return (
        f"the checkout is compiled ({found.name}): `make uncompile` makes it pure"
        if found
        else None
    )


def _environment(python: str) -> dict[str, str]:
    """With mypyc on the path. Raises NotBuilt."""
    if (reason := missing_compiler()) is not None:
        raise NotBuilt(f"compiled: {reason}")
    theirs = _describe(python)
    if not theirs.has_headers:
        raise NotBuilt(
            f"compiled: {python} has no headers in {theirs.include} (Debian: apt-get install "
            "python3-dev)"
        )
    paths = []
    if not (theirs.has_mypyc and theirs.has_setuptools):
        ours = _describe(sys.executable)
        if not (ours.has_mypyc and ours.has_setuptools):
            raise NotBuilt(
                f"compiled: {python} has no mypy: run the benchmark from `make dev`'s .venv"
            )
        if ours.suffix != theirs.suffix:
            raise NotBuilt(
                f"compiled: {python} has no mypy, and cannot take that of {sys.executable} "
                f"({ours.suffix}, not {theirs.suffix}): {python} -m pip install mypy"
            )
        paths.append(sysconfig.get_path("purelib"))
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def _describe(python: str) -> _Interpreter:
    try:
        told = _run([python, "-c", _DESCRIBE], dict(os.environ), ROOT)
    except OSError as error:
        raise NotBuilt(f"compiled: {python}: {error.strerror}") from None
    if told.returncode:
        raise NotBuilt(f"compiled: {python} says {told.stderr.strip()}")
    return _Interpreter(*json.loads(told.stdout))


def _made_of(python: str) -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return json.dumps([_describe(python), digest.hexdigest()]) + "\n"


def _sources() -> Iterator[Path]:
    yield from sorted((ROOT / PACKAGE).rglob("*.py"))
    yield from (ROOT / name for name in FILES)


def _run(
    command: list[str], environment: dict[str, str], directory: Path
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
