"""The part of experiment 10 that runs in a process of its own, where descriptors may run out.

Its lines go to standard output, made for the page of the process that started it: a form feed
before each step, and in the last line, behind a vertical tab, what was checked (JSON).
"""

import asyncio
import json
import os
import resource
import socket
import sys
from contextlib import suppress

from minidns.lesson.arrival import PATIENCE_SECONDS, wait_readable
from minidns.lesson.calls import OpenSocket
from minidns.lesson.example_zone import SMALL, make_plain_query, make_responder
from minidns.lesson.lab import LOOPBACK, Lab
from minidns.lesson.page import Page
from minidns.sockets.descriptor_limit import KEPT_DESCRIPTORS, fit_connections
from minidns.transport.tcp import ACCEPT_PAUSE_SECONDS, TcpServer
from minidns.transport.tcp_framing import PREFIX, frame
from minidns.wire.reply import read_reply

STEP = "\f"
RESULT = "\v"
_HARD_BEFORE = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
_HARD = 300 if _HARD_BEFORE == resource.RLIM_INFINITY else min(300, _HARD_BEFORE)  # here alone
_PLENTY = 64
_WANTED = 150  # connections, minidns's default
_GRACE_SECONDS = 1.0
_INTERRUPTED = 130


class _ChildPage(Page):
    """Marks where a step begins, so that the other process can wait there."""

    def step(self, text: str) -> None:
        self.copy(STEP + text)


def main() -> int:
    """Run the steps; the arguments are the page's width and whether it is coloured (1 or 0)."""
    width, is_coloured = sys.argv[1:3]
    lab = Lab(_ChildPage(sys.stdout, int(width), is_coloured == "1"))
    try:
        _show_accept(lab)
        lab.close()
        _show_limit(lab)
        asyncio.run(_show_server(lab))
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        lab.close_unseen()
    result = {"checks": lab.checks, "failures": lab.failures}
    sys.stdout.write(f"{RESULT}{json.dumps(result)}\n")
    return 0


def _show_accept(lab: Lab) -> None:
    lab.step("Step 1: two clients connect, and there is one descriptor left")
    listener = lab.socket(socket.AF_INET, socket.SOCK_STREAM, "server")
    listener.bind((LOOPBACK, 0))
    address = listener.getsockname()
    listener.listen(16)
    for _ in range(2):
        lab.socket(socket.AF_INET, socket.SOCK_STREAM, "client").connect(address)
    _limit(lab, _lowest_free() + 1)
    accepted, _ = lab.accept(listener)
    first = lab.refusal(lab.accept, listener)
    again = _accept_again(lab, listener)
    lab.say(
        "The second client's connect() ended well long ago: the kernel made its connection, which "
        "waits in the queue. The listener stays readable, so a server that merely tries again "
        "does nothing else any more. (No table of sockets here: it is a file, and wants a "
        "descriptor.)"
    )
    lab.check("accept() without a free descriptor: EMFILE", first == "EMFILE")
    lab.check("the connection is not lost by it, and accept() fails again", again == "EMFILE")

    lab.step("Step 2: one descriptor is given back")
    lab.close((accepted,))
    refused = lab.refusal(lab.accept, listener)
    lab.rule(
        "accept() that fails with EMFILE leaves the connection where it is. It can be served "
        "when, and only when, the process closes something."
    )
    lab.check("the second client is accepted after all", refused == "")


def _accept_again(lab: Lab, listener: OpenSocket) -> str:
    wait_readable(listener.fileno())
    return lab.refusal(lab.accept, listener)


def _show_limit(lab: Lab) -> None:
    lab.step("Step 3: the server counts beforehand")
    _limit(lab, _PLENTY)
    if _HARD < KEPT_DESCRIPTORS + 1:
        lab.skip(f"the hard limit is {_HARD} already, less than minidns keeps for all else")
        return
    fits = fit_connections(_WANTED)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    lab.say(
        f"minidns wants {_WANTED} connections (its default) and keeps {KEPT_DESCRIPTORS} "
        f"descriptors for all else. fit_connections({_WANTED}) raised the soft limit from "
        f"{_PLENTY} to {soft}, which is the hard one here, and says {fits}: so many it will take, "
        "and no more."
    )
    lab.check(
        "connections and the rest fit below the limit together",
        soft == _HARD and fits + KEPT_DESCRIPTORS <= soft,
    )


async def _show_server(lab: Lab) -> None:
    lab.step("Step 4: and if they run out all the same")
    responder = make_responder()
    listener = socket.create_server((LOOPBACK, 0))
    address = listener.getsockname()
    clients = [socket.socket() for _ in range(2)]
    server = TcpServer([listener], responder.respond, responder.stream_answers.replies)
    try:
        server.start(asyncio.get_running_loop())
        _set_limit(_lowest_free() + 1)
        answers = []
        for client in clients:
            client.setblocking(False)
            answers.append(await asyncio.wait_for(_ask(client, address), PATIENCE_SECONDS))
        is_closed = await _is_closed(clients[0])
        counters = server.counters
        lab.say(
            "minidns's own TCP server, with one descriptor left, and two clients that come one "
            "after the other, ask, and stay. Its counters: "
            f"{counters.accepted} accepted, {counters.accept_failures} failed for want of a "
            f"descriptor, {counters.evicted} idle connection closed to get one. It looks away "
            f"from the listener for {ACCEPT_PAUSE_SECONDS} s, so it is not kept busy by it, and "
            "goes on answering meanwhile."
        )
        lab.check("accept() failed once and not over and over", counters.accept_failures == 1)
        lab.check("the first client was answered, then closed while idle", is_closed)
        lab.check(
            "the second one waited and was answered",
            all(len(read_reply(each).answer) == 1 for each in answers),
        )
    finally:
        _set_limit(_PLENTY)
        for client in clients:
            client.close()
        await server.drain(_GRACE_SECONDS)


async def _ask(client: socket.socket, address: tuple[str, int]) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, address)
    await loop.sock_sendall(client, frame(make_plain_query(SMALL, 1)))
    return (await loop.sock_recv(client, 512))[PREFIX:]


async def _is_closed(client: socket.socket) -> bool:
    with suppress(ConnectionError):
        reading = asyncio.get_running_loop().sock_recv(client, 512)
        return await asyncio.wait_for(reading, PATIENCE_SECONDS) == b""
    return True


def _lowest_free() -> int:
    """The number that the next descriptor gets."""
    number = os.dup(sys.stdout.fileno())
    os.close(number)
    return number


def _limit(lab: Lab, descriptors: int) -> None:
    _set_limit(descriptors)
    lab.show("server", f"setrlimit(RLIMIT_NOFILE, {{{descriptors}, {_HARD}}}) = 0")


def _set_limit(descriptors: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, _HARD))


if __name__ == "__main__":
    sys.exit(main())
