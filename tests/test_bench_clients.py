"""The benchmark's clients and what they say: figures read rightly, bad runs refused."""

import os
import resource
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import pytest

from bench import measure
from bench.dnsperf import parse, run_dnsperf
from bench.outcome import BadRun, Outcome, check, percentile
from bench.queries import question, write
from bench.scenarios import SCENARIOS
from bench.tcp_single import run_tcp_single
from bench.usage import Gone, resident_kib, seconds_since_start, usage_of
from tests.peers import LOOPBACK, Peer

SUMMARY = """DNS Performance Testing Tool
Version 2.10.0

> NOERROR binary input 0.000907
> NXDOMAIN binary input 0.000044
[Status] Testing complete (time limit)

Statistics:

  Queries sent:         153862
  Queries completed:    153861 (100.00%)
  Queries lost:         1 (0.00%)

  Response codes:       NOERROR 138475 (90.00%), NXDOMAIN 15386 (10.00%)
  Average packet size:  request 40, response 60
  Run time (s):         1.000010
  Queries per second:   153860.461395

  Average Latency (s):  0.000314 (min 0.000010, max 0.012345)
"""
TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def test_summary_of_dnsperf_is_read() -> None:
    outcome = parse(SUMMARY)
    assert (outcome.answers, outcome.lost) == (153861, 1)
    assert outcome.rcodes == {"NOERROR": 138475, "NXDOMAIN": 15386}
    assert outcome.answers_per_second == 153860.461395
    assert outcome.answer_octets == 60
    assert outcome.latencies_us == pytest.approx([907, 44])


def test_another_output_of_dnsperf_is_no_result() -> None:
    with pytest.raises(BadRun, match="Queries completed"):
        parse("Error: unable to open file")


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = list(range(1, 101))
    assert percentile(values[::-1], 50) == 50
    assert percentile(values, 99) == 99
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


@pytest.mark.parametrize(
    ("lost", "rcodes", "reason"),
    [
        (1, {"NOERROR": 999}, "1 lost"),
        (0, {}, "0 answers"),
        (0, {"NOERROR": 899, "NXDOMAIN": 99, "SERVFAIL": 1}, "SERVFAIL"),
        (0, {"NOERROR": 950, "NXDOMAIN": 50}, "expected"),
        (0, {"NOERROR": 1000}, "expected"),
    ],
)
def test_run_with_a_fault_is_no_result(lost: int, rcodes: dict[str, int], reason: str) -> None:
    outcome = Outcome(sum(rcodes.values()), lost, rcodes, 1000.0, 60.0)
    with pytest.raises(BadRun, match=reason) as fault:
        check(outcome, {"NOERROR": 0.9, "NXDOMAIN": 0.1}, tolerance=0.01)
    assert fault.value.lost == lost


def test_run_without_a_fault_passes() -> None:
    outcome = Outcome(1000, 0, {"NOERROR": 901, "NXDOMAIN": 99}, 1000.0, 60.0)
    check(outcome, {"NOERROR": 0.9, "NXDOMAIN": 0.1}, tolerance=0.01)


def test_time_of_the_process_is_counted() -> None:
    before = time.process_time()
    assert usage_of(os.getpid()).seconds >= before
    assert resident_kib(os.getpid()) > 1024
    assert seconds_since_start(os.getpid()) > 0


def test_time_of_children_that_ended_is_counted() -> None:
    def own_seconds() -> float:
        return usage_of(os.getpid()).seconds - time.process_time()

    def of_children() -> float:
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime

    before, before_children = own_seconds(), of_children()
    subprocess.run(["sh", "-c", "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done"], check=True)
    spent = of_children() - before_children
    assert own_seconds() - before == pytest.approx(spent, abs=3 * TICK)


def test_usage_of_a_process_that_is_gone() -> None:
    with pytest.raises(Gone, match="ended"):
        usage_of(2**22 + 1)  # above the largest process id, proc(5)


@contextmanager
def tcp_server(*, is_mute: bool = False) -> Iterator[Peer]:
    """A server that answers one query a connection by dnspython, the answer in two pieces."""

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                if is_mute:
                    continue
                query, _ = dns.query.receive_tcp(client)
                wire = dns.message.make_response(query).to_wire(prepend_length=True)
                client.sendall(wire[:5])
                client.sendall(wire[5:])

    with socket.create_server((LOOPBACK, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield Peer("thread", "", LOOPBACK, listener.getsockname()[1], os.getpid())
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_one_query_a_connection() -> None:
    wires = [question(f"host{number}.example.", "A") for number in range(3)]
    with tcp_server() as peer:
        outcome = run_tcp_single(peer, wires, 0.05, connections=1)
    assert outcome.answers >= 1
    assert outcome.lost == 0
    assert outcome.rcodes == {"NOERROR": outcome.answers}
    assert outcome.answer_octets == len(wires[0])  # nothing is added to the question
    assert len(outcome.latencies_us) == outcome.answers


def test_connection_without_an_answer_is_a_lost_query() -> None:
    with tcp_server(is_mute=True) as peer:
        outcome = run_tcp_single(peer, [question("example.", "A")], 0.01, connections=2)
    assert outcome.answers == 0
    assert outcome.lost >= 2


def test_no_connection_is_no_result() -> None:
    with tcp_server() as peer:
        pass
    wires = [question("example.", "A")]
    with pytest.raises(BadRun, match="no connection"):
        run_tcp_single(peer, wires, 0.01, connections=1)


@pytest.mark.skipif(shutil.which("dnsperf") is None, reason="needs dnsperf")
def test_dnsperf_sends_the_queries_as_they_are(tmp_path: Path) -> None:
    """The letters' case too; only the ID is its own."""
    wire = question("HoSt1.eXample.", "A")
    write(tmp_path / "queries", [wire])
    seen: set[bytes] = set()

    def serve() -> None:
        while True:
            query, client = udp.recvfrom(512)
            if not query:
                return
            seen.add(query[2:])
            udp.sendto(query[:2] + bytes([query[2] | 0x80]) + query[3:], client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((LOOPBACK, 0))
        thread = threading.Thread(target=serve)
        thread.start()
        peer = Peer("thread", "", LOOPBACK, udp.getsockname()[1], os.getpid())
        outcome = run_dnsperf(peer, tmp_path / "queries", 0.1, rate=500)
        udp.sendto(b"", udp.getsockname())
        thread.join()
    assert seen == {wire[2:]}
    assert outcome.lost == 0
    assert outcome.answers == len(outcome.latencies_us) > 0
    assert outcome.rcodes == {"NOERROR": outcome.answers}


def test_client_that_stood_still_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found with Knot and 16 connections: 23 answers a second, none lost."""
    outcomes = iter(
        [
            Outcome(10_000, 0, {"NOERROR": 10_000}, 9999.0, 57.0, [20.0] * 10_000),
            Outcome(23, 0, {"NOERROR": 23}, 22.8, 57.0),
        ]
    )
    monkeypatch.setattr(measure, "run_dnsperf", lambda *_, **__: next(outcomes))
    peer = Peer("knot", "", LOOPBACK, 53, os.getpid())
    files = measure.Files(Path("paced"), Path("full"))
    with pytest.raises(BadRun, match="the client stood still: 23 answers a second"):
        measure.measure(peer, SCENARIOS["tcp-pipelined"], files, 1.0)
