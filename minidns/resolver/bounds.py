"""The bounds that a resolver keeps, in one place for who sets other ones.

Each default is the constant of the module that keeps it, where its reference stands.
"""

from typing import NamedTuple

from minidns.resolver import (
    accept,
    failures,
    flights,
    forwarder,
    model,
    record_sets,
    upstream_state,
)


class Bounds(NamedTuple):
    """Numbers of queries, durations in seconds."""

    waiting: int = flights.MAX_WAITING
    waiting_per_client: int = flights.MAX_PER_CLIENT
    waiting_per_question: int = flights.MAX_PER_QUESTION
    attempt: float = forwarder.ATTEMPT_SECONDS
    attempts: int = forwarder.MAX_ATTEMPTS
    queries: int = model.MAX_QUERIES  # upstream, for one query of a client
    whole: float = 4.5  # for a client's query; glibc waits 5 s
    links: int = accept.MAX_LINKS  # CNAMEs of a chain; more than the default are not read
    stale_after: float = 1.8  # RFC 8767 section 5
    failures_in_row: int = upstream_state.MAX_FAILURES
    first_probe: float = upstream_state.FIRST_PROBE
    last_probe: float = upstream_state.LAST_PROBE
    first_failure: float = failures.FIRST_SECONDS
    last_failure: float = failures.LAST_SECONDS
    stale_recheck: float = failures.STALE_SECONDS
    max_ttl: int = record_sets.MAX_TTL  # lower ones cut what is accepted
    max_negative_ttl: int = accept.MAX_NEGATIVE_TTL


DEFAULT_BOUNDS = Bounds()
