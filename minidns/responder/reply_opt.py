"""The OPT record of a reply: which options the server answers with, and when.

NSID where asked and configured (RFC 5001), cookies (RFC 7873), keepalive on streams (RFC 7828
section 3.3.2), padding only where encrypted (RFC 7830 section 6, RFC 8467 section 4.1), Extended
DNS Errors (RFC 8914). Without any of these the OPT is one of two constants.
"""

from collections.abc import Callable

from minidns.responder.cookies import CLIENT_COOKIE, REPLY_COOKIE, Cookies
from minidns.responder.via import Via
from minidns.wire.codes import EdnsOption
from minidns.wire.edns import MAX_NSID, Edns, write_opt, write_option, write_padding
from minidns.wire.response import MAX_MESSAGE

_PADDING_BLOCK = 468  # octets, RFC 8467 section 4.1
_COOKIE_HEAD = write_option(EdnsOption.COOKIE, bytes(REPLY_COOKIE))[:-REPLY_COOKIE]


class OptWriter:
    """`payload` is the largest UDP message that this server takes, in octets.

    Raises ValueError for an `nsid` of over MAX_NSID octets.
    """

    def __init__(
        self, payload: int, nsid: bytes, cookies: Cookies, unix_time: Callable[[], float]
    ) -> None:
        if len(nsid) > MAX_NSID:
            raise ValueError(f"the NSID is {len(nsid)} octets long, at most {MAX_NSID} fit")
        self.payload = payload
        self._nsid = nsid
        self._cookies = cookies
        self._unix_time = unix_time
        self._plain = (write_opt(payload, False), write_opt(payload, True))

    def write(
        self,
        edns: Edns,
        client: bytes,
        via: Via,
        size: int,
        extended_rcode: int = 0,
        error: bytes = b"",
    ) -> bytes:
        """`size`: octets of the reply without its OPT; `error`: a written EDE option or none."""
        options = error
        if edns.cookie:
            options += _COOKIE_HEAD + self.cookie_for(edns.cookie, client)
        if edns.nsid and self._nsid:
            options += write_option(EdnsOption.NSID, self._nsid)
        if edns.keepalive and via.is_stream:
            options += write_option(EdnsOption.KEEPALIVE, via.keepalive.to_bytes(2, "big"))
        if edns.padding and via.is_encrypted:
            bare = len(self._plain[0]) + len(options)
            options += write_padding(size + bare, _PADDING_BLOCK, MAX_MESSAGE)
        if not options and not extended_rcode:
            return self._plain[edns.dnssec_ok]
        return write_opt(self.payload, edns.dnssec_ok, extended_rcode, options)

    def write_plain(self, dnssec_ok: bool, with_cookie: bool) -> bytes:
        """An OPT without options, or one whose end, `cookie_for`'s value, is missing."""
        if not with_cookie:
            return self._plain[dnssec_ok]
        return write_opt(self.payload, dnssec_ok, 0, _COOKIE_HEAD + bytes(REPLY_COOKIE))[
            :-REPLY_COOKIE
        ]

    def cookie_for(self, cookie: bytes, client: bytes) -> bytes:
        """The COOKIE option's value of a reply now."""
        return self._cookies.cookie_for(cookie, client, int(self._unix_time()))

    def accepts(self, cookie: bytes, client: bytes) -> bool:
        """Whether a COOKIE option's value holds no server cookie, or one of this server's."""
        if len(cookie) == CLIENT_COOKIE:
            return True
        return self._cookies.is_good(cookie, client, int(self._unix_time()))
