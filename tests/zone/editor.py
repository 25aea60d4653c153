"""A zone file as an editor sees it: YAML made into JSON's types, and the schema's word on it.

Editors read YAML 1.2; set to it, or through other tools, YAML 1.1. PyYAML reads 1.1.
"""

import functools
import json
import re
from typing import Any

import jsonschema
import yaml

from minidns.zone.schema import zone_schema

_TIMESTAMP = "tag:yaml.org,2002:timestamp"  # no type of JSON's: a text


class Yaml11(yaml.SafeLoader):
    """YAML 1.1 with includes as texts, which is what editors are told that they are."""


class Yaml12(yaml.SafeLoader):
    """The core schema of YAML 1.2 (section 10.3.2)."""


Yaml11.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("merge", "<<", "<"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    Yaml12.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )
for _loader in (Yaml11, Yaml12):
    _loader.add_constructor("!include", lambda loader, node: loader.construct_scalar(node))
Yaml12.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node))
)
Yaml12.add_constructor(
    "tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node))
)

LOADERS: tuple[type[yaml.SafeLoader], ...] = (Yaml11, Yaml12)


@functools.cache
def _validator() -> jsonschema.Draft7Validator:
    """Of the whole schema."""
    return jsonschema.Draft7Validator(zone_schema())


@functools.cache
def _validator_of(rtype: str) -> jsonschema.Draft7Validator:
    definitions = zone_schema()["definitions"]
    return jsonschema.Draft7Validator({**definitions[rtype], "definitions": definitions})


def is_value(rtype: str, value: Any) -> bool:
    """Whether the schema takes a value of a type."""
    return bool(_validator_of(rtype).is_valid(value))


def load(text: str, loader: type[yaml.SafeLoader]) -> Any:
    """The file as JSON; keys are texts there."""
    return json.loads(json.dumps(yaml.load(text, loader)))


def complaints(text: str, loader: type[yaml.SafeLoader] = Yaml12) -> list[str]:
    """What an editor marks, as `path: message`."""
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in _validator().iter_errors(load(text, loader))
    ]
