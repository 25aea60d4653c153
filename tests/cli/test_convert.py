"""`minidns convert`: both ways, what is written where, and the exit codes.

What is written is judged by dnspython, PyYAML and, where it is installed, BIND.
"""

import shutil
import subprocess
from pathlib import Path

import dns.name
import dns.zone
import pytest
import yaml

from minidns.cli.main import main

MASTER = """$TTL 300
@ SOA ns hostmaster 7 7200 3600 1209600 300
@ NS ns
ns A 192.0.2.1
$GENERATE 1-2 h$ A 192.0.2.$
www CNAME h1
txt TXT "a;b" "c"
"""
YAML = """---
'':
  - {type: NS, values: [ns1.example.com., ns2.example.com.]}
  - {type: ALIAS, value: www.example.net.}
ns1: {type: A, ttl: 60, value: 192.0.2.1}
ns2: !include ns2.inc
"""


def run(*arguments: str | Path) -> int:
    return main(["convert", *map(str, arguments)])


@pytest.fixture
def master(tmp_path: Path) -> Path:
    path = tmp_path / "example.com.zone"
    path.write_text(MASTER)
    return path


@pytest.fixture
def yaml_path(tmp_path: Path) -> Path:
    path = tmp_path / "example.com.yaml"
    path.write_text(YAML)
    (tmp_path / "ns2.inc").write_text("{type: AAAA, value: '2001:db8::2'}")
    return path


def lines_of(text: str, origin: str = "example.com.") -> list[str]:
    """Records one a line, by dnspython."""
    zone = dns.zone.from_text(text, dns.name.from_text(origin), relativize=False)
    return sorted(
        f"{name} {ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata}"
        for name, ttl, rdata in zone.iterate_rdatas()
    )


def test_master_to_yaml(master: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(master) == 0
    written = capsys.readouterr()
    assert written.err == ""
    assert not written.out.endswith("\n\n")
    loaded = yaml.safe_load(written.out)
    assert list(loaded) == ["", "h1", "h2", "ns", "txt", "www"]
    assert [record["type"] for record in loaded[""]] == ["NS", "SOA"]
    assert loaded[""][1]["value"]["serial"] == 7
    assert loaded["h2"] == {"ttl": 300, "type": "A", "value": "192.0.2.2"}


def test_there_and_back(master: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "again" / "example.com.yaml"
    target.parent.mkdir()
    assert run(master, "--output", target) == 0
    assert capsys.readouterr().out == ""
    assert run(target) == 0
    assert lines_of(capsys.readouterr().out) == lines_of(MASTER)


def test_yaml_to_master_has_a_soa(yaml_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(yaml_path) == 0
    written = capsys.readouterr()
    soa, *others = lines_of(written.out)[2:]
    assert soa.startswith("example.com. 3600 SOA ns1.example.com. hostmaster.example.com. ")
    assert others == [
        "example.com. 3600 TYPE65401 \\# 17 03777777076578616d706c65036e657400",
        "ns1.example.com. 60 A 192.0.2.1",
        "ns2.example.com. 3600 AAAA 2001:db8::2",
    ]
    assert "no-soa" in written.err


def test_yaml_to_yaml_leaves_the_soa_to_be_made(
    yaml_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(yaml_path, "--to", "yaml") == 0
    loaded = yaml.safe_load(capsys.readouterr().out)
    assert [record["type"] for record in loaded[""]] == ["ALIAS", "NS"]
    assert loaded["ns2"] == {"type": "AAAA", "value": "2001:db8::2"}


def test_a_split_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "example.com."
    directory.mkdir()
    (directory / "$example.com.yaml").write_text("'': {type: NS, value: ns.example.com.}")
    (directory / "ns.yaml").write_text("ns: {type: A, value: 192.0.2.1}")
    assert run(directory) == 0
    assert lines_of(capsys.readouterr().out)[0] == "example.com. 3600 NS ns.example.com."


@pytest.mark.skipif(shutil.which("named-checkzone") is None, reason="bind9-utils is missing")
def test_bind_loads_what_was_yaml(yaml_path: Path, tmp_path: Path) -> None:
    target = tmp_path / "written.zone"
    assert run(yaml_path, "--output", target) == 0
    command = ["named-checkzone", "-q", "example.com", str(target)]
    assert subprocess.run(command, timeout=30).returncode == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("example.com.db", []),
        ("example.com.txt", []),
        ("example.com.master", []),
        ("db.example", ["--origin", "example.com"]),
        ("other.zone", ["--origin", "Example.COM."]),
    ],
)
def test_names_of_master_files(
    tmp_path: Path, name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(MASTER)
    assert run(path, *arguments) == 0
    assert yaml.safe_load(capsys.readouterr().out)["www"]["value"] == "h1.example.com."


def test_the_root_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "root.zone"
    path.write_text("$TTL 5\n@ SOA ns. h. 1 2 3 4 5\n@ NS ns.\nns A 192.0.2.1\n")
    assert run(path, "--origin", ".") == 0
    assert list(yaml.safe_load(capsys.readouterr().out)) == ["", "ns"]
    assert run(path, "--origin", ".", "--to", "zone") == 0
    assert lines_of(capsys.readouterr().out, ".")[-1] == "ns. 5 A 192.0.2.1"


def test_a_zone_with_a_fault_is_not_written(
    master: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master.write_text(MASTER + "a A x\nb FOO x\n")
    target = tmp_path / "example.com.yaml"
    assert run(master, "--output", target) == 1
    faults = capsys.readouterr().err.splitlines()
    assert [fault.split(": ")[:2] for fault in faults] == [
        [f"{master}:8:5", "bad-value"],
        [f"{master}:9:3", "unknown-type"],
    ]
    assert list(tmp_path.iterdir()) == [master]


def test_octodns_configuration_is_no_zone(tmp_path: Path) -> None:
    path = tmp_path / "production.yaml"
    path.write_text("providers: {config: {class: x}}\nzones: {example.com.: {sources: [config]}}")
    assert run(path) == 1


def test_an_existing_file_is_kept(
    master: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.yaml"
    target.write_text("mine")
    assert run(master, "--output", target) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert run(master, "--output", target, "--force") == 0
    assert target.read_text().startswith("---\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["example.com.zone", "out.yaml"]


def test_a_file_that_appears_meanwhile_is_kept(
    master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.yaml"
    target.write_text("mine")
    monkeypatch.setattr(Path, "exists", lambda path: path != target)
    assert run(master, "--output", target) == 2
    assert target.read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.zone"], "does not exist"),
        (["."], "split directory"),
        (["example.com.zone", "--origin", "a..b"], "empty label"),
        (["example.com.zone", "--output", "nowhere/x"], "cannot be written"),
        (["some.file"], "--origin"),
    ],
)
def test_what_is_not_possible(
    master: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(master.parent)
    Path("some.file").write_text(MASTER)
    assert run(*arguments) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert words in written.err


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("x.zone", "--to", "json")
    assert "yaml" in capsys.readouterr().err


def test_fallthrough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kept in YAML, in a form that octoDNS reads; told of where it is lost."""
    text = "'': {type: NS, value: ns1.example.net., minidns: {fallthrough: true}}\n"
    path = tmp_path / "example.com.yaml"
    path.write_text(text)
    assert run(path, "--to", "yaml") == 0
    (record,) = [yaml.safe_load(capsys.readouterr().out)[""]]
    assert record == {
        "minidns": {"fallthrough": True},
        "type": "NS",
        "value": "ns1.example.net.",
    }
    assert run(path) == 0
    assert "'fallthrough: true' is left out" in capsys.readouterr().err
