"""Where an upstream is, as the system wants it: address family and socket address.

A zone identifier (RFC 4007 section 11) becomes the index of an interface, which may be another one
tomorrow: only what comes of addresses without it may be kept.
"""

import socket
from typing import NamedTuple


class Endpoint(NamedTuple):
    """What socket() and connect() are given."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int]


def endpoint_of(address: str, port: int) -> Endpoint:
    """Of an IP address as text. Raises OSError where its zone is no interface."""
    host, percent, zone = address.partition("%")
    if not percent:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return Endpoint(family, (address, port, 0, 0) if ":" in address else (address, port))
    try:
        index = int(zone) if zone.isascii() and zone.isdigit() else socket.if_nametoindex(zone)
    except OSError as error:
        raise OSError(error.errno, f"there is no interface {zone}") from None
    return Endpoint(socket.AF_INET6, (host, port, 0, index))


def lasting_endpoint_of(address: str, port: int) -> Endpoint | None:
    """None where it has a zone."""
    return None if "%" in address else endpoint_of(address, port)
