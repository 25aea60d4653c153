"""octoDNS's YAML zone files to records: the structure of names, record maps and values.

The format is octoDNS's, and no valid file of its means something else here. A name's value is a
record map or a list of them; `value` and `values` are the same; TTLs are seconds, 3600 where none
is given. What only octoDNS's providers understand is skipped or served plain, with a warning.
The rdata of a value is `wire.rdata`'s; what the records of a zone mean together is `zone.check`'s.
"""

from collections.abc import Iterable
from pathlib import Path

from minidns.wire.codes import RRType
from minidns.wire.rdata import BadRdata, type_code
from minidns.zone.faults import fault
from minidns.zone.include import ZoneFiles
from minidns.zone.model import MAX_RECORDS, Fault, Record
from minidns.zone.yaml_owner import OwnerNames
from minidns.zone.yaml_reader import YamlReader
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
    mark_of,
    nearer_place,
)
from minidns.zone.yaml_value import DEFAULT_TTL, ValueReader

_CONFIGURATION_KEYS = frozenset({"providers", "zones"})
_OCTODNS_KEYS = frozenset({"octodns", "geo", "dynamic"})
# What YAML 1.1 and octoDNS take for false, in any case; any other text is true.
_FALSE = frozenset({"false", "no", "off", "0", "null", "~", ""})
_TRUE_OR_FALSE = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SKIPPED_TYPES = frozenset({"URLFWD"})
# octoDNS takes `value` for these and `values` for all others where a record has both.
_SINGLE_VALUE = frozenset({RRType.CNAME, RRType.DNAME, RRType.ALIAS})


def read_yaml_zone(path: Path, origin: bytes, root: Path) -> tuple[list[Record], list[Fault]]:
    """The records of one YAML file and the faults found in it.

    `origin` is the zone's apex, lower-case wire. Includes stay under the directory `root`.
    """
    zone = YamlZone(origin)
    zone.read(path, root)
    return zone.records, zone.faults


class YamlZone:
    """The YAML files of one zone, read one after the other.

    `records`, `faults` and `files` (with includes, in the order of reading) gather in it. What was
    in the files is kept in `opened`, which the readers of a zone may share.
    `is_configuration` says that a file held octoDNS's own configuration in place of zone data,
    `falls_through` that names which the zone lacks are to be asked elsewhere.
    """

    def __init__(self, origin: bytes, opened: ZoneFiles | None = None) -> None:
        self.records: list[Record] = []
        self.is_configuration = False
        self.falls_through = False
        self._origin = origin
        self._reader = YamlReader(opened)
        self._report = self._reader.report
        self._owners = OwnerNames(origin, self._report)
        self._values = ValueReader(self._report)
        self._codes: dict[str, int | None] = {}
        self._written: dict[bytes, Place] = {}  # by owner in lower case and type
        self._plain_values_reported = False

    @property
    def faults(self) -> list[Fault]:
        """All faults so far."""
        return self._reader.faults

    @property
    def files(self) -> list[Path]:
        """The files read so far."""
        return self._reader.files.paths

    def read(self, path: Path, root: Path) -> None:
        """Read a file. Includes stay under the directory `root`."""
        records, faults = len(self.records), len(self.faults)
        for key, node in self._reader.read_entries(path, root):
            if key in _CONFIGURATION_KEYS and _is_configuration(node):
                del self.records[records:], self.faults[faults:]
                self.is_configuration = True
                message = f"octoDNS's own configuration ('{key}:' at the top), no zone: skipped"
                self.faults.append(fault("octodns-configuration", mark_of(key.place), message))
                return
            owner = self._owners.read(key)
            for item in node if isinstance(node, Sequence) else (node,):
                place = nearer_place(key.place, item.place)
                if isinstance(item, Map):
                    self._record(owner, key, place, item)
                elif not isinstance(item, Failed):
                    self._report_no_record(key, place)
            if len(self.records) > MAX_RECORDS:
                message = f"the zone has over {MAX_RECORDS:,} records: divide it into several"
                self._report("too-many-records", key.place, message)
                return

    def _report_no_record(self, key: Text, place: Place) -> None:
        message = f"'{key}' needs a record, {{type: A, value: 192.0.2.1}}, or a list of them"
        self._report("bad-structure", place, message)

    def _record(self, owner: bytes | None, key: Text, place: Place, data: Map) -> None:
        """Take in one record map; `owner` is None where the name is refused already."""
        type_text = data.get("type")
        code = self._codes.get(type_text) if type(type_text) is Text else None
        if code is None:
            code = self._type(key, place, data)
        if type(data) is not RecordMap:
            self._look_at_keys(owner, place, data)
            if _is_ignored(data):
                return
        if code is None:
            return
        ttl_text = data.get("ttl")
        ttl = DEFAULT_TTL if ttl_text is None else self._values.read_ttl(place, ttl_text)
        value = data.get("value")
        values: Iterable[Node] = ()
        if type(value) is Text and "values" not in data:
            values = (value,)
        else:
            value = self._value_of(code, key, place, data)
            if value is None or isinstance(value, Failed):
                return
            values = value if isinstance(value, Sequence) else (value,)
        if ttl is None or (owner is not None and not self._is_first(owner, code, key, place)):
            return
        for one in values:
            at = nearer_place(place, one.place)
            rdata = self._values.read_rdata(code, data["type"], at, one)
            if rdata is not None and owner is not None:
                self.records.append(Record(owner, code, ttl, rdata, mark_of(at)))

    def _type(self, key: Text, place: Place, data: Map) -> int | None:
        """The type code of a record map, of a type not seen so far; None where it is refused."""
        text = data.get("type")
        if text is None and "minidns" in data:
            return None  # a map without a record
        if isinstance(text, Failed):
            return None
        if not isinstance(text, Text) or isinstance(text, Missing):
            message = f"a record of '{key}' has no type: write 'type: A', for example"
            self._report("missing-type", place, message)
            return None
        at = nearer_place(place, text.place)
        if text.upper() in _SKIPPED_TYPES or "/" in text:
            message = f"{text} is a provider's own type, no DNS record: '{key}' is skipped"
            self._report("type-skipped", at, message)
            return None
        try:
            code = self._codes[text] = type_code(text)
        except BadRdata as error:
            self._report("unknown-type", at, str(error))
            return None
        return code

    def _look_at_keys(self, owner: bytes | None, place: Place, data: Map) -> None:
        """Report keys that have no meaning here."""
        for key, node in data.entries():
            if key in RECORD_KEYS:
                continue
            at = nearer_place(place, key.place)
            if key == "minidns":
                self._extension(owner, at, node)
            elif key not in _OCTODNS_KEYS:
                message = f"'{key}' has no meaning in a record: it is ignored"
                self._report("unknown-key", at, message)
            elif key in ("geo", "dynamic") and not self._plain_values_reported:
                self._plain_values_reported = True
                message = f"'{key}' is for octoDNS's providers: the plain values are served"
                self._report("plain-values", at, message)

    def _extension(self, owner: bytes | None, place: Place, node: Node) -> None:
        """The map `minidns:` with settings of the zone."""
        if not isinstance(node, Map):
            self._report("bad-structure", place, "'minidns' needs a map of settings")
            return
        for key, value in node.entries():
            at = nearer_place(place, key.place)
            if key != "fallthrough":
                message = f"there is no setting 'minidns: {key}': there is 'fallthrough'"
                self._report("unknown-extension", at, message)
            elif owner is not None and owner != self._origin:
                message = "'fallthrough' is for the zone as a whole: write it at its apex, under ''"
                self._report("unknown-extension", at, message)
            elif isinstance(value, Text) and value.lower() in _TRUE_OR_FALSE:
                self.falls_through |= _TRUE_OR_FALSE[value.lower()]
            elif not isinstance(value, Failed):
                self._report("bad-structure", at, f"'fallthrough' is true or false, not '{value}'")

    def _value_of(self, code: int, key: Text, place: Place, data: Map) -> Node | None:
        """The value or values of a record map; None where there are none."""
        value, values = data.get("value"), data.get("values")
        if value is not None and values is not None:
            one, other = ("value", "values") if code in _SINGLE_VALUE else ("values", "value")
            message = f"'value' and 'values' in one record: '{one}' counts, remove '{other}'"
            self._report("value-and-values", place, message)
            value = value if code in _SINGLE_VALUE else values
        elif value is None:
            value = values
        if value is None or isinstance(value, Missing) or value == []:
            message = (
                f"{data['type']} of '{key}' has no value: write 'value: ...' or 'values: [...]'"
            )
            at = place if value is None else nearer_place(place, value.place)
            self._report("missing-value", at, message)
            return None
        return value

    def _is_first(self, owner: bytes, code: int, key: Text, place: Place) -> bool:
        """Whether this name and type was not written before; it is a fault when it was."""
        first = self._written.setdefault(owner.lower() + code.to_bytes(2, "big"), place)
        if first is place:
            return True
        message = (
            f"'{key or '@'}' has this type twice, first in {first.name}:{first.line + 1}: "
            "put the values into one record"
        )
        self._report("written-twice", place, message)
        return False


def _is_configuration(node: Node) -> bool:
    """Whether a top entry is of octoDNS's configuration: a map of maps, not of a record."""
    if not isinstance(node, Map) or "type" in node:
        return False
    return all(isinstance(below, Map | Missing) for below in node.values())


def _is_ignored(data: Map) -> bool:
    """octoDNS's `octodns: {ignored: true}`."""
    settings = data.get("octodns")
    if not isinstance(settings, Map):
        return False
    ignored = settings.get("ignored", Missing())
    return ignored.lower() not in _FALSE if isinstance(ignored, Text) else bool(ignored)
