"""The resolvers that the system is set up with: where queries go when nothing else is said.

`nameserver` lines of `/etc/resolv.conf` (resolv.conf(5)). Where that names the stub of
systemd-resolved, or this server itself, the lists that systemd-resolved and NetworkManager keep
beside it are read. Who reads again asks `has_changed` now and then.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from minidns.resolver.model import Upstream
from minidns.upstream.address import BadUpstream, parse_upstream

RESOLV_CONF = Path("/etc/resolv.conf")
REAL_LISTS = (
    Path("/run/systemd/resolve/resolv.conf"),  # systemd-resolved.service(8)
    Path("/run/NetworkManager/no-stub-resolv.conf"),  # NetworkManager.conf(5), rc-manager
)
MAX_FILE = 64 * 1024  # octets; what is behind them is not read
MAX_SERVERS = 16  # glibc takes 3
_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})  # systemd-resolved.service(8)

IsOwn = Callable[[Upstream], bool]
Stamp = tuple[tuple[int, int, int] | None, ...]


class SystemUpstreams(NamedTuple):
    """`messages` say what was left out, and what to do where nothing is left: for the log."""

    upstreams: tuple[Upstream, ...]
    messages: tuple[str, ...]


class SystemResolvers:
    """The files, and how they were when they were read last."""

    def __init__(
        self,
        is_own: IsOwn,
        path: Path = RESOLV_CONF,
        real_lists: Sequence[Path] = REAL_LISTS,
    ) -> None:
        """`is_own` says whether a query to an upstream would come back to this server."""
        self._is_own = is_own
        self._path = path
        self._real_lists = real_lists
        self._stamp: Stamp | None = None

    def read(self) -> SystemUpstreams:
        """The upstreams in the order of the file, each once."""
        self._stamp = self._look()
        messages: list[str] = []
        found, has_stub = self._read_file(self._path, messages)
        if has_stub or not found:
            for path in self._real_lists:
                others, _ = self._read_file(path, messages)
                if others:
                    found = others
                    break
            else:
                found += [parse_upstream(stub) for stub in sorted(_STUBS)[:1] if has_stub]
        if not found:
            messages.append(
                f"'{self._path}' names no resolver but this server: name one with --forward, "
                "or say --no-forward"
            )
        return SystemUpstreams(tuple(dict.fromkeys(found))[:MAX_SERVERS], tuple(messages))

    def has_changed(self) -> bool:
        """Whether a file is another than when `read` was called last."""
        return self._look() != self._stamp

    def _read_file(self, path: Path, messages: list[str]) -> tuple[list[Upstream], bool]:
        """The upstreams but the stub, and whether it is among them."""
        found: list[Upstream] = []
        has_stub = False
        for number, address in find_nameservers(_read_octets(path)):
            try:
                upstream = parse_upstream(address)
            except BadUpstream as error:
                messages.append(f"{path}:{number}: {error}")
                continue
            if self._is_own(upstream):
                messages.append(f"{path}:{number}: {address} is this server itself: left out")
            elif upstream.address in _STUBS:
                has_stub = True
            else:
                found.append(upstream)
        return found, has_stub

    def _look(self) -> Stamp:
        return tuple(_stamp_of(path) for path in (self._path, *self._real_lists))


def find_nameservers(data: bytes) -> list[tuple[int, str]]:
    """The number of the line, and the address, of each `nameserver` line."""
    found = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            found.append((number, words[1]))
    return found


def _read_octets(path: Path) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(MAX_FILE) or b""
    except OSError:
        return b""


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
