"""What `minidns cache` asks of a running server: its cache's numbers, its content, its end."""

import time
from collections.abc import Iterable, Sequence

from minidns.resolver.cache_text import dump
from minidns.server.control_socket import CommandError
from minidns.server.resolving import Resolving
from minidns.wire.name import BadName, name_from_text


class CacheCommand:
    """`stats`, `dump`, `flush [NAME]`."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving

    def __call__(self, words: Sequence[str]) -> Iterable[str]:
        """As `control_socket.Command`."""
        match list(words):
            case ["stats"]:
                return self._stats()
            case ["dump"]:
                return dump(self._resolving.cache, time.monotonic())
            case ["flush"]:
                return self._flush(None)
            case ["flush", name]:
                return self._flush(name)
        raise CommandError("there are: cache stats, cache dump, cache flush [NAME]")

    def _stats(self) -> list[str]:
        resolving = self._resolving
        numbers = {**resolving.cache.stats(), **resolving.resolver.stats()}
        counters = resolving.upstreams.counters
        numbers |= {f"upstream_{name}": getattr(counters, name) for name in counters.__slots__}
        return [f"{name} {number}" for name, number in numbers.items()]

    def _flush(self, name: str | None) -> list[str]:
        wire = None
        if name is not None:
            try:
                wire = name_from_text(f"{name.rstrip('.')}.").lower()
            except BadName as error:
                raise CommandError(str(error)) from None
        flushed = self._resolving.cache.flush(wire)
        self._resolving.resolver.forget_failures()
        self._resolving.forget_file()
        return [f"flushed {flushed}"]
