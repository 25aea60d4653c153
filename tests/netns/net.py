"""A client, a server and an upstream in networks of their own, with addresses of all kinds.

    client c0 ---- s0 server s1 ---- u0 upstream
    10.0.0.2, 203.0.113.5, fd00:1::5, 2001:db8::5, fe80::5
                   10.0.0.1, 10.0.0.3, 203.0.113.1, fd00:1::1, 2001:db8::1, fe80::1
                             192.0.2.1      192.0.2.53

A second upstream is a neighbour of the server on its loopback, 127.0.0.54 port 5354. Each of the
two has addresses of its own for all names below example.net., so that it shows who was asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from minidns.server.control_client import ask as ask_control
from tests.forwarding.dig import Dug, dig_all
from tests.netns.namespaces import Namespace, join, namespace
from tests.server.command import Running, serving

CLIENT = """\
ip addr add 10.0.0.2/24 dev c0
ip addr add 203.0.113.5/24 dev c0
ip -6 addr add fd00:1::5/64 dev c0 nodad
ip -6 addr add 2001:db8::5/64 dev c0 nodad
ip -6 addr add fe80::5/64 dev c0 nodad
"""
SERVER = """\
ip addr add 10.0.0.1/24 dev s0
ip addr add 10.0.0.3/24 dev s0
ip addr add 203.0.113.1/24 dev s0
ip -6 addr add fd00:1::1/64 dev s0 nodad
ip -6 addr add 2001:db8::1/64 dev s0 nodad
ip -6 addr add fe80::1/64 dev s0 nodad
ip addr add 192.0.2.1/24 dev s1
"""
UPSTREAM = """\
ip addr add 192.0.2.53/24 dev u0
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit  # else six, then one a second
"""
FAR, NEIGHBOUR = "192.0.2.53:53", "127.0.0.54:5354"
BY_FAR, BY_NEIGHBOUR = "198.51.100.1", "198.51.100.2"
ZONE = "'': {{type: NS, value: ns.example.net.}}\n'*': {{type: A, value: {}}}\n"


@dataclass(frozen=True)
class Controlled:
    """A server that runs, and its control socket, which a network namespace does not hide."""

    running: Running
    control: Path

    def stats(self) -> dict[str, int]:
        """`minidns cache stats`."""
        return _numbers(ask_control(self.control, ["cache", "stats"]))

    @property
    def queries(self) -> int:
        """That have come, over UDP and TCP."""
        totals = _numbers(ask_control(self.control, ["sockets", "totals"]))
        return totals["udp_queries"] + totals["tcp_queries"]


@dataclass(frozen=True)
class Net:
    """The three namespaces, and the two who are asked."""

    client: Namespace
    server: Namespace
    upstream: Namespace
    far: Controlled
    neighbour: Controlled
    directory: Path

    def ask(self, source: str, host: str, port: int, *questions: str) -> list[Dug]:
        """dig run by the client, from one of its addresses; a question is dig's own words.

        Without `source` it is the one that fits `host`.
        """
        words = [question.split() for question in questions]
        more = ("-b", source) if source else ()
        return dig_all((host, port), words, *more, prefix=self.client.prefix)

    @property
    def asked(self) -> int:
        """Queries that upstreams have seen."""
        return self.far.queries + self.neighbour.queries


@contextmanager
def made_net(directory: Path) -> Iterator[Net]:
    """All of it, or a skip."""
    with ExitStack() as held:
        client, server, upstream = (held.enter_context(namespace()) for _ in range(3))
        join(server, "s0", client, "c0")
        join(server, "s1", upstream, "u0")
        for where, script in ((client, CLIENT), (server, SERVER), (upstream, UPSTREAM)):
            where.run(script)
        asked = [
            held.enter_context(upstream_at(directory / name, where, listen, address))
            for name, where, listen, address in (
                ("far", upstream, FAR, BY_FAR),
                ("neighbour", server, NEIGHBOUR, BY_NEIGHBOUR),
            )
        ]
        yield Net(client, server, upstream, *asked, directory)


@contextmanager
def upstream_at(
    directory: Path, where: Namespace, listen: str, address: str
) -> Iterator[Controlled]:
    """An authority for example.net. that has one address for all names."""
    directory.mkdir(exist_ok=True)
    (directory / "example.net.yaml").write_text(ZONE.format(address))
    with running(directory, where, (listen,), "--no-forward", zones=directory) as controlled:
        yield controlled


@contextmanager
def running(
    directory: Path, where: Namespace, listen: Sequence[str], *arguments: str, zones: Path
) -> Iterator[Controlled]:
    """`minidns serve` in a namespace; `directory` is for its control socket."""
    directory.mkdir(exist_ok=True)
    control = directory / "control.sock"
    options = (*arguments, "--control", str(control))
    with serving(zones, *options, listen=listen, prefix=where.prefix) as server:
        yield Controlled(server, control)


def _numbers(lines: Iterable[str]) -> dict[str, int]:
    return {name: int(number) for name, number in map(str.split, lines)}
