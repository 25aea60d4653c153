"""The benchmark's own arithmetic: zone and queries that never change, figures read rightly."""

from collections import Counter
from pathlib import Path

import dns.zone
import pytest

from bench import zones
from bench.measure import BadRun, Measurement, _parse_counts, usage_of
from bench.report import summarize, to_markdown
from bench.scenarios import DEFAULT, SCENARIOS

SUMMARY = """Statistics:

  Queries sent:         153862
  Queries completed:    153861 (100.00%)
  Queries lost:         1 (0.00%)

  Response codes:       NOERROR 138475 (90.00%), NXDOMAIN 15386 (10.00%)
  Average packet size:  request 40, response 60
  Run time (s):         1.000010
  Queries per second:   153860.461395

  Average Latency (s):  0.000314 (min 0.000010, max 0.012345)
"""


def test_zone_is_the_same_each_time(tmp_path: Path) -> None:
    (path,) = zones.write_zone(tmp_path, names=50).values()
    first = path.read_text()
    zones.write_zone(tmp_path, names=50)
    assert path.read_text() == first
    zone = dns.zone.from_file(str(path), zones.ORIGIN)
    assert sum(1 for _ in zone.iterate_rdatas("A")) == 53
    assert sum(1 for _ in zone.iterate_rdatas("AAAA")) == 25
    assert sum(1 for _ in zone.iterate_rdatas("MX")) == 5


def test_queries_are_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zones, "QUERIES", 2000)
    for scenario in SCENARIOS.values():
        assert list(scenario.queries(100)) == list(scenario.queries(100))
    assert len(set(zones.repeated(100))) == 100
    assert len(set(zones.nxdomain())) == 2000


def test_mixed_load_has_the_parts_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zones, "QUERIES", 20_000)
    types = Counter(line.split()[1] for line in zones.mixed(100))
    assert types["AAAA"] == pytest.approx(3000, rel=0.1)
    assert types["MX"] == pytest.approx(1000, rel=0.15)
    assert types["SOA"] == pytest.approx(1000, rel=0.15)


def test_summary_of_dnsperf_is_read() -> None:
    assert _parse_counts(SUMMARY) == (153861, 1, {"NOERROR": 138475, "NXDOMAIN": 15386})


def test_usage_of_a_process_that_is_gone() -> None:
    with pytest.raises(BadRun, match="ended"):
        usage_of(2**22 + 1)  # above the largest process id, proc(5)


def test_ratio_is_that_of_medians() -> None:
    times = [(6.0, 5.0), (9.0, 5.0), (7.0, 4.0)]
    rounds = [
        {"minidns": _measurement(ours), "nsd": _measurement(theirs)} for ours, theirs in times
    ]
    summary = summarize(rounds)
    assert summary["medians"]["minidns"]["total_us"] == 7.0
    assert summary["ratios"]["nsd"]["time_of_medians"] == 7.0 / 5.0
    assert summary["ratios"]["nsd"]["time_of_pairs"] == [1.2, 1.8, 1.75]
    assert "| nsd | 1,000 | 5.00 |" in to_markdown(SCENARIOS[DEFAULT], summary)


def _measurement(total_us: float) -> Measurement:
    return Measurement("any", 10, 0, {"NOERROR": 10}, 1000.0, 100.0, total_us, 1.0, 2.0, 2048)
