"""Sockets of a systemd unit (sd_listen_fds(3)): served instead of binding."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import dns.message
import pytest

from minidns.sockets.bind import BoundPair, bind_pair
from minidns.sockets.linux import IS_LINUX
from tests.server.command import COM, Running, as_systemd, run_command, serving, write_zones

pytestmark = pytest.mark.skipif(not IS_LINUX, reason="systemd is of Linux")

QUERY = dns.message.make_query("www.example.com.", "A")


@pytest.fixture
def pair() -> Iterator[BoundPair]:
    bound = bind_pair("127.0.0.1", 0)
    yield bound
    bound.close()


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    return write_zones(tmp_path / "zones", com=COM)


def serving_passed(
    zones: Path, *descriptors: int, listen: tuple[str, ...] = ()
) -> AbstractContextManager[Running]:
    prefix = as_systemd(*descriptors)
    return serving(zones, listen=listen, prefix=prefix, descriptors=descriptors)


def test_both(zones: Path, pair: BoundPair) -> None:
    with serving_passed(zones, pair.tcp.fileno(), pair.udp.fileno()) as running:
        assert running.ready.endswith(f" on {pair.address} (UDP and TCP)")
        assert not [line for line in running.said if "systemd" in line]
        assert running.ask(QUERY).answer
        assert running.ask(QUERY, is_tcp=True).answer
        assert running.end()[0] == 0
    # systemd still holds them: the next one serves what waits.
    with serving_passed(zones, pair.udp.fileno(), pair.tcp.fileno()) as running:
        assert running.ask(QUERY, is_tcp=True).answer


def test_instead_of_listen(zones: Path, pair: BoundPair) -> None:
    descriptors = pair.udp.fileno(), pair.tcp.fileno()
    with serving_passed(zones, *descriptors, listen=("127.0.0.1:0",)) as running:
        assert running.addresses == [("127.0.0.1", pair.port)]
        warning = "minidns: warning: --listen is not used, since systemd passed sockets: "
        assert f"{warning}{pair.address} (UDP and TCP)" in running.said


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_half_of_a_pair(zones: Path, pair: BoundPair, kind: str) -> None:
    sock = pair.udp if kind == "udp" else pair.tcp
    lacks, directive = ("TCP", "ListenStream=") if kind == "udp" else ("UDP", "ListenDatagram=")
    with serving_passed(zones, sock.fileno()) as running:
        assert running.ready.endswith(f" on {pair.address} ({kind.upper()})")
        warning = f"minidns: warning: systemd passed no {lacks} for {pair.address}; add {directive}"
        assert any(line.startswith(warning) for line in running.said)
        assert running.ask(QUERY, is_tcp=kind == "tcp").answer


def test_for_another_process(zones: Path) -> None:
    """LISTEN_PID of somebody else: what is asked for is bound."""
    variables = {"LISTEN_PID": "1", "LISTEN_FDS": "2"}
    with serving(zones, variables=variables) as running:
        assert running.ask(QUERY).answer


def test_what_is_no_socket(zones: Path) -> None:
    with open("/dev/null") as file:
        prefix = as_systemd(file.fileno())
        words = ("serve", "--no-forward", "--zones", zones)
        done = run_command(*words, prefix=prefix, descriptors=(file.fileno(),))
    assert done.returncode == 2
    assert done.stderr.startswith("minidns: descriptor 3 from systemd is no socket")
