"""The parts of supervision that no healthy worker shows: inside this process, or nearly."""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from minidns.config import Limits, ResolverSettings, ServeSettings
from minidns.responder.responder import Policy
from minidns.server import supervisor as supervisor_module
from minidns.server import worker as worker_module
from minidns.server.channel import READY, TAKEN, Channel, open_channel
from minidns.server.cookie_secrets import CookieSecrets
from minidns.server.listeners import Listeners, open_listeners
from minidns.server.presenting import Presenting
from minidns.server.run import serve
from minidns.server.signals import describe_end
from minidns.server.start_error import StartError
from minidns.server.supervisor import Supervisor
from minidns.server.update import Ending, UpdateWriter, open_anonymous
from minidns.server.worker import FAILED, STOPPED, Duty
from minidns.server.worker_process import WorkerProcess
from minidns.transport.tcp_limits import TcpLimits
from minidns.zone.directory import LoadedZones
from minidns.zone.model import Catalog, Fault
from tests.server.loaded import COM, catalog_of, loaded
from tests.server.own_process import given_back

LISTEN = ("127.0.0.1:0",)
DUTY = Duty(
    Policy(),
    TcpLimits(),
    CookieSecrets(b"k" * 32, 0.0),
    grace=1.0,
    resolver=ResolverSettings(is_on=False),
    control=None,
    presenting=Presenting(ServeSettings()),
)
SECONDS = 10.0


@pytest.fixture(autouse=True)
def _own_process() -> Iterator[None]:
    with given_back():
        yield


def start_that_fails() -> StartError:
    def load(paths: Sequence[Path], snapshots: object) -> LoadedZones:
        return loaded(catalog_of({"example.com.": COM}))

    def report(faults: Sequence[Fault]) -> None:
        pass

    def announce(ready: str) -> None:
        raise AssertionError("it is not ready")

    with pytest.raises(StartError) as caught:
        serve(ServeSettings(listen=LISTEN, workers=2), report, announce, load)
    return caught.value


def test_worker_that_fails_before_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "run_worker", lambda *_: 7)
    message = r"not started: worker \d \(pid \d+\) ended with exit code 7"
    assert re.fullmatch(message, str(start_that_fails()))


def test_worker_that_raises_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(supervisor_module, "run_worker", fail)
    root = logging.getLogger()
    root.handlers = [logging.StreamHandler()]
    assert f"ended with exit code {FAILED}" in str(start_that_fails())
    said = capfd.readouterr().err
    assert "has failed" in said
    assert "a fault of ours" in said


def test_no_process_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError("no more processes")

    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    monkeypatch.setattr(os, "fork", refuse)
    message = "not started: worker 1 could not be started: no more processes"
    assert str(start_that_fails()) == message
    if before:
        assert len(os.listdir("/proc/self/fd")) == before
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_reload_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor_module, "_PATIENCE", 0.0)
    supervisor = Supervisor(DUTY, Limits(), Catalog({}), [Listeners([], [])] * 2)
    supervisor._workers[1].updates_due = 1
    asyncio.run(supervisor.wait())
    assert "do not serve the new zones yet: 2" in caplog.text
    supervisor._loop.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (7 << 8, "ended with exit code 7"),
        (signal.SIGKILL, "was ended by SIGKILL"),
        (signal.SIGRTMIN + 1, f"was ended by signal {signal.SIGRTMIN + 1}"),
    ],
)
def test_how_a_process_ended(status: int, words: str) -> None:
    assert describe_end(status) == words


class TestWorker:
    """Without a fork: both ends of its channel are here."""

    @pytest.fixture
    def ends(self) -> Iterator[tuple[Channel, Channel]]:
        ours, theirs = open_channel()
        yield ours, theirs
        ours.close()
        theirs.close()

    def run(self, ours: Channel, theirs: Channel, until: bytes = b"") -> tuple[bytes, int]:
        """Close our end when it has said that; all that it said, and its exit code."""

        async def main() -> tuple[bytes, int]:
            (listeners,) = open_listeners(ServeSettings(listen=LISTEN))
            catalog = catalog_of({"example.com.": COM})
            worker = worker_module._Worker(1, DUTY, catalog, listeners, theirs)
            running = asyncio.create_task(worker.run())
            said = b""
            while until and said != until:
                await asyncio.sleep(0)
                with suppress(BlockingIOError):
                    said += ours.receive()[0]
                assert until.startswith(said)
            if until:
                ours.close()
            return said, await running

        try:
            return asyncio.run(main())
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))

    def test_supervisor_that_has_gone(
        self, ends: tuple[Channel, Channel], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.run(*ends, until=READY) == (READY, STOPPED)
        assert "the supervisor has gone: stopping" in caplog.text

    def test_supervisor_that_had_gone_already(self, ends: tuple[Channel, Channel]) -> None:
        ends[0].close()
        assert self.run(*ends) == (b"", STOPPED)

    def test_update_that_is_none(
        self, ends: tuple[Channel, Channel], caplog: pytest.LogCaptureFixture
    ) -> None:
        """It would serve something else than the others do, so it goes and is replaced."""
        with open_anonymous() as update:
            ends[0].send_update(update)
        assert self.run(*ends) == (b"", FAILED)
        assert "an update could not be taken" in caplog.text

    def test_updates_one_after_the_other(self, ends: tuple[Channel, Channel]) -> None:
        with open_anonymous() as update:
            UpdateWriter(update).write_ending(Ending({}, {}, ()))
            for _ in range(2):
                ends[0].send_update(update)
        said = READY + TAKEN + TAKEN
        assert self.run(*ends, until=said) == (said, STOPPED)


class TestPlaceOfAWorker:
    def test_one_that_takes_no_updates_is_ended(self, caplog: pytest.LogCaptureFixture) -> None:
        place = WorkerProcess(1, Listeners([], []))
        place.channel, stuck = open_channel()
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        place.pid = process.pid
        with open_anonymous() as update:
            while "takes no updates" not in caplog.text:
                place.send(update)
        assert process.wait(SECONDS) == -signal.SIGKILL
        assert process.stdin is not None
        process.stdin.close()
        place.forget()
        stuck.close()

    def test_one_that_has_just_ended_is_sent_nothing(self) -> None:
        place = WorkerProcess(1, Listeners([], []))
        place.channel, gone = open_channel()
        gone.close()
        with open_anonymous() as update:
            place.send(update)
        assert place.hear() == b""
        assert place.updates_due == 0
        place.forget()
        place.send(update)
        place.signal(signal.SIGKILL)
        assert (place.reap(), place.hear()) == (None, b"")
