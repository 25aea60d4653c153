"""Which descriptors are watched, and who is called, at less cost than the event loop's own way.

Linux: an epoll(7) of its own, whose descriptor the event loop watches: one wake-up of the loop
serves all connections that are ready, and no object is made to watch one. Elsewhere the loop's own
`add_reader()` and `add_writer()`. Both are level-triggered, and both may call for a descriptor that
has just been closed and taken again: who is called must be ready to find nothing.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Protocol

READ = select.POLLIN  # EPOLLIN has the same value
WRITE = select.POLLOUT
EVENTS_PER_TURN = 256  # then the loop looks at its other descriptors


class Watched(Protocol):
    """Who has a descriptor."""

    def on_readable(self) -> None:
        """There is something to read, or an end, or an error."""

    def on_writable(self) -> None:
        """There is room to write, or an error."""


class Watch(Protocol):
    """Descriptors that are watched: `interest` is READ, WRITE or both."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call owners from now on."""

    def add(self, descriptor: int, interest: int, owner: Watched) -> None:
        """Watch one that is not watched. Raises OSError where the kernel can watch no more."""

    def change(self, descriptor: int, interest: int) -> None:
        """Watch it for something else."""

    def remove(self, descriptor: int) -> None:
        """Watch it no more."""

    def forget(self, descriptor: int) -> None:
        """As `remove()`, right before it is closed."""

    def look(self) -> None:
        """Call the owners of those that are ready now, without waiting for the loop's next turn."""

    def close(self) -> None:
        """Watch nothing any more."""


class EpollWatch:
    """Linux's form."""

    def __init__(self) -> None:
        self._owners: dict[int, Watched] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call owners from now on."""
        self._loop = loop
        self._epoll = select.epoll()
        loop.add_reader(self._epoll.fileno(), self.look)

    def add(self, descriptor: int, interest: int, owner: Watched) -> None:
        """Watch one that is not watched. Raises OSError where the kernel can watch no more."""
        self._epoll.register(descriptor, interest)
        self._owners[descriptor] = owner

    def change(self, descriptor: int, interest: int) -> None:
        """Watch it for something else."""
        self._epoll.modify(descriptor, interest)

    def remove(self, descriptor: int) -> None:
        """Watch it no more. An error or hang-up would be reported even with no interest left."""
        if self._owners.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def forget(self, descriptor: int) -> None:
        """As `remove()`, right before it is closed: the kernel then removes it by itself."""
        self._owners.pop(descriptor, None)

    def close(self) -> None:
        """Watch nothing any more."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._owners.clear()

    def look(self) -> None:
        """Call the owners of those that are ready now, without waiting for the loop's next turn."""
        _call_owners(self._epoll.poll(0, EVENTS_PER_TURN), self._owners.get)


def _call_owners(ready: list[tuple[int, int]], find: Callable[[int], Watched | None]) -> None:
    for descriptor, events in ready:
        owner = find(descriptor)
        if owner is None:
            continue
        if events & WRITE:
            owner.on_writable()
            if events == WRITE or find(descriptor) is not owner:
                continue
        owner.on_readable()


class LoopWatch:
    """The form for other systems."""

    def __init__(self) -> None:
        self._owners: dict[int, tuple[Watched, int]] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call owners from now on."""
        self._loop = loop

    def add(self, descriptor: int, interest: int, owner: Watched) -> None:
        """Watch one that is not watched. Raises OSError where the kernel can watch no more."""
        self._set(descriptor, interest, owner, 0)

    def change(self, descriptor: int, interest: int) -> None:
        """Watch it for something else."""
        owner, before = self._owners[descriptor]
        self._set(descriptor, interest, owner, before)

    def remove(self, descriptor: int) -> None:
        """Watch it no more."""
        owner, before = self._owners.pop(descriptor, (None, 0))
        if owner is not None:
            if before & READ:
                self._loop.remove_reader(descriptor)
            if before & WRITE:
                self._loop.remove_writer(descriptor)

    forget = remove

    def look(self) -> None:
        """Call the owners of those that are ready now, without waiting for the loop's next turn."""
        poll = select.poll()
        for descriptor, (_, interest) in self._owners.items():
            poll.register(descriptor, interest)
        _call_owners(poll.poll(0), lambda descriptor: self._owners.get(descriptor, (None, 0))[0])

    def close(self) -> None:
        """Watch nothing any more."""
        for descriptor in tuple(self._owners):
            self.remove(descriptor)

    def _set(self, descriptor: int, interest: int, owner: Watched, before: int) -> None:
        if interest & READ and not before & READ:
            self._loop.add_reader(descriptor, owner.on_readable)
        elif before & READ and not interest & READ:
            self._loop.remove_reader(descriptor)
        if interest & WRITE and not before & WRITE:
            self._loop.add_writer(descriptor, owner.on_writable)
        elif before & WRITE and not interest & WRITE:
            self._loop.remove_writer(descriptor)
        self._owners[descriptor] = owner, interest


def make_watch() -> Watch:
    """The quickest form that this system has."""
    return EpollWatch() if hasattr(select, "epoll") else LoopWatch()
