"""The client's IP as octets, from what the kernel gives: the form in which `respond` takes it.

An IPv4 client of a dual-stack socket (::ffff:0:0/96, RFC 4291 section 2.5.5.2) is an IPv4 client,
so that no access rule is passed by in the other spelling.
"""

import socket

_MAPPED = bytes(10) + b"\xff\xff"


def unmap(packed: bytes) -> bytes:
    """4 octets for a v4-mapped address, else the 4 or 16 octets given."""
    return packed[12:] if len(packed) == 16 and packed.startswith(_MAPPED) else packed


def pack_client(family: int, host: str) -> bytes:
    """From the text of recvmsg() and accept(); a zone identifier is left out."""
    if family == socket.AF_INET:
        return socket.inet_aton(host)
    return unmap(socket.inet_pton(socket.AF_INET6, host.partition("%")[0]))
