"""System calls in the open: each is printed as C has it, with its result, and is really made.

One line that is printed is one call to the kernel. `arrival` alone makes calls without a line.
Programs for Python's `socket` work with an `OpenSocket`; what accept() returns is a bare descriptor
here, since Python would ask the kernel for its name once more to make a socket object of it.
"""

import os
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from minidns.lesson import c_text
from minidns.lesson.arrival import wait_readable
from minidns.sockets.pktinfo import ControlMessage

_MANY = 512  # octets that a read asks for
_CONTROL_OCTETS = 128  # room for the control messages of one datagram

T = TypeVar("T")
Show = Callable[[str, str], None]  # whose call it is ("server"), and its line


class Descriptor:
    """Reading, writing and closing by number: the same calls as on a file (read(2), write(2))."""

    def __init__(self, show: Show, side: str, number: int) -> None:
        self._show = show
        self.side = side
        self._number = number

    def fileno(self) -> int:
        """The number, -1 once it is closed."""
        return self._number

    def read(self, octets: int = _MANY) -> bytes:
        """read(2); waits until something is there. Raises OSError, NothingCameError."""
        return _read(self._show, self.side, self.fileno(), octets, is_patient=True)

    def write(self, data: bytes) -> int:
        """write(2). Raises OSError."""
        return _write(self._show, self.side, self.fileno(), data)

    def detach(self) -> int:
        """The number, which is the caller's to close."""
        number, self._number = self._number, -1
        return number

    def close(self) -> None:
        """close(2); a second time does nothing."""
        if self._number >= 0:
            number, self._number = self._number, -1
            os.close(number)
            self._show(self.side, f"close({number}) = 0")


class OpenSocket(socket.socket):
    """A blocking socket of which every call is shown. `side` says whose it is."""

    def __init__(self, show: Show, side: str, family: int, kind: int) -> None:
        self._show = show
        self.side = side
        protocol = socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else socket.IPPROTO_UDP
        text = c_text.socket_call(family, kind)
        self._try(text, lambda: super(OpenSocket, self).__init__(family, kind, protocol))
        self._done(text, self.fileno())

    def bind(self, address: Any, /) -> None:
        size = c_text.address_octets(self.family)
        text = f"bind({self.fileno()}, {c_text.place(address)}, {size})"
        self._try(text, lambda: super(OpenSocket, self).bind(address))
        self._done(text)

    def connect(self, address: Any, /) -> None:
        size = c_text.address_octets(self.family)
        text = f"connect({self.fileno()}, {c_text.place(address)}, {size})"
        self._try(text, lambda: super(OpenSocket, self).connect(address))
        self._done(text)

    def listen(self, backlog: int = 16, /) -> None:
        text = f"listen({self.fileno()}, {backlog})"
        self._try(text, lambda: super(OpenSocket, self).listen(backlog))
        self._done(text)

    def getsockname(self) -> Any:
        name = self._try(self._name_text("getsockname"), super().getsockname)
        self._done(self._name_text("getsockname", c_text.place(name)))
        return name

    def take(self) -> tuple[Descriptor, Any]:
        """accept(2): the new descriptor, and the address of the other side."""
        name, end = ("accept4", ", SOCK_CLOEXEC)") if c_text.HAS_ACCEPT4 else ("accept", ")")
        size = c_text.address_octets(self.family)

        def text(peer: str) -> str:
            return f"{name}({self.fileno()}, {peer}, [{size}]{end}"

        wait_readable(self.fileno())
        accept = self._accept  # type: ignore[attr-defined]  # socket.accept() makes more calls
        number, peer = self._try(text("peer"), accept)
        self._done(text(c_text.place(peer)), number)
        return Descriptor(self._show, self.side, number), peer

    def setsockopt(self, level: int, name: int, value: Any, *rest: Any) -> None:
        text = f"setsockopt({self.fileno()}, {c_text.option(level, name)}, [{value}], 4)"
        self._try(text, lambda: super(OpenSocket, self).setsockopt(level, name, value, *rest))
        self._done(text)

    def get_option(self, level: int, name: int) -> int:
        """getsockopt(2) of an option that is a number."""
        start = f"getsockopt({self.fileno()}, {c_text.option(level, name)}, "
        value = self._try(
            f"{start}value, [4])", lambda: super(OpenSocket, self).getsockopt(level, name)
        )
        self._done(f"{start}[{value}], [4])")
        return value

    def read(self, octets: int = _MANY, is_patient: bool = True) -> bytes:
        """read(2); patient, it waits for something. Raises OSError, NothingCameError."""
        return _read(self._show, self.side, self.fileno(), octets, is_patient)

    def write(self, data: bytes) -> int:
        """write(2). Raises OSError."""
        return _write(self._show, self.side, self.fileno(), data)

    def send_to(self, data: bytes, address: Any) -> int:
        """sendto(2)."""
        size = c_text.address_octets(self.family)
        text = f"sendto({self.fileno()}, {c_text.quote(data)}, {len(data)}, 0, "
        text += f"{c_text.place(address)}, {size})"
        sent = self._try(text, lambda: super(OpenSocket, self).sendto(data, address))
        self._done(text, sent)
        return sent

    def receive_from(self, octets: int = _MANY, flags: int = 0) -> tuple[bytes, Any]:
        """recvfrom(2); waits for a datagram unless `flags` has MSG_DONTWAIT."""
        size = c_text.address_octets(self.family)

        def text(data: str, source: str) -> str:
            return (
                f"recvfrom({self.fileno()}, {data}, {octets}, {c_text.flags(flags)}, {source}, "
                f"[{size}])"
            )

        if not flags & socket.MSG_DONTWAIT:
            wait_readable(self.fileno())
        data, source = self._try(
            text("buffer", "source"), lambda: super(OpenSocket, self).recvfrom(octets, flags)
        )
        self._done(text(c_text.quote(data), c_text.place(source)), len(data))
        return data, source

    def receive_message(self, octets: int = _MANY) -> tuple[bytes, list[ControlMessage], Any]:
        """recvmsg(2): a datagram, its control messages, where it came from."""
        wait_readable(self.fileno())
        text = f"recvmsg({self.fileno()}, message, 0)"
        data, control, _, source = self._try(
            text, lambda: super(OpenSocket, self).recvmsg(octets, _CONTROL_OCTETS)
        )
        shown = c_text.message(data, control, source)
        self._done(f"recvmsg({self.fileno()}, {shown}, 0)", len(data))
        return data, control, source

    def send_message(self, data: bytes, control: list[ControlMessage], address: Any) -> int:
        """sendmsg(2): one datagram with control messages."""
        text = f"sendmsg({self.fileno()}, {c_text.message(data, control, address)}, 0)"
        sent = self._try(text, lambda: super(OpenSocket, self).sendmsg([data], control, 0, address))
        self._done(text, sent)
        return sent

    def close(self) -> None:
        number = self.fileno()
        if number >= 0:
            super().close()
            self._show(self.side, f"close({number}) = 0")

    def _name_text(self, call: str, name: str = "address") -> str:
        return f"{call}({self.fileno()}, {name}, [{c_text.address_octets(self.family)}])"

    def _try(self, text: str, call: Callable[[], T]) -> T:
        return _try(self._show, self.side, text, call)

    def _done(self, text: str, result: int = 0) -> None:
        self._show(self.side, f"{text} = {result}")


def _read(show: Show, side: str, number: int, octets: int, is_patient: bool) -> bytes:
    if is_patient:
        wait_readable(number)
    data = _try(show, side, f"read({number}, buffer, {octets})", lambda: os.read(number, octets))
    show(side, f"read({number}, {c_text.quote(data)}, {octets}) = {len(data)}")
    return data


def _write(show: Show, side: str, number: int, data: bytes) -> int:
    text = f"write({number}, {c_text.quote(data)}, {len(data)})"
    written = _try(show, side, text, lambda: os.write(number, data))
    show(side, f"{text} = {written}")
    return written


def _try(show: Show, side: str, text: str, call: Callable[[], T]) -> T:
    """The call; one that fails is shown here, with its error, which goes on."""
    try:
        return call()
    except OSError as error:
        show(side, f"{text} = -1 {c_text.explain(error)}")
        raise
