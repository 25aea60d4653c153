"""What a zone is known by among all that are loaded: its origin, and in a view the view's number.

A view is what clients of some networks alone see, so an origin may be there several times. Zones of
no view are known by their origin alone. No wire name begins with the octet that a view's key does:
a label has at most 63.
"""

NO_VIEW = 0
_MARK = b"\xff"
_NUMBER = 2  # octets


def zone_key(view: int, origin: bytes) -> bytes:
    """`view` counts from 1; NO_VIEW is for zones that all clients see."""
    return _MARK + view.to_bytes(_NUMBER, "big") + origin if view else origin


def split_key(key: bytes) -> tuple[int, bytes]:
    """View and origin."""
    if not key.startswith(_MARK):
        return NO_VIEW, key
    at = len(_MARK) + _NUMBER
    return int.from_bytes(key[len(_MARK) : at], "big"), key[at:]
