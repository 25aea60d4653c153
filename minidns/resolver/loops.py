"""Finding an upstream that sends our queries back to us.

A probe asks an upstream for a random name; when a client asks us for that name, the upstream is
that client's source, and no answer can come from there. As CoreDNS's `loop`, for every probe that
is sent and not at the start only.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from minidns.resolver.model import Group, Question, Upstream
from minidns.wire.codes import RRType
from minidns.wire.name import MAX_NAME

_HINFO = 13  # nobody asks for it by himself
_OCTETS = 8  # of chance in each of the two labels
_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2


class Loops:
    """The probes in flight. `make_token` gives so many random octets."""

    def __init__(self, make_token: Callable[[int], bytes]) -> None:
        self._make_token = make_token
        self.probed: dict[bytes, Upstream] = {}  # by name; changed here alone

    def begin(self, group: Group, upstream: Upstream) -> Question:
        """The question of a probe; it is looked out for until `end`."""
        labels = [self._make_token(_OCTETS).hex().encode() for _ in range(2)]
        name = b"".join(bytes((len(label),)) + label for label in labels) + group.domain
        if len(name) > MAX_NAME:
            return Question(group.domain, RRType.NS)
        self.probed[name] = upstream
        return Question(name, _HINFO)

    def end(self, question: Question) -> None:
        """The probe is over."""
        self.probed.pop(question.qname, None)

    def recognise(self, qname: bytes) -> Upstream | None:
        """Whom we asked for the name that we are asked for."""
        return self.probed.get(qname)


def upstream_at(group: Group, client: bytes) -> Upstream | None:
    """The upstream of the group that has a client's address (packed)."""
    if client.startswith(_MAPPED):
        client = client[len(_MAPPED) :]
    for upstream in group.upstreams:
        if pack(upstream.address) == client:
            return upstream
    return None


@lru_cache(maxsize=256)
def pack(address: str) -> bytes:
    """An IP address without its zone identifier."""
    return ip_address(address.partition("%")[0]).packed
