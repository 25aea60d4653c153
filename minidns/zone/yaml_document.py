"""One YAML file: from the parser's event stream to trees of marked texts, lists and maps.

The top map is handed on entry by entry, so that a zone of a million records never stands in
memory as a tree. Anchors, aliases and merge keys work; equal keys and every tag but `!include` are
faults. Uses libyaml's parser through PyYAML, and the one written in Python where libyaml is
missing. Knows nothing of DNS, and of files no more than their name.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from minidns.zone.include import ZoneFiles
from minidns.zone.yaml_tree import (
    RECORD_KEYS,
    Failed,
    Map,
    Missing,
    Node,
    Place,
    RecordMap,
    Sequence,
    Text,
    failed_at,
)

MAX_NESTING = 16  # maps and lists inside each other
CHARACTERS_PER_NODE = 32  # so many more characters of a text count as one more node

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_INCLUDE = "!include"


class CannotGoOn(Exception):
    """The rest of the files cannot be read; the fault is noted."""


class Surroundings(Protocol):
    """What a document asks of whoever reads the files of a zone."""

    def report(self, rule: str, place: Place, message: str) -> None:
        """Note a fault."""

    def expand(self, size: int, place: Place) -> None:
        """Count nodes that an alias or a merge stands for. Raises CannotGoOn at the limit."""

    def include(self, including: "Document", name: str, place: Place, depth: int) -> Node:
        """The tree of an included file."""


class Document:
    """A file and its parser. `chain` holds the real paths of the files that led here, and its own.

    The methods that read raise yaml.YAMLError where the octets are no YAML, and CannotGoOn.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        path: Path,
        data: bytes,
        chain: tuple[str, ...],
        files: ZoneFiles,
    ) -> None:
        self.path = path
        self.data = data
        self._files = files
        self.chain = chain
        self._surroundings = surroundings
        self._next: Any = None  # gives the next event of the parser
        self._anchors: dict[str, Node | None] = {}  # None while the node is not complete
        self._anchor_places: dict[str, Place] = {}
        self._sizes: dict[int, int] = {}  # id of a node below an anchor -> nodes it stands for

    def read_entries(self) -> Iterator[tuple[Text, Node]]:
        """The entries of the top map one by one, those that merges bring last."""
        event = self._start()
        if event is None:
            return
        if type(event) is MappingStartEvent and event.tag is None and event.anchor is None:
            yield from self._top_entries()
        else:
            node = self._node(event, 0)
            if isinstance(node, Map):
                yield from node.entries()
            elif not isinstance(node, Failed | Missing):
                message = "a zone file is a map of names to records: 'www: {type: A, ...}'"
                self._surroundings.report("bad-structure", node.place, message)
        self._end()

    def read_tree(self, depth: int) -> Node | None:
        """The whole file as one node, `depth` maps and lists deep; None where it holds nothing."""
        event = self._start()
        if event is None:
            return None
        node = self._node(event, depth)
        self._end()
        return None if isinstance(node, Missing) else node

    def _start(self) -> Any:
        """The first event of the first document's root; None where there is no document."""
        self._next = _PARSER(self._files.octets(self.data, self.path)).get_event
        self._next()  # stream start
        if type(self._next()) is StreamEndEvent:
            return None
        return self._next()

    def _end(self) -> None:
        self._next()  # document end
        event = self._next()
        if type(event) is not StreamEndEvent:
            message = "a second document ('---'): a zone file holds one, remove the line or split"
            self._surroundings.report("second-document", event.start_mark, message)

    def _top_entries(self) -> Iterator[tuple[Text, Node]]:
        get = self._next
        seen: dict[str, int] = {}  # key -> its line: a Text and its place would be 100 octets more
        merges: list[Map] = []
        while type(event := get()) is not MappingEndEvent:
            key = self._key(event, 1, seen, merges)
            if key is None:
                continue
            value = self._name_value(get())
            name = str(key)
            if name in seen:
                self._equal_keys(seen[name], key)
            else:
                seen[name] = key.place.line
                yield key, value
        for merged in merges:
            for key, value in merged.entries():
                if str(key) not in seen:
                    seen[str(key)] = key.place.line
                    yield key, value

    def _name_value(self, event: Any) -> Node:
        """The value of an entry of the top map, which begins with `event`."""
        kind = type(event)
        if kind is MappingStartEvent and event.anchor is None and event.tag is None:
            return self._record_map(event, 2)
        if kind is not SequenceStartEvent or event.anchor is not None or event.tag is not None:
            return self._node(event, 1)
        sequence = Sequence()
        sequence.place = event.start_mark
        get = self._next
        while type(event := get()) is not SequenceEndEvent:
            if type(event) is MappingStartEvent and event.anchor is None and event.tag is None:
                sequence.append(self._record_map(event, 3))
            else:
                sequence.append(self._node(event, 2))
        return sequence

    def _record_map(self, start: Any, depth: int) -> Map:
        """The map that begins with the event `start`, and which probably is a record."""
        get = self._next
        record = RecordMap()
        keys: list[Any] = []
        while True:
            event = get()
            if (
                type(event) is not ScalarEvent
                or (name := event.value) not in RECORD_KEYS
                or name in record
                or event.anchor is not None
                or event.tag is not None
            ):
                break
            keys.append(event)
            event = get()
            if (
                type(event) is ScalarEvent
                and event.value
                and event.anchor is None
                and event.tag is None
            ):
                record[name] = _text(event)
            else:
                record[name] = self._node(event, depth)
        if type(event) is MappingEndEvent:
            record.place = start.start_mark
            return record
        other = Map()
        other.place = start.start_mark
        for key, value in zip(keys, record.values(), strict=True):
            other[_text(key)] = value
        self._map(other, event, depth)
        return other

    def _map(self, node: Map, event: Any, depth: int) -> None:
        """Read the entries of a map, of which the first begins with `event`."""
        get = self._next
        merges: list[Map] = []
        while type(event) is not MappingEndEvent:
            key = self._key(event, depth, node, merges)
            if key is not None:
                value = self._value(get(), depth)
                if key in node:
                    first = next(one for one, _ in node.entries() if one == key)
                    self._equal_keys(first.place.line, key)
                else:
                    node[key] = value
            event = get()
        for merged in merges:
            for name, below in merged.items():
                node.setdefault(name, below)

    def _key(
        self, event: Any, depth: int, above: Mapping[str, object], merges: list[Map]
    ) -> Text | None:
        """The key that begins with `event`; None where that was no key, its value is read then.

        `above` holds what the map has so far.
        """
        if (
            type(event) is ScalarEvent
            and event.anchor is None
            and event.tag is None
            and event.value not in _SPECIAL_KEYS
        ):
            return _text(event)
        node = self._node(event, depth)
        plain = type(event) is ScalarEvent and not event.style and event.tag is None
        if plain and node == _MERGE:
            self._merge(self._node(self._next(), depth), node.place, above, merges)
            return None
        if isinstance(node, Text) and not isinstance(node, Failed | Missing):
            key = Text(node)  # an alias is the text of its anchor; as a key it stands here
            key.place = event.start_mark
            return key
        if isinstance(node, Missing):
            message = "an empty key: write '' for the apex"
            self._surroundings.report("bad-structure", node.place, message)
        elif not isinstance(node, Failed):
            message = "a key is a text: quote it if it begins with a bracket or a brace"
            self._surroundings.report("bad-structure", node.place, message)
        self._node(self._next(), depth)
        return None

    def _value(self, event: Any, depth: int) -> Node:
        """As `_node`, with a short way for the texts that most values are."""
        if (
            type(event) is ScalarEvent
            and event.value
            and event.anchor is None
            and event.tag is None
        ):
            return _text(event)
        return self._node(event, depth)

    def _node(self, event: Any, depth: int) -> Node:
        """The tree that begins with `event`, inside `depth` maps and lists."""
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event)
        anchor = event.anchor
        if anchor is not None:
            self._open_anchor(anchor, event.start_mark)
        node: Node
        if kind is ScalarEvent:
            if event.tag is not None:
                node = self._tagged(event, depth)
            else:
                node = Text(event.value) if event.value or event.style else Missing()
                node.place = event.start_mark
        else:
            node = self._collection(event, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _collection(self, event: Any, depth: int) -> Node:
        place: Place = event.start_mark
        if depth >= MAX_NESTING:
            message = f"maps and lists are nested over {MAX_NESTING} deep"
            self._surroundings.report("nesting-too-deep", place, message)
            raise CannotGoOn
        if event.tag is not None:
            self._unknown_tag(event)
        if type(event) is MappingStartEvent:
            map_node = Map()
            map_node.place = place
            self._map(map_node, self._next(), depth + 1)
            return map_node
        sequence = Sequence()
        sequence.place = place
        get = self._next
        while type(event := get()) is not SequenceEndEvent:
            sequence.append(self._node(event, depth + 1))
        return sequence

    def _tagged(self, event: Any, depth: int) -> Node:
        if event.tag == _INCLUDE:
            return self._surroundings.include(self, event.value, event.start_mark, depth)
        self._unknown_tag(event)
        return failed_at(event.start_mark)

    def _unknown_tag(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        message = f"tag '{tag}' is not allowed: every value is a text already; remove the tag"
        if tag == _INCLUDE:
            message = f"'{_INCLUDE}' is followed by the name of a file: '{_INCLUDE} records.yaml'"
        self._surroundings.report("unknown-tag", event.start_mark, message)

    def _equal_keys(self, first_line: int, key: Text) -> None:
        message = f"'{key}' is here twice, first in line {first_line + 1}: keep one of them"
        self._surroundings.report("equal-keys", key.place, message)

    def _merge(
        self, node: Node, place: Place, above: Mapping[str, object], merges: list[Map]
    ) -> None:
        """Take in the value of a `<<` key: a map or a list of maps, of which the first wins.

        In YAML a map's own keys win over merged ones, in octoDNS only those below the `<<` do, and
        the last of two `<<` wins: what would mean two things is refused.
        """
        if merges:
            message = "'<<' is here twice: write one, with a list, '<<: [*first, *second]'"
            self._surroundings.report("bad-merge", place, message)
        for merged in list(node) if isinstance(node, Sequence) else [node]:
            if isinstance(merged, Map):
                self._surroundings.expand(len(merged), place)
                self._compare_with_above(merged, place, above)
                merges.append(merged)
            elif not isinstance(merged, Failed):
                message = "'<<' merges a map, an alias of one, or '!include' of a file with one"
                self._surroundings.report("bad-merge", place, message)

    def _compare_with_above(self, merged: Map, place: Place, above: Mapping[str, object]) -> None:
        for key, value in merged.items():
            own = above.get(key)
            if (
                own is not None
                and own is not value
                and not (isinstance(own, Text) and own == value)
            ):
                message = f"'{key}' stands above '<<' and in what that merges: put '<<' first"
                self._surroundings.report("bad-merge", place, message)
                return

    def _open_anchor(self, anchor: str, place: Place) -> None:
        first = self._anchor_places.setdefault(anchor, place)
        if first is not place:
            message = f"anchor '&{anchor}' is set twice, first in line {first.line + 1}: rename it"
            self._surroundings.report("equal-anchors", place, message)
        self._anchors[anchor] = None

    def _alias(self, event: Any) -> Node:
        name, place = event.anchor, event.start_mark
        if name not in self._anchors:
            message = (
                f"alias '*{name}' has no anchor '&{name}' above it; "
                f"where a name is meant, quote it: '*{name}'"
            )
            self._surroundings.report("undefined-alias", place, message)
            return failed_at(place)
        node = self._anchors[name]
        if node is None:
            message = f"alias '*{name}' stands inside its own anchor '&{name}': write it out"
            self._surroundings.report("recursive-alias", place, message)
            return failed_at(place)
        self._surroundings.expand(self._size(node), place)
        return node

    def _size(self, node: Node) -> int:
        """How much the node stands for, aliases inside it written out."""
        if isinstance(node, Text):
            return 1 + len(node) // CHARACTERS_PER_NODE
        size = self._sizes.get(id(node))
        if size is None:
            size = 1
            if isinstance(node, Map):
                size += (
                    sum(map(self._size, node.values())) + sum(map(len, node)) // CHARACTERS_PER_NODE
                )
            else:
                size += sum(map(self._size, node))
            self._sizes[id(node)] = size
        return size


def _text(event: Any) -> Text:
    text = Text(event.value)
    text.place = event.start_mark
    return text


_SPECIAL_KEYS = frozenset({_MERGE, ""})
