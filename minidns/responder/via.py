"""How a query came: what the responder has to know of a transport, and nothing more."""

from dataclasses import dataclass


@dataclass(slots=True)
class Via:
    """One per listener kind.

    `keepalive` is the idle time-out that RFC 7828 section 3.1 announces, in units of 100
    milliseconds; a stream transport lowers it under pressure. It means nothing for datagrams.
    """

    name: str  # "udp", "tcp"
    is_stream: bool
    is_encrypted: bool = False
    keepalive: int = 0
