"""Reloads inside this process's event loop, with the process that reads zones for real."""

import asyncio
import errno
import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import which
from typing import BinaryIO

import pytest

from minidns.server import reader_process, reload
from minidns.server.apart import in_thread
from minidns.server.reload import Reloading
from minidns.zone.model import Catalog, Fault
from tests.server.zones_on_disk import BETTER, BROKEN, GOOD, SOA, Disk

POLL = 0.01  # seconds
NEVER = 3600.0  # seconds


class Listener:
    """An audience; whoever waits for `next` learns of a swap."""

    def __init__(self) -> None:
        self.swaps: asyncio.Queue[Catalog] = asyncio.Queue()
        self.waits = 0

    def swap(self, catalog: Catalog, update: BinaryIO) -> None:
        assert not update.closed
        self.swaps.put_nowait(catalog)

    async def wait(self) -> None:
        self.waits += 1


class Log(logging.Handler):
    """Lets a test wait for a line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put_nowait(f"{record.levelname}: {record.getMessage()}")


Use = Callable[[Reloading, Listener, Log], Awaitable[None]]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path, example__com__yaml=GOOD)


def run(
    disk: Disk,
    use: Use,
    poll: float = POLL,
    look_apart: bool = True,
    level: int = logging.INFO,
) -> list[Fault]:
    faults: list[Fault] = []

    async def main() -> None:
        listener, log = Listener(), Log()
        reloading = Reloading(
            disk.holding, disk.paths, None, poll, faults.extend, listener, look_apart
        )
        logger = logging.getLogger(reload.__name__)
        logger.addHandler(log)
        logger.setLevel(level)
        task = asyncio.create_task(reloading.run())
        try:
            await use(reloading, listener, log)
        finally:
            logger.removeHandler(log)
            logger.setLevel(logging.NOTSET)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    return faults


@pytest.mark.parametrize("look_apart", [True, False])
def test_edit_is_seen(disk: Disk, look_apart: bool) -> None:
    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        disk.write(example__com__yaml=BETTER)
        catalog = await listener.swaps.get()
        line = await log.lines.get()
        assert line.startswith("INFO: reloaded in ")
        assert line.endswith(" s: example.com. changed")
        assert catalog is disk.holding.catalog
        assert disk.address() == "192.0.2.2"
        assert listener.waits == 1

    assert run(disk, use, look_apart=look_apart) == []


def test_asked_for(disk: Disk) -> None:
    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        reloading.ask()
        assert (await log.lines.get()).endswith(" s: nothing has changed")
        assert listener.swaps.empty()
        disk.write(example__com__yaml=BETTER)
        reloading.ask()
        assert (await log.lines.get()).endswith(" s: example.com. changed")

    run(disk, use, poll=NEVER)


def test_broken_edit(disk: Disk) -> None:
    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        disk.write(example__com__yaml=BROKEN)
        line = await log.lines.get()
        assert line.startswith("WARNING: reloaded in ")
        assert line.endswith(" s: example.com. refused, served as before")
        assert listener.swaps.empty()
        assert disk.address() == "192.0.2.1"

    assert [fault.rule for fault in run(disk, use)] == ["bad-value"]


def test_new_file_that_is_no_zone_is_not_worth_a_line(disk: Disk) -> None:
    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        disk.write(**{".example.com.yaml.swp": ""})
        assert (await log.lines.get()).startswith("DEBUG: reloaded in ")

    run(disk, use, level=logging.DEBUG)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/nowhere/python", f"could be started: .*{os.strerror(errno.ENOENT)}"),
        (which("false"), "the process that reads zones ended with exit code 1$"),
        (which("true"), "the process that reads zones has written nothing$"),
    ],
)
def test_reading_that_fails(
    disk: Disk, program: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once; what is served stays, and the next change or request is tried again."""
    python = sys.executable

    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        monkeypatch.setattr(sys, "executable", program)
        disk.write(example__com__yaml=BETTER)
        line = await log.lines.get()
        assert line.startswith("ERROR: not reloaded, the zones are served as before: ")
        assert re.search(why, line), line
        assert disk.address() == "192.0.2.1"
        monkeypatch.setattr(sys, "executable", python)
        disk.write(example__net__yaml=SOA)
        assert (await log.lines.get()).endswith("example.com. changed; example.net. added")

    run(disk, use)


def test_fault_of_ours_is_not_the_end(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr(reload, "run_reader", fail)
            reloading.ask()
            assert await log.lines.get() == "ERROR: a reload failed"
        disk.write(example__com__yaml=BETTER)
        assert (await log.lines.get()).endswith("example.com. changed")

    run(disk, use)


def test_end_while_zones_are_read(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reads them is ended, too."""
    pids: list[int] = []
    spawn = os.posix_spawn

    def remember(*arguments: object, **named: object) -> int:
        pids.append(spawn(*arguments, **named))
        os.kill(pids[0], signal.SIGSTOP)
        return pids[0]

    monkeypatch.setattr(os, "posix_spawn", remember)

    async def use(reloading: Reloading, listener: Listener, log: Log) -> None:
        reloading.ask()
        while not pids:
            await asyncio.sleep(0)

    run(disk, use, poll=NEVER)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_process_that_reads_is_apart(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own process group, the same modules, and none of the directory it happens to be in."""
    (disk.root / "yaml.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(disk.root)
    probe = disk.root / "probe.py"
    probe.write_text(
        "import os, sys, yaml\n"
        "sys.stdout.write(f'{os.getpgid(0) == os.getpid()} {yaml.__name__} {sys.path[0]}')\n"
    )

    async def main() -> bytes:
        with open(os.devnull, "rb") as request, reload.open_anonymous() as update:
            await reader_process.run_reader(request, update, None)
            return os.pread(update.fileno(), 4096, 0)

    monkeypatch.setattr(reader_process, "_MODULE", "probe")
    monkeypatch.syspath_prepend(str(disk.root / "first"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(disk.root)])
    assert asyncio.run(main()).decode() == f"True yaml {disk.root}/first"


def test_thread_passes_on_what_goes_wrong() -> None:
    def fail() -> None:
        raise OSError("of the file system")

    with pytest.raises(OSError, match="of the file system"):
        asyncio.run(in_thread(fail))
