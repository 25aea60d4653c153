"""SIGTERM and SIGINT: the first ends the server in order, the second at once. SIGHUP reloads.

Handlers are set for all, since process 1 of a container has no default action (pid_namespaces(7)).
A terminal that closes sends SIGHUP, too: what was started in it ends with it, as ever, unless it
was started to ignore that (nohup(1)).
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SIGNALLED = 128  # and the signal's number: the exit code that a shell shows
_TERMINAL = "/dev/tty"  # the terminal that controls this process, if one does; tty(4)


class Hangup:
    """What SIGHUP means to this process. Made at its start."""

    def __init__(self) -> None:
        is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._had_terminal = not is_ignored and _has_terminal()

    def is_end(self) -> bool:
        """Whether the terminal has closed, and this is no request to reload."""
        return self._had_terminal and not _has_terminal()


def end_at_sigterm(hangup: Hangup) -> None:
    """Until an event loop runs, SIGTERM ends the process with exit code 0: nothing is in flight.

    SIGINT is Python's own KeyboardInterrupt so long. SIGHUP asks for what is under way already.
    """

    def receive(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGHUP or hangup.is_end():
            raise SystemExit(0)

    signal.signal(signal.SIGTERM, receive)
    signal.signal(signal.SIGHUP, receive)


def end_at_once(number: int) -> None:
    """As the signal itself would."""
    os._exit(_SIGNALLED + number)


def stop_event(
    loop: asyncio.AbstractEventLoop,
    hangup: Hangup,
    reload: Callable[[], None],
    end_at_once: Callable[[int], None] = end_at_once,
) -> asyncio.Event:
    """An event that the first signal sets. The second one ends the process without more ado."""
    event = asyncio.Event()

    def receive(number: signal.Signals) -> None:
        if number == signal.SIGHUP and not hangup.is_end():
            reload()
            return
        if event.is_set():
            end_at_once(number)
        log.info("%s: stopping", number.name)
        event.set()

    for number in (*STOP_SIGNALS, signal.SIGHUP):
        loop.add_signal_handler(number, receive, number)
    return event


def describe_end(status: int) -> str:
    """How a process ended, from what waitpid() says: `was ended by SIGKILL`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal
        return f"was ended by signal {-code}"


def _has_terminal() -> bool:
    try:
        os.close(os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
