"""The values of a configuration file, typed: each reader takes a node and gives a plain value.

A reader raises BadSetting with what would be right; `place` is where in the file. Numbers are
decimal, durations may have a unit (`1.5`, `500ms`, `10m`), sizes too (`64 MiB`).
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from minidns.resolver.networks import BadNetwork, parse_network
from minidns.sockets.listen_address import BadListenAddress, parse_listen_address
from minidns.upstream.address import BadUpstream, parse_upstream
from minidns.wire.name import ROOT, BadName, name_from_text, name_to_text
from minidns.zone.idna import BadIdn, to_ascii
from minidns.zone.yaml_tree import Failed, Map, Missing, Node, Place, Sequence, Text

Read = Callable[[Node], Any]

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_OCTETS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_NUMBER = re.compile(r"([0-9]{1,12})(\.[0-9]{1,6})?\s*([A-Za-z]*)")


class BadSetting(Exception):
    """A value that does not fit; str() says what would."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


class Unreadable(Exception):
    """A value whose fault is reported already."""


def read_text(node: Node) -> str:
    """Any text that is not empty."""
    if isinstance(node, Failed):
        raise Unreadable
    if not isinstance(node, Text):
        kind = "map" if isinstance(node, Map) else "list"
        raise BadSetting(f"a {kind} where one value is wanted", node.place)
    if isinstance(node, Missing) or not node:
        raise BadSetting("no value: write one, or remove the key", node.place)
    return str(node)


def read_flag(node: Node) -> bool:
    text = read_text(node)
    value = _WORDS.get(text.lower())
    if value is None:
        raise BadSetting(f"'{text}': write true or false", node.place)
    return value


def number(least: int, most: int) -> Read:
    """A whole number in a range."""

    def read(node: Node) -> int:
        text = read_text(node)
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise BadSetting(
                f"'{text}': write a whole number from {least:,} to {most:,}", node.place
            )
        return int(_in_range(int(text), least, most, "", node))

    return read


def seconds(least: float, most: float) -> Read:
    """A duration; `s` where there is no unit."""

    def read(node: Node) -> float:
        value = _with_unit(node, _SECONDS, "seconds, as 1.5, 500ms or 10m")
        return _in_range(value, least, most, " seconds", node)

    return read


def whole_seconds(least: int, most: int) -> Read:
    """A duration without fraction, as TTLs are."""
    read = seconds(least, most)
    return lambda node: int(read(node))


def octets(least: int, most: int) -> Read:
    """A size."""

    def read(node: Node) -> int:
        value = _with_unit(node, _OCTETS, "a size, as 64 MiB")
        return int(_in_range(value, least, most, " octets", node))

    return read


def one_of(words: Collection[str]) -> Read:
    def read(node: Node) -> str:
        text = read_text(node)
        if text.lower() not in words:
            raise BadSetting(f"'{text}' is none of {', '.join(words)}", node.place)
        return text.lower()

    return read


def path_from(directory: Path) -> Read:
    """A path, relative to the directory of the file."""

    def read(node: Node) -> Path:
        return directory / read_text(node)

    return read


def file_from(directory: Path) -> Read:
    """A path to a file that is there."""

    def read(node: Node) -> Path:
        path = directory / read_text(node)
        if not path.is_file():
            raise BadSetting(f"'{path}' is not there or is no file: mend the path", node.place)
        return path

    return read


def items(read: Read) -> Read:
    """A list, or one alone."""

    def read_all(node: Node) -> tuple[Any, ...]:
        return tuple(read(item) for item in node) if isinstance(node, Sequence) else (read(node),)

    return read_all


def some(read: Read) -> Read:
    """As `items`, at least one: of none nobody could say whether nobody or everybody is meant."""

    def read_all(node: Node) -> tuple[Any, ...]:
        if isinstance(node, Sequence) and not node:
            raise BadSetting("an empty list: name at least one, or leave it out", node.place)
        return tuple(items(read)(node))

    return read_all


def read_listen(node: Node) -> str:
    text = read_text(node)
    try:
        parse_listen_address(text)
    except BadListenAddress as error:
        raise BadSetting(str(error), node.place) from None
    return text


def read_upstream(node: Node) -> str:
    text = read_text(node)
    try:
        parse_upstream(text)
    except BadUpstream as error:
        raise BadSetting(str(error), node.place) from None
    return text


def read_network(node: Node) -> str:
    text = read_text(node)
    try:
        parse_network(text)
    except BadNetwork as error:
        raise BadSetting(str(error), node.place) from None
    return text


def read_domain(node: Node) -> str:
    """A domain name, absolute with or without its final dot; given with it, in lower case."""
    text = read_text(node)
    try:
        return name_to_text(name_from_text(to_ascii(text), ROOT).lower())
    except (BadName, BadIdn) as error:
        raise BadSetting(str(error), node.place) from None


def read_block_answer(node: Node) -> str:
    text = read_text(node).lower()
    if text in ("nxdomain", "nodata"):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise BadSetting(f"'{text}': write nxdomain, nodata or an address", node.place) from None


def _with_unit(node: Node, units: dict[str, Any], wanted: str) -> float:
    text = read_text(node)
    match = _NUMBER.fullmatch(text)
    if match is None or match[3] not in units:
        raise BadSetting(f"'{text}': write {wanted}", node.place)
    return float(match[1] + (match[2] or "")) * float(units[match[3]])


def _in_range(value: float, least: float, most: float, unit: str, node: Node) -> float:
    if not least <= value <= most:
        raise BadSetting(
            f"'{node}' is out of range: {least:,} to {most:,}{unit} are possible", node.place
        )
    return value
