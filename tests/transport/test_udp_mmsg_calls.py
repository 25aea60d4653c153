"""Which systems have recvmmsg and sendmmsg: what the C library exports does not say it."""

import ctypes
import errno
import os
from typing import Any

import pytest

from minidns.transport import udp_mmsg
from minidns.transport.udp import UdpServer
from minidns.transport.udp_mmsg import load_calls
from tests.transport.clients import FakeResponder, UdpClient

pytestmark = pytest.mark.skipif(load_calls() is None, reason="no recvmmsg here")


class Filtered:
    """A C library on a kernel, or under a seccomp filter, that refuses one of the calls."""

    def __init__(self, refused: str, error: int) -> None:
        self._refused = refused
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: object) -> int:
            ctypes.set_errno(self._error if name == self._refused else errno.EBADF)
            return -1

        return call


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM], ids=errno.errorcode.get)
@pytest.mark.parametrize("refused", ["recvmmsg", "sendmmsg"])
def test_refused_by_the_kernel(monkeypatch: pytest.MonkeyPatch, refused: str, error: int) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Filtered(refused, error))
    assert load_calls() is None
    with UdpClient() as client:
        assert not UdpServer(client.sock, FakeResponder().respond, {}).is_batched
        with pytest.raises(OSError, match="recvmmsg"):
            UdpServer(client.sock, FakeResponder().respond, {}, batched=True)


def test_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Filtered("others", errno.ENOSYS))
    assert load_calls() is not None


def test_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> object:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert load_calls() is None
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert load_calls() is None
    monkeypatch.setattr(udp_mmsg, "IS_LINUX", False)
    assert load_calls() is None
