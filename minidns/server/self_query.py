"""Asking a server whether it is well, as its clients ask: by DNS, over UDP and over TCP.

The question is `version.bind.` TXT in class CHAOS (RFC 4892). A server answers or refuses it by
itself, whoever asks: no zone is needed, no upstream, and nothing is kept for it. So any reply but
an error of its own shows that datagrams and streams are read, and that the event loop turns.
"""

import os
import socket
import time

from minidns.sockets.host_port import join_host_port
from minidns.wire.codes import Rcode, RRClass, RRType
from minidns.wire.name import name_from_text

SECONDS = 1.0  # for a reply; a loop that lags by more is not well
_SENDS = 3  # of a datagram in that time, since any may be lost
_ITSELF = "version.bind."
_RD = b"\x01\x00"
_COUNTS = b"\x00\x01\x00\x00\x00\x00\x00\x00"
_HEADER = 12
_QR, _RCODE = 0x80, 0x0F
_MAX_DATAGRAM = 65535
_WELL = {
    False: frozenset({Rcode.NOERROR, Rcode.REFUSED}),
    True: frozenset({Rcode.NOERROR}),  # a name that the user has chosen
}


class NotWell(Exception):
    """The server does not answer, or not as it should; the message says how, in one line."""


class SelfQuery:
    """One question to one address, for each transport. Raises ValueError where `name` is none.

    With `name` its A records are asked for, and the rcode has to be NOERROR.
    """

    def __init__(self, host: str, port: int, name: str = "", seconds: float = SECONDS) -> None:
        self._address = host, port
        self._seconds = seconds
        self._rcodes = _WELL[bool(name)]
        self.name = f"{name.rstrip('.')}." if name else _ITSELF
        rtype, rclass = (RRType.A, RRClass.IN) if name else (RRType.TXT, RRClass.CH)
        self._question = b"".join(
            (name_from_text(self.name), rtype.to_bytes(2, "big"), rclass.to_bytes(2, "big"))
        )

    def __str__(self) -> str:
        return join_host_port(*self._address)

    def check(self) -> None:
        """Ask over UDP, then over TCP. Raises NotWell, which names each that failed."""
        faults = []
        for transport, ask in (("UDP", self._ask_by_datagram), ("TCP", self._ask_by_stream)):
            try:
                self._judge(ask())
            except NotWell as error:
                faults.append(f"over {transport}: {error}")
            except TimeoutError:
                faults.append(f"over {transport}: no reply within {self._seconds:g} s")
            except OSError as error:
                faults.append(f"over {transport}: {error.strerror or error}")
        if faults:
            raise NotWell(f"{self} is not well: {', '.join(faults)}")

    def _ask_by_datagram(self) -> bytes:
        """The first datagram that is a reply to the question."""
        query = self._draw_up()
        with self._open(socket.SOCK_DGRAM) as sock:
            for _ in range(_SENDS):
                sock.send(query)
                end = time.monotonic() + self._seconds / _SENDS
                while (left := end - time.monotonic()) > 0:
                    sock.settimeout(left)
                    try:
                        reply = sock.recv(_MAX_DATAGRAM)
                    except TimeoutError:
                        break
                    if self._is_reply(query, reply):
                        return reply
        raise TimeoutError

    def _ask_by_stream(self) -> bytes:
        query = self._draw_up()
        end = time.monotonic() + self._seconds
        with self._open(socket.SOCK_STREAM) as sock:
            sock.sendall(len(query).to_bytes(2, "big") + query)
            size = int.from_bytes(_receive(sock, 2, end), "big")
            reply = _receive(sock, size, end)
        if not self._is_reply(query, reply):
            raise NotWell("what comes is no reply to the question")
        return reply

    def _open(self, kind: socket.SocketKind) -> socket.socket:
        """Connected, so that nobody else is heard, and that nobody is there is told at once."""
        family, *_, address = socket.getaddrinfo(
            *self._address, type=kind, flags=socket.AI_NUMERICHOST
        )[0]
        sock = socket.socket(family, kind)
        try:
            sock.settimeout(self._seconds)
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock

    def _draw_up(self) -> bytes:
        return os.urandom(2) + _RD + _COUNTS + self._question

    def _is_reply(self, query: bytes, reply: bytes) -> bool:
        """ID, QR, one question and that it is ours (RFC 5452 section 9.1)."""
        return (
            reply[:2] == query[:2]
            and len(reply) >= _HEADER
            and bool(reply[2] & _QR)
            and reply[4:6] == _COUNTS[:2]
            and reply[_HEADER:].startswith(self._question)
        )

    def _judge(self, reply: bytes) -> None:
        code = reply[3] & _RCODE
        if code not in self._rcodes:
            text = Rcode(code).name if code in {*Rcode} else f"rcode {code}"
            raise NotWell(f"'{self.name}' is answered with {text}")


def _receive(sock: socket.socket, size: int, end: float) -> bytes:
    """So many octets, before `end`."""
    octets = b""
    while len(octets) < size:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        more = sock.recv(size - len(octets))
        if not more:
            raise NotWell("the connection was closed without a reply")
        octets += more
    return octets
