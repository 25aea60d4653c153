"""Snapshots of zones: what they give back, and what they are no good for."""

import os
import struct
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import dns.name
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minidns.zone import snapshot
from minidns.zone.build import build_zone
from minidns.zone.directory import LoadedZone, load_source, load_zones
from minidns.zone.handover import write_blocks
from minidns.zone.model import Record, Zone
from minidns.zone.snapshot import Snapshots
from minidns.zone.source import find_sources

TEXT = """\
'': {type: NS, value: ns.example.com.}
ns: {type: A, value: 192.0.2.1}
www: {type: A, ttl: 60, values: [192.0.2.10, 192.0.2.11]}
alias: {type: CNAME, value: www.example.com.}
'*.wild': {type: TXT, value: here}
more: !include more.part
"""
MORE = "{type: AAAA, value: '2001:db8::1'}\n"


class Memory:
    """A store without a disk."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        self.kept[name] = b"".join(pieces)

    def remove(self, name: str) -> None:
        self.kept.pop(name, None)

    @property
    def only(self) -> bytes:
        (data,) = self.kept.values()
        return data

    @only.setter
    def only(self, data: bytes) -> None:
        (name,) = self.kept
        self.kept[name] = data


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(snapshot, "MIN_RECORDS", 5)
    (tmp_path / "example.com.yaml").write_text(TEXT)
    (tmp_path / "more.part").write_text(MORE)
    return tmp_path


def load(root: Path, store: Memory | None) -> LoadedZone:
    (source,) = find_sources([root])[0]
    return load_source(source, None, store and Snapshots(store))


def blocks(loaded: LoadedZone) -> list[bytes]:
    assert loaded.zone is not None
    return [bytes(block) for block in write_blocks(loaded.zone)]


def is_read_from_files(root: Path, store: Memory, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a load with that store opens the YAML; what it gives is right in any case."""
    read: list[bool] = []
    with monkeypatch.context() as patch:
        patch.setattr("minidns.zone.directory.build_zone", noting(read))
        loaded = load(root, store)
    assert blocks(loaded) == blocks(load(root, None))
    return bool(read)


def noting(calls: list[bool]) -> Callable[[bytes, Sequence[Record], bool], Zone]:
    """`build_zone`, and that it was called."""

    def build(origin: bytes, records: Sequence[Record], falls_through: bool) -> Zone:
        calls.append(True)
        return build_zone(origin, records, falls_through)

    return build


def test_gives_what_the_files_gave(root: Path) -> None:
    store = Memory()
    first = load(root, store)
    again = load(root, store)
    assert blocks(again) == blocks(first)
    assert again == first._replace(zone=again.zone)  # faults, files, content, state of the files
    assert [fault.rule for fault in first.faults]  # a warning is said again
    assert {path.name for path in again.files} == {"example.com.yaml", "more.part"}


def test_is_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    assert is_read_from_files(root, store, monkeypatch)
    assert not is_read_from_files(root, store, monkeypatch)


@pytest.mark.parametrize("name", ["example.com.yaml", "more.part"])
def test_a_change_with_all_times_as_before(
    root: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Memory()
    load(root, store)
    path = root / name
    before = path.stat()
    path.write_text(path.read_text().replace("192.0.2.1}", "192.0.2.2}").replace("::1", "::2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert is_read_from_files(root, store, monkeypatch)
    assert not is_read_from_files(root, store, monkeypatch)  # a new one was written


def test_another_time_alone_makes_another_serial(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SOA that is made follows the time of the files, so the snapshot's is another."""
    store = Memory()
    load(root, store)
    os.utime(root / "more.part", (2_000_000_000, 2_000_000_000))
    assert is_read_from_files(root, store, monkeypatch)


def test_a_file_that_comes_and_goes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    load(root, store)
    split = root / "example.com."
    split.mkdir()
    (split / "new.yaml").write_text("new: {type: A, value: 192.0.2.7}\n")
    assert is_read_from_files(root, store, monkeypatch)
    (split / "new.yaml").unlink()
    split.rmdir()
    assert load(root, store).zone is not None
    assert blocks(load(root, store)) == blocks(load(root, None))


def test_an_include_that_is_gone(root: Path) -> None:
    store = Memory()
    load(root, store)
    (root / "more.part").unlink()
    loaded = load(root, store)
    assert loaded.zone is None
    assert root / "more.part" in loaded.files  # so that its coming back is seen


def test_a_small_zone_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MIN_RECORDS", 100)
    store = Memory()
    load(root, store)
    assert not store.kept


def test_another_version_is_not_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    load(root, store)
    monkeypatch.setattr(snapshot, "__version__", "0.0.0")
    assert is_read_from_files(root, store, monkeypatch)


def test_other_code_is_not_trusted(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one version, as in a clone that was updated."""
    code = tmp_path_factory.mktemp("code")
    (code / "reader.py").write_text("old")
    monkeypatch.setattr(snapshot, "_CODE", (code,))
    store = Memory()
    load(root, store)
    assert not is_read_from_files(root, store, monkeypatch)
    (code / "reader.py").write_text("newer")
    assert is_read_from_files(root, store, monkeypatch)
    assert not is_read_from_files(root, store, monkeypatch)
    (code / "more.py").touch()
    assert is_read_from_files(root, store, monkeypatch)


def test_of_the_same_name_elsewhere(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Memory()
    load(root, store)
    other = tmp_path_factory.mktemp("other")
    (other / "example.com.yaml").write_text(TEXT.replace("192.0.2.1}", "192.0.2.9}"))
    (other / "more.part").write_text(MORE)
    assert blocks(load(other, store)) == blocks(load(other, None))
    assert len(store.kept) == 2


def test_cut_anywhere(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = Memory()
    load(root, store)
    whole = store.only
    expected = blocks(load(root, None))
    for length in range(0, len(whole), 7):
        store.only = whole[:length]
        assert blocks(load(root, store)) == expected
        assert store.only == whole
    assert "damaged and not used" in caplog.text


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_octet(root: Path, data: st.DataObject) -> None:
    store = Memory()
    load(root, store)
    whole = store.only
    at = data.draw(st.integers(0, len(whole) - 1))
    flip = data.draw(st.integers(1, 255))
    store.only = whole[:at] + bytes((whole[at] ^ flip,)) + whole[at + 1 :]
    assert blocks(load(root, store)) == blocks(load(root, None))
    assert store.only == whole


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_made_on_purpose_with_a_right_digest(root: Path, data: st.DataObject) -> None:
    """Whoever can write there is the server's user; still nothing may raise."""
    store = Memory()
    load(root, store)
    content = bytearray(store.only[:-32])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(15, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    store.only = bytes(content) + blake2b(content, digest_size=32).digest()
    load(root, store)


def test_lengths_that_lie(root: Path) -> None:
    store = Memory()
    load(root, store)
    start = store.only[:15]
    for length in (0, 1, 2**31, 2**32 - 1):
        content = start + struct.pack("<I", length) + b"{}"
        store.only = content + blake2b(content, digest_size=32).digest()
        assert blocks(load(root, store)) == blocks(load(root, None))


def test_all_zones_of_a_directory(root: Path) -> None:
    (root / "example.net.yaml").write_text(TEXT.replace("example.com", "example.net"))
    store = Memory()
    first = load_zones([root], Snapshots(store))
    again = load_zones([root], Snapshots(store))
    assert len(store.kept) == 2
    assert [str(fault) for fault in again.faults] == [str(fault) for fault in first.faults]
    names = {dns.name.from_wire(origin, 0)[0].to_text() for origin in again.catalog.zones}
    assert names == {"example.com.", "example.net."}


def test_a_store_that_fails_is_none(root: Path) -> None:
    class Broken(Memory):
        def write(self, name: str, pieces: Iterable[bytes]) -> None:
            next(iter(pieces))

    store = Broken()
    assert load(root, store).zone is not None
    assert load(root, store).zone is not None


@pytest.mark.parametrize("is_set", [True, False])
def test_fallthrough_is_kept(root: Path, is_set: bool) -> None:
    """And a change of it alone is another content, which a reload goes by."""
    before = load(root, None)
    path = root / "example.com.yaml"
    path.write_text(f"{TEXT}\n'@': {{minidns: {{fallthrough: {is_set}}}}}\n".lower())
    store = Memory()
    for _ in range(2):
        loaded = load(root, store)
        assert loaded.zone is not None
        assert loaded.zone.falls_through is is_set
        assert (loaded.content != before.content) is is_set
    assert store.kept
