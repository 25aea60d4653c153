"""A worker as its supervisor sees it: a place that one process after the other fills."""

import logging
import os
import signal
from collections.abc import Callable
from typing import BinaryIO

from minidns.server.channel import READY, TAKEN, Channel, open_channel
from minidns.server.listeners import Listeners
from minidns.server.worker import FAILED, HELD_BACK

log = logging.getLogger(__name__)


class WorkerProcess:
    """Place `number`, from 1. `listeners` are served by it alone, or by all workers."""

    def __init__(self, number: int, listeners: Listeners) -> None:
        self.number = number
        self.listeners = listeners
        self.pid = 0  # 0: none runs
        self.channel: Channel | None = None
        self.is_ready = False
        self.updates_due = 0  # sent, and not taken yet
        self.started = 0.0  # monotonic seconds
        self.quick_ends = 0  # in a row
        self.start_at = 0.0  # monotonic seconds, where none runs

    def start(self, now: float, live: Callable[[Channel], int]) -> Channel:
        """Fork; what it says comes from the channel. Raises OSError.

        `live` is the whole life of the new process, and gives its exit code.
        """
        self.started = now
        ours, theirs = open_channel()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
        try:
            pid = os.fork()
        except OSError:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            ours.close()
            theirs.close()
            raise
        if pid == 0:
            code = FAILED
            try:
                ours.close()
                code = live(theirs)
            except BaseException:
                log.exception("worker %d has failed", self.number)
            finally:
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        self.pid, self.channel = pid, ours
        return ours

    def hear(self) -> bytes:
        """What it says: the words of `server.channel`; none when it has gone."""
        if self.channel is None:
            return b""
        words, _ = self.channel.receive()
        self.is_ready |= READY in words
        self.updates_due -= words.count(TAKEN)
        return words

    def send(self, update: BinaryIO) -> None:
        """Hand on an update. One that takes no more is stuck: it is ended, to be replaced."""
        if self.channel is None:
            return
        try:
            self.channel.send_update(update)
        except (BrokenPipeError, ConnectionResetError):  # it has just ended
            return
        except OSError:  # too many are on their way (unix(7))
            log.error("worker %d (pid %d) takes no updates", self.number, self.pid)
            self.signal(signal.SIGKILL)
        else:
            self.updates_due += 1

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self.pid:
            os.kill(self.pid, number)

    def reap(self) -> int | None:
        """The wait status if the process has ended, else None."""
        if not self.pid:
            return None
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        return status

    def forget(self) -> None:
        """It has been reaped: none runs."""
        if self.channel is not None:
            self.channel.close()
        self.pid, self.channel, self.is_ready, self.updates_due = 0, None, False, 0
