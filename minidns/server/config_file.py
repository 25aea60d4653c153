"""The configuration file of `minidns serve --config`: YAML to settings, every fault with its place.

All faults come in one run, in the form of those of zone files. Equal keys, anchors, `!include` and
the bounds are those of zone files too. What does not go together is refused here: an open resolver
that was not asked for (RFC 5358), a server that would forward to itself, a domain given twice; the
rest of it is in `server.contradictions`.
"""

import difflib
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from minidns.config import (
    BlockSettings,
    CacheSettings,
    ForwardGroup,
    Limits,
    ResolverLimits,
    ResolverSettings,
    ServeSettings,
    ZoneView,
)
from minidns.resolver.networks import BadNetwork, is_public_at_large, parse_network
from minidns.server import config_values as values
from minidns.server.config_values import BadSetting, Read, Unreadable
from minidns.server.conflicts import is_this_server, listened_at
from minidns.server.contradictions import find_contradictions
from minidns.upstream.address import parse_upstream
from minidns.zone.faults import ERROR
from minidns.zone.model import Fault
from minidns.zone.yaml_reader import YamlReader
from minidns.zone.yaml_tree import Failed, Map, Node, Place, Sequence, mark_of

_REFERENCE = "README, Configuration"
_DAY = 86_400
_POLICIES = ("in_order", "fastest", "race")
_MAX_SIZE = 2**40  # octets of a cache: a slip of the finger asks for more
_MANY = 1_000_000
_S = TypeVar("_S")


class Configuration(NamedTuple):
    """`settings` are to be used where no fault is an error."""

    settings: ServeSettings
    faults: list[Fault]


def read_config(path: Path, said: Container[str] = ()) -> Configuration:
    """Read a configuration file; one that is not there is a fault, too.

    `said`: keys whose values the command line replaces.
    """
    reader = _ConfigReader(path, said)
    settings = reader.read()
    return Configuration(settings, sorted(reader.faults, key=lambda fault: fault.mark))


class _ConfigReader:
    def __init__(self, path: Path, said: Container[str]) -> None:
        self._path = path
        self._said = said
        self._yaml = _Yaml()
        self._directory = path.parent
        self._places: dict[str, Place] = {}  # of the keys of the top map
        self._upstream_places: list[tuple[str, Place]] = []
        self._faulty: set[str] = set()  # keys, those of inner maps as `cache.size`

    @property
    def faults(self) -> list[Fault]:
        return self._yaml.faults

    def read(self) -> ServeSettings:
        top = Map()
        for key, node in self._yaml.read_entries(self._path, self._directory):
            top[key] = node
            self._places[str(key)] = key.place
        found = self._read_map(top, self._top_keys(), "")
        resolver = ResolverSettings()
        for name in _RESOLVER_KEYS & found.keys():
            resolver = replace(resolver, **{name: found.pop(name)})
        limits, resolver_limits = found.pop("limits", (Limits(), ResolverLimits()))
        resolver = replace(resolver, limits=resolver_limits)
        paths = found.pop("zones", ())
        views = tuple(one for one in paths if isinstance(one, ZoneView))
        zones = tuple(one for one in paths if isinstance(one, Path))
        if zones or views:
            found["zones"] = zones
        settings = ServeSettings(views=views, resolver=resolver, limits=limits, **found)
        self._compare(settings, top)
        return settings

    def _top_keys(self) -> dict[str, Read]:
        path, file = values.path_from(self._directory), values.file_from(self._directory)
        return {
            "listen": values.some(values.read_listen),
            "zones": values.items(self._zone),
            "strict": values.read_flag,
            "reuse_port": values.read_flag,
            "workers": values.number(1, 256),
            "nsid": values.read_text,
            "chaos_version": values.read_text,
            "chaos_identity": values.read_text,
            "rotate": values.read_flag,
            "auto_ptr": values.read_flag,
            "control": path,
            "forward": self._forward,
            "allow": values.items(values.read_network),
            "open_resolver": values.read_flag,
            "private_domains": values.items(values.read_domain),
            "hosts": values.items(file),
            "block": self._block,
            "cache": self._cache,
            "tls_ca_file": file,
            "limits": self._limits,
        }

    def _read_map(self, node: Map, keys: Mapping[str, Read], of: str) -> dict[str, Any]:
        """The values of a map by their keys; those with a fault are reported and left out."""
        found: dict[str, Any] = {}
        for key, item in node.entries():
            place = getattr(key, "place", node.place if of else item.place)
            read = keys.get(key)
            if read is None:
                self._report("unknown-setting", place, f"there is no '{of}{key}'{_near(key, keys)}")
                continue
            try:
                found[str(key)] = read(item)
            except BadSetting as error:
                self._report("bad-setting", error.place, f"{of}{key}: {error}")
            except Unreadable:
                pass
        self._faulty |= {f"{of}{key}" for key in node.keys() - found.keys()}
        return found

    def _map_of(self, kind: Callable[..., _S], keys: Mapping[str, Read], of: str, node: Node) -> _S:
        if isinstance(node, Failed):
            raise Unreadable
        if not isinstance(node, Map):
            raise BadSetting(f"a map is wanted: {', '.join(keys)}", node.place)
        return kind(**self._read_map(node, keys, f"{of}."))

    def _zone(self, node: Node) -> Path | ZoneView:
        path = values.path_from(self._directory)
        if not isinstance(node, Map):
            return Path(path(node))
        keys = {"path": path, "clients": values.some(values.read_network)}
        found = self._read_map(node, keys, "zones.")
        if "path" not in found:
            raise BadSetting("a map here needs 'path'", node.place)
        one = Path(found["path"])
        return ZoneView(one, found["clients"]) if "clients" in found else one

    def _forward(self, node: Node) -> tuple[ForwardGroup, ...]:
        plain: list[str] = []
        groups: list[ForwardGroup] = []
        seen: set[tuple[str, frozenset[str]]] = set()
        for item in node if isinstance(node, Sequence) else (node,):
            if isinstance(item, Map):
                groups.append(self._group(item))
                key = (groups[-1].domain, frozenset(groups[-1].clients))
                if key in seen:
                    message = f"forward: '{key[0]}' is here twice: put the upstreams in one list"
                    self._report("group-twice", item.place, message)
                seen.add(key)
            else:
                plain.append(self._not_own(item))
        if plain and (".", frozenset()) in seen:
            message = "forward: addresses alone and a map for '.': put all of them in the map"
            self._report("group-twice", node.place, message)
        if plain:
            groups.insert(0, ForwardGroup(tuple(plain)))
        return tuple(groups)

    def _group(self, node: Map) -> ForwardGroup:
        keys: dict[str, Read] = {
            "domain": values.read_domain,
            "upstreams": values.items(self._not_own),
            "policy": values.one_of(_POLICIES),
            "trust_ad": values.read_flag,
            "clients": values.some(values.read_network),
        }
        if "upstreams" not in node:
            message = "a map here needs 'upstreams': a list, [] for names that are never forwarded"
            raise BadSetting(message, node.place)
        return ForwardGroup(**{"upstreams": (), **self._read_map(node, keys, "forward.")})

    def _not_own(self, node: Node) -> str:
        text = values.read_upstream(node)
        self._upstream_places.append((text, node.place))
        return text

    def _block(self, node: Node) -> BlockSettings:
        files = values.items(values.file_from(self._directory))
        if not isinstance(node, Map):
            return BlockSettings(files(node))
        keys = {"files": files, "allow": files, "answer": values.read_block_answer}
        return self._map_of(BlockSettings, keys, "block", node)

    def _cache(self, node: Node) -> CacheSettings:
        keys = {
            "size": values.octets(2**20, _MAX_SIZE),
            "max_ttl": values.whole_seconds(1, _DAY),
            "max_negative_ttl": values.whole_seconds(1, 3600),
            "failure": values.seconds(1, 300),  # RFC 9520 section 3.2: 1 s at least
            "max_failure": values.seconds(1, 300),
            "stale": values.whole_seconds(0, 7 * _DAY),  # RFC 8767 section 5: one to three days
            "stale_ttl": values.whole_seconds(1, 3600),  # RFC 8767 section 4: over 0
            "stale_after": values.seconds(0.1, 10),
            "stale_recheck": values.seconds(1, 300),
            "file": values.path_from(self._directory),
        }
        return self._map_of(CacheSettings, keys, "cache", node)

    def _limits(self, node: Node) -> tuple[Limits, ResolverLimits]:
        found: dict[str, Any] = self._map_of(dict, _LIMIT_KEYS, "limits", node)
        of_server = {key: value for key, value in found.items() if key in Limits.__slots__}
        of_resolver = {key: value for key, value in found.items() if key not in of_server}
        return Limits(**of_server), ResolverLimits(**of_resolver)

    def _compare(self, settings: ServeSettings, top: Map) -> None:
        """What each value alone does not show."""
        resolver = settings.resolver
        allowed = [parse_network(text) for text in resolver.allow or ()]
        if is_public_at_large(allowed) and not resolver.open_resolver:
            message = (
                "allow: these networks are open to the public, whose attacks would go through "
                "here: name your own networks, or say 'open_resolver: true' as well"
            )
            self._report("open-resolver", self._widest(top["allow"]), message)
        listened = listened_at(settings.listen)
        for text, place in self._upstream_places:
            if is_this_server(parse_upstream(text), listened):
                message = f"forward: '{text}' is this server itself: name another resolver"
                self._report("forwarding-loop", place, message)
        for found in find_contradictions(top, settings, self._faulty, self._said):
            self._report("contradiction", found.place, found.message)

    def _widest(self, node: Node) -> Place:
        """Where the network with the shortest prefix stands."""
        listed = node if isinstance(node, Sequence) else [node]
        readable = [one for one in listed if isinstance(one, str) and _is_network(one)]
        return min(readable, key=lambda one: parse_network(one).prefixlen).place

    def _report(self, rule: str, place: Place, message: str) -> None:
        reference = _REFERENCES.get(rule, _REFERENCE)
        self.faults.append(Fault(mark_of(place), ERROR, rule, message, reference))


class _Yaml(YamlReader):
    """The YAML of zone files, in words for people who write a configuration."""

    def report(self, rule: str, place: Place, message: str) -> None:
        if rule == "bad-structure":
            message = "a configuration is a map of settings: 'listen: 127.0.0.1:5053'"
        super().report(rule, place, message.replace("zone file", "configuration"))


def _near(key: str, keys: Mapping[str, Read]) -> str:
    near = difflib.get_close_matches(key.lower().replace("-", "_"), keys, n=1)
    return f": did you mean '{near[0]}'?" if near else f": there are {', '.join(keys)}"


def _is_network(text: str) -> bool:
    try:
        parse_network(text)
    except BadNetwork:
        return False
    return True


_REFERENCES = {"open-resolver": "RFC 5358", "forwarding-loop": "README, Configuration"}
_RESOLVER_KEYS = frozenset(ResolverSettings.__slots__) - {"limits", "is_on"}
_LIMIT_KEYS: Mapping[str, Read] = {
    "udp_payload": values.number(512, 1400),  # RFC 9715
    "tcp_connections": values.number(1, _MANY),
    "tcp_connections_per_address": values.number(1, _MANY),
    "tcp_idle": values.seconds(0.1, 3600),
    "tcp_first_message": values.seconds(0.1, 3600),
    "tcp_message": values.seconds(0.1, 60),
    "tcp_in_flight": values.number(1, 10_000),
    "waiting": values.number(1, _MANY),
    "waiting_per_client": values.number(1, _MANY),
    "waiting_per_name": values.number(1, _MANY),
    "waiting_per_upstream": values.number(1, _MANY),
    "attempt": values.seconds(0.05, 10),
    "attempts": values.number(1, 12),
    "query": values.seconds(0.1, 30),
    "chain": values.number(1, 11),
    "upstream_queries": values.number(1, 32),
    "failures": values.number(1, 100),
    "probe": values.seconds(1, 60),
    "max_probe": values.seconds(1, 300),  # RFC 2308 section 7.2
    "upstream_payload": values.number(512, 1400),
    "upstream_idle": values.seconds(0.1, 3600),
}
