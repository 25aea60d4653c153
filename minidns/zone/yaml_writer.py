"""Records to a YAML zone file, in the form that octoDNS writes and enforces when it reads.

Names are in natural order ('' for the apex first), keys sorted, a TTL of 3600 is left out, and
every text that YAML 1.1 takes for something else is quoted. What is served is kept: a set has one
TTL, the smallest of its records (RFC 2181 section 5.2), with a comment where they differ; equal
records are written once, and an owner in the case of its first record. Types that octoDNS does not
have, SOA above all, are written as minidns reads them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from minidns.wire.rdata import rdata_to_value, type_to_text
from minidns.zone.master_writer import relative_owner
from minidns.zone.model import Record
from minidns.zone.yaml_value import DEFAULT_TTL

Value: TypeAlias = "str | int | float | Sequence[Value] | Mapping[str, Value] | None"

# What no YAML takes for anything but a text: words that are no words of its, IPv4 addresses.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
# Words of YAML 1.1, in any case.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
_PARAMETER_LISTS = ("alpn", "ipv4hint", "ipv6hint", "mandatory")  # of svcparams, as octoDNS has it


def write_yaml(origin: bytes, records: Sequence[Record], falls_through: bool = False) -> str:
    """The text of a YAML zone file. `origin` is the apex, lower-case wire.

    A zone that falls through says so in the first record of its apex: octoDNS reads no map there
    that is no record.
    """
    lines = ["---"]
    for name, sets in sorted(_gather(origin, records).items(), key=lambda item: _natural(item[0])):
        maps = sorted(map(_record_lines, sets.values()))
        if falls_through and not name:
            (_, _, first), *_ = maps
            first[:0] = ["minidns:", "  fallthrough: true"]
        lines.append(f"{_quote(name)}:")
        dash, indent = ("- ", "") if len(maps) > 1 else ("  ", "  ")
        for _, comments, body in maps:
            lines += [indent + comment for comment in comments]
            lines.append(dash + body[0])
            lines += [f"  {line}" for line in body[1:]]
    return "\n".join(lines) + "\n"


def _gather(origin: bytes, records: Sequence[Record]) -> dict[str, dict[int, list[Record]]]:
    """Records by relative owner and type; owners that differ in case only are one."""
    names: dict[bytes, str] = {}
    gathered: dict[str, dict[int, list[Record]]] = {}
    for record in records:
        key = record.owner.lower()
        name = names.get(key)
        if name is None:
            size = len(key) - len(origin)
            name = names[key] = relative_owner(record.owner[:size] + origin, origin)
        gathered.setdefault(name, {}).setdefault(record.rtype, []).append(record)
    return gathered


def _natural(name: str) -> list[str | int]:
    """The order of the natsort package, which octoDNS uses: digits count as numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _record_lines(records: list[Record]) -> tuple[str, list[str], list[str]]:
    """Type, comments and lines of the record map of one set."""
    code = records[0].rtype
    ttls = sorted({record.ttl for record in records})
    comments = []
    if len(ttls) > 1:
        others = " ".join(map(str, ttls[1:]))
        comments.append(f"# RFC 2181 section 5.2: one TTL for the set, the smallest; not {others}")
    entry: dict[str, Value] = {} if ttls[0] == DEFAULT_TTL else {"ttl": ttls[0]}
    entry["type"] = type_to_text(code)
    rdatas = dict.fromkeys(record.rdata for record in records)
    values = [_adapt(rdata_to_value(code, rdata)) for rdata in rdatas]
    if len(values) == 1:
        entry["value"] = values[0]
    else:
        entry["values"] = values
    return type_to_text(code), comments, list(_emit_map(entry))


def _adapt(value: str | Mapping[str, Any]) -> Value:
    """The value with its service parameters as octoDNS has them."""
    if isinstance(value, str) or "svcparams" not in value:
        return value
    parameters = {key: _parameter(key, text) for key, text in value["svcparams"].items()}
    return {**value, "svcparams": parameters}


def _parameter(key: str, text: str | None) -> Value:
    if text is None or "\\" in text:
        return text
    if key in _PARAMETER_LISTS:
        return text.split(",")
    return int(text) if key == "port" else text


def _emit_map(entry: Mapping[str, Value]) -> Iterator[str]:
    """Lines in block style, keys sorted."""
    for key in sorted(entry, key=_natural):
        value = entry[key]
        if isinstance(value, Mapping):
            yield f"{_quote(key)}:"
            yield from (f"  {line}" for line in _emit_map(value))
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield f"{_quote(key)}:"
            for item in value:
                yield from _emit_item(item)
        else:
            yield f"{_quote(key)}: {_scalar(value)}".rstrip()


def _emit_item(item: Value) -> Iterator[str]:
    if not isinstance(item, Mapping):
        yield f"- {_scalar(item)}"
        return
    for index, line in enumerate(_emit_map(item)):
        yield f"  {line}" if index else f"- {line}"


def _scalar(value: Value) -> str:
    """A number as it is, nothing for None, a text in quotes where it needs them."""
    if value is None:
        return ""
    return _quote(value) if isinstance(value, str) else str(value)


def _quote(text: str) -> str:
    """The text, which is printable ASCII as presentation forms are."""
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return "'" + text.replace("'", "''") + "'"
