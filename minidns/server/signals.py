"""SIGTERM and SIGINT: the first ends the server in order, the second at once.

Handlers are set for both, since process 1 of a container has no default action (pid_namespaces(7)).
SIGHUP keeps its default: a terminal that closes ends what runs in it.
"""

import asyncio
import logging
import os
import signal
from types import FrameType

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SIGNALLED = 128  # and the signal's number: the exit code that a shell shows


def end_at_sigterm() -> None:
    """Until an event loop runs, SIGTERM ends the process with exit code 0: nothing is in flight.

    SIGINT is Python's own KeyboardInterrupt so long.
    """
    signal.signal(signal.SIGTERM, _end)


def stop_event(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """An event that the first signal sets. The second one ends the process without more ado."""
    event = asyncio.Event()

    def receive(number: signal.Signals) -> None:
        if event.is_set():
            os._exit(_SIGNALLED + number)
        log.info("%s: stopping", number.name)
        event.set()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, receive, number)
    return event


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
