"""Servers that forward to each other (row X12): SERVFAIL in time, for few packets, and alive."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from tests.netns.net import Controlled, Net, running
from tests.server.command import COM, write_zones

MAX_QUERIES = 12  # of a server, for one query of a client
BUDGET_MS = 4_500  # for the whole of it
SLACK_MS = 1_500  # on a machine that is busy with other things


@contextmanager
def ring(net: Net, name: str, addresses: Sequence[str]) -> Iterator[list[Controlled]]:
    """Each forwards to the next one, and the last to the first."""
    zones = write_zones(net.directory / "loop", com=COM)
    with ExitStack() as held:
        yield [
            held.enter_context(
                running(
                    net.directory / f"loop-{name}-{number}",
                    net.server,
                    (own,),
                    *("--forward", addresses[(number + 1) % len(addresses)]),
                    zones=zones,
                )
            )
            for number, own in enumerate(addresses)
        ]


@pytest.mark.parametrize(
    ("name", "addresses", "is_known"),
    [
        # Queries come back from the address that is asked: known at once.
        ("known", ("10.0.0.1:6053", "10.0.0.1:6054"), True),
        # From another one: time and the number of queries are bounds.
        ("three", ("10.0.0.1:6057", "127.0.0.3:6058", "127.0.0.4:6059"), False),
    ],
)
def test_servers_that_forward_in_a_circle(
    net: Net, name: str, addresses: Sequence[str], is_known: bool
) -> None:
    host, port = addresses[0].split(":")
    with ring(net, name, addresses) as servers:
        failed, again, local = net.ask(
            "10.0.0.2",
            host,
            int(port),
            "looping.example.net. A",
            "looping.example.net. A +tcp",
            "www.example.com. A",
        )
        assert failed.status == again.status == "SERVFAIL"
        assert failed.milliseconds <= BUDGET_MS + SLACK_MS
        assert len(local.answer) == 2
        for server in servers:
            assert server.stats()["upstream_sent"] <= MAX_QUERIES
            assert server.running.process.poll() is None
        if is_known:
            servers[0].running.wait_for("sends our queries back")
            assert "forwarding loop" in again.opt["EDE"]["EXTRA-TEXT"]
