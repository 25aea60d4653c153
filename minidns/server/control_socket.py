"""The control socket: a running server asked by its own user, over a Unix socket (unix(7)).

A request is a line of words, `["cache", "flush", "example.com."]` in JSON; the reply is the line
`ok` or `error`, then lines of text until the stream ends. Only the user of the server can open the
file. One request per connection, few at once, each with a bound on time and octets.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
_ACCEPT_AGAIN_SECONDS = 0.1
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
        self._socket: socket.socket | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._inode = 0

    async def open(self) -> None:
        """Listen. Raises OSError, FileExistsError where another server has that path."""
        self._socket = _bind(self.path)
        self._inode = os.lstat(self.path).st_ino
        self._listen()

    async def close(self) -> None:
        """Take no more requests, and remove the file."""
        if self._socket is None:
            return
        with suppress(OSError):
            if os.lstat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _listen(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection, _ = sock.accept()
        except OSError:  # gone already, or out of descriptors
            log.debug("a client of the control socket was not taken", exc_info=True)
            loop.remove_reader(sock)
            loop.call_later(_ACCEPT_AGAIN_SECONDS, self._listen)
            return
        connection.setblocking(False)
        if len(self._clients) >= MAX_CLIENTS:
            connection.close()
            return
        client = loop.create_task(self._serve(connection))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)
        client.add_done_callback(lambda _: connection.close())  # also if it never began

    async def _serve(self, connection: socket.socket) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await _read_line(connection)
            for chunk in self._reply(request):
                async with asyncio.timeout(SEND_SECONDS):
                    await asyncio.get_running_loop().sock_sendall(connection, chunk)
                await asyncio.sleep(0)
        except (OSError, TimeoutError):
            log.debug("a client of the control socket has gone", exc_info=True)

    def _reply(self, request: bytes) -> Iterator[bytes]:
        try:
            lines = iter(self._run(request))
        except CommandError as error:
            yield f"{ERROR}\n{error}\n".encode()
            return
        yield f"{OK}\n".encode()
        while chunk := list(islice(lines, _LINES_AT_ONCE)):
            yield "".join(f"{line}\n" for line in chunk).encode()

    def _run(self, request: bytes) -> Iterable[str]:
        import json  # a server starts milliseconds sooner without, and is seldom asked

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


async def _read_line(connection: socket.socket) -> bytes:
    line = b""
    while b"\n" not in line and len(line) < MAX_REQUEST:
        more = await asyncio.get_running_loop().sock_recv(connection, MAX_REQUEST - len(line))
        if not more:
            break
        line += more
    return line.partition(b"\n")[0]


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
