"""`--workers N`: starts processes that answer, looks after them, and answers nothing itself.

Zones are loaded once and shared with workers by fork(2), as long as neither side writes to a page.
The sockets stay open here, so what arrives while a worker is replaced waits for the next one. A
worker that ends is replaced; one that keeps ending soon after its start ends the server.
"""

import asyncio
import logging
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

from minidns.config import Limits
from minidns.server.channel import Channel
from minidns.server.listeners import Listeners
from minidns.server.loop_faults import limited_log
from minidns.server.reload import Reloading
from minidns.server.signals import Hangup, describe_end, end_at_once, stop_event
from minidns.server.start_error import StartError, WorkersFailed
from minidns.server.worker import Duty, run_worker
from minidns.server.worker_process import WorkerProcess
from minidns.zone.model import Catalog

log = logging.getLogger(__name__)

_PATIENCE = 60.0  # seconds that a reload waits for workers before it says so
_AFTER_GRACE = 0.3  # seconds that a worker has to end when its grace is over; then SIGKILL


class Supervisor:
    """One worker for each of `groups`. Is the audience of a `Reloading`."""

    def __init__(
        self, duty: Duty, limits: Limits, catalog: Catalog, groups: Sequence[Listeners]
    ) -> None:
        self._duty = duty
        self._limits = limits
        self._catalog = catalog
        self._groups = groups
        self._workers = [WorkerProcess(at + 1, each) for at, each in enumerate(groups)]
        # poll(2) leaves nothing in the kernel that a forked process would share.
        self._loop = asyncio.SelectorEventLoop(selectors.PollSelector())
        self._wake = asyncio.Event()
        self._all_taken = asyncio.Event()
        self._has_been_ready = False
        self._is_stopping = False
        self._failure: Exception | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, reloading: Reloading, hangup: Hangup, announce: Callable[[], None]) -> None:
        """Until a signal has ended it in order. Raises StartError or WorkersFailed.

        `announce` is called once, when all workers answer.
        """
        loop = self._loop
        loop.set_exception_handler(limited_log())
        stopping = stop_event(loop, hangup, reloading.ask, self._end_at_once)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        self._tasks = [
            loop.create_task(reloading.run()),
            loop.create_task(self._stop_at(stopping)),
        ]
        try:
            while not self._is_stopping or any(worker.pid for worker in self._workers):
                self._start_due()  # between two runs of the loop: a fork within one would be in it
                loop.run_until_complete(self._wait(announce))
        finally:
            for task in self._tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            loop.close()
        if self._failure is not None:
            raise self._failure

    def swap(self, catalog: Catalog, update: BinaryIO) -> None:
        """As `reload.Audience` has it. Who is forked from now on has the new zones."""
        self._catalog = catalog
        self.note(update)

    def note(self, update: BinaryIO) -> None:
        """As `reload.Audience` has it."""
        for worker in self._workers:
            worker.send(update)

    async def wait(self) -> None:
        """As `reload.Audience` has it."""
        self._all_taken.clear()
        self._check_taken()
        try:
            await asyncio.wait_for(self._all_taken.wait(), _PATIENCE)
        except TimeoutError:
            late = [str(worker.number) for worker in self._workers if worker.updates_due]
            log.warning("workers that do not serve the new zones yet: %s", ", ".join(late))

    async def _wait(self, announce: Callable[[], None]) -> None:
        """Until there is something to do outside of the loop."""
        await self._wake.wait()
        self._wake.clear()
        if not self._has_been_ready and all(worker.is_ready for worker in self._workers):
            self._has_been_ready = True
            announce()

    def _start_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.pid or self._is_stopping or worker.start_at > now:
                continue
            try:
                channel = worker.start(now, partial(self._live, worker))
            except OSError as error:  # no memory, or too many processes
                self._replace(worker, f"could not be started: {error}")
            else:
                self._loop.add_reader(channel.fileno(), self._hear, worker)

    def _live(self, own: WorkerProcess, channel: Channel) -> int:
        """The life of a worker, in its own process: what is the supervisor's is let go first."""
        for worker in self._workers:
            worker.forget()
            if worker.listeners is not own.listeners:
                worker.listeners.close()
        self._loop.close()  # gives signals their default action
        return run_worker(own.number, self._duty, self._catalog, own.listeners, channel)

    def _hear(self, worker: WorkerProcess) -> None:
        was_ready = worker.is_ready
        if not worker.hear():
            self._mute(worker)
        elif worker.is_ready and not was_ready:
            if self._has_been_ready:
                log.info("worker %d (pid %d) answers", worker.number, worker.pid)
            self._wake.set()
        self._check_taken()

    def _mute(self, worker: WorkerProcess) -> None:
        """It says nothing any more, and is about to be reaped."""
        if worker.channel is not None:
            self._loop.remove_reader(worker.channel.fileno())

    def _check_taken(self) -> None:
        if not any(worker.updates_due for worker in self._workers):
            self._all_taken.set()

    def _reap(self) -> None:
        for worker in self._workers:
            pid, status = worker.pid, worker.reap()
            if status is None:
                continue
            self._mute(worker)
            worker.forget()
            self._check_taken()
            self._wake.set()
            if not self._is_stopping:
                self._replace(worker, f"(pid {pid}) {describe_end(status)}")

    def _replace(self, worker: WorkerProcess, why: str) -> None:
        """Have it started again soon, unless that has been in vain."""
        if not self._has_been_ready:
            self._fail(StartError(f"not started: worker {worker.number} {why}"))
            return
        now, limits = time.monotonic(), self._limits
        is_quick = now - worker.started < limits.worker_quick_end
        worker.quick_ends = worker.quick_ends + 1 if is_quick else 0
        if worker.quick_ends >= limits.worker_quick_ends:
            self._fail(
                WorkersFailed(
                    f"worker {worker.number} {why}, {worker.quick_ends} times within "
                    f"{limits.worker_quick_end:g} s of its start: the server ends"
                )
            )
            return
        seconds = 0.0
        if worker.quick_ends > 1:
            seconds = limits.worker_backoff * 2 ** (worker.quick_ends - 2)
        when = f" in {seconds:.1f} s" if seconds else ""
        log.warning("worker %d %s; replaced%s", worker.number, why, when)
        worker.start_at = now + seconds
        self._loop.call_later(seconds, self._wake.set)

    async def _stop_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._stop()

    def _fail(self, failure: Exception) -> None:
        if self._failure is None:
            self._failure = failure
            self._stop()

    def _stop(self) -> None:
        """Have all workers finish what is under way."""
        if self._is_stopping:
            return
        self._is_stopping = True
        for group in self._groups:
            group.close()
        self._signal_all(signal.SIGTERM)
        self._loop.call_later(self._duty.grace + _AFTER_GRACE, self._signal_all, signal.SIGKILL)
        self._wake.set()

    def _signal_all(self, number: signal.Signals) -> None:
        for worker in self._workers:
            worker.signal(number)

    def _end_at_once(self, number: int) -> None:
        self._signal_all(signal.SIGKILL)
        end_at_once(number)
