"""What is counted of upstreams: plain integers, raised on the event loop, read at any time."""

from dataclasses import dataclass


@dataclass(slots=True)
class UpstreamCounters:
    """Of all upstreams. Each goes up only, except where it says "now"."""

    sent: int = 0  # queries, over UDP, TCP and TLS
    replies: int = 0  # that were handed on
    mismatched: int = 0  # messages that are no reply to the query: forged, late or confused
    other_case: int = 0  # replies whose question has lost its case
    malformed: int = 0  # replies that are unreadable behind their question
    truncated: int = 0  # replies over UDP with TC
    oversized: int = 0  # replies over UDP that are longer than was offered
    timed_out: int = 0
    unreachable: int = 0
    refused_busy: int = 0  # not sent, too many were under way
    connections: int = 0  # opened, TCP and TLS
    in_flight: int = 0  # now
