"""A whole reply to one query, whose answer is kept: all that changes in it are its TTLs.

It is good for as long as the cache has that very answer and nothing is to be asked anew.
"""

from struct import Struct
from typing import NamedTuple

_TTL = Struct("!I")


class KeptReply(NamedTuple):
    """`tail`: the reply without its ID, as it is for a second from `since` on."""

    tail: bytes
    since: float
    lasts: int  # seconds
    places: tuple[int, ...]  # of the TTLs, in `tail`
    key: bytes  # of the answer in the cache
    packed: bytes  # the answer


def count_down(kept: KeptReply, seconds: int) -> KeptReply:
    """The same so much later, RFC 2181 section 8."""
    tail, since, lasts, places, key, packed = kept
    patched = bytearray(tail)
    for place in places:
        _TTL.pack_into(patched, place, _TTL.unpack_from(tail, place)[0] - seconds)
    return KeptReply(bytes(patched), since + seconds, lasts - seconds, places, key, packed)
