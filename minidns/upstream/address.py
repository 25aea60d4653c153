"""Upstreams as a user writes them: `9.9.9.9`, `9.9.9.9:53`, `[2620:fe::fe]:53`, `tcp://`, `tls://`.

`tls://address#name` has the name that the certificate must be for (RFC 8310 section 8.1); without
one it must be for the address. Addresses only: a resolver that needs DNS to find its upstream
cannot start first. IPv6 in brackets as RFC 3986 section 3.2.2, zone identifiers as RFC 4007
section 11. Opens no socket.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable

from minidns.resolver.model import Protocol, Upstream
from minidns.sockets.host_port import BadHostPort, join_host_port, split_host_port

DNS_PORT = 53  # RFC 1035 section 4.2
TLS_PORT = 853  # RFC 7858 section 3.1
MAX_PORT = 65535
_FORMS = "write 9.9.9.9, 9.9.9.9:53, [2620:fe::fe]:53, tcp://9.9.9.9 or tls://9.9.9.9#dns.quad9.net"
_SCHEMES = {protocol.value: protocol for protocol in Protocol}
# RFC 1123 section 2.1, as certificates have it (RFC 5890's A-labels too).
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*",
    re.ASCII | re.IGNORECASE,
)


class BadUpstream(ValueError):
    """A text that is no upstream; the message says what would be right."""


def parse_upstream(text: str) -> Upstream:
    """Read one upstream. Raises BadUpstream."""
    text = text.strip()
    if not text:
        raise BadUpstream(f"an empty upstream: {_FORMS}")
    protocol, rest = _split_scheme(text)
    rest, name = _split_name(text, protocol, rest)
    try:
        host, port_text = split_host_port(rest)
    except BadHostPort as error:
        raise BadUpstream(f"'{text}'{error}: {_FORMS}") from None
    port = TLS_PORT if protocol is Protocol.TLS else DNS_PORT
    if port_text is not None:
        port = _read_port(text, port_text)
    return Upstream(_read_address(text, host, name), port, protocol, name)


def show_upstream(upstream: Upstream) -> str:
    """The shortest text that `parse_upstream` reads as this upstream."""
    is_tls = upstream.protocol is Protocol.TLS
    host = upstream.address
    if upstream.port != (TLS_PORT if is_tls else DNS_PORT):
        host = join_host_port(host, upstream.port)
    scheme = "" if upstream.protocol is Protocol.UDP else f"{upstream.protocol.value}://"
    return f"{scheme}{host}" + (f"#{upstream.name}" if upstream.name else "")


def is_listened_at(
    upstream: Upstream, listened: Iterable[tuple[str, int]], is_local: Callable[[str], bool]
) -> bool:
    """Whether a query to `upstream` would come back to this server.

    `listened` are addresses and ports that it binds, 0.0.0.0 and :: for all. `is_local` says
    whether an address, not a loopback one, is one of this machine.
    """
    address = ipaddress.ip_address(upstream.address)
    for host, port in listened:
        if port != upstream.port or upstream.protocol is Protocol.TLS:
            continue
        bound = ipaddress.ip_address(host)
        if bound == address:
            return True
        # A socket at :: takes IPv6 alone here; 0.0.0.0 is bound beside it where IPv4 is wanted.
        is_wildcard = bound.is_unspecified and bound.version == address.version
        if is_wildcard and (address.is_loopback or is_local(upstream.address)):
            return True
    return False


def _split_scheme(text: str) -> tuple[Protocol, str]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        return Protocol.UDP, text
    protocol = _SCHEMES.get(scheme.lower())
    if protocol is None:
        hint = "DNS over TLS is tls://address#name" if scheme.lower() in _ENCRYPTED else _FORMS
        raise BadUpstream(f"'{text}': '{scheme}://' is not spoken here: {hint}")
    return protocol, rest.removesuffix("/")


_ENCRYPTED = frozenset({"https", "h3", "quic", "dot", "doh", "doq", "sdns"})


def _split_name(text: str, protocol: Protocol, rest: str) -> tuple[str, str]:
    rest, separator, name = rest.partition("#")
    if not separator:
        return rest, ""
    if protocol is not Protocol.TLS:
        raise BadUpstream(f"'{text}': a name after '#' belongs to TLS: write tls://{rest}#{name}")
    name = name.removesuffix(".")
    if not _HOST_NAME.fullmatch(name):
        raise BadUpstream(
            f"'{text}': '{name}' is no host name: after '#' comes the name in the certificate, "
            "as in tls://9.9.9.9#dns.quad9.net"
        )
    return rest, name.lower()


def _read_port(text: str, port: str) -> int:
    if port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= MAX_PORT:
        return int(port)
    raise BadUpstream(f"'{text}': '{port}' is no port: write a number from 1 to {MAX_PORT}")


def _read_address(text: str, host: str, name: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if _HOST_NAME.fullmatch(host) and not host.replace(".", "").isdigit():
            raise BadUpstream(
                f"'{text}': '{host}' is a name, and an upstream is found by its address: write the "
                f"address, for TLS with the name behind it, as tls://9.9.9.9#{name or host}"
            ) from None
        raise BadUpstream(f"'{text}': '{host}' is no IP address: {_FORMS}") from None
    if address.is_unspecified or address.is_multicast or host == "255.255.255.255":
        raise BadUpstream(f"'{text}': no server has the address {host}: write that of a resolver")
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            raise BadUpstream(f"'{text}': write the IPv4 address itself, {address.ipv4_mapped}")
        if address.is_link_local and address.scope_id is None:
            raise BadUpstream(
                f"'{text}': {host} is another on each interface: name it, as {host}%eth0"
            )
    return str(address)
