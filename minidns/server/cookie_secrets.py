"""The secrets that DNS cookies are made with: the same in all workers, another each day.

A client's next query reaches another worker, which has to know its cookie. So the secrets are
derived from one key and the number of the period, and no worker has to be told (RFC 9018
section 5 asks that servers of one address share them, and that they are replaced).
"""

import secrets
from hashlib import blake2b
from typing import NamedTuple

from minidns.responder.cookies import ROTATE_AFTER, SECRET

KEY = 32  # octets, as strong as the strongest that BLAKE2b makes use of here
_NUMBER = 8  # octets of a period's number


class CookieSecrets(NamedTuple):
    """Periods begin at `started`: seconds of a clock that only grows and is the same for all."""

    key: bytes
    started: float

    def at(self, now: float) -> tuple[bytes, bytes]:
        """The secret of this period and that of the one before, which still counts."""
        period = self._period_at(now)
        return self._secret_of(period), self._secret_of(period - 1)

    def seconds_left(self, now: float) -> float:
        """Until the next period begins."""
        return self.started + (self._period_at(now) + 1) * ROTATE_AFTER - now

    def _period_at(self, now: float) -> int:
        return int((now - self.started) // ROTATE_AFTER)

    def _secret_of(self, period: int) -> bytes:
        number = period.to_bytes(_NUMBER, "big", signed=True)
        return blake2b(number, key=self.key, digest_size=SECRET).digest()


def make_cookie_secrets(now: float) -> CookieSecrets:
    """Secrets that nobody else knows."""
    return CookieSecrets(secrets.token_bytes(KEY), now)
