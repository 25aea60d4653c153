"""Hosts files (hosts(5)): an address and its names a line, and the reverse names of both.

A name that stands here is answered from here for every type, so that no HTTPS record of another
server leads past it. Octets come in, nothing is opened. A line that cannot be used is told of and
skipped; the others count.
"""

import io
import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from minidns.wire.codes import RRType
from minidns.wire.name import ROOT, BadName, name_from_text
from minidns.wire.response import Records

TTL = 60  # seconds; an edit of the file is seen soon
MAX_FAULTS = 100  # of one file; who mends these reads it again
_A, _AAAA, _PTR, _ANY = int(RRType.A), int(RRType.AAAA), int(RRType.PTR), 255
_HEX = b"0123456789abcdef"


class LineFault(NamedTuple):
    """`line` counts from 1."""

    line: int
    message: str


class Hosts:
    """The names of hosts files."""

    def __init__(self) -> None:
        self._sets: dict[bytes, dict[int, list[bytes]]] = {}

    def __len__(self) -> int:
        return len(self._sets)

    def __contains__(self, qname: object) -> bool:
        return qname in self._sets

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._sets)

    def add(self, data: bytes) -> list[LineFault]:
        """Take in the octets of a file; the lines that cannot be used."""
        faults: list[LineFault] = []
        for number, words in split_lines(data):
            try:
                self._add_line(words)
            except (BadName, ValueError) as error:
                if len(faults) < MAX_FAULTS:
                    faults.append(LineFault(number, str(error)))
        return faults

    def find(self, qname: bytes, qtype: int) -> tuple[Records, ...] | None:
        """The records of a name (lower-case wire); empty for NODATA, None where it is not here."""
        sets = self._sets.get(qname)
        if sets is None:
            return None
        if qtype == _ANY:  # RFC 8482 section 4.1: one set is enough
            qtype = next(iter(sets))
        rdatas = sets.get(qtype)
        return () if rdatas is None else (Records(None, qtype, TTL, tuple(rdatas)),)

    def _add_line(self, words: list[str]) -> None:
        octets = read_host_address(words[0])
        if len(words) == 1:
            raise ValueError(f"'{words[0]}' has no name behind it: write '{words[0]} host.example'")
        names = [name_from_text(word, ROOT).lower() for word in words[1:]]
        for name in names:
            _note(self._sets, name, _A if len(octets) == 4 else _AAAA, octets)
        if any(octets):  # 0.0.0.0 and :: stand for no host
            reverse = self._sets.setdefault(reverse_name(octets), {})
            reverse.setdefault(_PTR, [names[0]])  # the first name is the canonical one, hosts(5)


def split_lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Number and words of the lines that hold more than a comment."""
    for number, line in enumerate(io.BytesIO(data), 1):
        words = line.partition(b"#")[0].decode("utf-8", "replace").split()
        if words:
            yield number, words


def read_host_address(text: str) -> bytes:
    """4 or 16 octets. Raises ValueError."""
    if "%" in text:
        raise ValueError(f"'{text}': DNS has no interfaces: leave '%' and what follows out")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"'{text}' is no IP address: write '192.0.2.1 host.example'") from None
    return address.packed


def reverse_name(octets: bytes) -> bytes:
    """The name below in-addr.arpa or ip6.arpa (RFC 1035 section 3.5, RFC 3596 section 2.5)."""
    if len(octets) == 4:
        labels = [b"%d" % octet for octet in reversed(octets)]
        zone = b"\x07in-addr\x04arpa\x00"
    else:
        labels = [_HEX[n : n + 1] for octet in reversed(octets) for n in (octet & 15, octet >> 4)]
        zone = b"\x03ip6\x04arpa\x00"
    return b"".join(bytes((len(label),)) + label for label in labels) + zone


def _note(sets: dict[bytes, dict[int, list[bytes]]], name: bytes, rtype: int, rdata: bytes) -> None:
    rdatas = sets.setdefault(name, {}).setdefault(rtype, [])
    if rdata not in rdatas:
        rdatas.append(rdata)
