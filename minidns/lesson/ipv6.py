"""Whether this machine has IPv6, found out in the open: by a socket that binds ::1."""

from socket import AF_INET6, SOCK_DGRAM

from minidns.lesson.c_text import errno_name
from minidns.lesson.lab import Lab

_ABSENT = frozenset({"EAFNOSUPPORT", "EADDRNOTAVAIL", "EPROTONOSUPPORT"})


def find_absence(lab: Lab) -> str:
    """The error that says there is no IPv6 here, "" where there is. Raises other OSErrors."""
    try:
        sock = lab.socket(AF_INET6, SOCK_DGRAM, "probe")
        sock.bind(("::1", 0))
    except OSError as error:
        if errno_name(error) in _ABSENT:
            return errno_name(error)
        raise
    lab.close((sock,))
    return ""
