"""Where an upstream is, as the system wants it: address family and socket address.

A zone identifier (RFC 4007 section 11) becomes the index of an interface, which may be another one
tomorrow: only addresses without it are kept.
"""

import socket
from functools import lru_cache
from typing import NamedTuple

_MAX_KEPT = 256


class Endpoint(NamedTuple):
    """What socket() and connect() are given."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int]


def endpoint_of(address: str, port: int) -> Endpoint:
    """Of an IP address as text. Raises OSError where its zone is no interface."""
    host, percent, zone = address.partition("%")
    if not percent:
        return _without_zone(address, port)
    try:
        index = int(zone) if zone.isascii() and zone.isdigit() else socket.if_nametoindex(zone)
    except OSError as error:
        raise OSError(error.errno, f"there is no interface {zone}") from None
    return Endpoint(socket.AF_INET6, (host, port, 0, index))


@lru_cache(_MAX_KEPT)
def _without_zone(address: str, port: int) -> Endpoint:
    if ":" in address:
        return Endpoint(socket.AF_INET6, (address, port, 0, 0))
    return Endpoint(socket.AF_INET, (address, port))
