"""Which sockets are served."""

import pytest

from minidns.config import DEFAULT_LISTEN, ServeSettings
from minidns.server import listeners as listeners_module
from minidns.server.listeners import Listeners, open_listeners
from minidns.server.start_error import StartError
from minidns.sockets import bind
from minidns.sockets.bind import BoundPair, bind_pair
from minidns.sockets.control import Control
from minidns.sockets.linux import IS_LINUX
from minidns.sockets.listen_address import ListenAddress, parse_listen_address


def test_default_is_loopback_on_5053() -> None:
    """The group shares a port number, and does without ::1 where there is no IPv6."""
    (default,) = (parse_listen_address(text) for text in DEFAULT_LISTEN)
    assert default == ListenAddress(("127.0.0.1", "::1"), 5053)


def ports_of(groups: list[Listeners]) -> tuple[list[int], list[int]]:
    (listeners,) = groups
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
    address = str(first[0]).partition(" ")[0]
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


@pytest.mark.skipif(not IS_LINUX, reason="SO_REUSEPORT divides the clients on Linux")
def test_each_worker_has_its_own_sockets_on_the_same_addresses() -> None:
    listen = ("127.0.0.1:0", "127.0.0.1:0")
    groups = open_listeners(ServeSettings(listen=listen, workers=3))
    assert len(groups) == 3
    assert len({str(group) for group in groups}) == 1
    descriptors = [sock.fileno() for group in groups for sock in group.udp + group.tcp]
    assert len({*descriptors}) == 3 * 4
    addresses = [sock.getsockname() for sock in groups[0].udp]
    assert addresses[0] != addresses[1]
    for group in groups:
        group.close()


def test_workers_do_not_join_who_has_the_port() -> None:
    """SO_REUSEPORT alone would let a second server in, and divide the clients between them."""
    first = open_listeners(ServeSettings(listen=("127.0.0.1:0",), workers=2))
    address = str(first[0]).partition(" ")[0]
    with pytest.raises(StartError, match=f"cannot listen on {address} over UDP"):
        open_listeners(ServeSettings(listen=(address,), workers=2))
    joined = open_listeners(ServeSettings(listen=(address,), workers=2, reuse_port=True))
    for group in first + joined:
        group.close()


@pytest.mark.skipif(not IS_LINUX, reason="sockets are shared")
def test_number_that_another_takes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two times that a free port is bound somebody else may."""
    taken: list[BoundPair] = []

    def bind_all(addresses: list[ListenAddress], control: Control) -> list[BoundPair]:
        if not taken and addresses[0].port:
            taken.append(bind_pair("127.0.0.1", addresses[0].port))
        return bind.bind_all(addresses, control)

    monkeypatch.setattr(listeners_module, "bind_all", bind_all)
    groups = open_listeners(ServeSettings(listen=("127.0.0.1:0",), workers=2))
    assert taken[0].address not in str(groups[0])
    for group in groups:
        group.close()
    taken[0].close()
    fixed = taken.pop().address  # this time it is no free one that is asked for
    with pytest.raises(StartError, match="cannot listen"):
        open_listeners(ServeSettings(listen=(fixed,), workers=2))
    taken[0].close()
