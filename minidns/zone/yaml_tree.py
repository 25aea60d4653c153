"""What a YAML file is read into: texts, lists and maps that know where they stand.

Every scalar is a text, whatever it looks like: `no`, `010`, `1:30` and `2026-10-01` mean what is
written. The field that it fills gives it a type. Knows nothing of DNS.
"""

from collections.abc import ItemsView
from typing import Protocol, TypeAlias, cast

from minidns.zone.model import Mark

RECORD_KEYS = frozenset({"type", "ttl", "value", "values"})  # of octoDNS's records of every type


class Place(Protocol):
    """Where something starts; PyYAML's marks, counted from 0."""

    name: str
    index: int
    line: int
    column: int


class Text(str):
    """A scalar."""

    __slots__ = ("place",)
    place: Place


class Missing(Text):
    """A plain scalar of no characters (`key:` and nothing after it), unlike the quoted ''."""

    __slots__ = ()


class Failed(Text):
    """Stands where something had a fault that is already reported."""

    __slots__ = ()


class Sequence(list["Node"]):
    """A list."""

    __slots__ = ("place",)
    place: Place


class Map(dict[str, "Node"]):
    """A map. Its keys are Texts, each with its place; any equal str finds them."""

    __slots__ = ("place",)
    place: Place

    def entries(self) -> "ItemsView[Text, Node]":
        """Keys with their places, and values."""
        return cast("ItemsView[Text, Node]", self.items())


class RecordMap(Map):
    """A record of an owner with none but RECORD_KEYS.

    These keys are plain texts without a place, since nothing is ever said about them: that makes
    half as many objects of a record.
    """

    __slots__ = ()


Node: TypeAlias = Text | Sequence | Map


def mark_of(place: Place) -> Mark:
    """The place as faults show it, counted from 1."""
    return Mark(place.name, place.line + 1, place.column + 1)


def nearer_place(outer: Place, inner: Place) -> Place:
    """`inner`, unless it came in by an alias: then `outer`, where the alias is used.

    An alias stands for something earlier in the same file.
    """
    if inner.index < outer.index and inner.name == outer.name:
        return outer
    return inner


def failed_at(place: Place) -> Failed:
    """What stands for a node whose fault is reported."""
    node = Failed()
    node.place = place
    return node
