"""Every experiment on this machine's kernel: rules hold, the text is steady, nothing is left."""

import errno
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minidns.lesson import arrival
from minidns.lesson.calls import OpenSocket
from minidns.lesson.course import EXPERIMENTS
from minidns.lesson.page import MIN_WIDTH, EndOfInputError
from tests.lesson.runs import NUMBERS, known_text, open_descriptors, run
from tests.lesson.steady import steady

ROOT = Path(__file__).parents[2]
HAS_IPV6 = Path("/proc/net/if_inet6").exists() and bool(
    Path("/proc/net/if_inet6").read_text().strip()
)


def test_ten_experiments() -> None:
    assert list(range(1, 11)) == NUMBERS


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: str(each.number))
def test_files_of_the_server_exist(experiment: Any) -> None:
    assert experiment.in_minidns
    for file, _ in experiment.in_minidns:
        assert (ROOT / file).is_file(), file


@pytest.mark.parametrize("number", NUMBERS)
def test_every_rule_holds_and_no_descriptor_is_left(number: int) -> None:
    before = open_descriptors()
    text, failures = run(number)
    assert failures == []
    held = text.count("  holds: ")
    assert held >= 3
    assert text.endswith(f"\nAll {held} rules hold on this kernel.\n")
    assert "Rule: " in text
    assert open_descriptors() == before


@pytest.mark.parametrize("number", NUMBERS)
def test_text_is_steady(number: int) -> None:
    text, _ = run(number)
    assert steady(text) == steady(known_text(number))


@pytest.mark.parametrize("number", NUMBERS)
def test_narrow_page(number: int) -> None:
    text, failures = run(number, width=MIN_WIDTH)
    assert failures == []
    assert [line for line in text.splitlines() if len(line) > MIN_WIDTH] == []
    assert re.search(r"[^=]=$|^ += ", text, re.MULTILINE) is None, "a result apart from its call"


@pytest.mark.parametrize("number", NUMBERS)
def test_no_escape_codes_and_no_trailing_blanks(number: int) -> None:
    text = known_text(number)
    assert text.isascii()
    assert set(re.findall(r"[^ -~]", text)) == {"\n"}
    assert re.search(r" $", text, re.MULTILINE) is None
    assert "\n\n\n" not in text


@pytest.mark.parametrize("number", NUMBERS)
def test_waits_before_each_step_but_the_first(number: int) -> None:
    waits: list[int] = []
    text, _ = run(number, wait=lambda: waits.append(1))
    steps = re.findall(r"^Step \d+:", text, re.MULTILINE)
    assert [f"Step {at}:" for at in range(1, len(steps) + 1)] == steps
    assert len(waits) == len(steps) - 1
    assert text.count("-- Enter for the next step --") == len(waits)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("error", [EndOfInputError, KeyboardInterrupt])
def test_ended_between_two_steps(number: int, error: type[BaseException]) -> None:
    before = open_descriptors()

    def wait() -> None:
        raise error

    with pytest.raises(error):
        run(number, wait=wait)
    assert open_descriptors() == before


@pytest.mark.skipif(not HAS_IPV6, reason="needs IPv6 to be different without it")
@pytest.mark.parametrize("number", [6, 8])
def test_ipv6_absent(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    make = OpenSocket.__init__

    def refuse(self: OpenSocket, show: Any, side: str, family: int, kind: int) -> None:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no such family")
        make(self, show, side, family, kind)

    with_ipv6, _ = run(number)
    monkeypatch.setattr(OpenSocket, "__init__", refuse)
    text, failures = run(number)
    assert failures == []
    assert "  skipped: " in text
    assert "EAFNOSUPPORT" in text
    assert 3 <= text.count("  holds: ") < with_ipv6.count("  holds: ")


def let_every_bind_pass(bind: Callable[..., None]) -> Callable[..., None]:
    """As a kernel would that has no EADDRINUSE."""

    def fake(self: OpenSocket, address: Any) -> None:
        socket.socket.setsockopt(self, socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bind(self, address)

    return fake


@pytest.mark.parametrize("number", [4, 5, 8])
def test_kernel_that_lets_every_bind_pass(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_descriptors()
    monkeypatch.setattr(arrival, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(OpenSocket, "bind", let_every_bind_pass(OpenSocket.bind))
    text, failures = run(number)
    assert any("EADDRINUSE" in failure for failure in failures)
    assert all(failure.startswith(f"{number}. ") for failure in failures)
    assert text.count("DOES NOT HOLD: ") == len(failures)
    assert re.search(rf"\n{len(failures)} of \d+ rules do not hold on this kernel\.\n$", text)
    assert open_descriptors() == before


def test_kernel_that_loses_datagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_descriptors()
    monkeypatch.setattr(arrival, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(OpenSocket, "send_to", lambda _self, data, _address: len(data))
    text, failures = run(2)
    assert [failure for failure in failures if "what was sent arrives" in failure] == failures
    assert len(failures) == 1
    assert "DOES NOT HOLD" in text
    assert open_descriptors() == before


@pytest.mark.parametrize("number", [1, 3, 4, 6])
def test_kernel_that_refuses_a_call(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: OpenSocket, _backlog: int = 0) -> None:
        raise OSError(errno.EOPNOTSUPP, "not today")

    before = open_descriptors()
    monkeypatch.setattr(OpenSocket, "listen", refuse)
    _, failures = run(number)
    assert len(failures) == 1
    assert "not today" in failures[0]
    assert open_descriptors() == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/net/tcp")
def test_time_wait_is_produced() -> None:
    text, _ = run(5)
    rows = re.findall(r"^ +-  tcp    127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +TIME-WAIT$", text, re.M)
    assert len(rows) == 3


def test_spread_is_counted_and_drawn() -> None:
    text, _ = run(7)
    if sys.platform != "linux":
        assert "skipped: how the group shares" in text
        return
    shares = re.findall(r"^  fd +\d+ +(\d+) (#+)$", text, re.MULTILINE)
    assert sum(int(share) for share, _ in shares) == 400
    most = max(int(share) for share, _ in shares)
    assert [round(int(share) * 40 / most) for share, _ in shares] == [len(b) for _, b in shares]
