"""EDNS(0): the OPT record of a query read, that of a reply written (RFC 6891).

Options acted on: NSID (RFC 5001), COOKIE (RFC 7873 and 9018), edns-tcp-keepalive (RFC 7828),
Padding (RFC 7830). All others are ignored and never echoed (RFC 6891 section 6.1.2). What the
values mean is for the responder; here are only their octets.
"""

from minidns.wire.codes import EdnsOption, ExtendedError

MIN_PAYLOAD = 512  # octets; a smaller offer counts as this, RFC 6891 section 6.2.3
# Octets of NSID and of an Extended DNS Error's text. Of 512 these leave 320: a header (12), the
# longest question (259), an OPT (11), a cookie (28) and the heads of these two options (10).
MAX_NSID = 128
MAX_EXTRA_TEXT = 64
_NSID = int(EdnsOption.NSID)
_COOKIE = int(EdnsOption.COOKIE)
_KEEPALIVE = int(EdnsOption.KEEPALIVE)
_PADDING = int(EdnsOption.PADDING)
_EDE = int(EdnsOption.EDE)
_COOKIE_LENGTHS = frozenset((8, *range(16, 41)))  # client alone, or with 8 to 32 of the server's


class BadOpt(ValueError):
    """An OPT record that is malformed: FORMERR (RFC 6891 section 7, RFC 7873 section 5.2.2)."""


class Edns:
    """The OPT record of one query."""

    __slots__ = ("cookie", "dnssec_ok", "keepalive", "nsid", "padding", "payload", "version")

    def __init__(self, payload: int, version: int, dnssec_ok: bool) -> None:
        self.payload = payload  # octets that the client takes over UDP, at least 512
        self.version = version
        self.dnssec_ok = dnssec_ok
        self.cookie = b""  # 8 octets of the client, perhaps 8 to 32 of a server after them
        self.nsid = False
        self.keepalive = False
        self.padding = False


def read_opt(fixed: bytes, options: bytes) -> Edns:
    """`fixed`: class, TTL and RDLENGTH (8 octets); `options`: the rdata. Raises BadOpt.

    Not for another version than 0: what its options look like nobody knows here, and the answer is
    BADVERS whatever they are (RFC 6891 section 6.1.3).
    """
    payload = int.from_bytes(fixed[:2], "big")
    edns = Edns(max(payload, MIN_PAYLOAD), fixed[3], bool(fixed[4] & 0x80))
    try:
        _read_options(edns, options)
    except BadOpt:
        if not edns.version:
            raise
    return edns


def _read_options(edns: Edns, options: bytes) -> None:
    at, end = 0, len(options)
    while at < end:
        if at + 4 > end:
            raise BadOpt("an EDNS option is cut off")
        code = options[at] << 8 | options[at + 1]
        start = at + 4
        at = start + (options[at + 2] << 8 | options[at + 3])
        if at > end:
            raise BadOpt("an EDNS option is longer than its OPT record")
        if code == _COOKIE:
            if at - start not in _COOKIE_LENGTHS:
                raise BadOpt("a COOKIE option of a length that RFC 7873 does not allow")
            if not edns.cookie:  # all but the first are ignored, RFC 7873 section 5.2
                edns.cookie = options[start:at]
        elif code == _NSID:
            edns.nsid = True
        elif code == _KEEPALIVE:
            edns.keepalive = True
        elif code == _PADDING:
            edns.padding = True


def write_opt(
    payload: int, dnssec_ok: bool, extended_rcode: int = 0, options: bytes = b""
) -> bytes:
    """The OPT of a reply: `payload` is what this server takes, `extended_rcode` the upper bits."""
    return (
        b"\x00\x00\x29"
        + payload.to_bytes(2, "big")
        + bytes((extended_rcode, 0, 0x80 if dnssec_ok else 0, 0))
        + len(options).to_bytes(2, "big")
        + options
    )


def write_option(code: int, value: bytes) -> bytes:
    """One option as octets of an OPT's rdata (RFC 6891 section 6.1.2)."""
    return code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def write_extended_error(code: ExtendedError, text: str) -> bytes:
    """An Extended DNS Error (RFC 8914 section 2); an ASCII text is cut to what always fits."""
    return write_option(_EDE, code.to_bytes(2, "big") + text.encode()[:MAX_EXTRA_TEXT])


def write_padding(size_so_far: int, block: int, limit: int) -> bytes:
    """A Padding option that brings a message of that size to a multiple of `block` octets.

    Or to `limit` octets, where that is less; none where it does not fit at all.
    """
    size = size_so_far + 4
    if size > limit:
        return b""
    return write_option(_PADDING, bytes(min(-size % block, limit - size)))
