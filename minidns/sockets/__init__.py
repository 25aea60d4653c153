"""File descriptors: the UDP and TCP pair on one address, and what the operating system adds to it.

Owns listen addresses, the options set between socket() and bind(), descriptors passed by systemd,
who holds a busy port, the packet information of wildcard sockets. Knows nothing of DNS or asyncio.
"""
