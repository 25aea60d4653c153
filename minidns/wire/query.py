"""The strict reader of queries: each octet is looked at once, nothing is guessed.

RFC 1035 section 4.1, RFC 6891 section 6.1, RFC 9619 (one question). A compressed question name
is refused: nothing stands before it that a pointer could mean. Octets after the last counted
record are refused too. What it reads is facts; what to do with them is for the responder.
"""

from struct import Struct

from minidns.wire.codes import Rcode, RRType
from minidns.wire.edns import BadOpt, Edns, read_opt
from minidns.wire.name import MAX_LABEL, MAX_NAME

HEADER = 12  # octets, RFC 1035 section 4.1.1
_COUNTS = Struct("!4H")  # at octet 4 of the header
_ONE_QUESTION = b"\x00\x01\x00\x00\x00\x00\x00\x00"  # counts of a query without EDNS
_ONE_QUESTION_ONE_EXTRA = b"\x00\x01\x00\x00\x00\x00\x00\x01"  # and with it
_OPT = int(RRType.OPT)
_TSIG = int(RRType.TSIG)
_IXFR = int(RRType.IXFR)
_KNOWN_OPTS = 512  # OPT records remembered by their octets: clients send few different ones
_LONGEST_KNOWN = 64  # octets of such a record
_COOKIE_AT = 15  # octets of an OPT before the first option's value


class QueryError(Exception):
    """A query that gets an error reply.

    `question` is echoed (empty where it could not be read); `edns` is the query's OPT, or one
    that stands for it where it was malformed, or None where there was none.
    """

    def __init__(self, rcode: int, reason: str, question: bytes = b"", edns: Edns | None = None):
        super().__init__(reason)
        self.rcode = rcode
        self.question = question
        self.edns = edns


class Query:
    """One query. `question` is its octets as they came, `qname` the name in lower case."""

    __slots__ = ("edns", "qclass", "qname", "qtype", "question")

    def __init__(
        self, question: bytes, qname: bytes, qtype: int, qclass: int, edns: Edns | None
    ) -> None:
        self.question = question
        self.qname = qname
        self.qtype = qtype
        self.qclass = qclass
        self.edns = edns


class QueryReader:
    """Reads queries; remembers the plain OPT records it has seen."""

    def __init__(self) -> None:
        self._known_opts: dict[bytes, Edns] = {}
        # By all octets before the cookie, of OPT records that hold nothing but a cookie.
        self._known_heads: dict[bytes, Edns] = {}

    def read(self, wire: bytes) -> Query:
        """A message of at least 12 octets with QR=0. Raises QueryError.

        A query without question but with a cookie (RFC 7873 section 5.4) comes back with an
        empty `question`.
        """
        if wire[2] & 0x78:
            raise QueryError(Rcode.NOTIMP, "opcode not served", *_scan(wire))
        counts = wire[4:12]
        if counts != _ONE_QUESTION_ONE_EXTRA and counts != _ONE_QUESTION:
            return self._read_unusual(wire)
        at = HEADER
        try:
            while length := wire[at]:
                if length > MAX_LABEL:
                    raise QueryError(Rcode.FORMERR, "a label type that is no label")
                at += length + 1
        except IndexError:
            raise QueryError(Rcode.FORMERR, "the question name is cut off") from None
        at += 1
        end = at + 4
        if end > len(wire) or at - HEADER > MAX_NAME:
            raise QueryError(Rcode.FORMERR, "the question is cut off or its name is too long")
        question = wire[HEADER:end]
        rest = wire[end:]
        edns = None
        if counts == _ONE_QUESTION:
            if rest:
                raise QueryError(Rcode.FORMERR, "octets after the message", question)
        else:
            edns = self._known_opts.get(rest)
            if edns is None:
                edns = self._recognise_cookie(rest) or self._read_additional(question, rest, 1)
        return Query(
            question,
            wire[HEADER:at].lower(),
            wire[at] << 8 | wire[at + 1],
            wire[at + 2] << 8 | wire[at + 3],
            edns,
        )

    def read_what_can_be(self, wire: bytes) -> tuple[bytes, Edns | None]:
        """Question and OPT for a reply to a message that could not be answered."""
        try:
            query = self.read(wire)
        except QueryError as fault:
            return fault.question, fault.edns
        return query.question, query.edns

    def _read_unusual(self, wire: bytes) -> Query:
        """Counts that few clients send: most are faults."""
        questions, answers, authorities, extras = _COUNTS.unpack_from(wire, 4)
        if questions == 0 and answers == authorities == 0:
            edns = self._read_additional(b"", wire[HEADER:], extras)
            if edns is not None and edns.cookie:
                return Query(b"", b"", 0, 0, edns)
            raise QueryError(Rcode.FORMERR, "no question", b"", edns)
        if questions != 1:
            raise QueryError(Rcode.FORMERR, f"{questions} questions", b"", _scan(wire)[1])
        question, edns = _scan(wire)
        if not question:
            raise QueryError(Rcode.FORMERR, "the question is unreadable")
        end = HEADER + len(question)
        qtype = int.from_bytes(question[-4:-2], "big")
        if answers or authorities:
            # An IXFR query carries the client's SOA there (RFC 1995 section 3).
            if qtype != _IXFR or answers or authorities != 1:
                reason = "records before the additional section"
                raise QueryError(Rcode.FORMERR, reason, question, edns)
        else:
            edns = self._read_additional(question, wire[end:], extras)
        qclass = int.from_bytes(question[-2:], "big")
        return Query(question, question[:-4].lower(), qtype, qclass, edns)

    def _recognise_cookie(self, rest: bytes) -> Edns | None:
        """dig and BIND send a fresh cookie with each query, and the same OPT around it."""
        known = self._known_heads.get(rest[:_COOKIE_AT])
        if known is None or len(rest) != _COOKIE_AT + rest[_COOKIE_AT - 1]:
            return None
        edns = Edns(known.payload, known.version, known.dnssec_ok)
        edns.cookie = rest[_COOKIE_AT:]
        return edns

    def _read_additional(self, question: bytes, rest: bytes, count: int) -> Edns | None:
        """The additional section, which must end where the message ends. Raises QueryError."""
        edns: Edns | None = None
        at = 0
        for _ in range(count):
            name_end = _skip_name(rest, at)
            start = name_end + 10
            if not name_end or start > len(rest):
                raise QueryError(Rcode.FORMERR, "a record is cut off", question, edns)
            end = start + (rest[start - 2] << 8 | rest[start - 1])
            rtype = rest[name_end] << 8 | rest[name_end + 1]
            if rtype == _OPT:
                if edns is not None or rest[at]:  # RFC 6891 sections 6.1.1 and 6.1.2
                    reason = "two OPT records" if edns else "an OPT record that is not at the root"
                    raise QueryError(Rcode.FORMERR, reason, question, edns or _plain_edns())
                edns = _plain_edns()
            if end > len(rest):
                raise QueryError(Rcode.FORMERR, "a record is cut off", question, edns)
            if rtype == _OPT:
                try:
                    edns = read_opt(rest[name_end + 2 : start], rest[start:end])
                except BadOpt as fault:
                    raise QueryError(Rcode.FORMERR, str(fault), question, edns) from None
            elif rtype == _TSIG:  # RFC 8945 section 5.2: no key is known here
                raise QueryError(Rcode.NOTAUTH, "a TSIG key that is not known", question, edns)
            at = end
        if at != len(rest):
            raise QueryError(Rcode.FORMERR, "octets after the message", question, edns)
        if edns is not None and count == 1 and len(rest) <= _LONGEST_KNOWN:
            if not edns.cookie:
                _remember(self._known_opts, rest, edns)
            elif len(rest) == _COOKIE_AT + len(edns.cookie):
                _remember(self._known_heads, rest[:_COOKIE_AT], edns)
        return edns


def _remember(known: dict[bytes, Edns], octets: bytes, edns: Edns) -> None:
    if len(known) >= _KNOWN_OPTS:
        known.clear()
    known[octets] = edns


def _plain_edns() -> Edns:
    return Edns(payload=512, version=0, dnssec_ok=False)


def _skip_name(wire: bytes, at: int) -> int:
    """The offset after the name at `at` (a pointer ends it), or 0 where it is no name."""
    last = min(len(wire), at + MAX_NAME)
    while at < last:
        length = wire[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        if length > MAX_LABEL:
            return 0
        at += length + 1
    return 0


def _scan(wire: bytes) -> tuple[bytes, Edns | None]:
    """Question (empty if unreadable) and OPT of a message that is refused.

    All sections are walked alike, as other opcodes use them for other things
    (RFC 2136 section 2.1). A count that the octets do not bear out ends the walk.
    """
    questions, *records = _COUNTS.unpack_from(wire, 4)
    at = HEADER
    question = b""
    for number in range(questions):
        start, at = at, _skip_name(wire, at) + 4
        if at == 4 or at > len(wire):
            return b"", None
        if number == 0:
            question = wire[start:at]
    if questions != 1 or _has_pointer(question) or len(question) > MAX_NAME + 4:
        question = b""
    for _ in range(sum(records)):
        name_end = _skip_name(wire, at)
        if not name_end or name_end + 10 > len(wire):
            break
        start = name_end + 10
        end = start + (wire[start - 2] << 8 | wire[start - 1])
        if not wire[at] and (wire[name_end] << 8 | wire[name_end + 1]) == _OPT:
            try:
                return question, read_opt(wire[name_end + 2 : start], wire[start:end])
            except BadOpt:
                return question, _plain_edns()
        at = end
    return question, None


def _has_pointer(question: bytes) -> bool:
    at = 0
    while length := question[at]:
        if length > MAX_LABEL:
            return True
        at += length + 1
    return False
