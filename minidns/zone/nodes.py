"""All names of one zone: kept as octets, made into nodes where a query comes by.

A zone of a million records would be a gigabyte of objects, and most of them are never asked for.
The nodes that were made last are kept, in two generations: whoever follows a chain or keeps an
answer by its node meets the same object again until LIVE other names were looked up. What the
octets of a name mean is `zone.packed`'s to know.
"""

from collections.abc import Iterator, Mapping

from minidns.zone.model import Node
from minidns.zone.packed import HIDES, IS_CUT, unpack

# Nodes of a generation, each some 500 octets. One question comes by 2,000 of them at most
# (`authority.solve`: chains, and ALIAS in them, and addresses).
LIVE = 16_384
# Nodes out of reach that are freed when one is made: to free all at once takes up to 20 ms.
_FREED = 1


class Nodes(Mapping[bytes, Node]):
    """The nodes of a zone by lower-case wire name.

    `live` and `packed` are open to the query path, which spares itself a call: a name that is not
    in `live` exists if it is in `packed`, and then `make` gives its node.
    """

    __slots__ = ("_earlier", "_gone", "_origin", "apex", "has_breaks", "live", "packed")

    def __init__(self, origin: bytes, packed: dict[bytes, bytes], has_breaks: bool) -> None:
        """`packed` is taken over. `has_breaks`: whether a name is a zone cut or has a DNAME.

        Raises KeyError where the apex is missing.
        """
        self.packed = packed
        self.live: dict[bytes, Node] = {}
        self.apex = unpack(origin, packed[origin])
        self._earlier: dict[bytes, Node] = {}
        self._gone: dict[bytes, Node] = {}  # out of reach, yet to be freed
        self._origin = origin
        self.has_breaks = has_breaks

    def make(self, name: bytes) -> Node:
        """The node of a name that is not in `live`. Raises KeyError where there is no such name."""
        node = self._earlier.get(name)
        if node is None:
            if name == self._origin:
                node = self.apex
            else:
                node = unpack(name, self.packed[name])
                if self.has_breaks:
                    self._find_break(name, node)
        if len(self.live) >= LIVE:
            self._gone, self._earlier, self.live = self._earlier, self.live, {}
        self.live[name] = node
        if self._gone:
            for _ in range(min(_FREED, len(self._gone))):
                self._gone.popitem()
        return node

    def generations(self) -> Iterator[dict[bytes, Node]]:
        """The nodes that were made and are not freed yet."""
        yield self.live
        yield self._earlier
        yield self._gone

    def __getitem__(self, name: bytes) -> Node:
        return self.live.get(name) or self.make(name)

    def __contains__(self, name: object) -> bool:
        return name in self.packed

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.packed)

    def __len__(self) -> int:
        return len(self.packed)

    def _find_break(self, name: bytes, node: Node) -> None:
        """Give a node what is met first on the way down to it, a zone cut or a DNAME.

        A name that is both is a zone cut; a DNAME hides what is below it, not its own name.
        """
        at, bits = name, self.packed[name][0] & IS_CUT
        top = at
        while at != self._origin:
            at = at[1 + at[0] :]
            found = self.packed[at][0] & HIDES
            if found:
                top, bits = at, found
        if bits & IS_CUT:
            node.cut = node if top == name else self[top]
        elif bits:
            node.dname = self[top]
