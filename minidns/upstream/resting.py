"""Sockets that have served one query and may serve another, on another port.

One rests where the kernel has drawn its port and the reply that was waited for has come over it.
It has given its port back by then, yet a datagram for that port may have come just before, which is
none of the next query's. So it stays watched, and is lent again only after a look at what can be
read has not named it; one that is named is closed.
"""

import asyncio
import socket

from minidns.sockets.ephemeral import NO_PORTS, ephemeral_ports, load_give_back

MOST = 64  # that rest; few have more queries under way
IDLE_SECONDS = 10.0  # in which none was wanted: then all are closed


class RestingSockets:
    """Of one event loop; to be closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._give_back = load_give_back()
        # A query whose port is to be one of these has it drawn by the kernel.
        self.ports = NO_PORTS if self._give_back is None else ephemeral_ports()
        self._unseen = _by_family()  # since they rest nobody has looked
        self._seen = _by_family()
        self._count = 0
        self._is_wanted = False
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def take(self, family: int) -> socket.SocketType | None:
        """One that is not bound, not connected, watched, and has nothing to read."""
        self._is_wanted = True
        seen = self._seen[family]
        if not seen:
            return None
        self._count -= 1
        return seen.pop()

    def rest(self, sock: socket.SocketType) -> None:
        """One that is watched, and not waited for any more. It is closed where there are enough."""
        give_back = self._give_back
        if give_back is None or self._count >= MOST or not give_back(sock.fileno()):
            sock.close()
            return
        self._count += 1
        self._unseen[sock.family].append(sock)
        if self._timer is None:
            self._timer = self._loop.call_later(IDLE_SECONDS, self._close_unwanted)

    def look(self, strays: list[int], is_all: bool) -> None:
        """What a look has named that nobody waits for, and whether it could name no more."""
        if strays:
            self._close_named(strays)
        if is_all:
            for family, unseen in self._unseen.items():
                if unseen:
                    self._seen[family] += unseen
                    unseen.clear()

    def close(self) -> None:
        """None rests any more."""
        for resting in (*self._unseen.values(), *self._seen.values()):
            while resting:
                resting.pop().close()
        self._count = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_named(self, named: list[int]) -> None:
        for resting in (*self._unseen.values(), *self._seen.values()):
            for sock in tuple(resting):
                if sock.fileno() in named:
                    resting.remove(sock)
                    sock.close()
                    self._count -= 1

    def _close_unwanted(self) -> None:
        self._timer = None
        if self._is_wanted:
            self._is_wanted = False
            self._timer = self._loop.call_later(IDLE_SECONDS, self._close_unwanted)
        else:
            self.close()


def _by_family() -> dict[int, list[socket.SocketType]]:
    return {socket.AF_INET: [], socket.AF_INET6: []}
