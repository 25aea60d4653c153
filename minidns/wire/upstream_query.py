"""Queries to an upstream, and whether a message is the reply to one (RFC 5452 section 9.1).

One question, RD, an OPT that offers 1,232 octets (RFC 9715), DO and CD as asked; no option of any
client's ever goes upstream. The case of the letters in the name is drawn at random where the
upstream keeps it (draft-vixie-dnsext-dns0x20): what a forger has to guess besides ID and port.
"""

from enum import Enum, auto
from typing import NamedTuple

from minidns.wire.codes import EdnsOption, RRType
from minidns.wire.query import HEADER

PAYLOAD = 1232  # octets offered by default, DNS flag day 2020, RFC 9715
PAYLOAD_WITHOUT_EDNS = 512  # octets, RFC 1035 section 4.2.1
PADDED = 128  # octets; encrypted queries are padded to a multiple, RFC 8467 section 4.1
_RD = 0x0100
_AD = 0x0020  # RFC 6840 section 5.7: the answer's AD bit is wanted
_CD = 0x0010
_DO = 0x8000  # of the OPT's TTL field, RFC 3225
_ONE_QUESTION = b"\x00\x01"
_COUNTS = b"\x00\x01\x00\x00\x00\x00\x00\x01"
_COUNTS_WITHOUT_OPT = b"\x00\x01\x00\x00\x00\x00\x00\x00"
_CLASS_IN = b"\x00\x01"
_OPT_OWNER_TYPE = b"\x00" + int(RRType.OPT).to_bytes(2, "big")
_NO_OPTIONS = b"\x00\x00"  # the length of an OPT without any
_OPTION = 4  # octets of an option's head
# 0x20 for each small letter, 0 for all else; the length of a label, at most 63, is no letter.
_LETTERS = bytes(0x20 if ord("a") <= octet <= ord("z") else 0 for octet in range(256))
_QR = 0x80
_OPCODE = 0x78
_TC = 0x02
_RCODE = 0x0F


class Match(Enum):
    """What a message is to a query."""

    REPLY = auto()
    TRUNCATED = auto()  # the reply, with TC
    OTHER_CASE = auto()  # the reply but for the case of its question
    BARE_ERROR = auto()  # a header alone with that ID and an rcode that is an error
    FOREIGN = auto()  # no reply to that query


class UpstreamQuery:
    """A query as it is sent."""

    __slots__ = ("payload", "question", "wire")

    def __init__(self, wire: bytes, question: bytes, payload: int) -> None:
        self.wire = wire
        self.question = question  # of `wire`: name in the case in which it is sent, type, class
        self.payload = payload  # octets that a reply over UDP may have


class Form(NamedTuple):
    """What queries of one kind have in common."""

    head: bytes  # flags and counts, which follow the ID
    end: bytes  # type and class, which follow the name
    opt: bytes
    payload: int


def form_of(
    qtype: int,
    dnssec_ok: bool = False,
    checking_disabled: bool = False,
    ask_ad: bool = False,
    has_edns: bool = True,
    payload: int = PAYLOAD,
) -> Form:
    """`payload` is the octets offered over UDP. Without EDNS there is no DO."""
    flags = (_RD | ask_ad * _AD | checking_disabled * _CD).to_bytes(2)
    end = qtype.to_bytes(2) + _CLASS_IN
    if not has_edns:
        return Form(flags + _COUNTS_WITHOUT_OPT, end, b"", PAYLOAD_WITHOUT_EDNS)
    fields = payload << 32 | dnssec_ok * _DO  # and the upper bits of an rcode, the version: 0
    opt = _OPT_OWNER_TYPE + fields.to_bytes(6) + _NO_OPTIONS
    return Form(flags + _COUNTS, end, opt, payload)


def draw_up_query(
    form: Form, qname: bytes, message_id: bytes, case: bytes = b"", pad: bool = False
) -> UpstreamQuery:
    """`qname` is lower-case wire, `message_id` two octets.

    `case` has as many octets as the name, or none: where one has the bit 0x20 and a letter stands,
    it is made large. Without EDNS there is no padding.
    """
    head, end, opt, payload = form
    question = (_mix(qname, case) if case else qname) + end
    if pad and opt:
        size = HEADER + len(question) + len(opt) + _OPTION
        padding = -size % PADDED
        options = (_OPTION + padding).to_bytes(2) + int(EdnsOption.PADDING).to_bytes(2)
        opt = opt[: -len(_NO_OPTIONS)] + options + padding.to_bytes(2) + bytes(padding)
    return UpstreamQuery(message_id + head + question + opt, question, payload)


def make_query(qname: bytes, qtype: int, message_id: int) -> bytes:
    """The octets of a plain query, with EDNS."""
    return draw_up_query(form_of(qtype), qname, message_id.to_bytes(2)).wire


def match_reply(query: UpstreamQuery, message: bytes) -> Match:
    """Nothing is said of what follows the question."""
    wire, question = query.wire, query.question
    if len(message) < HEADER or message[:2] != wire[:2] or message[2] & (_QR | _OPCODE) != _QR:
        return Match.FOREIGN
    if len(message) == HEADER:
        return Match.BARE_ERROR if message[3] & _RCODE else Match.FOREIGN
    if message[4:6] != _ONE_QUESTION:
        return Match.FOREIGN
    if message.startswith(question, HEADER):
        return Match.TRUNCATED if message[2] & _TC else Match.REPLY
    echoed = message[HEADER : HEADER + len(question)]
    # Type and class have no case: only the name may differ in it.
    is_alike = question[-4:] == echoed[-4:] and question.lower() == echoed.lower()
    return Match.OTHER_CASE if is_alike else Match.FOREIGN


def _mix(qname: bytes, case: bytes) -> bytes:
    chosen = int.from_bytes(case) & int.from_bytes(qname.translate(_LETTERS))
    return (int.from_bytes(qname) ^ chosen).to_bytes(len(qname))
