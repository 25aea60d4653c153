"""X13 on a machine with several addresses of both families: a network namespace of its own.

Every address of a wildcard socket is asked, link-local ones too, and the reply must come from it.
"""

import asyncio
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transport.clients import FakeResponder, UdpClient, run, udp_server

ROOT = Path(__file__).parents[2]
SETUP = """set -e
ip link set lo up
ip link add d0 type veth peer name d1
ip link set d0 up
ip link set d1 up
ip addr add 10.1.0.1/24 dev d0
ip addr add 10.1.0.2/24 dev d0
ip -6 addr add fd00:1::1/64 dev d0 nodad
ip -6 addr add fd00:1::2/64 dev d0 nodad
ip -6 addr add fe80::53/64 dev d0 nodad
"""
V4 = ("127.0.0.1", "10.1.0.1", "10.1.0.2")
V6 = ("::1", "fd00:1::1", "fd00:1::2", "fe80::53")


def test_every_address_replies_from_itself() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip") is None:
        pytest.skip("no unshare or ip here")
    namespace = [unshare, "--map-root-user", "--net", "sh", "-c"]
    if subprocess.run([*namespace, SETUP], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace with IPv6 and veth to be had")
    command = f'{SETUP} exec "{sys.executable}" -m tests.transport.test_udp_interfaces'
    done = subprocess.run(
        [*namespace, command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["asked 14 addresses"]


async def ask_every_address() -> None:
    """Run inside the namespace."""
    asked = 0
    scope = socket.if_nametoindex("d0")
    for batched in (True, False):
        for wildcard, addresses in (("0.0.0.0", V4), ("::", V6)):
            responder = FakeResponder()
            async with udp_server(responder, {b"hit": b"x"}, wildcard, batched=batched) as (
                server,
                pair,
            ):
                with UdpClient(wildcard) as client:
                    targets = [
                        (each, pair.port, 0, scope if each.startswith("fe80") else 0)[
                            : 4 if ":" in each else 2
                        ]
                        for each in addresses
                    ]
                    # One after another, then all in one batch: link-local beside the others.
                    for target in targets:
                        for body in (b"hit", b"miss"):
                            client.sock.sendto(b".." + body, target)
                            assert (await client.receive())[1] == target[:2], target
                    for target in targets:
                        client.sock.sendto(b"..hit", target)
                    sources = {(await client.receive())[1] for _ in targets}
                    assert sources == {target[:2] for target in targets}
                    for target in targets:
                        client.sock.sendto(b"..later", target)
                        while not responder.waiting:
                            await asyncio.sleep(0)
                        responder.release(b"..later", b"..done")
                        assert await client.receive() == (b"..done", target[:2])
                assert server.counters.dropped_send == 0
            asked += len(addresses)
    print(f"asked {asked} addresses")


if __name__ == "__main__":
    run(ask_every_address())
