"""An upstream that cannot be reached is not felt, and is asked again once it can be.

What the kernel knows (no route, a link that is down, ICMP) is known at once: no attempt's time is
waited for. `far` comes first and is cut off; `neighbour` answers then.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import count

import pytest

from minidns.server.control_client import ask as ask_control
from tests.netns.net import (
    BY_FAR,
    BY_NEIGHBOUR,
    FAR,
    NEIGHBOUR,
    Controlled,
    Net,
    running,
    upstream_at,
)
from tests.server.command import COM, write_zones

UDP_PORT, LATE_PORT, TEN_PORT, TCP_PORT = 4053, 4054, 4055, 5053
TRIES = 200  # of dig, until an upstream is back; each takes tens of milliseconds
_numbers = count()


@pytest.fixture(scope="module")
def server(net: Net) -> Iterator[Controlled]:
    with forwarding(net, "unreachable-udp", UDP_PORT, FAR, NEIGHBOUR) as made:
        yield made


def forwarding(
    net: Net, name: str, port: int, *upstreams: str
) -> AbstractContextManager[Controlled]:
    """A server that asks these in this order."""
    zones = write_zones(net.directory / "unreachable", com=COM)
    options = [word for each in upstreams for word in ("--forward", each)]
    listen = (f"10.0.0.1:{port}",)
    return running(net.directory / name, net.server, listen, *options, zones=zones)


def who_answers(net: Net, port: int = UDP_PORT) -> str:
    """The address that a new name has."""
    name = f"u{next(_numbers)}.example.net."
    (reply,) = net.ask("10.0.0.2", "10.0.0.1", port, f"{name} A")
    assert reply.status == "NOERROR"
    (record,) = reply.records
    return record.removeprefix(f"{name} A ")


def until_far_answers(net: Net, port: int = UDP_PORT) -> None:
    """It is tried again from a second on."""
    assert any(who_answers(net, port) == BY_FAR for _ in range(TRIES))


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_a_route_that_leads_nowhere(net: Net, server: Controlled, kind: str) -> None:
    assert who_answers(net) == BY_FAR
    before = server.stats()
    net.server.run(f"ip route add {kind} 192.0.2.53/32")
    try:
        assert who_answers(net) == BY_NEIGHBOUR
    finally:
        net.server.run(f"ip route del {kind} 192.0.2.53/32")
    after = server.stats()
    assert after["upstream_unreachable"] == before["upstream_unreachable"] + 1
    assert after["upstream_timed_out"] == before["upstream_timed_out"]
    assert who_answers(net) == BY_FAR  # one failure puts nobody aside


def test_a_link_that_is_down_comes_up_again(net: Net, server: Controlled) -> None:
    assert who_answers(net) == BY_FAR
    before = server.stats()
    net.server.run("ip link set s1 down")
    try:
        for _ in range(4):  # the fourth finds it put aside
            assert who_answers(net) == BY_NEIGHBOUR
        (local,) = net.ask("10.0.0.2", "10.0.0.1", UDP_PORT, "www.example.com. A")
        assert len(local.answer) == 2
        assert server.stats()["upstream_timed_out"] == before["upstream_timed_out"]
    finally:
        net.server.run("ip link set s1 up")
    until_far_answers(net)


def test_nobody_listens_any_more_and_then_somebody_does(net: Net) -> None:
    """ICMP port unreachable (row P06)."""
    late = "192.0.2.53:55"
    with forwarding(net, "unreachable-port", LATE_PORT, late, NEIGHBOUR) as server:
        for _ in range(4):
            assert who_answers(net, LATE_PORT) == BY_NEIGHBOUR
        stats = server.stats()
        assert stats["upstream_unreachable"] >= 3
        assert stats["upstream_timed_out"] == 0
        with upstream_at(net.directory / "late", net.upstream, late, BY_FAR):
            until_far_answers(net, LATE_PORT)


def test_a_host_that_is_gone_costs_one_attempt_and_no_answer(net: Net, server: Controlled) -> None:
    """Nothing says so: no ARP is answered. After three at once it is put aside."""
    assert who_answers(net) == BY_FAR
    net.upstream.run("ip link set u0 down")
    try:
        with ThreadPoolExecutor(3) as at_once:
            answers = list(at_once.map(lambda _: who_answers(net), range(3)))
        assert answers == [BY_NEIGHBOUR] * 3
        timed_out = server.stats()["upstream_timed_out"]
        assert who_answers(net) == BY_NEIGHBOUR
        assert server.stats()["upstream_timed_out"] <= timed_out + 1  # a probe, which nobody awaits
    finally:
        net.upstream.run("ip link set u0 up")
    until_far_answers(net)


def test_a_kept_connection_over_a_link_that_is_down(net: Net) -> None:
    """TCP says nothing for minutes: the attempt's time ends it, and a new one is made later.

    Whom nobody else asks is asked: the kernel sends again what was lost, at any time.
    """
    where = "192.0.2.53:56"
    with (
        upstream_at(net.directory / "by-tcp", net.upstream, where, BY_FAR),
        forwarding(net, "unreachable-tcp", TCP_PORT, f"tcp://{where}", NEIGHBOUR) as server,
    ):
        assert who_answers(net, TCP_PORT) == BY_FAR
        assert server.stats()["upstream_connections"] == 1
        net.server.run("ip link set s1 down")
        try:
            for _ in range(2):
                assert who_answers(net, TCP_PORT) == BY_NEIGHBOUR
        finally:
            net.server.run("ip link set s1 up")
        until_far_answers(net, TCP_PORT)


def test_ten_that_are_dead_cost_nothing_and_one_that_revives_is_found(net: Net) -> None:
    """Row L16. Once all are known to be dead no query goes out but probes, one a second each."""
    ten = [f"192.0.2.53:{port}" for port in range(60, 70)]
    with forwarding(net, "unreachable-ten", TEN_PORT, *ten) as server:
        while "down . 0" not in ask_control(server.control, ["health"]):
            questions = [f"u{next(_numbers)}.example.net. A" for _ in range(4)]
            replies = net.ask("10.0.0.2", "10.0.0.1", TEN_PORT, *questions)
            assert {reply.status for reply in replies} == {"SERVFAIL"}
        before, began = server.stats(), time.monotonic()
        names = [f"u{next(_numbers)}.example.net." for _ in range(30)]
        replies = net.ask(
            "10.0.0.2", "10.0.0.1", TEN_PORT, *(f"{name} A" for name in names), "www.example.com. A"
        )
        after, seconds = server.stats(), time.monotonic() - began
        assert [reply.status for reply in replies] == ["SERVFAIL"] * 30 + ["NOERROR"]
        assert all("EDE" in reply.opt for reply in replies[:-1])
        assert after["upstream_queries"] == before["upstream_queries"]
        probes = after["upstream_probes"] - before["upstream_probes"]
        assert probes <= 10 * (seconds + 1)
        with upstream_at(net.directory / "seventh", net.upstream, ten[7], BY_FAR):
            for _ in range(TRIES):
                name = f"u{next(_numbers)}.example.net."
                (reply,) = net.ask("10.0.0.2", "10.0.0.1", TEN_PORT, f"{name} A")
                if reply.status == "NOERROR":
                    break
            assert reply.records == {f"{name} A {BY_FAR}"}
