"""The control socket of a server in its place, with the commands that it has.

Every running server has one, so that it can be asked what it does. Where none can be made, as in a
container that may write nothing, the server runs without, and says so once.
"""

import asyncio
import fcntl
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from minidns.server.control_place import (
    BadPlaceError,
    control_directory,
    control_path,
    control_sockets,
    make_private,
    worker_path,
)
from minidns.server.control_socket import Command, CommandError, ControlSocket, is_left_over
from minidns.server.listeners import Listeners
from minidns.sockets.host_port import join_host_port
from minidns.transport.tcp import TcpServer
from minidns.transport.udp import UdpServer

if TYPE_CHECKING:
    from minidns.server.resolving import Resolving
    from minidns.server.zone_troubles import ZoneTroubles

log = logging.getLogger(__name__)

_LOCK_ATTEMPTS = 50
_LOCK_SECONDS = 0.01  # between two attempts


def cache_command(resolving: "Resolving | None") -> Command:
    """`cache`; a server that keeps no answers says so."""
    if resolving is None:
        return _no_cache
    from minidns.server.cache_command import CacheCommand

    return CacheCommand(resolving)


def health_command(troubles: "ZoneTroubles | None", resolving: "Resolving | None") -> Command:
    """`health`, of which nothing is loaded before it is asked for."""

    def answer(words: Sequence[str]) -> Iterable[str]:
        from minidns.server.health_command import HealthCommand

        return HealthCommand(troubles, resolving)(words)

    return answer


def sockets_command(
    listeners: Listeners,
    udp: Sequence[UdpServer],
    tcp: TcpServer,
    resolving: "Resolving | None",
    worker: int,
) -> Command:
    """`sockets`, of which nothing is loaded before it is asked for."""
    started = time.monotonic()

    def answer(words: Sequence[str]) -> Iterable[str]:
        from minidns.server.socket_table import SocketTable

        uses = resolving.upstreams.uses if resolving is not None else tuple
        return SocketTable(listeners, udp, tcp, started, worker, uses=uses)(words)

    return answer


async def open_control(
    commands: Mapping[str, Command], path: Path | None, sock: socket.socket, worker: int
) -> ControlSocket | None:
    """`sock` names a server that is given no path. None where it fails; the log says why."""
    try:
        if path is not None:
            return await _open(commands, path, worker)
        directory = control_directory(os.environ, os.geteuid())
        make_private(directory)
        async with _alone_in(directory):
            if worker <= 1:
                for left_over in filter(is_left_over, control_sockets(directory)):
                    left_over.unlink(missing_ok=True)  # of a server that was killed
            path = control_path(directory, join_host_port(*sock.getsockname()[:2]))
            return await _open(commands, path, worker)
    except (OSError, BadPlaceError) as error:
        if worker <= 1:  # the others have the same to say
            log.warning("no control socket, so that no command can ask this server: %s", error)
        return None


async def _open(commands: Mapping[str, Command], path: Path, worker: int) -> ControlSocket:
    control = ControlSocket(worker_path(path, worker) if worker else path, commands)
    await control.open()
    return control


@asynccontextmanager
async def _alone_in(directory: Path) -> AsyncIterator[None]:
    """While no other server of this user makes or removes a socket there.

    One that is bound and does not listen yet looks as if it were left over. Who cannot have the
    directory for half a second goes on without.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for _ in range(_LOCK_ATTEMPTS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:  # another has it, or the file system has no locks
                await asyncio.sleep(_LOCK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _no_cache(words: Sequence[str]) -> Iterable[str]:
    raise CommandError("this server keeps no answers: it forwards no names")
