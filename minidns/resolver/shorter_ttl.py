"""TTLs that are cut to what is set here (RFC 8767 section 4, RFC 2308 section 5)."""

from minidns.resolver.model import Segment
from minidns.wire.response import Records


def shorten(segment: Segment, max_ttl: int, max_negative_ttl: int) -> Segment:
    """The segment itself where nothing is longer. `max_negative_ttl` is for one with an SOA."""
    if segment.authority:
        longest = min(max_ttl, max_negative_ttl)
        if not segment.answer:
            max_ttl = longest
    else:
        longest = max_ttl
    if segment.ttl <= longest:
        for one in segment.answer:  # all() costs four times as much
            if one.ttl > max_ttl:
                break
        else:
            return segment
    return segment._replace(
        answer=_shorten(segment.answer, max_ttl),
        authority=_shorten(segment.authority, longest),
        ttl=min(segment.ttl, longest),
    )


def _shorten(section: tuple[Records, ...], longest: int) -> tuple[Records, ...]:
    return tuple(one._replace(ttl=min(one.ttl, longest)) for one in section)
