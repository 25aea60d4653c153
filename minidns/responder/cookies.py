"""DNS cookies (RFC 7873), in the form that other servers can check (RFC 9018).

A server cookie proves that its sender received a reply at that address. minidns demands none
(RFC 7873 section 5.2.3 leaves that open), so a wrong or old one is simply replaced. The time and
the secrets come from outside.
"""

from hmac import compare_digest

from siphashc import siphash

CLIENT_COOKIE = 8  # octets, RFC 7873 section 4.1
SECRET = 16  # octets, RFC 9018 section 4.4
_SERVER_COOKIE = 16  # octets, RFC 9018 section 4
REPLY_COOKIE = CLIENT_COOKIE + _SERVER_COOKIE
_VERSION_AND_RESERVED = b"\x01\x00\x00\x00"  # RFC 9018 sections 4.1 and 4.2
_RENEW_AFTER = 1800  # seconds, RFC 9018 section 4.3
_EXPIRE_AFTER = 3600  # seconds, RFC 9018 section 4.3
_AHEAD_AT_MOST = 300  # seconds, RFC 9018 section 4.3
ROTATE_AFTER = 86_400  # seconds a secret makes cookies; RFC 9018 section 5 asks for a period


class Cookies:
    """Makes and checks server cookies. Two secrets live side by side while one replaces the
    other, so a rotation refuses nobody (RFC 9018 section 5)."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._secret = secret
        self._previous = previous
        self._stamped = 0  # the second that _stamp is of
        self._stamp = _VERSION_AND_RESERVED + bytes(4)

    def rotate(self, secret: bytes) -> None:
        """From now on cookies are made with `secret` (16 octets); the last one still counts."""
        self._previous, self._secret = self._secret, secret

    def cookie_for(self, cookie: bytes, client: bytes, now: int) -> bytes:
        """The COOKIE option's value of a reply: 24 octets.

        `cookie` is the query's (8 octets, or more with a server's), `client` the address as 4 or
        16 octets, `now` the Unix time in seconds. A good server cookie under half an hour old goes
        back as it came (RFC 9018 section 4.3), unless the secret was rotated since.
        """
        if (
            len(cookie) == REPLY_COOKIE
            and -_AHEAD_AT_MOST <= _age(cookie, now) < _RENEW_AFTER
            and compare_digest(_hash(self._secret, cookie[:16] + client), cookie[16:])
        ):
            return cookie
        if now != self._stamped:
            self._stamped = now
            self._stamp = _VERSION_AND_RESERVED + (now & 0xFFFFFFFF).to_bytes(4, "big")
        stamped = cookie[:CLIENT_COOKIE] + self._stamp
        return stamped + _hash(self._secret, stamped + client)

    def is_good(self, cookie: bytes, client: bytes, now: int) -> bool:
        """Whether the server part was made here, for this client, at most an hour ago."""
        if len(cookie) != REPLY_COOKIE:
            return False
        if not -_AHEAD_AT_MOST <= _age(cookie, now) <= _EXPIRE_AFTER:
            return False
        stamped, claimed = cookie[:16], cookie[16:]
        return any(
            compare_digest(_hash(secret, stamped + client), claimed)
            for secret in (self._secret, self._previous)
            if secret is not None
        )


def _hash(secret: bytes, octets: bytes) -> bytes:
    number: int = siphash(secret, octets)
    return number.to_bytes(8, "little")


def _age(cookie: bytes, now: int) -> int:
    """Seconds since the cookie was made, by serial number arithmetic (RFC 9018 section 4.3)."""
    difference = (now - int.from_bytes(cookie[12:16], "big")) & 0xFFFFFFFF
    return difference - (1 << 32) if difference >= 1 << 31 else difference
