"""serve() and the command take signals, the log and the collector for themselves: given back."""

import gc
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def given_back() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    handlers = {number: signal.getsignal(number) for number in numbers}
    root = logging.getLogger()
    kept, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        root.handlers[:] = kept
        root.setLevel(level)
        logging.raiseExceptions = raises
        gc.unfreeze()
