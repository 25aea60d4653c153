"""Awaited replies: what UDP and TCP do alike with an awaitable that gives none."""

import asyncio
import inspect
from collections.abc import Awaitable

from minidns.transport import Reply


def discard(reply: Awaitable[Reply]) -> None:
    """Drop an awaitable that nobody will await, without a warning that nobody did."""
    if inspect.iscoroutine(reply):
        reply.close()
    elif isinstance(reply, asyncio.Future):
        reply.cancel()


def report(error: BaseException) -> None:
    """Give what responding raised to the event loop's exception handler, which owns the log."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": "no reply: responding failed", "exception": error}
    )
