"""Starting `server.zone_reader` and waiting for its end, inside an event loop.

posix_spawn(3) stops the server for about a millisecond, whatever memory it holds; fork(2) would
copy the tables of all its pages. The new process gets two files and the end of a pipe that closes
when it ends; a process group of its own keeps the signals of a terminal from it. No session of its
own: Linux shares the processor out among sessions first (sched(7), autogroup), where a process that
is alone in one gets as much as the server, however low its own priority is.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from minidns.server.signals import describe_end

_MODULE = "minidns.server.zone_reader"
_END_OF_PIPE = 3  # the descriptor there; nothing is done with it until it closes


class ReaderFailed(Exception):
    """Zones could not be read; what is served stays. str() says why."""


async def run_reader(request: BinaryIO, update: BinaryIO, cache_dir: Path | None) -> None:
    """Have `update` written, and snapshots in `cache_dir`. Raises ReaderFailed.

    When this is cancelled the process ends.
    """
    loop = asyncio.get_running_loop()
    ended, end = os.pipe()
    try:
        pid = _spawn(request.fileno(), update.fileno(), end, cache_dir)
    except OSError as error:
        os.close(ended)
        raise ReaderFailed(f"no process that reads zones could be started: {error}") from error
    finally:
        os.close(end)
    has_ended = asyncio.Event()
    loop.add_reader(ended, has_ended.set)
    try:
        await has_ended.wait()
    except asyncio.CancelledError:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        loop.remove_reader(ended)
        os.close(ended)
        _, status = os.waitpid(pid, 0)
    if status:
        raise ReaderFailed(f"the process that reads zones {describe_end(status)}")


def _spawn(request: int, update: int, end: int, cache_dir: Path | None) -> int:
    """The same Python with the same modules; `-P` and the path keep it from others of the name."""
    search_path = os.pathsep.join(map(str, sys.path))
    return os.posix_spawn(
        sys.executable,
        (sys.executable, "-P", "-m", _MODULE, *([] if cache_dir is None else [cache_dir])),
        {**os.environ, "PYTHONPATH": search_path},
        file_actions=(
            (os.POSIX_SPAWN_DUP2, request, 0),
            (os.POSIX_SPAWN_DUP2, update, 1),
            (os.POSIX_SPAWN_DUP2, end, _END_OF_PIPE),
        ),
        setpgroup=0,
        setsigmask=(signal.SIGTTOU,),  # it may write to a terminal with `stty tostop`
    )
