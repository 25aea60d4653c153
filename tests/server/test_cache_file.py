"""The cache in a file: what comes back, what does not, and that nothing else ever does."""

import asyncio
import logging
import os
import stat
import time
from collections.abc import Callable, Sequence
from math import floor
from pathlib import Path

import dns.message
import dns.rcode
import pytest

from minidns.config import CacheSettings, ForwardGroup, ResolverSettings
from minidns.resolver.cache import Cache
from minidns.resolver.model import Question, Segment, Upstream
from minidns.server.cache_command import CacheCommand
from minidns.server.cache_file import CacheFile
from minidns.server.name_lists import NameLists
from minidns.server.resolving import Resolving
from minidns.wire.codes import Rcode
from minidns.wire.response import Records
from tests.server.command import COM, NET, Running, serving, write_zones
from tests.server.loaded import catalog_of

A = 1
SIZE = 2**20  # octets
STOPPED, STARTED = 5_000.0, 40.0  # by the clocks of two runs of the machine
UNIX = 1_700_000_000.0
TERMS, OTHER = b"t" * 16, b"o" * 16
SOA = Records(b"\x07example\x00", 6, 300, (b"\x02ns\x00\x00" + bytes(20),))
WHOLE_DAY = 86_400


def named(label: str) -> Question:
    return Question(bytes((len(label),)) + label.encode() + b"\x07example\x00", A)


def positive(number: int, ttl: int = 300) -> Segment:
    return Segment(0, (Records(None, A, ttl, (number.to_bytes(4, "big"),)),), ttl=ttl)


NXDOMAIN = Segment(Rcode.NXDOMAIN, (), (SOA,), ttl=300)


def file_of(path: Path, cache: Cache, monotonic: float, unix: float = UNIX) -> CacheFile:
    return CacheFile(path, cache, lambda: unix, lambda: monotonic)


def saved(path: Path, fill: Callable[[Cache], None], groups: dict[int, bytes] | None = None) -> int:
    cache = Cache(SIZE)
    fill(cache)
    return file_of(path, cache, STOPPED).save(groups or {1: TERMS}, 4.0)


def loaded(
    path: Path, groups: dict[int, bytes] | None = None, passed: float = 0.0, size: int = SIZE
) -> Cache:
    cache = Cache(size)
    file_of(path, cache, STARTED, UNIX + passed).load(groups or {1: TERMS})
    return cache


def two(cache: Cache) -> None:
    cache.add(1, named("www"), positive(7), STOPPED - 100)
    cache.add(1, named("no"), NXDOMAIN, STOPPED - 50)


def one(cache: Cache) -> None:
    cache.add(1, named("www"), positive(7), STOPPED)


def ttl_of(cache: Cache, label: str, now: float = STARTED) -> int | None:
    hit = cache.get(1, named(label), now)
    return hit.segment_at(now).ttl if hit else None


def test_comes_back_with_the_time_that_was_left(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    assert saved(path, two) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["cache"]
    cache = loaded(path)
    hit = cache.get(1, named("www"), STARTED)
    assert hit is not None
    assert hit.segment_at(STARTED) == positive(7, 200)
    absent = cache.get(1, named("no"), STARTED)
    assert absent is not None
    assert (absent.rcode, absent.segment_at(STARTED).ttl) == (Rcode.NXDOMAIN, 250)
    assert cache.stats()["negative_answers"] == 1


@pytest.mark.parametrize(("passed", "left"), [(0, 200), (60, 140), (60.4, 139), (-3600, 200)])
def test_time_that_passed_counts_and_a_clock_that_went_back_does_not(
    tmp_path: Path, passed: float, left: int
) -> None:
    saved(tmp_path / "cache", two)
    assert ttl_of(loaded(tmp_path / "cache", passed=passed), "www") == left


def test_ttls_still_count_down_at_whole_seconds(tmp_path: Path) -> None:
    saved(tmp_path / "cache", two)
    cache = loaded(tmp_path / "cache", passed=12.3)
    moments = (STARTED, STARTED + 0.999, STARTED + 1)
    assert [ttl_of(cache, "www", now) for now in moments] == [187, 187, 186]


def test_what_is_over_is_stale_for_a_day_and_then_gone(tmp_path: Path) -> None:
    saved(tmp_path / "cache", two)
    stale = loaded(tmp_path / "cache", passed=500).get(1, named("www"), STARTED)
    assert stale is not None
    assert stale.is_stale
    assert loaded(tmp_path / "cache", passed=WHOLE_DAY + 200).stats()["answers"] == 0
    path = tmp_path / "old"
    assert saved(path, lambda cache: cache.add(1, named("a"), positive(1), -WHOLE_DAY)) == 0


def test_only_groups_that_are_the_same_get_theirs_back(tmp_path: Path) -> None:
    def fill(cache: Cache) -> None:
        for number in (1, 2, 3):
            cache.add(number, named("www"), positive(number), STOPPED)

    path = tmp_path / "cache"
    assert saved(path, fill, {1: TERMS, 2: OTHER}) == 2  # the third is nobody's
    cache = loaded(path, {1: OTHER, 2: b"n" * 16, 3: b"m" * 16})
    assert cache.stats()["answers"] == 1
    hit = cache.get(1, named("www"), STARTED)
    assert hit is not None
    assert hit.segment_at(STARTED) == positive(2)


def test_cut_short_at_any_octet_or_longer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache"
    saved(path, one)
    whole = path.read_bytes()
    for data in (*(whole[:size] for size in range(len(whole))), whole + b"\0"):
        caplog.clear()
        path.write_bytes(data)
        assert loaded(path).stats()["bytes"] == 0
        assert len(caplog.records) == 1
        assert "it is ignored" in caplog.text


def test_any_bit_flipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache"
    saved(path, one)
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        caplog.clear()
        path.write_bytes(damaged)
        assert loaded(path).stats()["bytes"] == 0
        assert len(caplog.records) == 1


def test_the_bound_of_the_cache_counts_and_the_most_used_come_first(tmp_path: Path) -> None:
    def fill(cache: Cache) -> None:
        for number in range(600):
            cache.add(1, named(f"name{number}"), positive(number), STOPPED)
        for number in (3, 500):
            cache.get(1, named(f"name{number}"), STOPPED)

    path = tmp_path / "cache"
    assert saved(path, fill) == 600
    small = SIZE // 16
    cache = loaded(path, size=small)
    assert small - 300 < cache.stats()["bytes"] <= small
    assert all(ttl_of(cache, f"name{number}") for number in (3, 500, 599))
    assert ttl_of(cache, "name0") is None
    for number in range(1000):  # and they are the last to go
        cache.add(1, named(f"flood{number}"), positive(1), STARTED)
    assert ttl_of(cache, "name3")
    assert ttl_of(cache, "name598") is None


def test_without_time_for_all_the_most_used_are_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minidns.server.cache_file._PIECE", 2**10)
    cache = Cache(SIZE)
    for number in range(500):
        cache.add(1, named(f"name{number}"), positive(number), STOPPED)
    cache.get(1, named("name3"), STOPPED)
    path = tmp_path / "cache"
    assert 0 < file_of(path, cache, STOPPED).save({1: TERMS}, 0.0) < 50
    assert "no time for all of it" in caplog.text
    again = loaded(path)
    assert ttl_of(again, "name3")
    assert ttl_of(again, "name499")
    assert ttl_of(again, "name100") is None


def test_a_file_that_others_may_write_to_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache"
    saved(path, two)
    path.chmod(0o666)
    assert loaded(path).stats()["bytes"] == 0
    assert "others may write to it" in caplog.text


def test_no_file_yet_is_nothing_to_talk_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded(tmp_path / "cache")
    assert caplog.records == []


@pytest.mark.parametrize("place", ["missing/cache", "taken"])
def test_nowhere_to_write(tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str) -> None:
    (tmp_path / "taken").mkdir()
    assert saved(tmp_path / place, two) == 0
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "is not written" in caplog.text
    assert os.listdir(tmp_path) == ["taken"]


def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "cache"
    saved(path, two)
    before = path.read_bytes()
    monkeypatch.setattr("minidns.server.cache_file.os.fsync", fill_up)
    assert saved(path, two) == 0
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["cache"]
    assert "No space left on device" in caplog.text


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "cache.new").write_bytes(b"half")
    assert saved(tmp_path / "cache", two) == 2
    assert os.listdir(tmp_path) == ["cache"]


BASE = ForwardGroup(("192.0.2.1",))
CORP = ForwardGroup(("192.0.2.7",), "corp.example")
LAB = ForwardGroup(("192.0.2.8",), "lab.example")


def resolving_of(path: Path, groups: Sequence[ForwardGroup], **settings: object) -> Resolving:
    cache = CacheSettings(file=path)
    return Resolving(ResolverSettings(forward=tuple(groups), cache=cache, **settings))


def kept_over(
    path: Path,
    before: Sequence[ForwardGroup],
    after: Sequence[ForwardGroup],
    change: Callable[[Resolving], None] = lambda _: None,
    **settings: object,
) -> set[str]:
    """The domains whose answers came back; before there was one of each group."""
    first, second = resolving_of(path, before), resolving_of(path, after, **settings)
    change(second)

    async def main() -> None:
        now = floor(time.monotonic())
        for group in first.groups:
            first.cache.add(group.number, named("www"), positive(group.number), now)
        await first.close()
        await first.save(4.0)
        second.start(asyncio.get_running_loop())
        await second.close()

    asyncio.run(main())
    kept = {number for number, *_ in second.cache.answers(time.monotonic())}
    return {
        said.domain
        for group, said in zip(second.groups, after, strict=True)
        if group.number in kept
    }


def test_the_same_configuration_in_another_order(tmp_path: Path) -> None:
    domains = kept_over(tmp_path / "cache", (BASE, CORP, LAB), (LAB, BASE, CORP))
    assert domains == {".", "corp.example", "lab.example"}


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        ((BASE, ForwardGroup(("192.0.2.9",), "corp.example")), {"."}),
        ((BASE, ForwardGroup(("192.0.2.7",), "corp.example", clients=("10.0.0.0/8",))), set()),
        ((BASE, ForwardGroup(("192.0.2.7",), "corp.example", trust_ad=True)), {"."}),
        ((ForwardGroup(("192.0.2.2",)), CORP), {"corp.example"}),
        ((BASE, CORP, LAB), {"corp.example"}),  # chains of the first may lead to names of LAB
        ((BASE,), set()),
    ],
)
def test_another_configuration(
    tmp_path: Path, after: Sequence[ForwardGroup], kept: set[str]
) -> None:
    assert kept_over(tmp_path / "cache", (BASE, CORP), after) == kept


def test_other_lists_zones_and_resolvers(tmp_path: Path) -> None:
    def take_zone(resolving: Resolving) -> None:
        resolving.outside.take(catalog_of({"example.com.": "@ 300 IN SOA ns. h. 1 2 3 4 5"}))

    changes: list[Callable[[Resolving], None]] = [
        lambda resolving: resolving.take_lists(NameLists(None, None, [], b"other")),
        lambda resolving: resolving.take_upstreams((Upstream("192.0.2.3", 53),)),
        take_zone,
    ]
    path = tmp_path / "cache"
    assert kept_over(path, (BASE,), (BASE,)) == {"."}
    for change in changes:
        assert kept_over(path, (BASE,), (BASE,), change) == set()
    assert kept_over(path, (BASE,), (BASE,), private_domains=("lan.example",)) == set()


def test_what_is_flushed_does_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    resolving = resolving_of(path, (BASE,))
    path.write_bytes(b"of an earlier stop")
    assert list(CacheCommand(resolving)(["flush", "example.com"])) == ["flushed 0"]
    assert not path.exists()


def ask(server: Running) -> dns.message.Message:
    return server.ask(dns.message.make_query("mail.example.net.", "AAAA"))


def test_answers_after_a_restart_without_its_upstream(tmp_path: Path) -> None:
    far, near = write_zones(tmp_path / "far", net=NET), write_zones(tmp_path / "near", com=COM)
    path = tmp_path / "cache"
    with serving(far) as upstream:
        where = ("--forward", "{}:{}".format(*upstream.addresses[0]), "--cache-file", str(path))
        with serving(near, *where) as server:
            first = ask(server)
            assert server.end()[0] == 0
        assert upstream.end()[0] == 0
    with serving(near, *where) as server:
        again = ask(server)
        assert again.answer[0].items.keys() == first.answer[0].items.keys()
        assert again.answer[0].ttl <= first.answer[0].ttl
        assert server.end()[0] == 0
    path.write_bytes(path.read_bytes()[:-1])
    with serving(near, *where) as server:
        assert [line for line in server.said if str(path) in line and "ignored" in line]
        assert ask(server).rcode() == dns.rcode.SERVFAIL
        assert server.end()[0] == 0


def test_each_worker_has_a_file_of_its_own(tmp_path: Path) -> None:
    far, near = write_zones(tmp_path / "far", net=NET), write_zones(tmp_path / "near", com=COM)
    config = tmp_path / "minidns.yaml"
    with serving(far) as upstream:
        config.write_text(
            "forward: '{}:{}'\ncache: {{file: kept}}\n".format(*upstream.addresses[0])
        )
        with serving(near, "--config", str(config), "--workers", "2") as server:
            assert ask(server).answer
            assert server.end()[0] == 0
    assert sorted(path.name for path in tmp_path.glob("kept*")) == ["kept.1", "kept.2"]


def test_a_directory_that_is_missing_is_said_and_no_reason_not_to_start(tmp_path: Path) -> None:
    near, path = write_zones(tmp_path / "near", com=COM), tmp_path / "missing" / "cache"
    with serving(near, "--forward", "192.0.2.1", "--cache-file", str(path)) as server:
        assert sum("there is no directory" in line for line in server.said) == 1
        code, rest = server.end()
    assert code == 0
    assert rest.count("is not written: No such file or directory") == 1
