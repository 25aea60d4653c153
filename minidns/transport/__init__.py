"""Bytes in, bytes out: framing, pipelining, time-outs, back-pressure, over UDP and TCP.

What a query means is the responder's business; here are the shapes in which it is asked. `answers`
is the responder's cache of whole replies, octets of the query after the ID to octets of the reply
after the ID; a transport looks there first and calls `respond` on a miss.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from minidns.responder.via import Via

# A whole reply, or None for none. On a stream None means: close the connection.
Reply = bytes | None

# (query with its ID, client IP as 4 or 16 octets, how it came) -> the reply now or later.
# An IPv4 client of a dual-stack socket is given as 4 octets. Does not raise. Each awaitable is the
# query's own: it is cancelled when the client has gone.
Respond = Callable[[bytes, bytes, Via], Reply | Awaitable[Reply]]


class Answers(Protocol):
    """What finds a reply; a mapping is such."""

    @property
    def get(self) -> Callable[[bytes], bytes | None]:
        """To be fetched anew for each batch of queries: the answers may be others by then."""


# Client IP, as `respond` takes it, to the answers for this client; it has some for every address.
# For servers whose answers are not the same for all.
AnswersByClient = Mapping[bytes, Answers]
