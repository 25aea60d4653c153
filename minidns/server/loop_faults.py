"""What goes wrong in a callback of the event loop: logged, at the rate of strangers' faults."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from minidns.responder.log_limit import LogLimit

log = logging.getLogger(__name__)


def limited_log() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """An exception handler for a loop."""
    limit = LogLimit(time.time)

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if limit.allows():
            log.error("%s", context["message"], exc_info=context.get("exception"))

    return handle
