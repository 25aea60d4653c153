"""Upstreams with a zone identifier (RFC 4007 section 11), in a network namespace of its own."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from minidns.resolver.model import Failure, FailureKind, Protocol, Question, Upstream
from minidns.upstream.endpoint import endpoint_of
from minidns.upstream.exchange import Upstreams
from tests.upstream.fake_upstream import fake_upstream, run

ROOT = Path(__file__).parents[2]
QUESTION = Question(b"\x03www\x07example\x00", 1)
# The same address on two links: only its zone tells them apart.
SETUP = """set -e
ip link set lo up
ip link add d0 type veth peer name d1
ip link add e0 type veth peer name e1
for link in d0 d1 e0 e1; do ip link set $link up; done
ip -6 addr add fe80::53/64 dev d0 nodad
ip -6 addr add fe80::53/64 dev e1 nodad
"""


def test_link_local_upstreams_over_udp_and_tcp() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip") is None:
        pytest.skip("no unshare or ip here")
    namespace = [unshare, "--map-root-user", "--net", "sh", "-c"]
    if subprocess.run([*namespace, SETUP], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace with IPv6 and veth to be had")
    command = f'{SETUP} exec "{sys.executable}" -m tests.upstream.test_zone_id'
    done = subprocess.run(
        [*namespace, command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["asked 8"]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_zone_that_is_no_interface_is_named(protocol: Protocol) -> None:
    async def main() -> None:
        upstreams = Upstreams()
        reply = await upstreams.exchange(
            Upstream("fe80::1%nosuch0", 53, protocol), QUESTION, seconds=10.0
        )
        text = "there is no interface nosuch0"
        assert reply == Failure(FailureKind.UNREACHABLE, text)
        await upstreams.close()

    run(main())


def test_where_an_upstream_is() -> None:
    name = socket.if_nameindex()[0][1]
    index = socket.if_nametoindex(name)
    assert endpoint_of("192.0.2.1", 53) == (socket.AF_INET, ("192.0.2.1", 53))
    assert endpoint_of("2001:db8::1", 5353) == (socket.AF_INET6, ("2001:db8::1", 5353, 0, 0))
    assert endpoint_of(f"fe80::1%{name}", 53) == (socket.AF_INET6, ("fe80::1", 53, 0, index))
    assert endpoint_of("fe80::1%7", 53) == (socket.AF_INET6, ("fe80::1", 53, 0, 7))


async def ask_each() -> None:
    """Run inside the namespace."""
    asked = 0
    upstreams = Upstreams()
    for zone in ("d0", "e1"):
        async with fake_upstream(host=f"fe80::53%{zone}") as fake:
            for shown in (zone, str(socket.if_nametoindex(zone))):
                for protocol in (Protocol.UDP, Protocol.TCP):
                    upstream = Upstream(f"fe80::53%{shown}", fake.port, protocol)
                    reply = await upstreams.exchange(upstream, QUESTION, 10.0)
                    assert not isinstance(reply, Failure), (upstream, reply)
                    asked += 1
    await upstreams.close()
    print(f"asked {asked}")


if __name__ == "__main__":
    run(ask_each())
