"""Sockets that have served one query and may serve another, on another port.

One rests where the kernel has drawn its port and the reply that was waited for has come over it.
It has given its port back by then, yet a datagram for that port may have come just before, which is
none of the next query's. So it stays watched, and is lent again only after a look at what can be
read has not named it; one that is named is closed.
"""

import asyncio
import socket
from collections.abc import Callable, Collection

from minidns.sockets.ephemeral import NO_PORTS, GiveBack, ephemeral_ports

MOST = 64  # that rest; few have more queries under way
# In which none was wanted: then all are closed. As long are the kernel's ports what they were.
IDLE_SECONDS = 10.0


class RestingSockets:
    """Of one event loop; to be closed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        close: Callable[[socket.SocketType], None],
        give_back: GiveBack | None,
    ) -> None:
        """`close` closes one that is watched. Without `give_back` none rests."""
        self._loop = loop
        self._close = close
        self._give_back = give_back
        # A query whose port is to be one of these has it drawn by the kernel.
        self.ports: Collection[int] = NO_PORTS
        self.are_known = False  # the ports; else `look_up` is to be called
        self._unseen = _by_family()  # since they rest nobody has looked
        self._seen = _by_family()
        self._count = 0
        self._is_wanted = False
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def look_up(self) -> None:
        """Which ports the kernel draws; they are set while it runs."""
        self.ports = NO_PORTS if self._give_back is None else ephemeral_ports()
        self.are_known = True
        self._is_wanted = False
        self._timer = self._loop.call_later(IDLE_SECONDS, self._end_period)

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
            self._close(sock)
            return
        self._count += 1
        self._unseen[sock.family].append(sock)

    def look(self, strays: list[int], is_all: bool) -> None:
        """What a look has named that nobody waits for, and whether it could name no more."""
        if strays:
            self._close_named(strays)
        if is_all:
            for family, unseen in self._unseen.items():
                if unseen:
                    self._seen[family] += unseen
                    unseen.clear()

    def close_all(self) -> bool:
        """None rests any more. Whether one did."""
        is_one = self._count > 0
        for resting in (*self._unseen.values(), *self._seen.values()):
            while resting:
                self._close(resting.pop())
        self._count = 0
        return is_one

    def close(self) -> None:
        """The same, and no timer is left."""
        self.close_all()
        self.are_known = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_named(self, named: list[int]) -> None:
        for resting in (*self._unseen.values(), *self._seen.values()):
            for sock in tuple(resting):
                if sock.fileno() in named:
                    resting.remove(sock)
                    self._close(sock)
                    self._count -= 1

    def _end_period(self) -> None:
        if self._is_wanted:
            self.look_up()
        else:
            self._timer = None
            self.close()


def _by_family() -> dict[int, list[socket.SocketType]]:
    return {socket.AF_INET: [], socket.AF_INET6: []}
