"""What is certain to have been read, and what has to be read once more."""

from pathlib import Path

from minidns.server.zone_state import UNCERTAIN, state_of
from minidns.zone.directory import LoadedZone, ZoneSource

STARTED = 1_700_000_000_000_000_000  # nanoseconds
SECOND = 10**9


def test_include_that_changed_while_zones_were_read() -> None:
    """It was looked at after it was read, so only its time of change can tell."""
    path = Path("zones/example.com.yaml")
    long_ago, after = (1, 2, 3, STARTED - SECOND), (1, 2, 3, STARTED + SECOND)
    stats = {str(path): after, "zones/old.yaml": long_ago, "zones/new.yaml": after, "gone": None}
    source = ZoneSource(b"\x00", (path,), Path("zones"))
    state = state_of(LoadedZone(source, None, [], (), stats=stats), None, STARTED)
    assert state.stats == {**stats, "zones/new.yaml": UNCERTAIN}
