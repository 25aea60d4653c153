"""EDNS(0): the OPT record of a query read, that of a reply written (RFC 6891).

Options acted on: NSID (RFC 5001), COOKIE (RFC 7873 and 9018), edns-tcp-keepalive (RFC 7828),
Padding (RFC 7830). All others are ignored and never echoed (RFC 6891 section 6.1.2). What the
values mean is for the responder; here are only their octets.
"""

from minidns.wire.codes import EdnsOption, ExtendedError

MIN_PAYLOAD = 512  # octets; a smaller offer counts as this, RFC 6891 section 6.2.3
_FIXED = 10  # octets of an OPT after its owner: type, class, TTL, RDLENGTH
_CLIENT_COOKIE = 8  # octets, RFC 7873 section 4
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
    """`fixed`: class, TTL and RDLENGTH (8 octets); `options`: the rdata. Raises BadOpt."""
    payload = int.from_bytes(fixed[:2], "big")
    edns = Edns(max(payload, MIN_PAYLOAD), fixed[3], bool(fixed[4] & 0x80))
    at, end = 0, len(options)
    while at < end:
        if at + 4 > end:
            raise BadOpt("an EDNS option is cut off")
        code = options[at] << 8 | options[at + 1]
        start = at + 4
        at = start + (options[at + 2] << 8 | options[at + 3])
        if at > end:
            raise BadOpt("an EDNS option is longer than its OPT record")
        if code == EdnsOption.COOKIE:
            if at - start not in _COOKIE_LENGTHS:
                raise BadOpt("a COOKIE option of a length that RFC 7873 does not allow")
            if not edns.cookie:  # all but the first are ignored, RFC 7873 section 5.2
                edns.cookie = options[start:at]
        elif code == EdnsOption.NSID:
            edns.nsid = True
        elif code == EdnsOption.KEEPALIVE:
            edns.keepalive = True
        elif code == EdnsOption.PADDING:
            edns.padding = True
    return edns


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
    """An Extended DNS Error (RFC 8914 section 2)."""
    return write_option(EdnsOption.EDE, code.to_bytes(2, "big") + text.encode("utf-8"))


def write_padding(size_so_far: int, block: int) -> bytes:
    """A Padding option that brings a message of that size to a multiple of `block` octets."""
    return write_option(EdnsOption.PADDING, bytes(-(size_so_far + 4) % block))
