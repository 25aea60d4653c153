"""Views: other zones and other upstreams for other networks, by the address of the client.

What one network was answered is never given to another, whoever asks first, over UDP and TCP, IPv4
and IPv6, from zones, from upstreams and along a chain from one to the other.
"""

from collections.abc import Iterator

import pytest

from minidns.server.control_client import ask as ask_control
from tests.netns.net import BY_FAR, BY_NEIGHBOUR, FAR, NEIGHBOUR, Controlled, Net, running
from tests.server.command import write_zones

PORT = 3053
ZONE = """\
'': {{type: NS, value: ns.example.com.}}
www: {{type: A, value: 192.0.2.{}}}
tree: {{type: DNAME, value: example.net.}}
"""
CONFIGURATION = f"""\
allow: [10.0.0.0/8, 203.0.113.0/24, '2001:db8::/32', 'fd00::/8', 'fe80::/10']
zones:
  - {{path: for-office, clients: [10.0.0.0/8, 'fd00:1::/64']}}
  - {{path: for-link, clients: ['fe80::/10']}}
forward:
  - {{domain: ., upstreams: ['{FAR}']}}
  - {{domain: ., upstreams: ['{NEIGHBOUR}'], clients: [10.0.0.0/8, 'fd00:1::/64']}}
"""
ALL, OFFICE, LINK = ("192.0.2.1", BY_FAR), ("192.0.2.2", BY_NEIGHBOUR), ("192.0.2.3", BY_FAR)
CLIENTS = (  # source, whom it asks, what it sees
    ("10.0.0.2", "10.0.0.1", OFFICE),
    ("203.0.113.5", "203.0.113.1", ALL),
    ("fd00:1::5", "fd00:1::1", OFFICE),
    ("2001:db8::5", "2001:db8::1", ALL),
    ("", "fe80::1%c0", LINK),
)
ROUNDS = 2  # the second is out of the caches


@pytest.fixture(scope="module")
def server(net: Net) -> Iterator[Controlled]:
    directory = net.directory / "views"
    for name, number in (("for-all", 1), ("for-office", 2), ("for-link", 3)):
        (directory / name).mkdir(parents=True)
        write_zones(directory / name, com=ZONE.format(number))
    config = directory / "minidns.yaml"
    config.write_text(CONFIGURATION)
    listen = (f"0.0.0.0:{PORT}", f"[::]:{PORT}")
    options = ("--config", str(config))
    with running(directory, net.server, listen, *options, zones=directory / "for-all") as made:
        yield made


@pytest.mark.parametrize("first", [0, 1])
def test_each_network_sees_its_own_whoever_asks_first(
    net: Net, server: Controlled, first: int
) -> None:
    """In turns, `first` before the others; names are new in each run."""
    name, chained = f"first{first}.example.net.", f"chained{first}"
    asked = net.asked
    questions = [
        f"{question} A {more}"
        for more in ("+notcp", "+tcp")
        for question in ("www.example.com.", f"{chained}.tree.example.com.", name)
    ]
    for _ in range(ROUNDS):
        for source, host, (zone, upstream) in CLIENTS[first:] + CLIENTS[:first]:
            replies = net.ask(source, host, PORT, *questions)
            right = [
                {f"www.example.com. A {zone}"},
                {
                    "tree.example.com. DNAME example.net.",
                    f"{chained}.tree.example.com. CNAME {chained}.example.net.",
                    f"{chained}.example.net. A {upstream}",
                },
                {f"{name} A {upstream}"},
            ]
            assert [reply.records for reply in replies] == right * 2
            assert [reply.protocol for reply in replies] == ["UDP"] * 3 + ["TCP"] * 3
    assert net.asked - asked == 2 * 3  # sights: of the office, of the link, and of all others


def test_a_flush_is_one_of_all_sights(net: Net, server: Controlled) -> None:
    """And what was kept for one network is not what another one loses."""
    for source, host, (_, upstream) in CLIENTS:
        (reply,) = net.ask(source, host, PORT, "flushed.example.net. A")
        assert reply.records == {f"flushed.example.net. A {upstream}"}
    kept = server.stats()["answers"]
    assert list(ask_control(server.control, ["cache", "flush", "flushed.example.net"])) == [
        "flushed 3"
    ]
    assert server.stats()["answers"] == kept - 3
