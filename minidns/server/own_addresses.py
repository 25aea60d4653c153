"""Which addresses are this machine's own, as its routes have it.

A UDP socket connected to an address of the machine itself gets that address as its own. No packet
is sent, and no list of interfaces is read, which differs from system to system.
"""

import socket

_ANY_PORT = 53  # connect() needs one; nothing is sent to it


def is_own_address(address: str) -> bool:
    """Whether `address` (an IP address, perhaps with `%interface`) is one of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # getaddrinfo reads the interface behind `%`, and asks nobody about an address.
            *_, target = socket.getaddrinfo(
                address, _ANY_PORT, family, socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
            )[0]
            probe.connect(target)
            own: str = probe.getsockname()[0]
    except OSError:  # no such family, or no route to it
        return False
    return own.partition("%")[0] == address.partition("%")[0]
