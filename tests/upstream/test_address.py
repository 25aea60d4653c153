"""Upstreams as text: what is read, what is refused with a way out, what is this server itself."""

import pytest

from minidns.resolver.model import Protocol, Upstream
from minidns.upstream.address import (
    BadUpstream,
    is_listened_at,
    parse_upstream,
    show_upstream,
)


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("9.9.9.9", Upstream("9.9.9.9", 53)),
        ("9.9.9.9:5300", Upstream("9.9.9.9", 5300)),
        ("2620:fe::fe", Upstream("2620:fe::fe", 53)),
        ("[2620:fe::fe]:5300", Upstream("2620:fe::fe", 5300)),
        ("[fe80::1%eth0]:5300", Upstream("fe80::1%eth0", 5300)),
        ("tcp://9.9.9.9", Upstream("9.9.9.9", 53, Protocol.TCP)),
        ("tls://9.9.9.9", Upstream("9.9.9.9", 853, Protocol.TLS)),
        ("tls://9.9.9.9#dns.quad9.net", Upstream("9.9.9.9", 853, Protocol.TLS, "dns.quad9.net")),
        ("tls://[2620:fe::fe]:8853#a.b", Upstream("2620:fe::fe", 8853, Protocol.TLS, "a.b")),
    ],
)
def test_forms(text: str, upstream: Upstream) -> None:
    assert parse_upstream(text) == upstream
    assert show_upstream(upstream) == text


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("", "write 9.9.9.9"),
        ("dns.quad9.net", "tls://9.9.9.9#dns.quad9.net"),
        ("9.9.9.9:0", "from 1 to 65535"),
        ("9.9.9.9:65536", "from 1 to 65535"),
        ("9.9.9.9#name", "tls://9.9.9.9#name"),
        ("https://9.9.9.9", "tls://address#name"),
        ("tls://9.9.9.9#-", "the name in the certificate"),
        ("999.9.9.9", "no IP address"),
        ("[9.9.9.9]", "brackets are for IPv6"),
        ("[::1", "closing bracket"),
        ("[::1]53", "':PORT'"),
        ("0.0.0.0", "that of a resolver"),
        ("ff02::1", "that of a resolver"),
        ("::ffff:9.9.9.9", "the IPv4 address itself, 9.9.9.9"),
        ("fe80::1", "fe80::1%eth0"),
    ],
)
def test_refused_with_a_way_out(text: str, way_out: str) -> None:
    with pytest.raises(BadUpstream) as caught:
        parse_upstream(text)
    assert way_out in str(caught.value)


@pytest.mark.parametrize(
    ("text", "listened", "is_own"),
    [
        ("127.0.0.1:5053", ("127.0.0.1", 5053), True),
        ("127.0.0.1:53", ("127.0.0.1", 5053), False),
        ("127.0.0.2:53", ("127.0.0.1", 53), False),
        ("127.0.0.2:53", ("0.0.0.0", 53), True),
        ("192.0.2.7", ("0.0.0.0", 53), True),
        ("192.0.2.8", ("0.0.0.0", 53), False),
        ("::1", ("::", 53), True),
        ("::1", ("0.0.0.0", 53), False),
        ("tls://127.0.0.1:53", ("127.0.0.1", 53), False),
    ],
)
def test_an_upstream_that_is_this_server(
    text: str, listened: tuple[str, int], is_own: bool
) -> None:
    upstream = parse_upstream(text)
    assert is_listened_at(upstream, [listened], lambda one: one == "192.0.2.7") is is_own
