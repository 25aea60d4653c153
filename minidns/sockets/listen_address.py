"""Listen addresses as a user writes them: `ADDR:PORT`, `[v6]:PORT`, `:PORT`, `localhost:PORT`.

IPv6 in brackets as RFC 3986 section 3.2.2 and RFC 5952 section 6 have it, zone identifiers as
RFC 4007 section 11 (`[fe80::1%eth0]:53`). Only addresses and `localhost`: a server that needs DNS
to find out where to listen cannot start first. Opens no socket.
"""

import ipaddress
from dataclasses import dataclass

from minidns.sockets.host_port import BadHostPort, join_host_port, split_host_port

DEFAULT_PORT = 5053  # the high port of Unbound's documentation; 5353 is mDNS (RFC 6762)
MAX_PORT = 65535
_LOCALHOST = ("127.0.0.1", "::1")  # RFC 6761 section 6.3
# Bound only where the user wrote `:PORT`: 0.0.0.0 and ::.
_WILDCARD = (str(ipaddress.IPv4Address(0)), str(ipaddress.IPv6Address(0)))
_FORMS = "write 127.0.0.1:5053, [::1]:5053, :5053 (all addresses) or localhost:5053"


class BadListenAddress(ValueError):
    """A text that is no listen address; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """One `--listen`: addresses that share a port number.

    `hosts` are IP addresses as text, a zone identifier after `%` kept. Where there are two (`:PORT`
    and `localhost`) a machine without IPv6 serves the first alone. Port 0 asks for a free one.
    """

    hosts: tuple[str, ...]
    port: int

    def __str__(self) -> str:
        if self.hosts == _WILDCARD:
            return f":{self.port}"
        if self.hosts == _LOCALHOST:
            return f"localhost:{self.port}"
        return join_host_port(self.hosts[0], self.port)


def parse_listen_address(text: str, default_port: int = DEFAULT_PORT) -> ListenAddress:
    """Read one listen address. Raises BadListenAddress."""
    host, port_text = _split(text.strip())
    port = default_port if port_text is None else _read_port(text, port_text)
    if host == "":
        return ListenAddress(_WILDCARD, port)
    if host.lower() == "localhost":
        return ListenAddress(_LOCALHOST, port)
    return ListenAddress((_read_host(text, host),), port)


def _split(text: str) -> tuple[str, str | None]:
    """Host and port text; the port is None where the text has none."""
    if not text:
        raise BadListenAddress(f"an empty listen address; {_FORMS}")
    if not text.startswith("[") and text.count(":") > 1:  # IPv6: an address alone, or a riddle
        try:
            ipaddress.IPv6Address(text)
        except ValueError:
            raise BadListenAddress(f"'{text}' is no address; {_FORMS}") from None
        if _is_riddle(text):
            host, _, port = text.rpartition(":")
            raise BadListenAddress(
                f"'{text}' is an address, or an address and a port: write [{host}]:{port}, or "
                f"[{text}] for the whole with the default port"
            )
    try:
        return split_host_port(text)
    except BadHostPort as error:
        raise BadListenAddress(f"'{text}'{error}; {_FORMS}") from None


def _is_riddle(text: str) -> bool:
    """Whether an IPv6 address without brackets is one, too, without what follows the last colon."""
    host, _, port = text.rpartition(":")
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return port.isdigit()


def _read_port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit()) or int(port[:6]) > MAX_PORT or len(port) > 5:
        raise BadListenAddress(f"'{text}': '{port}' is no port; a port is a number from 0 to 65535")
    return int(port)


def _read_host(text: str, host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise BadListenAddress(f"'{text}': '{host}' is no IP address; {_FORMS}") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise BadListenAddress(f"'{text}': write the IPv4 address itself, {address.ipv4_mapped}")
    if (
        isinstance(address, ipaddress.IPv6Address)
        and address.is_link_local
        and address.scope_id is None
    ):
        raise BadListenAddress(
            f"'{text}': {host} is another on each interface; name it, [{host}%eth0]:{DEFAULT_PORT}"
        )
    if address.is_multicast:
        raise BadListenAddress(f"'{text}': {host} is a multicast address; DNS is served at unicast")
    return str(address)
