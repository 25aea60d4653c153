"""Tests of DNS over TCP run on each way to watch descriptors that this system has."""

import select

import pytest

from minidns.transport import tcp
from minidns.transport.watch import EpollWatch, LoopWatch


@pytest.fixture(params=["epoll", "loop"])
def watch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "epoll" and not hasattr(select, "epoll"):
        pytest.skip("this system has no epoll")
    monkeypatch.setattr(tcp, "make_watch", EpollWatch if request.param == "epoll" else LoopWatch)
