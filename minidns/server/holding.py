"""All that is served and what is known of its files; and what a reload did to it, in words.

Starts from what was loaded at the start and takes in updates one after the other.
"""

from collections.abc import Generator, Iterable, Iterator

from minidns.server.ready import enumerate_names
from minidns.server.take_over import Taken
from minidns.server.update import Action, ZoneNews
from minidns.server.zone_state import ZoneState, previous_of, state_of
from minidns.zone.directory import LoadedZones
from minidns.zone.faults import ERROR
from minidns.zone.fingerprint import Fingerprint
from minidns.zone.model import Fault, Mark
from minidns.zone.zone_key import split_key

CHANGED, ADDED, REMOVED = "changed", "added", "removed"
KEPT = "refused, served as before"
VANISHED = "not to be found, served as before"
BROKEN = "refused, answering SERVFAIL"
_WORDS = (CHANGED, ADDED, REMOVED, KEPT, VANISHED, BROKEN)  # in the order of the sentence
_TROUBLE = frozenset({KEPT, VANISHED, BROKEN})
_NEWS_PER_STEP = 256  # zones; each takes some microseconds


class Holding:
    """`catalog` is what is served; the rest is changed by `take` only."""

    def __init__(self, loaded: LoadedZones, started_ns: int) -> None:
        """`started_ns` is the Unix time at which loading began."""
        self.catalog = loaded.catalog
        self.states = {
            one.source.key: state_of(one, previous_of(one.zone, one), started_ns)
            for one in loaded.zones
        }
        of_zones = {fault for state in self.states.values() for fault in state.faults}
        # Those of no zone.
        self.faults = tuple(fault for fault in loaded.faults if fault not in of_zones)
        self.directories = loaded.directories
        self.others: Fingerprint = {
            path: stat for one in loaded.others for path, stat in one.stats.items()
        }

    def fingerprints(self) -> Iterator[Fingerprint]:
        """How all was that was read or looked into; a path may be there several times."""
        yield self.directories
        yield self.others
        for state in self.states.values():
            yield state.stats

    def take(self, taken: Taken) -> Generator[None, None, "Changes"]:
        """Hold what an update brought, a step at each `next()`. Returns what is new in it."""
        changes = Changes()
        ending = taken.ending
        changes.faults = _new_faults(self.faults, ending.faults)
        for count, news in enumerate(taken.news, start=1):
            self._take(news, changes)
            if count % _NEWS_PER_STEP == 0:
                yield
        self.directories, self.others = ending.directories, ending.others
        self.faults = ending.faults
        return changes

    def _take(self, news: ZoneNews, changes: "Changes") -> None:
        key, _, state = news
        before = self.states.get(key)
        faults = []
        if state is None:
            self.states.pop(key, None)
        else:
            self.states[key] = state
            faults = _new_faults(before.faults if before else (), state.faults)
        changes.faults += faults
        word = _word_for(news, before)
        if word and (faults or word not in _TROUBLE or not (before and before.is_refused)):
            changes.zones[word].append(split_key(key)[1])


class Changes:
    """What is worth saying of an update: zones by word, and faults that were not said before."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.zones: dict[str, list[bytes]] = {word: [] for word in _WORDS}

    @property
    def is_trouble(self) -> bool:
        """Whether something is not served as its files have it."""
        return any(self.zones[word] for word in _TROUBLE)

    def __str__(self) -> str:
        """`example.com., example.net. changed; example.org. refused, served as before`."""
        parts = [f"{enumerate_names(names)} {word}" for word, names in self.zones.items() if names]
        return "; ".join(parts)


def _new_faults(before: Iterable[Fault], now: Iterable[Fault]) -> list[Fault]:
    """A warning that has only moved to another line was said before."""
    said = {_without_line(fault) for fault in before}
    return [fault for fault in now if _without_line(fault) not in said]


def _without_line(fault: Fault) -> Fault:
    return fault if fault.severity == ERROR else fault._replace(mark=Mark(fault.mark.file, 1, 1))


def _word_for(news: ZoneNews, before: ZoneState | None) -> str | None:
    action = news.action
    if action is Action.SERVE:
        return ADDED if before is None else CHANGED
    if action is Action.REMOVE:
        return REMOVED
    if action is Action.KEEP:
        return KEPT if news.state and news.state.is_refused else VANISHED
    return BROKEN if action is Action.BREAK else None
