"""The system's resolvers: resolv.conf, the list behind systemd's stub, this server left out."""

import os
from pathlib import Path

from minidns.server.own_addresses import is_own_address
from minidns.server.system_resolvers import SystemResolvers


def _resolvers(
    directory: Path, text: str, real: str = "", own: str = "127.0.0.1"
) -> SystemResolvers:
    (directory / "resolv.conf").write_text(text)
    (directory / "real.conf").write_text(real)
    return SystemResolvers(
        lambda upstream: upstream.address == own,
        directory / "resolv.conf",
        [directory / "missing.conf", directory / "real.conf"],
    )


def _addresses(resolvers: SystemResolvers) -> list[str]:
    return [upstream.address for upstream in resolvers.read().upstreams]


def test_the_servers_of_resolv_conf_in_order_each_once(tmp_path: Path) -> None:
    text = "# nameserver 1.1.1.1\nsearch lan\nnameserver 192.0.2.2\nnameserver 192.0.2.1 #x\n"
    assert _addresses(_resolvers(tmp_path, text * 2)) == ["192.0.2.2", "192.0.2.1"]


def test_the_list_behind_the_stub(tmp_path: Path) -> None:
    resolvers = _resolvers(tmp_path, "nameserver 127.0.0.53\n", "nameserver 192.0.2.9\n")
    assert _addresses(resolvers) == ["192.0.2.9"]


def test_the_stub_itself_where_no_list_is_behind_it(tmp_path: Path) -> None:
    assert _addresses(_resolvers(tmp_path, "nameserver 127.0.0.53\n")) == ["127.0.0.53"]


def test_this_server_is_left_out_with_a_message(tmp_path: Path) -> None:
    text = "nameserver 127.0.0.1\nnameserver 192.0.2.1\n"
    found = _resolvers(tmp_path, text).read()
    assert [upstream.address for upstream in found.upstreams] == ["192.0.2.1"]
    assert found.messages[0].endswith("resolv.conf:1: 127.0.0.1 is this server itself: left out")


def test_nothing_left_says_what_to_do(tmp_path: Path) -> None:
    found = _resolvers(tmp_path, "nameserver 127.0.0.1\n").read()
    assert found.upstreams == ()
    assert "--forward" in found.messages[-1]


def test_a_bad_line_is_reported_and_skipped(tmp_path: Path) -> None:
    found = _resolvers(tmp_path, "nameserver dns.example\nnameserver 192.0.2.1\n").read()
    assert len(found.upstreams) == 1
    assert "resolv.conf:1: 'dns.example'" in found.messages[0]


def test_a_change_is_seen(tmp_path: Path) -> None:
    resolvers = _resolvers(tmp_path, "nameserver 192.0.2.1\n")
    assert resolvers.has_changed()
    resolvers.read()
    assert not resolvers.has_changed()
    os.utime(tmp_path / "resolv.conf", ns=(1, 1))
    assert resolvers.has_changed()


def test_own_addresses() -> None:
    assert is_own_address("127.0.0.1")
    assert not is_own_address("192.0.2.1")
