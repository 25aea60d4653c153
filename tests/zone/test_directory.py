"""From files to what can be served: each zone for itself, every fault in one run."""

import os
from pathlib import Path

import dns.name
import dns.rdata
import pytest

from minidns.wire.codes import RRType
from minidns.zone.directory import ZoneSource, load_source, load_zones, read_source, source_of
from minidns.zone.model import BrokenZone, Zone

SOA = """
'':
  - type: SOA
    value: ns1.example.com. hostmaster.example.com. 7 7200 3600 1209600 300
  - {type: NS, value: ns1.example.com.}
ns1: {type: A, value: 192.0.2.53}
"""


def wire(name: str) -> bytes:
    return dns.name.from_text(name).to_wire()


def write(root: Path, **files: str) -> None:
    """Files by name; two underscores stand for a dot."""
    for name, text in files.items():
        path = root / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def loaded(root: Path) -> tuple[dict[bytes, type], list[str]]:
    result = load_zones([root])
    kinds = {origin: type(zone) for origin, zone in result.catalog.zones.items()}
    return kinds, [fault.rule for fault in result.faults]


def test_a_good_zone_has_no_fault(tmp_path: Path) -> None:
    write(tmp_path, example__com__yaml=SOA)
    assert loaded(tmp_path) == ({wire("example.com."): Zone}, [])


def test_a_zone_with_an_error_leaves_the_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        example__com__yaml=SOA,
        broken__example__yaml="www: {type: A, value: 192.0.2.256}\n'2': {type: MX, value: 10 mx}\n",
    )
    kinds, rules = loaded(tmp_path)
    assert kinds == {wire("example.com."): Zone, wire("broken.example."): BrokenZone}
    assert rules == ["bad-value", "bad-value"]


def test_master_file_and_yaml_are_alike(tmp_path: Path) -> None:
    write(
        tmp_path,
        example__com__yaml=SOA,
        example__net__zone="@ 3600 IN SOA ns1 hostmaster 7 2h 1h 2w 5m\n@ 3600 NS ns1\n"
        "ns1 3600 A 192.0.2.53\n",
    )
    assert loaded(tmp_path) == ({wire("example.com."): Zone, wire("example.net."): Zone}, [])


def test_a_split_zone_is_joined(tmp_path: Path) -> None:
    write(tmp_path, example__com__yaml=SOA)
    write(tmp_path / "example.com.", www__yaml="www: {type: A, value: 192.0.2.1}\n")
    result = load_zones([tmp_path])
    assert result.faults == []
    zone = result.catalog.zones[wire("example.com.")]
    assert isinstance(zone, Zone)
    assert wire("www.example.com.") in zone.nodes


def test_octodns_configuration_is_no_zone(tmp_path: Path) -> None:
    write(
        tmp_path,
        example__com__yaml=SOA,
        production__yaml="providers:\n  config: {class: x}\nzones:\n  example.com.: {}\n",
    )
    assert loaded(tmp_path) == ({wire("example.com."): Zone}, ["octodns-configuration"])


def test_a_file_that_others_include_is_no_zone_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        example__com__yaml=f"{SOA}www: !include web.yaml\n",
        web__yaml="{type: A, value: 192.0.2.1}\n",
    )
    assert loaded(tmp_path) == ({wire("example.com."): Zone}, [])


def test_a_zone_that_another_includes_stays_a_zone(tmp_path: Path) -> None:
    write(
        tmp_path,
        example__com__yaml=SOA,
        example__net__yaml="<<: !include example.com.yaml\n",
    )
    kinds, _ = loaded(tmp_path)
    assert kinds == {wire("example.com."): Zone, wire("example.net."): Zone}


class TestSoaThatIsMade:
    TEXT = "'': {type: NS, values: [ns9.example.net., ns1.example.net.]}\n"

    def soa_of(self, root: Path) -> dns.rdata.Rdata:
        zone = load_zones([root]).catalog.zones[wire("example.com.")]
        assert isinstance(zone, Zone)
        (rdata,) = zone.soa.rdatas
        return dns.rdata.from_wire("IN", "SOA", rdata, 0, len(rdata))

    def test_its_fields(self, tmp_path: Path) -> None:
        write(tmp_path, example__com__yaml=self.TEXT)
        os.utime(tmp_path / "example.com.yaml", (1_700_000_000, 1_700_000_000.9))
        text = "ns9.example.net. hostmaster.example.com. 1700000000 7200 3600 1209600 300"
        assert self.soa_of(tmp_path) == dns.rdata.from_text("IN", "SOA", text)
        assert loaded(tmp_path)[1] == ["no-soa"]

    def test_its_serial_follows_the_files_and_stays_over_a_restart(self, tmp_path: Path) -> None:
        write(tmp_path, example__com__yaml=self.TEXT, www__yaml="{type: A, value: 192.0.2.1}\n")
        with (tmp_path / "example.com.yaml").open("a") as file:
            file.write("www: !include www.yaml\n")
        for name in ("example.com.yaml", "www.yaml"):
            os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
        first = self.soa_of(tmp_path).serial
        assert self.soa_of(tmp_path).serial == first
        os.utime(tmp_path / "www.yaml", (1_700_000_009, 1_700_000_009))
        assert self.soa_of(tmp_path).serial == first + 9

    def test_a_part_of_a_split_zone_that_goes_counts_too(self, tmp_path: Path) -> None:
        directory = tmp_path / "example.com."
        write(directory, a__yaml=self.TEXT, b__yaml="b: {type: A, value: 192.0.2.1}\n")
        for path in (*directory.iterdir(), directory):
            os.utime(path, (1_700_000_000, 1_700_000_000))
        first = self.soa_of(tmp_path).serial
        (directory / "b.yaml").unlink()
        os.utime(directory, (1_700_000_005, 1_700_000_005))
        assert self.soa_of(tmp_path).serial == first + 5

    def test_it_is_among_the_records_that_are_read(self, tmp_path: Path) -> None:
        write(tmp_path, example__com__yaml=self.TEXT)
        reading = read_source(source_of(tmp_path / "example.com.yaml"))
        assert [record.rtype for record in reading.records] == [RRType.SOA, RRType.NS, RRType.NS]


def test_warnings_of_a_zone_that_was_not_read_whole_are_kept_back(tmp_path: Path) -> None:
    """The address that is missing may stand where the fault is."""
    text = "'': {type: NS, value: ns1.example.com.}\nns1: {type: A, value: 192.0.2.x}\n"
    write(tmp_path, example__com__yaml=text)
    assert loaded(tmp_path)[1] == ["bad-value"]


def test_an_empty_file_is_an_empty_zone(tmp_path: Path) -> None:
    write(tmp_path, example__com__yaml="# nothing yet\n")
    kinds, rules = loaded(tmp_path)
    assert kinds == {wire("example.com."): Zone}
    assert set(rules) <= {"no-soa", "no-ns"}


@pytest.mark.parametrize("name", ["example.com.yaml", "example.com.zone"])
def test_a_file_that_has_gone(tmp_path: Path, name: str) -> None:
    source = ZoneSource(wire("example.com."), (tmp_path / name,), tmp_path)
    result = load_source(source)
    assert result.zone is None
    assert [fault.rule for fault in result.faults if fault.severity == "error"] == ["no-such-path"]
