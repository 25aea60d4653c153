"""Work that may hang, apart from the event loop: in a thread that nobody waits for at the end.

A network file system that does not reply must stop neither the answers nor the end of the process;
a thread of asyncio's own (`asyncio.to_thread`) is joined before the process ends.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns or raises. When this is cancelled the thread goes on for nothing."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on it takes a result, cancelled or not

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
