"""The control socket: a running server asked by its own user, over a Unix socket (unix(7)).

A request is a line of words, `["cache", "flush", "example.com."]` in JSON; the reply is the line
`ok` or `error`, then lines of text until the stream ends. Only the user of the server can open the
file. One request per connection, few at once, each with a bound on time and octets.
"""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

log = logging.getLogger(__name__)

OK = "ok"
ERROR = "error"
MAX_REQUEST = 4096  # octets of the line
MAX_CLIENTS = 8  # at once
REQUEST_SECONDS = 5.0  # for the line to come
SEND_SECONDS = 30.0  # for a reader to take the next lines
_LINES_AT_ONCE = 256  # then other queries have their turn
_PRIVATE = 0o177  # umask: mode 0600

# The words after the command's name -> lines of text. Raises CommandError.
Command = Callable[[Sequence[str]], Iterable[str]]


class CommandError(Exception):
    """What was asked cannot be done; one line that says why."""


class ControlSocket:
    """Answers requests with `commands` while it is open."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self.path = path
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._inode = 0

    async def open(self) -> None:
        """Listen. Raises OSError, FileExistsError where another server has that path."""
        sock = _bind(self.path)
        self._inode = os.lstat(self.path).st_ino
        self._server = await asyncio.start_unix_server(self._accept, sock=sock, limit=MAX_REQUEST)

    async def close(self) -> None:
        """Take no more requests, and remove the file."""
        if self._server is None:
            return
        with suppress(OSError):
            if os.lstat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        self._server.close()
        self._server = None
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await asyncio.sleep(0)  # their connections are closed in the next turn

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._clients) <= MAX_CLIENTS:
                await self._answer(reader, writer)
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), SEND_SECONDS)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            log.debug("a client of the control socket has gone", exc_info=True)
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await asyncio.wait_for(reader.readline(), REQUEST_SECONDS)
        try:
            lines = iter(self._run(request))
        except CommandError as error:
            writer.write(f"{ERROR}\n{error}\n".encode())
        else:
            writer.write(f"{OK}\n".encode())
            while chunk := list(islice(lines, _LINES_AT_ONCE)):
                writer.write("".join(f"{line}\n" for line in chunk).encode())
                await asyncio.wait_for(writer.drain(), SEND_SECONDS)
                await asyncio.sleep(0)
        await asyncio.wait_for(writer.drain(), SEND_SECONDS)

    def _run(self, request: bytes) -> Iterable[str]:
        try:
            words = json.loads(request)
        except (ValueError, RecursionError):
            raise CommandError("the request is no line of JSON") from None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise CommandError("the request is no list of words")
        command = self._commands.get(words[0]) if words else None
        if command is None:
            raise CommandError(f"no such command here; there are: {', '.join(self._commands)}")
        return command(words[1:])


def _bind(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(_PRIVATE)
    try:
        try:
            sock.bind(os.fspath(path))
        except OSError:
            if not is_left_over(path):
                raise
            os.unlink(path)
            sock.bind(os.fspath(path))
        sock.listen(MAX_CLIENTS)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    sock.setblocking(False)
    return sock


def is_left_over(path: Path) -> bool:
    """Whether it is a socket that nobody listens on any more."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
