"""The nouns of the resolver: a question, an upstream, a group of them, what became of asking.

Terms as in RFC 9499 section 6: an upstream is a server that queries are forwarded to.
"""

import typing
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import NamedTuple

from minidns.wire.codes import ExtendedError, Rcode
from minidns.wire.plain_reply import PlainReply
from minidns.wire.reply import Reply
from minidns.wire.response import Body, Records


class Question(NamedTuple):
    """What is asked upstream, in class IN. `qname` is lower-case wire."""

    qname: bytes
    qtype: int
    dnssec_ok: bool = False  # RFC 3225
    checking_disabled: bool = False  # RFC 4035 section 3.2.2


class Protocol(Enum):
    """How an upstream is spoken to."""

    UDP = "udp"  # and TCP where a reply is truncated or does not match
    TCP = "tcp"
    TLS = "tls"  # RFC 7858

    __hash__ = object.__hash__  # Enum's own is Python, and each look-up of an Upstream needs it


class Upstream(NamedTuple):
    """One server."""

    address: str  # IP address as text, a zone identifier after `%` kept
    port: int
    protocol: Protocol = Protocol.UDP
    name: str = ""  # TLS: what its certificate must be for (RFC 8310 section 8.1)


class Policy(Enum):
    """In which order the upstreams of a group are asked."""

    IN_ORDER = "in_order"
    FASTEST = "fastest"  # by smoothed round trip, the others tried now and then
    RACE = "race"  # the first two at once


class Group(NamedTuple):
    """The upstreams of a domain and all that is below it."""

    number: int  # its own; what one group answered is never taken for the answer of another
    domain: bytes  # lower-case wire; the root for all names
    upstreams: tuple[Upstream, ...]  # none: its names are never forwarded
    policy: Policy = Policy.IN_ORDER
    trust_ad: bool = False  # believe the AD bit of its replies (RFC 6840 section 5.7)


HOSTS = Group(0, b"\x00", ())  # stands for the names of hosts files; no other has the number 0


MAX_QUERIES = 12  # upstream queries for one query of a client; Unbound


class Budget:
    """What one query of a client may still cost: `left` upstream queries; `began`: the moment."""

    __slots__ = ("began", "left")

    def __init__(self, queries: int = MAX_QUERIES, began: float = 0.0) -> None:
        self.left = queries
        self.began = began


class FailureKind(Enum):
    """Why an attempt brought no answer."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # refused, no route, TLS not agreed on
    UNUSABLE = "unusable"  # a reply that says nothing about the question
    RCODE = "rcode"  # SERVFAIL, REFUSED and the like
    TRUNCATED = "truncated"  # TC over UDP, and nothing over TCP
    BUSY = "busy"  # our own bound on what is in flight


class Failure(NamedTuple):
    """No answer. `text` is for the log and for an Extended DNS Error: one line, no final dot."""

    kind: FailureKind
    text: str
    rcode: int = Rcode.SERVFAIL


Heard = Reply | PlainReply | Failure
# (whom, what, seconds) -> the reply, whose ID, address, port, question and case have been
# compared with the query's; or why there is none. Does not raise, but for its cancellation.
Exchange = Callable[[Upstream, Question, float], Awaitable[Heard]]


class Segment(NamedTuple):
    """What may be believed of a reply: the chain from the question's name as far as it leads.

    The owner of the first records is None, the question's name. Where `target` is set the chain
    goes on there, and somebody else is to be asked about it; `answer` then ends with its CNAME.
    """

    rcode: int  # NOERROR or NXDOMAIN, of the last name
    answer: tuple[Records, ...] = ()
    authority: tuple[Records, ...] = ()  # an SOA where the end is negative; with DO its proof
    target: bytes | None = None  # wire, in the case in which it came
    ttl: int = 0  # seconds for which it may be kept
    is_authentic: bool = False  # the AD bit of an upstream that is trusted for it
    is_truncated: bool = False  # with SERVFAIL: over UDP, TC is to be passed on (RFC 5625 4.4)


class Encoded(typing.Protocol):
    """An answer that was kept when it came."""

    def body_as_kept(self, flags: int) -> Body:
        """Its octets as they are kept; QR and what else the caller sets, the rcode is added."""


class Resolved(NamedTuple):
    """What a client is told; TTLs are those of the moment at which it is sent."""

    segment: Segment
    error: tuple[ExtendedError, str] | None = None  # RFC 8914
    encoded: Encoded | None = None  # the whole of the segment, if it is the whole answer


Outcome = Resolved | PlainReply | Failure  # of a question; a plain reply is kept as it came
