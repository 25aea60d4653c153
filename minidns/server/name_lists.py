"""Hosts files and block lists, read from their files: at the start, and again when they change.

A line that cannot be used is a warning with its place, since lists come from others and one bad
line must not take the rest with it. A file that cannot be read is an error.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from minidns.config import ResolverSettings
from minidns.resolver.block_list import BlockList
from minidns.resolver.hosts import Hosts, LineFault, read_host_address
from minidns.resolver.verdict import NODATA, NXDOMAIN, Verdict
from minidns.zone.faults import ERROR, WARNING
from minidns.zone.model import Fault, Mark

MAX_FILE = 256 * 2**20  # octets, as of zone files
_REFERENCE = "README, Names of your own and names to block"
_VERDICTS = {"nxdomain": NXDOMAIN, "nodata": NODATA}


class NameLists(NamedTuple):
    """None where the settings name no file of the kind."""

    hosts: Hosts | None
    block: BlockList | None
    faults: list[Fault]
    digest: bytes = b""  # of all that was read


def list_files(settings: ResolverSettings) -> tuple[Path, ...]:
    """All files that are read."""
    return settings.hosts + settings.block.files + settings.block.allow


def read_name_lists(settings: ResolverSettings) -> NameLists:
    """Read all of them."""
    faults: list[Fault] = []
    read = blake2b(digest_size=16)
    hosts = block = None
    if settings.hosts:
        hosts = Hosts()
        _read_all(settings.hosts, hosts.add, faults, read)
    if settings.block.files:
        block = BlockList(_verdict_of(settings.block.answer))
        _read_all(settings.block.files, block.add, faults, read)
        _read_all(settings.block.allow, block.allow, faults, read)
        block.pack()
    return NameLists(hosts, block, faults, read.digest())


def _read_all(
    paths: Iterable[Path],
    take: Callable[[bytes], list[LineFault]],
    faults: list[Fault],
    read: blake2b,
) -> None:
    read.update(b"a list of files")
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as error:
            faults.append(_fault(path, 1, ERROR, "no-such-path", f"'{path}': {error.strerror}"))
            continue
        if len(data) > MAX_FILE:
            message = f"it has over {MAX_FILE // 2**20} MiB: split it"
            faults.append(_fault(path, 1, ERROR, "too-large", message))
            continue
        read.update(b"%d " % len(data))
        read.update(data)
        faults += [
            _fault(path, fault.line, WARNING, "bad-line", fault.message) for fault in take(data)
        ]


def _verdict_of(answer: str) -> Verdict:
    known = _VERDICTS.get(answer)
    return known or Verdict.of_addresses([read_host_address(answer)])


def _fault(path: Path, line: int, severity: str, rule: str, message: str) -> Fault:
    return Fault(Mark(str(path), line, 1), severity, rule, message, _REFERENCE)
