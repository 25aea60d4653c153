"""The control socket of a server in its place, with the commands that it has."""

import logging
import os
import socket
from pathlib import Path

from minidns.server.cache_command import CacheCommand
from minidns.server.control_place import (
    BadPlaceError,
    control_directory,
    control_path,
    control_sockets,
    make_private,
    worker_path,
)
from minidns.server.control_socket import ControlSocket, is_left_over
from minidns.server.resolving import Resolving
from minidns.sockets.host_port import join_host_port

log = logging.getLogger(__name__)


async def open_control(
    resolving: Resolving, path: Path | None, sock: socket.socket, worker: int
) -> ControlSocket | None:
    """`sock` names a server that is given no path. None where it fails; the log says why."""
    try:
        if path is None:
            directory = control_directory(os.environ, os.geteuid())
            make_private(directory)
            for left_over in filter(is_left_over, control_sockets(directory)):
                left_over.unlink(missing_ok=True)  # of a server that was killed
            path = control_path(directory, join_host_port(*sock.getsockname()[:2]))
        if worker:
            path = worker_path(path, worker)
        control = ControlSocket(path, {"cache": CacheCommand(resolving)})
        await control.open()
    except (OSError, BadPlaceError) as error:
        log.warning("no control socket, 'minidns cache' will find no server: %s", error)
        return None
    return control
