"""Who may connect, who has to make room, and what clients are told of it."""

from dataclasses import dataclass, field

from minidns.responder.via import Via
from minidns.transport.tcp_limits import PRESSED_IDLE_SECONDS, ConnectionTable, TcpLimits


@dataclass(eq=False)
class Fake:
    client: bytes
    is_idle: bool = field(default=True)
    is_stalled: bool = field(default=False)


def table(**limits: int) -> "tuple[ConnectionTable[Fake], Via]":
    via = Via("tcp", is_stream=True)
    return ConnectionTable(TcpLimits(**limits), via), via


def test_defaults_are_those_of_rfc_9210() -> None:
    limits = TcpLimits()
    assert (limits.connections, limits.connections_per_address, limits.idle_seconds) == (
        150,
        25,
        10,
    )


def test_per_address() -> None:
    connections, _ = table(connections_per_address=2)
    first, second, other = Fake(b"a"), Fake(b"a"), Fake(b"b")
    for each in (first, second, other):
        assert connections.has_room_for(each.client)
        connections.add(each)
    assert not connections.has_room_for(b"a")
    connections.remove(first)
    connections.remove(first)
    assert connections.has_room_for(b"a")
    assert connections.has_room_for(b"c")
    assert len(connections) == 2


def test_the_longest_silent_idle_one_goes_first() -> None:
    connections, _ = table(connections=3)
    first, second, third = Fake(b"a"), Fake(b"b"), Fake(b"c")
    for each in (first, second, third):
        assert not connections.is_full
        connections.add(each)
    assert connections.is_full
    assert connections.dispensable() is first
    connections.touch(first)
    assert connections.dispensable() is second
    second.is_idle = False
    assert connections.dispensable() is third
    third.is_idle = first.is_idle = False
    assert connections.dispensable() is None
    second.is_stalled = third.is_stalled = True
    assert connections.dispensable() is second
    first.is_idle = True
    assert connections.dispensable() is first


def test_keepalive_follows_the_pressure() -> None:
    """RFC 7828 section 3.1: units of 100 milliseconds; section 3.3.2: 0 under pressure."""
    connections, via = table(connections=20)
    assert via.keepalive == 100
    fakes = [Fake(bytes((n,))) for n in range(19)]
    for each in fakes[:18]:
        connections.add(each)
    assert (via.keepalive, connections.idle_seconds) == (100, 10.0)
    connections.add(fakes[18])
    assert (via.keepalive, connections.idle_seconds) == (0, PRESSED_IDLE_SECONDS)
    connections.remove(fakes[0])
    assert (via.keepalive, connections.idle_seconds) == (100, 10.0)


def test_keepalive_fits_its_field() -> None:
    _, via = table(idle_seconds=100_000)
    assert via.keepalive == 65535


def test_all_addresses_of_an_ipv6_host_count_together() -> None:
    """RFC 7934 section 6: a host may take as many of its /64 as it likes."""
    connections, _ = table(connections_per_address=2)
    first, second, other = (
        Fake(place + bytes((0,) * 7) + host)
        for place, host in (
            (b"\x20\x01\x0d\xb8\0\0\0\1", b"1"),
            (b"\x20\x01\x0d\xb8\0\0\0\1", b"2"),
            (b"\x20\x01\x0d\xb8\0\0\0\2", b"1"),
        )
    )
    connections.add(first)
    connections.add(second)
    assert not connections.has_room_for(first.client[:15] + b"3")
    assert connections.has_room_for(other.client)
    connections.remove(first)
    assert connections.has_room_for(first.client)
