"""Who has names resolved, by the address that a query comes from (rows X05 and X07).

Others get REFUSED without RA; nothing is asked or looked up for them, and zones here are theirs all
the same.
"""

import sys
from collections.abc import Iterator
from itertools import count

import pytest

from tests.netns.net import BY_FAR, FAR, Controlled, Net, running
from tests.server.command import COM, write_zones

PORT, ALLOWING_PORT, DUAL_PORT = 53, 1053, 2053
FRIENDS = (  # source, whom it asks
    ("10.0.0.2", "10.0.0.1"),
    ("10.0.0.2", "203.0.113.1"),
    ("fd00:1::5", "fd00:1::1"),
    ("", "fe80::1%c0"),  # dig takes no scope for a source, and needs none: there is one only
)
STRANGERS = (
    ("203.0.113.5", "203.0.113.1"),
    ("203.0.113.5", "10.0.0.1"),
    ("2001:db8::5", "2001:db8::1"),
    ("2001:db8::5", "fd00:1::1"),
)
LOCAL = {"www.example.com. A 192.0.2.10", "www.example.com. A 192.0.2.11"}
# One socket for both families, as systemd passes them (BindIPv6Only=both), then the command.
DUAL = f"""
import fcntl, os, socket, sys
for kind, number in ((socket.SOCK_DGRAM, 3), (socket.SOCK_STREAM, 4)):
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", {DUAL_PORT}))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    high = fcntl.fcntl(sock.detach(), fcntl.F_DUPFD, 50)  # else it may be that number already
    os.dup2(high, number, inheritable=True)
    os.close(high)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2")
os.execv(sys.argv[1], sys.argv[1:])
"""
_numbers = count()


def outside() -> str:
    """A name that was never asked for."""
    return f"n{next(_numbers)}.example.net."


@pytest.fixture(scope="module")
def server(net: Net) -> Iterator[Controlled]:
    """With the settings that there are by default."""
    zones = write_zones(net.directory / "who", com=COM)
    listen = ("0.0.0.0:53", "[::]:53")
    where = net.directory / "who-default"
    with running(where, net.server, listen, "--forward", FAR, zones=zones) as made:
        yield made


@pytest.mark.parametrize(("source", "host"), FRIENDS)
def test_private_networks_have_names_resolved(
    net: Net, server: Controlled, source: str, host: str
) -> None:
    udp, tcp = outside(), outside()
    by_udp, by_tcp, local = net.ask(
        source, host, PORT, f"{udp} A", f"{tcp} A +tcp", "www.example.com. A"
    )
    assert by_udp.records == {f"{udp} A {BY_FAR}"}
    assert by_tcp.records == {f"{tcp} A {BY_FAR}"}
    assert by_udp.flags == by_tcp.flags == {"qr", "rd", "ra"}
    assert (local.records, local.flags) == (LOCAL, {"qr", "aa", "rd", "ra"})


@pytest.mark.parametrize(("source", "host"), STRANGERS)
def test_others_are_refused_and_cost_nothing(
    net: Net, server: Controlled, source: str, host: str
) -> None:
    kept = outside()
    net.ask("10.0.0.2", "10.0.0.1", PORT, f"{kept} A")
    before, asked = server.stats(), net.asked
    *refused, udp, tcp = net.ask(
        source,
        host,
        PORT,
        f"{kept} A",
        f"{kept} A +tcp",
        f"{outside()} A",
        f"{outside()} A +tcp",
        "www.example.com. A",
        "www.example.com. A +tcp",
    )
    for reply in refused:
        assert (reply.status, reply.answer) == ("REFUSED", ())
        assert reply.flags == {"qr", "rd"}
        assert "Prohibited" in str(reply.opt["EDE"])
    for local in (udp, tcp):
        assert (local.records, local.flags) == (LOCAL, {"qr", "aa", "rd"})
    assert net.asked == asked
    after = server.stats()
    for looked in ("hits", "misses", "upstream_sent", "waiting"):
        assert after[looked] == before[looked], looked


def test_a_network_that_is_allowed_is_let_in_and_no_other(net: Net) -> None:
    """`--allow` says all; who is private is not among them then."""
    zones = write_zones(net.directory / "who", com=COM)
    listen = (f"203.0.113.1:{ALLOWING_PORT}", f"10.0.0.1:{ALLOWING_PORT}")
    options = ("--forward", FAR, "--allow", "203.0.113.0/24")
    where = net.directory / "who-allowing"
    with running(where, net.server, listen, *options, zones=zones):
        name = outside()
        for more in ("", "+tcp"):
            (let_in,) = net.ask("203.0.113.5", "203.0.113.1", ALLOWING_PORT, f"{name} A {more}")
            assert let_in.records == {f"{name} A {BY_FAR}"}
            assert "ra" in let_in.flags
            asked = net.asked
            (refused,) = net.ask("10.0.0.2", "10.0.0.1", ALLOWING_PORT, f"{name} A {more}")
            assert (refused.status, refused.flags) == ("REFUSED", {"qr", "rd"})
            assert net.asked == asked


def test_an_ipv4_client_of_a_socket_for_both_families_is_one(net: Net) -> None:
    """X07: ::ffff:203.0.113.5 is 203.0.113.5, and ::ffff:10.0.0.2 is private."""
    zones = write_zones(net.directory / "who", com=COM)
    dual = net.server._replace(prefix=(*net.server.prefix, sys.executable, "-c", DUAL))
    with running(net.directory / "who-dual", dual, (), "--forward", FAR, zones=zones) as server:
        name = outside()
        for more in ("", "+tcp"):
            (friend,) = net.ask("10.0.0.2", "10.0.0.1", DUAL_PORT, f"{name} A {more}")
            assert friend.records == {f"{name} A {BY_FAR}"}
            sent = server.stats()["upstream_sent"]
            for source, host in (("203.0.113.5", "203.0.113.1"), ("2001:db8::5", "2001:db8::1")):
                kept, new, local = net.ask(
                    source,
                    host,
                    DUAL_PORT,
                    f"{name} A {more}",
                    f"{outside()} A {more}",
                    f"www.example.com. A {more}",
                )
                assert kept.status == new.status == "REFUSED"
                assert local.records == LOCAL
            assert server.stats()["upstream_sent"] == sent


def test_replies_come_from_the_address_that_was_asked(net: Net, server: Controlled) -> None:
    """Of a wildcard socket, at once and after a wait; dig takes no others."""
    hosts = ("10.0.0.1", "10.0.0.3", "203.0.113.1")
    for host in hosts:
        for more in ("", "+tcp"):
            questions = ("www.example.com. A", f"{outside()} A", "www.example.com. A")
            replies = net.ask("10.0.0.2", host, PORT, *(f"{each} {more}" for each in questions))
            assert {reply.source for reply in replies} == {host}
            assert {reply.status for reply in replies} == {"NOERROR"}
