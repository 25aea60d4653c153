"""Segments of one chain put together, each from whoever was to be asked about its first name.

RFC 1034 section 3.6.2: what the client gets begins at the question's name.
"""

from minidns.resolver.model import Segment
from minidns.wire.response import Records


def join(whole: Segment, part: Segment, qname: bytes) -> Segment:
    """A chain with what its last name led to; there the question's name is another one."""
    name = whole.target if whole.answer else None
    return Segment(
        part.rcode,
        whole.answer + _name(part.answer, name),
        _name(part.authority, name),
        part.target,
        min(whole.ttl, part.ttl),
        whole.is_authentic and part.is_authentic,
    )


def _name(section: tuple[Records, ...], owner: bytes | None) -> tuple[Records, ...]:
    if owner is None:
        return section
    return tuple(one._replace(owner=owner) if one.owner is None else one for one in section)


def owners_of(answer: tuple[Records, ...], qname: bytes) -> set[bytes]:
    """The names that a chain has passed."""
    return {qname if one.owner is None else one.owner.lower() for one in answer}
