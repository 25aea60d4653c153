"""A small zone in memory, minidns's own responder over it, and what its replies say."""

from minidns.responder.cookies import Cookies
from minidns.responder.responder import Policy, Responder
from minidns.responder.via import Via
from minidns.wire.codes import Rcode, RRType
from minidns.wire.name import name_from_text
from minidns.wire.query import HEADER
from minidns.wire.reply import read_reply
from minidns.zone.build import build_zone
from minidns.zone.model import Catalog, Mark, Record

SMALL = "www.lesson.example."  # one address
MIDDLE = "some.lesson.example."  # more addresses than 512 octets hold
MIDDLE_SIZE = 40
LARGE = "many.lesson.example."  # more than 1,232 octets hold
LARGE_SIZE = 100
PAYLOAD = 1232  # octets offered, DNS flag day 2020, RFC 9715
UDP = Via("udp", is_stream=False)
TCP = Via("tcp", is_stream=True)
CLIENT = bytes((127, 0, 0, 1))

TC = 0x0200  # of the second 16 bits of a header, RFC 1035 section 4.1.1
_ORIGIN = "lesson.example."
_TTL = 300  # seconds
_NUMBERS = (1, 3600, 600, 86_400, 300)  # of the SOA: serial, refresh, retry, expire, minimum
_RD = b"\x01\x00"
_ONE_QUESTION = b"\x00\x01\x00\x00\x00\x00\x00\x00"
_CLASS_IN = b"\x00\x01"


def make_responder() -> Responder:
    """minidns's own, with `lesson.example` alone."""
    origin = name_from_text(_ORIGIN)
    numbers = b"".join(number.to_bytes(4, "big") for number in _NUMBERS)
    soa = name_from_text("ns." + _ORIGIN) + name_from_text("nobody.invalid.") + numbers
    records = [
        _record(_ORIGIN, RRType.SOA, soa),
        _record(_ORIGIN, RRType.NS, name_from_text("ns." + _ORIGIN)),
        _record("ns." + _ORIGIN, RRType.A, bytes((192, 0, 2, 1))),
        _record(SMALL, RRType.A, bytes((192, 0, 2, 2))),
        *(_record(MIDDLE, RRType.A, bytes((203, 0, 113, last))) for last in range(MIDDLE_SIZE)),
        *(_record(LARGE, RRType.A, bytes((198, 51, 100, last))) for last in range(LARGE_SIZE)),
    ]
    zone = build_zone(origin, records)
    return Responder(Catalog({origin: zone}), Policy(), Cookies(bytes(16)), lambda: 0.0)


def answer(responder: Responder, query: bytes, via: Via) -> bytes:
    """The reply, at once: a responder without a resolver has nobody to wait for."""
    reply = responder.respond(query, CLIENT, via)
    return reply if isinstance(reply, bytes) else b""


def make_plain_query(name: str, message_id: int) -> bytes:
    """A query for A without EDNS (RFC 1035): its sender takes 512 octets over UDP."""
    question = name_from_text(name) + int(RRType.A).to_bytes(2, "big") + _CLASS_IN
    return message_id.to_bytes(2, "big") + _RD + _ONE_QUESTION + question


def make_edns_query(name: str, message_id: int) -> bytes:
    """The same with an OPT (RFC 6891): its sender takes `PAYLOAD` octets over UDP."""
    opt = b"\x00" + int(RRType.OPT).to_bytes(2, "big") + PAYLOAD.to_bytes(2, "big") + bytes(6)
    plain = make_plain_query(name, message_id)
    return plain[: HEADER - 1] + b"\x01" + plain[HEADER:] + opt


def describe(message: bytes) -> str:
    """`NOERROR, TC=0, 1 record in the answer, 64 octets`."""
    reply = read_reply(message)
    count = len(reply.answer)
    return (
        f"{Rcode(reply.rcode).name}, TC={int(bool(reply.flags & TC))}, "
        f"{count} record{'' if count == 1 else 's'} in the answer, {len(message)} octets"
    )


def _record(owner: str, rtype: RRType, rdata: bytes) -> Record:
    return Record(name_from_text(owner), int(rtype), _TTL, rdata, Mark("lesson", 1, 1))
