"""Who holds a port, from a /proc of our own making and from the real one."""

import os
import socket
import struct
from pathlib import Path

import pytest

from minidns.sockets.linux import IS_LINUX
from minidns.sockets.port_holder import Holder, find_port_holders

HEADER = "sl local_address rem_address st tx_queue:rx tr:when retrnsmt uid timeout inode\n"
ROW = (
    "   0: {local}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000"
    "   101        0 {inode} 1 0000000000000000 0\n"
)


def make_proc(proc: Path, rows: dict[str, str], processes: dict[int, tuple[str, str]]) -> Path:
    (proc / "net").mkdir(parents=True)
    for table, text in rows.items():
        (proc / "net" / table).write_text(HEADER + text)
    for pid, (command, inode) in processes.items():
        (proc / str(pid) / "fd").mkdir(parents=True)
        (proc / str(pid) / "comm").write_text(command + "\n")
        (proc / str(pid) / "fd" / "3").symlink_to(f"socket:[{inode}]")
        (proc / str(pid) / "fd" / "4").symlink_to("/dev/null")
    return proc


def test_finds_the_process(tmp_path: Path) -> None:
    resolved = ROW.format(local="3500007F", port=53, state="07", inode=777)
    other = ROW.format(local="0100007F", port=5353, state="07", inode=778)
    proc = make_proc(
        tmp_path / "proc",
        {"udp": other + resolved},
        {612: ("systemd-resolve", "777"), 7: ("x", "778")},
    )
    assert find_port_holders("udp4", "127.0.0.53", 53, proc) == [Holder(612, "systemd-resolve")]
    assert str(Holder(612, "systemd-resolve")) == "systemd-resolve (pid 612)"


@pytest.mark.parametrize(
    ("wanted", "held", "is_holder"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.53", False),  # systemd-resolved is not in the way here,
        ("0.0.0.0", "127.0.0.53", True),  # but it is here
        ("127.0.0.1", "0.0.0.0", True),
        ("0.0.0.0", "0.0.0.0", True),
        ("127.0.0.1", "::", True),  # perhaps, /proc does not tell whether it is dual-stack
        ("127.0.0.1", "::1", False),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.2", "::ffff:127.0.0.1", False),
        ("0.0.0.0", "::1", False),
        ("::1", "::1", True),
        ("::1", "::", True),
        ("::", "::1", True),
        ("::1", "2001:db8::1", False),
        ("fe80::1%lo", "fe80::1", True),
        ("::1", "127.0.0.1", False),
        ("::", "0.0.0.0", False),  # bound with IPV6_V6ONLY
    ],
)
def test_only_what_is_in_the_way(tmp_path: Path, wanted: str, held: str, is_holder: bool) -> None:
    row = ROW.format(local=as_proc_writes(held), port=53, state="07", inode=5)
    table = "udp6" if ":" in held else "udp"
    proc = make_proc(tmp_path / "proc", {table: row}, {9: ("named", "5")})
    network = "udp6" if ":" in wanted else "udp4"
    expected = [Holder(9, "named")] if is_holder else []
    assert find_port_holders(network, wanted, 53, proc) == expected


def as_proc_writes(address: str) -> str:
    """Words of four octets, printed as numbers: net/ipv4/udp.c, net/ipv6/udp.c."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words)


def test_dual_stack_holder_of_an_ipv4_port(tmp_path: Path) -> None:
    row = ROW.format(local="0" * 32, port=53, state="0A", inode=5)
    proc = make_proc(tmp_path / "proc", {"tcp6": row}, {9: ("named", "5")})
    assert find_port_holders("tcp4", "127.0.0.1", 53, proc) == [Holder(9, "named")]
    assert find_port_holders("udp4", "127.0.0.53", 53, proc) == []


def test_connections_hold_no_port(tmp_path: Path) -> None:
    row = ROW.format(local="0100007F", port=53, state="01", inode=5)
    proc = make_proc(tmp_path / "proc", {"tcp": row}, {9: ("curl", "5")})
    assert find_port_holders("tcp4", "127.0.0.1", 53, proc) == []


def test_unreadable_process(tmp_path: Path) -> None:
    row = ROW.format(local="0100007F", port=53, state="07", inode=5)
    proc = make_proc(tmp_path / "proc", {"udp": row}, {})
    (holder,) = find_port_holders("udp4", "127.0.0.1", 53, proc)
    assert str(holder) == "a process that only root may see"


def test_no_proc(tmp_path: Path) -> None:
    assert find_port_holders("udp4", "127.0.0.1", 53, tmp_path) == []


@pytest.mark.skipif(not IS_LINUX, reason="Linux only")
@pytest.mark.parametrize("network", ["udp4", "tcp4"])
def test_finds_this_process(network: str) -> None:
    kind = socket.SOCK_DGRAM if network == "udp4" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        if network == "tcp4":
            sock.listen()
        holders = find_port_holders(network, "127.0.0.1", sock.getsockname()[1])
    assert [holder.pid for holder in holders] == [os.getpid()]
