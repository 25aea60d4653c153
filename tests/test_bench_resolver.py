"""The benchmark of forwarders: its names, its targets, its pages, and a run as short as can be."""

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import islice
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest

from bench import agreement, report, resolver, resolver_report, targets
from bench.datasets import ORIGIN, Dataset, write
from bench.dnsperf import run_dnsperf
from bench.floor import missing_compiler, run_floor
from bench.measure import Measurement
from bench.publish import NotFit
from bench.queries import question
from bench.queries import write as write_queries
from bench.resolver_names import Held
from bench.resolver_rounds import LOCAL, SCENARIOS, Options, authority, new_names, public_zone
from bench.resolver_servers import FORWARDERS, missing, run_forwarder
from bench.rounds import Result
from bench.servers import MINIDNS
from tests import peers
from tests.peers import Peer

ROOT = Path(__file__).parents[1]
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
HELD = Held(
    1000, 2048, [4096, 5120, 6144, 7168, 8192, 8192, 8192, 8192, 8192, 8396], 0, {}, "minidns 1"
)

needs_dnsperf = pytest.mark.skipif(
    shutil.which("dnsperf") is None,
    reason="dnsperf is not installed (Debian: apt-get install dnsperf)",
)
needs_a_machine = pytest.mark.skipif(
    shutil.which("taskset") is None
    or not hasattr(os, "sched_getaffinity")
    or len(os.sched_getaffinity(0)) < 2,
    reason="needs taskset and two cores",
)
needs_nsd = pytest.mark.skipif(peers.missing("nsd") is not None, reason=str(peers.missing("nsd")))


def summary(scenario: str, **times: float) -> dict[str, Any]:
    """Of one round with those microseconds per answer, minidns the first where it is named."""
    measured = {name: measurement(name, time) for name, time in times.items()}
    return report.summarize(Result(SCENARIOS[scenario], [measured]))


def measurement(server: str, total_us: float) -> Measurement:
    return Measurement(server, 10, 1e6 / total_us, total_us, 1.0, total_us - 1, 5.0, 9.0, 57.0, 99)


def document(rounds: int = 5) -> dict[str, Any]:
    return {
        "machine": {
            "date": "2026-01-02T03:04:05+00:00",
            "processor": "P",
            "cores": 2,
            "kernel": "Linux 6",
            "versions": {"minidns": "minidns 1"},
            "command": "python -m bench.resolver",
        },
        "options": {"rounds": rounds, "seconds": 2.0, "names": 1000},
        "scenarios": {
            "misses": summary("misses", minidns=50.0, dnsmasq=40.0),
            "names": resolver_report.summarize_names(HELD),
        },
    }


def verdicts(scenarios: dict[str, Any]) -> dict[str, str]:
    """The last column of the table by scenario and figure."""
    rows = resolver_report.targets_to_markdown(scenarios).splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {f"{row[0]} {row[1]}": row[3] for row in cells}


def test_new_names_are_under_the_wildcard_and_none_comes_twice() -> None:
    made = [dns.message.from_wire(wire) for wire in islice(new_names(0, random.Random(1)), 500)]
    names = {query.question[0].name for query in made}
    assert len(names) == 500
    assert all(name.parent() == dns.name.from_text(f"wild.{ORIGIN}") for name in names)
    assert {query.question[0].rdtype for query in made} == {dns.rdatatype.A}


def test_addresses_are_none_that_a_rebinding_filter_takes_out(tmp_path: Path) -> None:
    written = write(Dataset("resolver", "", 1000, public_zone), tmp_path, 1000)
    zone = dns.zone.from_file(str(written.masters[ORIGIN]), origin=ORIGIN)
    found = [ip_address(rdata.to_text()) for _, _, rdata in zone.iterate_rdatas("A")]
    assert len(found) == 1000 + 2
    assert not [each for each in found for net in PRIVATE if each in ip_network(net)]


def test_hits_are_compared_with_local_answers_and_each_peer() -> None:
    times = {MINIDNS: 13.2, LOCAL: 10.0, "dnsmasq": 15.0, "unbound": 12.0, "bind": 20.0}
    assert verdicts({"hits": summary("hits", **times)}) == {
        "hits processor time ÷ minidns zone": "**1.32, missed by 0.02**",
        "hits processor time ÷ dnsmasq": "0.88",
        "hits processor time ÷ unbound": "**1.10, missed by 0.10**",
        "hits processor time ÷ bind": "0.66",
    }


def test_many_names_are_compared_with_whoever_keeps_them() -> None:
    times = {MINIDNS: 13.0, LOCAL: 10.0, "unbound": 12.5, "bind": 20.0}
    assert verdicts({"spread": summary("spread", **times)}) == {
        "spread processor time ÷ minidns zone": "1.30",
        "spread processor time ÷ unbound": "**1.04, missed by 0.04**",
        "spread processor time ÷ bind": "0.65",
    }


@pytest.mark.parametrize(
    ("times", "verdict"),
    [
        ({"dnsmasq": 40.0}, "**1.25, missed by 0.25**"),
        ({"dnsmasq": 40.0, "coredns": 100.0}, "0.50"),
        ({"dnsmasq": 50.0, "coredns": 25.0}, "1.00"),
        ({"unbound": 10.0}, "not measured"),
    ],
)
def test_misses_are_ahead_of_one_of_two(times: dict[str, float], verdict: str) -> None:
    misses = summary("misses", minidns=50.0, **times)
    assert verdicts({"misses": misses}) == {
        "misses processor time ÷ dnsmasq or coredns": verdict,
        "misses processor time ÷ dnsmasq-large": "not measured",
    }


def test_ratios_of_others_are_no_figures_of_minidns() -> None:
    without = summary("hits", **{LOCAL: 10.0, "dnsmasq": 15.0})
    assert set(verdicts({"hits": without}).values()) == {"not measured"}
    assert targets.missed({"hits": without}, resolver_report.TARGETS) == []


def test_memory_is_flat_from_the_middle_on() -> None:
    flat = resolver_report.summarize_names(HELD)
    assert flat["ratio"] == pytest.approx(8396 / 8192)
    assert targets.missed({"names": flat}, resolver_report.TARGETS) == []
    grown = replace(HELD, resident_kib=[*HELD.resident_kib[:-1], 9216])
    assert verdicts({"names": resolver_report.summarize_names(grown)}) == {
        "names last reading of memory ÷ middle one": "**1.12, missed by 0.07**",
        "names names lost or answered wrong": "0.00",
    }


def test_names_without_their_answer_are_counted() -> None:
    held = replace(HELD, lost=2, rcodes={"NOERROR": 990, "SERVFAIL": 8})
    (missed,) = targets.missed(
        {"names": resolver_report.summarize_names(held)}, resolver_report.TARGETS
    )
    assert missed.figure == "names lost or answered wrong"
    assert resolver_report.summarize_names(held)["failed"] == 10
    assert "2 lost; 990 NOERROR, 8 SERVFAIL" in resolver_report.summarize_names(held)["text"]


def test_the_page_has_targets_figures_and_memory() -> None:
    text = resolver_report.document_to_markdown(document())
    assert "# Benchmark of the resolvers of 2026-01-02" in text
    assert (
        "| misses | processor time ÷ dnsmasq or coredns | ≤ 1 | **1.25, missed by 0.25** |" in text
    )
    assert "### misses: UDP, every name new, upstream on loopback" in text
    assert "| 0 | 2.0 |\n| 100 | 4.0 |" in text
    assert "| 1,000 | 8.2 |" in text


def test_what_is_published_stands_beside_the_other_results(tmp_path: Path) -> None:
    written = resolver_report.publish(document(), tmp_path)
    assert [path.name for path in written] == ["resolver-2026-01-02.json", "resolver-2026-01-02.md"]
    assert json.loads(written[0].read_text()) == document()
    with pytest.raises(NotFit, match="4 rounds are too few"):
        resolver_report.publish(document(4), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_ttls_of_cached_answers_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(query: dns.message.Message, address: str, *_: object) -> dns.message.Message:
        reply = dns.message.make_response(query)
        ttl, rdata = {"a": (60, "192.0.2.1"), "b": (59, "192.0.2.1"), "c": (60, "192.0.2.2")}[
            address
        ]
        reply.answer = [dns.rrset.from_text(query.question[0].name, ttl, "IN", "A", rdata)]
        return reply

    monkeypatch.setattr(dns.query, "udp", answer)
    compared = [Peer(name, "", name, 53, 0) for name in ("a", "b", "c")]
    asked = [question(ORIGIN, "A")]
    assert list(agreement.disagreements(compared, asked, is_cached=True)) == ["c"]
    assert list(agreement.disagreements(compared, asked)) == ["b", "c"]


@needs_dnsperf
@pytest.mark.skipif(missing_compiler() is not None, reason="needs cc")
def test_queries_of_a_run_that_is_once_are_sent_once(tmp_path: Path) -> None:
    write_queries(tmp_path / "asked", islice(new_names(0, random.Random(1)), 50))
    with run_floor(()) as peer:
        outcome = run_dnsperf(peer, tmp_path / "asked", 20.0, is_once=True)
    assert (outcome.answers, outcome.lost) == (50, 0)


@needs_a_machine
@needs_nsd
@pytest.mark.parametrize("name", [MINIDNS, *FORWARDERS])
def test_each_server_forwards(name: str, tmp_path: Path) -> None:
    if reason := missing(name, sys.executable):
        pytest.skip(reason)
    core = min(os.sched_getaffinity(0))
    options = Options(1, 0.1, core, core, sys.executable)
    query = dns.message.from_wire(next(new_names(0, random.Random(1))))
    with (
        authority(tmp_path, options) as (_, nsd),
        run_forwarder(name, nsd, core, sys.executable) as peer,
    ):
        assert peer.version.lower().startswith(("coredns", name.removesuffix("-large")))
        reply = dns.query.udp(query, peer.address, 5.0, peer.port)
    assert [rdata.to_text() for rrset in reply.answer for rdata in rrset] == ["198.51.100.3"]


@needs_dnsperf
@needs_a_machine
@needs_nsd
def test_a_short_run(tmp_path: Path) -> None:
    if reason := missing("dnsmasq", sys.executable):
        pytest.skip(reason)
    output = tmp_path / "results" / "run.json"
    run = subprocess.run(
        [sys.executable, "-m", "bench.resolver", "--rounds", "1", "--seconds", "0.1"]
        + ["--against", "dnsmasq", "--names", "100", "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr  # as the targets are reached
    made = json.loads(output.read_text())
    assert list(made["scenarios"]) == ["hits", "spread", "misses", "names"]
    assert "dnsmasq is left out: its cache holds fewer names" in run.stdout
    assert made["scenarios"]["names"]["failed"] == 0
    assert len(made["scenarios"]["names"]["resident_kib"]) == 10
    assert {"minidns", "dnsmasq", "nsd"} <= made["machine"]["versions"].keys()
    assert "## Targets" in output.with_suffix(".md").read_text()
    assert "### hits: UDP, 1,000 names asked before" in run.stdout


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--names", "11"], "11 is no multiple of 10"),
        (["--rounds", "0"], "0 is less than 1"),
        (["--against", "nsd"], "invalid choice: 'nsd'"),
    ],
)
def test_wrong_arguments_are_told(
    wrong: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        resolver.main(wrong)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_core_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert resolver.main(["--against", "--authority-core", "4096"]) == 2
    assert "--authority-core 4096: the cores here are" in capsys.readouterr().err
