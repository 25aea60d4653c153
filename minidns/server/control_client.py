"""Asking a running server over its control socket (`server.control_socket`)."""

import json
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from minidns.server.control_socket import OK

SECONDS = 30.0  # without a line


class NoAnswerError(Exception):
    """The server is not there, or would not do it; the message says which and why."""


def ask(path: Path, words: Sequence[str], seconds: float = SECONDS) -> Iterator[str]:
    """The lines of the reply, as they come, `seconds` for each. Raises NoAnswerError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(seconds)
        try:
            sock.connect(os.fspath(path))
            sock.sendall(json.dumps(list(words)).encode() + b"\n")
            with sock.makefile("r", encoding="utf-8", newline="\n") as lines:
                head = lines.readline().rstrip("\n")
                if head != OK:
                    raise NoAnswerError(lines.readline().rstrip("\n") or "the server said nothing")
                for line in lines:
                    yield line.rstrip("\n")
        except OSError as error:
            reason = error.strerror or str(error)
            raise NoAnswerError(f"no server answers at '{path}': {reason}") from None


def is_alive(path: Path) -> bool:
    """Whether a server listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(SECONDS)
        try:
            sock.connect(os.fspath(path))
        except OSError:
            return False
    return True
