"""The compiled form beside the pure one: built apart, compared by itself, shown next to it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import chart, compiled, report, targets
from bench.compiled import PROBED, STAMP, NotBuilt, build
from bench.measure import Measurement
from bench.rounds import Result, Start
from bench.scenarios import SCENARIOS
from bench.servers import COMPILED, MINIDNS, contestants
from tests.test_bench_report import SVG, document, measurement

BOTH = MINIDNS + COMPILED
# Microseconds per answer of the pure form, the compiled one, NSD and BIND in three rounds.
TIMES = ((6.0, 4.0, 5.0, 9.0), (9.0, 5.0, 5.0, 12.0), (7.0, 3.0, 4.0, 10.0))
PYTHON = "/opt/python"
INTERPRETER = ["3.11.2 (main)", ".cpython-311.so", "/opt/include", True, True, True]


def result(scenario: str = "udp-repeated") -> Result:
    servers = (MINIDNS, BOTH, "nsd", "bind")
    rounds: list[dict[str, Measurement]] = [
        {name: measurement(name, time) for name, time in zip(servers, times, strict=True)}
        for times in TIMES
    ]
    starts = {MINIDNS: Start([0.3]), BOTH: Start([0.2])}
    return Result(SCENARIOS[scenario], rounds, starts=starts, client="`dnsperf -q 100`")


def test_compiled_form_comes_after_the_pure_one(tmp_path: Path) -> None:
    first, second, third = contestants(["nsd"], compiled=tmp_path)
    assert (first.name, second.name, third.name) == (MINIDNS, "minidns compiled", "nsd")
    assert first.root == compiled.ROOT
    assert second.root == tmp_path
    assert second.is_minidns


def test_compiled_form_has_the_workers_of_the_pure_one(tmp_path: Path) -> None:
    made = contestants(["nsd"], workers=2, compiled=tmp_path)
    names = ["minidns x2", "minidns", "minidns x2 compiled", "minidns compiled"]
    assert [each.name for each in made] == names
    assert [each.workers for each in made] == [2, 1, 2, 1]
    assert len({each.config for each in made}) == 1
    assert "tcp_connections_per_address" in made[0].config


def test_compiled_form_is_compared_by_itself() -> None:
    summary = report.summarize(result())
    assert summary["ratios"]["nsd"]["time_of_pairs"] == [1.2, 1.8, 1.75]
    ours = summary["compiled"]
    assert ours["ratios"]["nsd"]["time_of_pairs"] == [0.8, 1.0, 0.75]
    assert ours["medians"][MINIDNS]["total_us"] == 4.0
    assert ours["best"] == {"time": "nsd", "rate": "nsd"}
    assert summary["best"] == ours["best"]  # the compiled form is no peer of the pure one
    assert ours["starts"][MINIDNS]["cold"] == [0.2]


def test_without_a_compiled_form_there_is_none() -> None:
    alone = result()
    alone.starts = {MINIDNS: Start([0.3])}
    for each in alone.rounds:
        del each[BOTH]
    summary = report.summarize(alone)
    assert "compiled" not in summary
    assert "compiled" not in report.to_markdown("udp-repeated", summary)
    assert "compiled" not in targets.to_markdown({"udp-repeated": summary})


def test_tables_have_both_forms() -> None:
    text = report.to_markdown("udp-repeated", report.summarize(result()))
    assert "Client: `dnsperf -q 100`." in text
    header, _, pure, second, nsd, _ = [line for line in text.splitlines() if line[:1] == "|"]
    assert header.endswith("| minidns ÷ it, time | answers/s | compiled ÷ it, time | answers/s |")
    assert pure.endswith("| 1 | 1 | - | - |")
    assert second.endswith("| 1.80 | 0.56 | 1 | 1 |")
    assert nsd.endswith("| 1.75 | 0.57 | 0.80 | 1.25 |")


def test_targets_are_those_of_the_pure_form() -> None:
    scenarios = {"udp-repeated": report.summarize(result())}
    header, _, nsd, *_ = targets.to_markdown(scenarios).splitlines()
    assert header == "| scenario | figure | to reach | reached | compiled |"
    assert nsd.endswith("| **1.75, missed by 0.65** | 0.80 |")
    missed = targets.missed(scenarios)
    assert [each.figure for each in missed] == ["processor time ÷ nsd"]


def test_chart_has_a_mark_for_it() -> None:
    text = chart.to_svg(document(**{"udp-repeated": report.summarize(result())}))
    assert f"<title>{BOTH}, udp-repeated: 0.80</title>" in text
    assert text.startswith(f'<svg xmlns="{SVG[1:-1]}"')


class Interpreters:
    """Stands for every program that is run: what each says, and what was asked."""

    def __init__(self) -> None:
        self.described = list(INTERPRETER)
        self.builds = 0
        self.code = 0
        self.probed = "/x/responder.cpython-311.so"

    def run(
        self, command: list[str], environment: dict[str, str], directory: Path
    ) -> "subprocess.CompletedProcess[str]":
        if command[1] == "setup.py":
            assert environment["MINIDNS_COMPILE"] == "1"
            self.builds += 1
            assert (directory / "minidns" / "__init__.py").is_file()
            return subprocess.CompletedProcess(command, self.code, "", "a type is wrong")
        if PROBED in command[2]:
            return subprocess.CompletedProcess(command, 0, self.probed + "\n", "")
        return subprocess.CompletedProcess(command, 0, json.dumps(self.described), "")


@pytest.fixture
def interpreters(monkeypatch: pytest.MonkeyPatch) -> Interpreters:
    made = Interpreters()
    monkeypatch.setattr(compiled, "_run", made.run)
    monkeypatch.setattr(compiled, "missing_compiler", lambda: None)
    return made


def test_a_build_is_kept_until_something_changes(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    directory = tmp_path / "new"
    build(directory, PYTHON)
    build(directory, PYTHON)
    assert interpreters.builds == 1
    assert not list(directory.rglob("__pycache__"))
    interpreters.described[0] = "3.11.3 (main)"
    build(directory, PYTHON)
    assert interpreters.builds == 2


def test_a_build_that_failed_is_made_again(interpreters: Interpreters, tmp_path: Path) -> None:
    interpreters.code = 1
    with pytest.raises(NotBuilt, match="a type is wrong"):
        build(tmp_path, PYTHON)
    interpreters.code = 0
    build(tmp_path, PYTHON)
    assert interpreters.builds == 2
    assert (tmp_path / STAMP).read_text()


def test_what_still_runs_as_python_is_no_build(interpreters: Interpreters, tmp_path: Path) -> None:
    interpreters.probed = "/x/responder.py"
    with pytest.raises(NotBuilt, match="is not compiled"):
        build(tmp_path, PYTHON)


def test_a_directory_of_something_else_is_left_alone(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(NotBuilt, match="holds something else"):
        build(tmp_path, PYTHON)
    assert (tmp_path / "thesis.txt").read_text() == "x"


def test_what_a_build_lacks_is_told(interpreters: Interpreters) -> None:
    assert compiled.missing(PYTHON) is None
    interpreters.described[3] = False
    assert "apt-get install python3-dev" in str(compiled.missing(PYTHON))
    interpreters.described[3:5] = True, False
    assert "make dev" in str(compiled.missing(PYTHON))


@pytest.mark.parametrize(("version", "is_enough"), [("66.1.1", False), ("77.0.1", True)])
def test_a_setuptools_that_is_too_old_is_none(
    version: str, is_enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian 12's cannot read pyproject.toml: then that of this environment is taken."""
    (tmp_path / "setuptools").mkdir()
    (tmp_path / "setuptools/__init__.py").touch()
    metadata = tmp_path / f"setuptools-{version}.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: setuptools\nVersion: {version}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert compiled._describe(sys.executable).has_setuptools is is_enough
