"""What `minidns health` asks of a running server that answers: what is not as it should be.

A line for each trouble, with its seconds where they are known: `broken example.net. 12`,
`stale example.com. 300`, `down . 0` for a domain whose upstreams are all dead.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from minidns.server.control_socket import CommandError
from minidns.server.zone_troubles import ZoneTroubles
from minidns.wire.name import name_to_text

if TYPE_CHECKING:
    from minidns.server.resolving import Resolving

DOWN = "down"


class HealthCommand:
    """No words."""

    def __init__(
        self,
        troubles: ZoneTroubles | None,
        resolving: "Resolving | None",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._troubles = troubles
        self._resolving = resolving
        self._monotonic = monotonic

    def __call__(self, words: Sequence[str]) -> Iterable[str]:
        """As `control_socket.Command`."""
        if words:
            raise CommandError("there is: health")
        return self._lines()

    def _lines(self) -> Iterator[str]:
        if self._troubles is not None:
            for kind, zone, seconds in self._troubles.at(self._monotonic()):
                yield f"{kind} {zone} {int(seconds)}"
        if self._resolving is not None:
            for domain in self._resolving.domains_down():
                yield f"{DOWN} {name_to_text(domain)} 0"
