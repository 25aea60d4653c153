"""The benchmark run for real, as short as it can be: minidns and the floor, a query path alone."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench import instructions
from bench.floor import FLOOR, missing_compiler, run_floor
from bench.micro_queries import KINDS, Kind, Wrong, make_responder, prepare
from bench.queries import question
from bench.scenarios import SCENARIOS
from bench.servers import MINIDNS, Contestant, contestants
from bench.targets import TARGETS

ROOT = Path(__file__).parents[1]
HOSTS = 10
SECONDS = 5.0  # for one answer
PROGRAMS = ("dnsperf", "taskset")

needs_a_machine = pytest.mark.skipif(
    any(shutil.which(each) is None for each in PROGRAMS)
    or not hasattr(os, "sched_getaffinity")
    or len(os.sched_getaffinity(0)) < 2,
    reason=f"needs {', '.join(PROGRAMS)} and two cores",
)
needs_a_compiler = pytest.mark.skipif(missing_compiler() is not None, reason="needs cc")


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@needs_a_machine
def test_figures_of_one_scenario(tmp_path: Path) -> None:
    output = tmp_path / "results" / "run.json"
    run = bench(
        *("--scenario", "udp-10k", "--against", "--rounds", "1", "--seconds", "0.1"),
        *("--size", "100", "--output", str(output)),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    document = json.loads(output.read_text())
    ((measured,),) = document["scenarios"]["udp-10k"]["rounds"]
    assert measured["server"] == MINIDNS
    assert measured["answers"] > 0
    assert measured["total_us"] == pytest.approx(measured["user_us"] + measured["system_us"])
    assert 0 < measured["latency_median_us"] <= measured["latency_99_us"]
    assert "udp-10k" in output.with_suffix(".md").read_text()
    assert "### udp-10k: UDP, 10,000 queries a second" in run.stdout


def test_wrong_arguments_are_told() -> None:
    run = bench("--scenario", "udp-10k", "--size", "11")
    assert run.returncode == 2
    assert "no multiple of 10" in run.stderr


@needs_a_compiler
def test_floor_sends_each_query_back_as_a_response() -> None:
    wire = question("example.", "A")
    with run_floor(()) as peer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        assert peer.name == FLOOR
        udp.settimeout(SECONDS)
        udp.connect((peer.address, peer.port))
        udp.send(wire)
        assert udp.recv(512) == wire[:2] + bytes([wire[2] | 0x80]) + wire[3:]


def test_scenarios_leave_out_who_cannot() -> None:
    all_of_them = {each.name: each for each in contestants(["dnsmasq", "nsd", FLOOR])}
    assert list(all_of_them) == [MINIDNS, "dnsmasq", "nsd", FLOOR]
    pipelined, mixed = SCENARIOS["tcp-pipelined"], SCENARIOS["udp-mixed"]
    assert all_of_them["dnsmasq"].left_out(pipelined) == "closes a TCP connection after 100 queries"
    assert all_of_them[FLOOR].left_out(pipelined) == "sends back datagrams only"
    assert all_of_them["dnsmasq"].left_out(mixed) == "no wildcard in an authoritative zone"
    assert all_of_them["nsd"].left_out(pipelined) is None
    assert all_of_them["nsd"].left_out(SCENARIOS["start"]) == "reads no YAML"


def test_workers_come_first_and_one_process_beside_them() -> None:
    first, second = contestants(["nsd"], workers=2)
    assert (first.name, first.arguments) == ("minidns x2", ("--workers", "2"))
    assert (second.name, second.arguments) == (MINIDNS, ())


def test_each_worker_has_the_load_of_the_only_one() -> None:
    scenario = SCENARIOS["udp-workers"]
    for count in (1, 2):
        load = scenario.for_workers(count)
        assert (load.sockets, load.under_way) == (32 * count, 100 * count)
        assert (load.pace, load.rate) == (10_000 * count, None)
    assert SCENARIOS["udp-10k"].for_workers(2).rate == 20_000


def test_too_few_rounds_to_be_published_are_told_before_anything_runs(tmp_path: Path) -> None:
    run = bench("--publish", str(tmp_path), "--rounds", "2", "--against")
    assert run.returncode == 2
    assert "not fit to be published: 2 rounds are too few" in run.stderr
    assert "starting" not in run.stderr
    assert not list(tmp_path.iterdir())


def test_page_describes_each_scenario_and_its_targets() -> None:
    page = (ROOT / "bench" / "README.md").read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert set(SCENARIOS) <= set(rows)
    for target in TARGETS:
        assert f"{target.bound:g}" in rows[target.scenario]


def test_option_that_minidns_has_not_is_a_reason() -> None:
    unknown = Contestant(MINIDNS, arguments=("--no-such-option", "2"))
    assert unknown.missing() == "minidns serve has no --no-such-option"
    assert Contestant(MINIDNS, arguments=("--zones", "zones")).missing() is None


def test_interpreter_that_cannot_run_minidns_is_told() -> None:
    reason = Contestant(MINIDNS, python="/no/such/python").missing()
    assert reason is not None
    assert "/no/such/python does not run minidns" in reason


def test_each_kind_of_query_gets_its_reply() -> None:
    responder = make_responder(HOSTS)
    for kind in KINDS:
        prepared = prepare(kind, responder, HOSTS)
        prepared.run()
        assert prepared.count == HOSTS


def test_other_reply_than_its_kind_says_is_no_figure() -> None:
    kind: Kind = KINDS[1]._replace(answers=0)
    with pytest.raises(Wrong, match="another kind of reply"):
        prepare(kind, make_responder(HOSTS), HOSTS)


def test_instructions_need_valgrind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(instructions.Missing, match="apt-get install valgrind"):
        instructions.count_instructions(["-c", ""], 0)


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_instructions_between_marks_are_counted() -> None:
    program = (
        "import os\n"
        "def part(turns):\n"
        "    os.getppid()\n"
        "    for _ in range(turns): pass\n"
        "    os.getppid()\n"
        "part(1000); part(11000)"
    )
    few, many = instructions.count_instructions(["-S", "-c", program], 2)
    assert 10_000 < many - few < 10_000_000  # from 1 to 1,000 instructions a turn
