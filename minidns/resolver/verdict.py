"""What a name gets that is on a block list.

No SOA, so that nobody keeps an NXDOMAIN of it (RFC 2308 section 5) and takes it for one of all
names below (RFC 8020): of those the lists may say something else.
"""

from collections.abc import Iterable
from typing import NamedTuple

from minidns.wire.codes import Rcode, RRType
from minidns.wire.response import Records

TTL = 60  # seconds; a name that is taken off the list is soon found again


class Verdict(NamedTuple):
    """An answer: NXDOMAIN, or NOERROR with the addresses that there are."""

    rcode: int = Rcode.NOERROR
    ipv4: tuple[bytes, ...] = ()
    ipv6: tuple[bytes, ...] = ()

    @classmethod
    def of_addresses(cls, addresses: Iterable[bytes]) -> "Verdict":
        """From addresses of 4 and 16 octets."""
        listed = list(addresses)
        return cls(
            Rcode.NOERROR,
            tuple(one for one in listed if len(one) == 4),
            tuple(one for one in listed if len(one) == 16),
        )

    def records(self, qtype: int) -> tuple[Records, ...]:
        """The answer section for a type."""
        rdatas = {int(RRType.A): self.ipv4, int(RRType.AAAA): self.ipv6}.get(qtype, ())
        return (Records(None, qtype, TTL, rdatas),) if rdatas else ()


NXDOMAIN = Verdict(Rcode.NXDOMAIN)
NODATA = Verdict()
PASS = Verdict(-1)  # not blocked, whatever is said about the names above
