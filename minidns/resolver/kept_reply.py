"""A whole reply to one query, whose answer is kept: all that changes in it are its TTLs.

It is good for as long as the cache has that very answer and nothing is to be asked anew.
"""

from struct import Struct

_TTL = Struct("!I")
_OCTETS = 4


class KeptReply:
    """`tail`: the reply without its ID, as it is for a second from `since` on."""

    __slots__ = ("key", "lasts", "packed", "places", "since", "tail")

    def __init__(
        self,
        tail: bytes,
        since: float,
        lasts: int,
        places: tuple[int, ...],
        key: bytes,
        packed: bytes,
    ) -> None:
        self.tail = tail
        self.since = since
        self.lasts = lasts  # seconds
        self.places = places  # of the TTLs, in `tail`
        self.key = key  # of the answer in the cache
        self.packed = packed  # the answer

    def count_down(self, seconds: int) -> None:
        """So much later, RFC 2181 section 8."""
        tail = self.tail
        if len(self.places) == 1:
            (place,) = self.places
            end = place + _OCTETS
            ttl = int.from_bytes(tail[place:end]) - seconds
            self.tail = b"%b%b%b" % (tail[:place], ttl.to_bytes(_OCTETS), tail[end:])
        else:
            patched = bytearray(tail)
            for place in self.places:
                _TTL.pack_into(patched, place, _TTL.unpack_from(tail, place)[0] - seconds)
            self.tail = bytes(patched)
        self.since += seconds
        self.lasts -= seconds
