"""Client networks: membership by octets, mapped addresses, what is open to the public."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidns.resolver.networks import (
    PRIVATE_NETWORKS,
    BadNetwork,
    is_public_at_large,
    parse_network,
    parse_networks,
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("127.8.9.10", True),
        ("100.127.255.255", True),
        ("100.128.0.0", False),
        ("172.32.0.0", False),
        ("203.0.113.5", False),
        ("::ffff:203.0.113.5", False),  # X07
        ("::ffff:10.0.0.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("2001:db8::5", False),
    ],
)
def test_private_clients(address: str, is_private: bool) -> None:
    octets = ipaddress.ip_address(address).packed
    assert (octets in parse_networks(PRIVATE_NETWORKS)) is is_private


def test_mapped_networks_are_ipv4_networks() -> None:
    networks = parse_networks(["::ffff:192.0.2.0/120"])
    assert ipaddress.ip_address("192.0.2.9").packed in networks
    assert ipaddress.ip_address("::ffff:192.0.2.9").packed in networks


def test_all_ipv6_holds_no_ipv4() -> None:
    networks = parse_networks(["::/0"])
    assert ipaddress.ip_address("2001:db8::1").packed in networks
    assert ipaddress.ip_address("::ffff:192.0.2.9").packed not in networks


def test_longest_prefix() -> None:
    networks = parse_networks(["10.0.0.0/8", "10.1.0.0/16"])
    addresses = ("10.1.2.3", "10.2.2.3", "11.0.0.1")
    lengths = [networks.longest_prefix(ipaddress.ip_address(one).packed) for one in addresses]
    assert lengths == [112, 104, -1]


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("192.168.1.5/24", "192.168.1.0/24"),
        ("10.0.0.0/33", "0 to 32"),
        ("10.0.0.0/255.0.0.0", "write 192.0.2.0/24"),
        ("lan", "write 192.0.2.0/24"),
        ("fe80::%eth0/10", "leave '%'"),
    ],
)
def test_refused_with_a_way_out(text: str, way_out: str) -> None:
    with pytest.raises(BadNetwork) as caught:
        parse_network(text)
    assert way_out in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "is_public"),
    [
        (PRIVATE_NETWORKS, False),
        (["0.0.0.0/0"], True),
        (["::/0"], True),
        (["::ffff:0:0/96"], True),
        (["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"], True),
        ([f"{first}.0.0.0/8" for first in range(40, 57)], True),
        (["2000::/3"], True),
        (["203.0.113.0/24", "2001:db8::/32"], False),
    ],
)
def test_public_at_large(texts: list[str], is_public: bool) -> None:
    assert is_public_at_large(map(parse_network, texts)) is is_public


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    held=st.lists(st.ip_addresses(), max_size=3),
    bits=st.integers(0, 32),
    address=st.ip_addresses(),
    low=st.booleans(),
)
def test_membership_is_what_ipaddress_says(
    held: list[Address], bits: int, address: Address, low: bool
) -> None:
    """Also where the address differs from a network's in its last octets alone."""
    networks = [ipaddress.ip_network((one, bits), strict=False) for one in held]
    if held and low:
        address = ipaddress.ip_address(held[0].packed[:-1] + address.packed[-1:])
    texts = [str(network) for network in networks]
    expected = any(address in network for network in networks if network.version == address.version)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is None:
        assert (address.packed in parse_networks(texts)) is expected


def test_no_address_is_in_no_network() -> None:
    everything = parse_networks(["0.0.0.0/0", "::/0"])
    assert b"" not in everything
    assert bytes(5) not in everything
    assert bytes(4) in everything
    assert bytes(16) in everything
