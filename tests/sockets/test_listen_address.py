"""Listen addresses as users write them."""

import pytest

from minidns.sockets.listen_address import BadListenAddress, parse_listen_address

BOTH = ("0.0.0.0", "::")


@pytest.mark.parametrize(
    ("text", "hosts", "port", "shown"),
    [
        ("127.0.0.1:53", ("127.0.0.1",), 53, "127.0.0.1:53"),
        ("127.0.0.1", ("127.0.0.1",), 5053, "127.0.0.1:5053"),
        (" 10.0.0.1:0 ", ("10.0.0.1",), 0, "10.0.0.1:0"),
        ("[::1]:53", ("::1",), 53, "[::1]:53"),
        ("[::1]", ("::1",), 5053, "[::1]:5053"),
        ("::1", ("::1",), 5053, "[::1]:5053"),
        ("2001:DB8:0::1", ("2001:db8::1",), 5053, "[2001:db8::1]:5053"),
        ("[fe80::1%eth0]:53", ("fe80::1%eth0",), 53, "[fe80::1%eth0]:53"),
        ("fe80::1%3", ("fe80::1%3",), 5053, "[fe80::1%3]:5053"),
        ("0.0.0.0:53", ("0.0.0.0",), 53, "0.0.0.0:53"),
        ("[::]:53", ("::",), 53, "[::]:53"),
        (":53", BOTH, 53, ":53"),
        (":0", BOTH, 0, ":0"),
        ("localhost:65535", ("127.0.0.1", "::1"), 65535, "localhost:65535"),
        ("LocalHost", ("127.0.0.1", "::1"), 5053, "localhost:5053"),
    ],
)
def test_reads(text: str, hosts: tuple[str, ...], port: int, shown: str) -> None:
    address = parse_listen_address(text)
    assert (address.hosts, address.port, str(address)) == (hosts, port, shown)


def test_default_port_is_the_callers() -> None:
    assert parse_listen_address("::1", default_port=53).port == 53


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "empty"),
        (":", "number from 0 to 65535"),
        ("127.0.0.1:", "number from 0 to 65535"),
        ("127.0.0.1:65536", "number from 0 to 65535"),
        ("127.0.0.1:000053", "number from 0 to 65535"),
        ("127.0.0.1:-1", "number from 0 to 65535"),
        ("127.0.0.1:\u0665", "number from 0 to 65535"),
        ("127.0.0.1:" + "9" * 5000, "number from 0 to 65535"),
        ("[::1]:dns", "number from 0 to 65535"),
        ("[::1", "closing bracket"),
        ("[::1]53", "':PORT'"),
        ("[127.0.0.1]:53", "brackets are for IPv6"),
        ("::1:53:", "no address"),
        ("::1:5053", r"write \[::1\]:5053, or \[::1:5053\] for the whole"),
        ("ns.example.com:53", "no IP address"),
        ("5053", "no IP address"),
        ("999.1.1.1:53", "no IP address"),
        ("[::ffff:10.0.0.1]:53", "10.0.0.1"),
        ("[fe80::1]:53", r"another on each interface; name it, \[fe80::1%eth0\]"),
        ("fe80::1", "another on each interface"),
        ("224.0.0.251:53", "multicast"),
        ("[ff02::1]:53", "multicast"),
    ],
)
def test_refuses_and_says_what_would_be_right(text: str, hint: str) -> None:
    with pytest.raises(BadListenAddress, match=hint):
        parse_listen_address(text)
