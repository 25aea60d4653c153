"""The life of `minidns serve` inside this process: order, refusals to start, signals."""

import asyncio
import gc
import logging
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from minidns.config import ServeSettings
from minidns.server import run as run_module
from minidns.server.run import serve
from minidns.server.start_error import StartError
from minidns.sockets.bind import bind_pair
from minidns.zone.directory import LoadedZones
from minidns.zone.faults import fault
from minidns.zone.model import Catalog, Fault, Mark
from tests.server.loaded import COM, catalog_of, finding, loaded
from tests.server.own_process import given_back

LISTEN = ("127.0.0.1:0",)


@pytest.fixture(autouse=True)
def _own_process() -> Iterator[None]:
    with given_back():
        yield


class Told:
    """What serve() said, in order; `at_ready` is called when it is ready."""

    def __init__(self, at_ready: Callable[[], object] | None = None) -> None:
        self.events: list[str] = []
        self._at_ready = at_ready or (lambda: signal.raise_signal(signal.SIGTERM))

    def report(self, faults: Sequence[Fault]) -> None:
        self.events += [fault.rule for fault in faults]

    def announce(self, ready: str) -> None:
        self.events.append(ready)
        self._at_ready()

    def serve(self, result: LoadedZones, **settings: object) -> None:
        def load(paths: Sequence[Path], snapshots: object) -> LoadedZones:
            self.events.append(f"load {', '.join(map(str, paths))}")
            return result

        serve(ServeSettings(**{"listen": LISTEN, **settings}), self.report, self.announce, load)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_is_the_last_word(number: signal.Signals) -> None:
    told = Told(lambda: signal.raise_signal(number))
    catalog = catalog_of({"example.com.": COM}, broken=("example.org.",))
    told.serve(
        loaded(catalog, finding("bad-value"), finding("no-ns")), zones=(Path("a"), Path("b"))
    )
    *before, ready = told.events
    assert before == ["load a, b", "bad-value", "no-ns"]
    assert ready.startswith("1 zone, 5 records (example.com.), 1 refused that answer SERVFAIL")


@pytest.mark.parametrize(
    ("rule", "strict", "starts"),
    [
        ("bad-value", False, True),
        ("bad-value", True, False),
        ("no-ns", True, True),
        ("no-zones", True, True),
    ],
)
def test_which_faults_end_the_start(rule: str, strict: bool, starts: bool) -> None:
    told = Told()
    result = loaded(Catalog({}), finding(rule))
    if starts:
        told.serve(result, strict=strict)
        assert len(told.events) == 3
        return
    with pytest.raises(StartError, match="not started"):
        told.serve(result, strict=strict)
    assert told.events == ["load zones", rule]


def test_path_that_is_not_there_is_said_once() -> None:
    told = Told()
    absent = fault("no-such-path", Mark("nowhere", 1, 1), "'nowhere' does not exist")
    with pytest.raises(StartError, match="not started: 'nowhere' does not exist"):
        told.serve(loaded(Catalog({}), absent, finding("no-ns")), zones=(Path("nowhere"),))
    assert told.events == ["load nowhere", "no-ns"]


def test_include_that_is_not_there_is_a_fault_of_its_zone() -> None:
    told = Told()
    told.serve(loaded(Catalog({}), finding("no-such-path")))
    assert told.events[:2] == ["load zones", "no-such-path"]


def test_text_that_does_not_fit_comes_before_all() -> None:
    told = Told()
    with pytest.raises(StartError, match="at most 128 fit"):
        told.serve(loaded(Catalog({})), nsid="x" * 129)
    assert told.events == []


@pytest.mark.parametrize(("reuse_port", "events"), [(False, []), (True, ["load zones"])])
def test_zones_come_first_where_the_port_is_shared(reuse_port: bool, events: list[str]) -> None:
    holder = bind_pair("127.0.0.1", 0)
    told = Told()
    try:
        with pytest.raises(StartError, match="cannot listen"):
            told.serve(loaded(Catalog({})), listen=(holder.address,), reuse_port=reuse_port)
    finally:
        holder.close()
    assert told.events == events


def test_address_is_free_again_after_a_start_that_failed() -> None:
    free = bind_pair("127.0.0.1", 0)
    free.close()
    with pytest.raises(StartError, match="not started"):
        Told().serve(loaded(Catalog({}), finding("bad-value")), listen=(free.address,), strict=True)
    bind_pair("127.0.0.1", free.port).close()


@pytest.mark.parametrize(
    ("number", "ends"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_signal_while_loading(number: signal.Signals, ends: type[BaseException]) -> None:
    def load(paths: Sequence[Path], snapshots: object) -> LoadedZones:
        signal.raise_signal(number)
        raise AssertionError("the signal has ended it")

    told = Told()
    with pytest.raises(ends) as caught:
        serve(ServeSettings(listen=LISTEN), told.report, told.announce, load)
    assert told.events == []
    if ends is SystemExit:
        assert caught.value.args == (0,)


def test_zones_are_out_of_the_collectors_sight() -> None:
    gc.unfreeze()
    Told().serve(loaded(catalog_of({"example.com.": COM})))
    assert gc.get_freeze_count() > 0


def test_few_open_files(caplog: pytest.LogCaptureFixture) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def fit_fewer(wanted: int) -> int:
        return wanted - 50

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "fit_connections", fit_fewer)
        Told().serve(loaded(Catalog({})))
    assert "open files allow 100 TCP connections instead of 150" in caplog.text
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


def test_faults_of_callbacks_are_logged_at_a_bounded_rate(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("a fault of ours")

    def at_ready() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(100):
            loop.call_soon(fail)
        loop.call_soon(signal.raise_signal, signal.SIGTERM)

    with caplog.at_level(logging.ERROR):
        Told(at_ready).serve(loaded(Catalog({})))
    failures = [record for record in caplog.records if record.exc_info]
    assert 0 < len(failures) <= 20  # ten in a second, and a second may begin between
    assert "a fault of ours" in caplog.text
