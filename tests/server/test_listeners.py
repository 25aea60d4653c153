"""Which sockets are served."""

import pytest

from minidns.config import DEFAULT_LISTEN, ServeSettings
from minidns.server.listeners import Listeners, open_listeners
from minidns.server.start_error import StartError
from minidns.sockets.bind import bind_pair
from minidns.sockets.listen_address import ListenAddress, parse_listen_address


def test_default_is_loopback_on_5053() -> None:
    """The group shares a port number, and does without ::1 where there is no IPv6."""
    (default,) = (parse_listen_address(text) for text in DEFAULT_LISTEN)
    assert default == ListenAddress(("127.0.0.1", "::1"), 5053)


def ports_of(listeners: Listeners) -> tuple[list[int], list[int]]:
    udp, tcp = ([sock.getsockname()[1] for sock in sockets] for sockets in listeners)
    listeners.close()
    return udp, tcp


def test_each_port_0_is_another() -> None:
    udp, tcp = ports_of(open_listeners(ServeSettings(listen=("127.0.0.1:0", "127.0.0.1:0"))))
    assert udp == tcp
    assert len(set(udp)) == 2


def test_written_twice_is_bound_once() -> None:
    with_port = bind_pair("127.0.0.1", 0)
    with_port.close()
    udp, tcp = ports_of(open_listeners(ServeSettings(listen=(with_port.address,) * 2)))
    assert udp == tcp == [with_port.port]


def test_two_may_share_where_both_ask() -> None:
    first = open_listeners(ServeSettings(listen=("127.0.0.1:0",), reuse_port=True))
    address = str(first).partition(" ")[0]
    second = open_listeners(ServeSettings(listen=(address,), reuse_port=True))
    assert ports_of(first) == ports_of(second)


def test_bad_address() -> None:
    with pytest.raises(StartError, match=r"'1\.2\.3' is no IP address"):
        open_listeners(ServeSettings(listen=("1.2.3:53",)))


def test_busy_port() -> None:
    holder = bind_pair("127.0.0.1", 0)
    try:
        with pytest.raises(StartError, match=f"cannot listen on {holder.address} over UDP"):
            open_listeners(ServeSettings(listen=(holder.address,)))
    finally:
        holder.close()
