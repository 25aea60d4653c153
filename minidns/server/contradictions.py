"""What in a configuration file cannot all be meant: pairs of numbers, and what nothing would use.

Each value alone is sound. The fault stands at the value that was written; where the other one is a
default the message says so, since the file does not show it.
"""

from collections.abc import Collection, Container, Iterator
from typing import NamedTuple

from minidns.config import ServeSettings
from minidns.zone.yaml_tree import Map, Node, Place


class Contradiction(NamedTuple):
    """`message`: what is wrong, and the way out."""

    place: Place
    message: str


class _Pair(NamedTuple):
    """`least` is never more than `most`. `is_strict`: not even if `least` is a default."""

    of: str
    least: str
    most: str
    unit: str
    is_strict: bool = False


_PAIRS = (
    _Pair("cache", "failure", "max_failure", " s", is_strict=True),
    _Pair("limits", "probe", "max_probe", " s", is_strict=True),
    _Pair("limits", "attempt", "query", " s"),
    _Pair("limits", "waiting_per_client", "waiting", ""),
    _Pair("limits", "waiting_per_name", "waiting", ""),
    _Pair("limits", "tcp_connections_per_address", "tcp_connections", ""),
)


def find_contradictions(
    top: Map, settings: ServeSettings, faulty: Collection[str], said: Container[str]
) -> Iterator[Contradiction]:
    """`top` is the map that the settings are from, but for `faulty` keys.

    `said`: keys that the command line replaces.
    """
    resolver = settings.resolver
    values = {
        "cache": (resolver.cache,),
        "limits": (resolver.limits, settings.limits),
    }
    for pair in _PAIRS:
        found = {
            name: getattr(held, name)
            for held in values[pair.of]
            for name in (pair.least, pair.most)
            if hasattr(held, name)
        }
        if f"{pair.of}.{pair.least}" not in faulty and f"{pair.of}.{pair.most}" not in faulty:
            yield from _compare(pair, top.get(pair.of), found[pair.least], found[pair.most])
    if "block" not in said and not any(key.startswith("block.") for key in faulty):
        yield from _block_without_lists(top.get("block"))
    if resolver.forward == () and "forward" not in said:
        has_hosts = bool(resolver.hosts) or "hosts" in said
        yield from _unused(top, () if has_hosts else ("allow",), faulty)


def _compare(pair: _Pair, node: Node | None, least: float, most: float) -> Iterator[Contradiction]:
    if least <= most or not isinstance(node, Map):
        return
    if pair.least in node:
        at, value, other, held, words = pair.least, least, pair.most, most, "is more than"
    elif pair.most in node and pair.is_strict:
        at, value, other, held, words = pair.most, most, pair.least, least, "is less than"
    else:
        return
    has_both = other in node
    shown, way_out = ("", "change") if has_both else ("the default of ", "write")
    message = (
        f"{pair.of}.{at}: {value:g}{pair.unit} {words} {shown}'{other}', {held:g}{pair.unit}: "
        f"change it, or {way_out} '{other}'{'' if has_both else ' as well'}"
    )
    yield Contradiction(node[at].place, message)


def _block_without_lists(node: Node | None) -> Iterator[Contradiction]:
    if isinstance(node, Map) and "files" not in node:
        message = "block: nothing is blocked without a list: name one in 'files'"
        yield Contradiction(node.place, message)


def _unused(top: Map, keys: Collection[str], faulty: Collection[str]) -> Iterator[Contradiction]:
    """What is about names that are forwarded, where none are; sizes and times hurt nobody."""
    cache = top.get("cache")
    found = {key: top[key] for key in ("block", *keys) if key in top}
    if isinstance(cache, Map) and "file" in cache:
        found["cache.file"] = cache["file"]
    for key, node in found.items():
        if key not in faulty:
            message = (
                f"{key}: it is about names that are forwarded, and 'forward: []' forwards none: "
                "take one of them out"
            )
            yield Contradiction(node.place, message)
