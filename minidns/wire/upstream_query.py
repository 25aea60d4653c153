"""Queries to an upstream, and whether a message is the reply to one (RFC 5452 section 9.1).

One question, RD, an OPT that offers 1,232 octets (RFC 9715), DO and CD as asked; no option of any
client's ever goes upstream. The case of the letters in the name is drawn at random where the
upstream keeps it (draft-vixie-dnsext-dns0x20): what a forger has to guess besides ID and port.
"""

from enum import Enum, auto

from minidns.wire.codes import EdnsOption, RRType
from minidns.wire.query import HEADER

PAYLOAD = 1232  # octets offered, DNS flag day 2020, RFC 9715
PADDED = 128  # octets; encrypted queries are padded to a multiple, RFC 8467 section 4.1
_RD = 0x0100
_AD = 0x0020  # RFC 6840 section 5.7: the answer's AD bit is wanted
_CD = 0x0010
_DO = 0x8000  # of the OPT's TTL field, RFC 3225
_COUNTS = b"\x00\x01\x00\x00\x00\x00\x00\x01"
_CLASS_IN = b"\x00\x01"
_OPTION = 4  # octets of an option's head
_LOWER = range(ord("a"), ord("z") + 1)
_TO_UPPER = 0x20
_QR = 0x80
_OPCODE = 0x78
_TC = 0x02


class Match(Enum):
    """What a message is to a query."""

    REPLY = auto()
    TRUNCATED = auto()  # the reply, with TC
    OTHER_CASE = auto()  # the reply but for the case of its question
    FOREIGN = auto()  # no reply to that query


def make_query(
    qname: bytes,
    qtype: int,
    message_id: int,
    *,
    dnssec_ok: bool = False,
    checking_disabled: bool = False,
    ask_ad: bool = False,
    case: int = 0,
    pad: bool = False,
) -> bytes:
    """`qname` is lower-case wire. Each bit of `case` makes a letter large that stands there."""
    flags = _RD | ask_ad * _AD | checking_disabled * _CD
    question = _mix(qname, case) + qtype.to_bytes(2, "big") + _CLASS_IN
    opt = b"\x00" + int(RRType.OPT).to_bytes(2, "big") + PAYLOAD.to_bytes(2, "big")
    opt += b"\x00\x00" + (dnssec_ok * _DO).to_bytes(2, "big")
    options = b""
    if pad:
        size = HEADER + len(question) + len(opt) + 2 + _OPTION
        padding = -size % PADDED
        options = int(EdnsOption.PADDING).to_bytes(2, "big") + padding.to_bytes(2, "big")
        options += bytes(padding)
    return b"".join(
        (
            message_id.to_bytes(2, "big"),
            flags.to_bytes(2, "big"),
            _COUNTS,
            question,
            opt,
            len(options).to_bytes(2, "big"),
            options,
        )
    )


def match_reply(query: bytes, message: bytes) -> Match:
    """`query` is one of `make_query`. Nothing is said of what follows the question."""
    if len(message) < HEADER or message[:2] != query[:2]:
        return Match.FOREIGN
    if not message[2] & _QR or message[2] & _OPCODE or message[4:6] != query[4:6]:
        return Match.FOREIGN
    end = query.index(0, HEADER) + 5
    asked, echoed = query[HEADER:end], message[HEADER:end]
    if asked != echoed:
        # Type and class have no case: only the name may differ in it.
        is_alike = asked[-4:] == echoed[-4:] and asked.lower() == echoed.lower()
        return Match.OTHER_CASE if is_alike else Match.FOREIGN
    return Match.TRUNCATED if message[2] & _TC else Match.REPLY


def _mix(qname: bytes, case: int) -> bytes:
    if not case:
        return qname
    mixed = bytearray(qname)
    for at, octet in enumerate(qname):
        if octet in _LOWER and case >> at & 1:
            mixed[at] = octet - _TO_UPPER
    return bytes(mixed)
