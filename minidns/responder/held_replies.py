"""Replies by the query's octets, in a mapping that looks elsewhere for what it has not.

Not compiled: what a transport calls for each query is then the look-up of a dict itself.
"""

from collections.abc import Callable


class HeldReplies(dict[bytes, bytes]):
    """`held[query]` recalls what is not there and does not keep it; `get` and `in` do not look."""

    __slots__ = ("_recall",)

    def __init__(self, recall: Callable[[bytes], bytes | None]) -> None:
        super().__init__()
        self._recall = recall

    def __missing__(self, query: bytes) -> bytes | None:
        try:
            return self._recall(query)
        except Exception:  # `respond` is asked next: that meets it again, and tells of it
            return None
