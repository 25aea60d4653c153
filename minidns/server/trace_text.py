"""A query and what it came to as one line of text: for eyes, and for grep and awk.

    02:10:11.123456 udp 127.0.0.1:51234 > 127.0.0.1:5053 fd 3 id 4711 www.example.com. IN A
    -> NOERROR AA 2/0/1 75 octets 31 us

(on one line). Records are counted as answer/authority/additional, octets are those of the message.
"""

from datetime import datetime

from minidns.wire.codes import Rcode, RRClass, RRType
from minidns.wire.name import name_to_text
from minidns.wire.query import HEADER, QueryReader
from minidns.wire.rdata_mnemonics import type_to_text

_AA, _TC = 0x04, 0x02  # of octet 2, RFC 1035 section 4.1.1
_OPT_START = b"\x00" + int(RRType.OPT).to_bytes(2, "big")
_UPPER_RCODE = 5  # where in an OPT the upper bits stand, RFC 6891 section 6.1.3

_reader = QueryReader()


def time_of_day(unix_time: float) -> str:
    """`02:10:11.123456`, of this machine's zone."""
    return datetime.fromtimestamp(unix_time).time().isoformat("microseconds")


def query_text(wire: bytes) -> str:
    """`id 4711 www.example.com. IN A`, or what can be said of less."""
    if len(wire) < HEADER:
        return f"{len(wire)} octets, no message"
    number = f"id {int.from_bytes(wire[:2], 'big')}"
    question, _ = _reader.read_what_can_be(wire)
    if not question:
        return f"{number} no readable question"
    name, qtype, qclass = question[:-4], question[-4:-2], question[-2:]
    return f"{number} {name_to_text(name)} {_class_to_text(qclass)} {_type_of(qtype)}"


def reply_text(wire: bytes) -> str:
    """`NOERROR AA 2/0/1 75 octets`, of a reply of this server's own."""
    counts = [int.from_bytes(wire[at : at + 2], "big") for at in (6, 8, 10)]
    words = [_rcode_of(wire, counts)]
    words += [name for name, bit in (("AA", _AA), ("TC", _TC)) if wire[2] & bit]
    words += ["/".join(map(str, counts)), str(len(wire)), "octets"]
    return " ".join(words)


def _rcode_of(wire: bytes, counts: list[int]) -> str:
    rcode = wire[3] & 0xF
    answers, authorities, _ = counts
    if not answers and not authorities:  # codes above 15 are errors, which have no records
        question, _ = _reader.read_what_can_be(bytes((*wire[:2], wire[2] & 0x7F, *wire[3:])))
        at = HEADER + len(question)
        if wire.startswith(_OPT_START, at):
            rcode |= wire[at + _UPPER_RCODE] << 4
    try:
        return Rcode(rcode).name
    except ValueError:
        return f"RCODE{rcode}"


def _type_of(qtype: bytes) -> str:
    return type_to_text(int.from_bytes(qtype, "big"))


def _class_to_text(qclass: bytes) -> str:
    number = int.from_bytes(qclass, "big")
    try:
        return RRClass(number).name
    except ValueError:
        return f"CLASS{number}"
