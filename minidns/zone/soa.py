"""The SOA that a zone without one is given, and its serial number.

The serial is the time of the latest change to the zone's files, so it is the same after a restart
with the same files and grows with every edit; `follow` keeps the order of RFC 1982 across
reloads, whatever the clock did. Reads no file and no clock: times are given.
"""

from collections.abc import Iterable

from minidns.wire.codes import RRType
from minidns.wire.name import MAX_NAME
from minidns.zone.model import Mark, Record

REFRESH = 7_200  # seconds; RFC 1912 section 2.2 has ranges for this and the next
RETRY = 3_600  # seconds
EXPIRE = 1_209_600  # seconds, within RFC 1912 section 2.2's two to four weeks
MINIMUM = 300  # seconds that a negative answer may be kept, RFC 2308 section 5
# Seconds; what a record without `ttl` has. Negative answers take the smaller MINIMUM, so it only
# says how long who asks for the SOA itself may keep it.
SOA_TTL = 3_600

_HOSTMASTER = b"\x0ahostmaster"  # RFC 2142 section 7
_MODULUS = 2**32  # serial numbers have 32 bits, RFC 1982 section 7


def make_soa(origin: bytes, records: Iterable[Record], serial: int, mark: Mark) -> Record:
    """The SOA of the zone at `origin` (lower-case wire), with its place given as `mark`.

    The mname is the target of the first NS of the apex in the order of the files, or the origin.
    """
    servers = (
        record.rdata
        for record in records
        if record.rtype == RRType.NS and record.owner.lower() == origin
    )
    mname = next(servers, origin)
    rname = _HOSTMASTER + origin
    if len(rname) > MAX_NAME:
        rname = origin
    numbers = (serial % _MODULUS, REFRESH, RETRY, EXPIRE, MINIMUM)
    rdata = mname + rname + b"".join(number.to_bytes(4, "big") for number in numbers)
    return Record(origin, int(RRType.SOA), SOA_TTL, rdata, mark)


def find_serial(modified: Iterable[float]) -> int:
    """The serial of a zone: the whole second in which its files were last modified.

    `modified` are Unix times in seconds, one of each file that was read, includes too, and of each
    directory that holds split files, from which one may have gone. 0 where there is none, or all
    are before 1970.
    """
    return int(max((0, *modified))) % _MODULUS


def follow(serial: int, previous: int, is_changed: bool) -> int:
    """The serial after a reload: `serial` as `find_serial` gave it, `previous` as served so far.

    Changed content always has one that is greater (RFC 1982 section 3.2) than the previous, also
    after a second edit within a second, or when a file was replaced by an older one.
    """
    if not is_changed:
        return previous
    if is_serial_greater(serial, previous):
        return serial
    return (previous + 1) % _MODULUS


def is_serial_greater(serial: int, other: int) -> bool:
    """RFC 1982 section 3.2; two numbers exactly half the space apart are in no order."""
    return 0 < (serial - other) % _MODULUS < _MODULUS // 2
