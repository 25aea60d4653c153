"""The benchmark's arithmetic and its pages, from fixed figures."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench import chart, micro, report, targets
from bench.measure import Measurement
from bench.publish import NotFit, publish
from bench.rounds import Result, Start
from bench.scenarios import SCENARIOS

SVG = "{http://www.w3.org/2000/svg}"
BACKGROUNDS = ("#ffffff", "#0d1117")  # GitHub's, light and dark
LEGIBLE = 3.0  # contrast of large text and of marks, WCAG 2.1 sections 1.4.3 and 1.4.11
# Microseconds per answer of minidns, NSD, BIND and the floor in three rounds.
TIMES = ((6.0, 5.0, 9.0, 4.0), (9.0, 5.0, 12.0, 4.0), (7.0, 4.0, 10.0, 4.5))
SERVERS = ("minidns", "nsd", "bind", "floor")


def measurement(server: str, total_us: float) -> Measurement:
    return Measurement(
        server=server,
        answers=10,
        answers_per_second=1e6 / total_us,
        total_us=total_us,
        user_us=1.0,
        system_us=total_us - 1.0,
        latency_median_us=10 * total_us,
        latency_99_us=100 * total_us,
        answer_octets=57.0,
        resident_kib=2048,
    )


def result(scenario: str = "udp-repeated") -> Result:
    rounds = [
        {name: measurement(name, time) for name, time in zip(SERVERS, times, strict=True)}
        for times in TIMES
    ]
    return Result(
        SCENARIOS[scenario],
        rounds,
        starts={"minidns": Start([0.2, 0.3, 0.24], [0.1], 3072)},
        left_out={"dnsmasq": "no wildcard"},
        no_result={"knot": "2 lost"},
        discarded={"nsd": ["1 lost"], "bind": []},
        lost={"nsd": 1},
    )


def document(**scenarios: dict[str, Any]) -> dict[str, Any]:
    machine = {
        "date": "2026-01-02T03:04:05+00:00",
        "processor": "P",
        "cores": 2,
        "kernel": "Linux 6",
        "versions": {"nsd": "NSD 4"},
        "command": "python -m bench",
    }
    options = {"rounds": 5, "seconds": 2.0, "size": None}
    return {"machine": machine, "options": options, "scenarios": scenarios}


def test_ratio_is_the_median_of_pairs() -> None:
    summary = report.summarize(result())
    nsd = summary["ratios"]["nsd"]
    assert nsd["time_of_pairs"] == [1.2, 1.8, 1.75]
    assert nsd["time"] == 1.75
    assert nsd["rate"] == pytest.approx(4 / 7)
    assert nsd["latency_median_beyond_us"] == 30
    assert nsd["latency_99_beyond_us"] == 300
    assert summary["medians"]["minidns"]["total_us"] == 7.0


def test_best_peer_is_neither_the_floor_nor_minidns() -> None:
    summary = report.summarize(result())
    assert summary["best"] == {"time": "nsd", "rate": "nsd"}


def test_without_minidns_nothing_is_compared() -> None:
    missing = result()
    for each in missing.rounds:
        del each["minidns"]
    summary = report.summarize(missing)
    assert (summary["ratios"], summary["best"]) == ({}, {})
    assert "| nsd | 200,000 |" in report.to_markdown("udp-repeated", summary)


def test_workers_are_compared_with_one_process() -> None:
    workers = result("udp-workers")
    workers.rounds = [
        {"minidns x2": replace(each["minidns"], total_us=7.7), **each} for each in workers.rounds
    ]
    summary = report.summarize(workers)
    assert summary["ratios"]["minidns"]["time"] == pytest.approx(1.1)
    assert summary["best"]["time"] == "nsd"
    assert "| udp-workers | processor time ÷ minidns | ≤ 1.05 | **1.10, missed by 0.05** |" in (
        targets.to_markdown({"udp-workers": summary})
    )


def test_tables_hold_the_figures() -> None:
    text = report.to_markdown("udp-repeated", report.summarize(result()))
    assert "| minidns | 142,857 | 7.00 | 1.00 | 6.00 | 70 | 700 | 0 | 57 | 2 | 1 | 1 |" in text
    assert "| nsd | 200,000 | 5.00 | 1.00 | 4.00 | 50 | 500 | 1 | 57 | 2 | 1.75 | 0.57 |" in text
    assert "1.75 times that of the best peer, nsd (pairs 1.20 1.80 1.75)" in text
    assert "- nsd: 1 of its runs repeated: 1 lost" in text
    assert "- bind:" not in text
    assert "- dnsmasq is left out: no wildcard" in text
    assert "- **knot has no result**: 2 lost" in text
    assert "| minidns | 0.24 | 0.10 | 3 |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    tables = [rows[:6], rows[6:]]
    for table in tables:
        assert len({row.count("|") for row in table}) == 1


def test_targets_that_are_missed_say_by_how_much() -> None:
    summaries = {
        "udp-repeated": report.summarize(result()),
        "start": report.summarize(Result(SCENARIOS["start"], starts=result().starts)),
    }
    text = targets.to_markdown(summaries)
    assert "| udp-repeated | processor time ÷ nsd | ≤ 1.1 | **1.75, missed by 0.65** |" in text
    assert "| udp-repeated | processor time ÷ bind | ≤ 1 | 0.70 |" in text
    assert "| udp-repeated | processor time ÷ powerdns | ≤ 1 | not measured |" in text
    assert "| start | seconds to the first answer, cold | ≤ 0.25 | 0.24 |" in text
    assert "udp-mixed" not in text


@pytest.mark.parametrize(
    "target", targets.TARGETS, ids=lambda each: f"{each.scenario}-{each.figure}"
)
def test_every_target_has_a_scenario_and_a_value(target: targets.Target) -> None:
    assert target.scenario in SCENARIOS
    summary = report.summarize(result())
    summary["ratios"] = dict.fromkeys((*SERVERS, "powerdns", "dnsmasq"), summary["ratios"]["nsd"])
    assert target.value(summary) is not None
    empty = report.summarize(Result(SCENARIOS[target.scenario]))
    assert target.value(empty) is None


def test_chart_is_a_row_for_each_scenario() -> None:
    summary = report.summarize(result())
    only_floor = report.summarize(Result(SCENARIOS["start"]))
    text = chart.to_svg(document(**{"udp-repeated": summary, "<&>": summary, "start": only_floor}))
    root = ET.fromstring(text)
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert texts.count("1.75") == 2  # minidns over NSD
    assert "<&>" in texts
    assert "start" not in texts
    titles = {each.text for each in root.iter(f"{SVG}title")}
    assert {"nsd, udp-repeated: 1.00", "bind, udp-repeated: 2.40"} <= titles
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for mark in root.iter(f"{SVG}circle"):
        assert 0 < float(mark.attrib["cx"]) < width
        assert 0 < float(mark.attrib["cy"]) < height


@pytest.mark.parametrize("colour", sorted({*chart.COLOURS.values(), chart.TEXT}))
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_chart_is_legible_on_light_and_dark(colour: str, background: str) -> None:
    lighter, darker = sorted((luminance(colour), luminance(background)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= LEGIBLE


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2.1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_published_are_the_figures_their_page_and_the_chart(tmp_path: Path) -> None:
    held = document(**{"udp-repeated": report.summarize(result())})
    paths = publish(held, tmp_path / "published")
    assert [path.name for path in paths] == ["2026-01-02.json", "2026-01-02.md", "ratios.svg"]
    assert json.loads(paths[0].read_text()) == held
    page = paths[1].read_text()
    assert page.startswith("# Benchmark of 2026-01-02\n")
    assert "P, 2 cores, Linux 6. NSD 4. `python -m bench`" in page
    assert "Medians of 5 rounds of 2 s." in page
    assert re.search(r"^### udp-repeated: UDP, names that repeat$", page, re.MULTILINE)


def test_too_few_rounds_are_not_published(tmp_path: Path) -> None:
    held = document()
    held["options"]["rounds"] = 4
    with pytest.raises(NotFit, match="--rounds 5"):
        publish(held, tmp_path)
    assert not list(tmp_path.iterdir())


def test_micro_compares_with_earlier_figures() -> None:
    figures = {
        "A miss": {"nanoseconds": 1500.0, "instructions": 1030.0},
        "DO": {"nanoseconds": 1.0},
    }
    earlier = {"A miss": {"nanoseconds": 1000.0, "instructions": 1000.0}}
    assert micro.to_markdown(figures, earlier).splitlines() == [
        "| query | nanoseconds | instructions | nanoseconds ÷ earlier | instructions ÷ earlier |",
        "|---|---:|---:|---:|---:|",
        "| A miss | 1,500 | 1,030 | 1.500 | 1.030 |",
        "| DO | 1 | - | - | - |",
    ]
    assert micro.regressions(figures, earlier) == ["A miss"]
    figures["A miss"]["instructions"] = 1010.0  # more reliable than the nanoseconds
    assert micro.regressions(figures, earlier) == []
    del figures["A miss"]["instructions"]
    assert micro.regressions(figures, earlier) == ["A miss"]
