"""The types that dnslib 0.9.26 lacks, as classes of dnslib, so that whole messages hold them.

Without these a DNAME that dnslib packs has a compressed target, which RFC 6672 section 2.5 forbids,
and HINFO, NSEC3, SVCB, URI and others are shown as octets. Classes that dnslib has stay as they
are: who embeds minidns may use them.
"""

from typing import Any, ClassVar

from dnslib import RD, RDMAP, DNSError
from dnslib.label import DNSBuffer

from minidns.wire.rdata_fields import NAME
from minidns.wire.rdata_mnemonics import type_to_text
from minidns.wire.rdata_text import BadRdata
from minidns.wire.rdata_types import RDATA_TYPES


class TableRd(RD):
    """Record data whose fields are in the table; `data` is its uncompressed octets."""

    code: ClassVar[int]

    @classmethod
    def parse(cls, buffer: DNSBuffer, length: int) -> "TableRd":
        """Take `length` octets of a message; names in them may be compressed. Raises DNSError."""
        end = buffer.offset + length
        pieces = []
        for field in RDATA_TYPES[cls.code].fields:
            start = buffer.offset
            if field.kind is NAME:
                labels = buffer.decode_name().label
                pieces.append(b"".join(bytes((len(one),)) + one for one in labels) + b"\x00")
                continue
            try:
                buffer.offset = field.kind.show(bytes(buffer.data[:end]), start).end
            except BadRdata as error:
                raise DNSError(f"{type_to_text(cls.code)}: {error}") from None
            pieces.append(bytes(buffer.data[start : buffer.offset]))
        if buffer.offset != end:
            raise DNSError(f"{type_to_text(cls.code)}: not of {length} octets")
        return cls(b"".join(pieces))

    def __repr__(self) -> str:
        """The presentation form."""
        shown = []
        at = 0
        for field in RDATA_TYPES[self.code].fields:
            text, at = field.kind.show(self.data, at)
            shown.append(text)
        return " ".join(filter(None, shown))


def register_missing(rdmap: dict[str, Any]) -> None:
    """Put a class for each type of the table that has none into dnslib's map."""
    for code in RDATA_TYPES:
        name = type_to_text(code)
        if name not in rdmap:
            rdmap[name] = type(name, (TableRd,), {"code": int(code)})


register_missing(RDMAP)
