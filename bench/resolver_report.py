"""What a run of the forwarders says: its targets, Markdown, and what is kept of it.

The form is that of bench/report.py. `misses` is to be ahead of dnsmasq, or of CoreDNS where that
is nearer; `names` is to keep the memory flat.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import report, resolver_names, targets
from bench.publish import PUBLISHED, ROUNDS, NotFit
from bench.resolver_names import FLAT, Held
from bench.resolver_rounds import HITS, LOCAL, MISSES, SPREAD
from bench.resolver_servers import LARGE
from bench.servers import MINIDNS
from bench.targets import Summary, Target

NAMES = "names"
LOCAL_RATIO = 1.3  # a hit over a local answer, processor time
_EITHER = ("dnsmasq", "coredns")


def _time(scenario: str, other: str, bound: float) -> Target:
    def value(summary: Summary) -> float | None:
        return _ratio(summary, other)

    return Target(scenario, f"processor time ÷ {other}", bound, value)


def _nearest(summary: Summary) -> float | None:
    """Ahead of one of them is enough."""
    found = [ratio for other in _EITHER if (ratio := _ratio(summary, other)) is not None]
    return min(found, default=None)


def _ratio(summary: Summary, other: str) -> float | None:
    """None also where minidns itself has no result: others are compared then."""
    if MINIDNS not in summary["medians"] or other not in summary["ratios"]:
        return None
    return float(summary["ratios"][other]["time"])


TARGETS = (
    _time(HITS, LOCAL, LOCAL_RATIO),
    *(_time(HITS, peer, 1.0) for peer in ("dnsmasq", "unbound", "bind")),
    _time(SPREAD, LOCAL, LOCAL_RATIO),
    *(_time(SPREAD, peer, 1.0) for peer in ("unbound", "bind")),
    Target(MISSES, f"processor time ÷ {' or '.join(_EITHER)}", 1.0, _nearest),
    _time(MISSES, LARGE, 1.0),
    Target(NAMES, "last reading of memory ÷ middle one", FLAT, lambda names: names["ratio"]),
    Target(NAMES, "names lost or answered wrong", 0, lambda names: names["failed"]),
)


def summarize_names(held: Held) -> Summary:
    """For the JSON."""
    failed = held.lost + sum(count for code, count in held.rcodes.items() if code != "NOERROR")
    text = resolver_names.to_markdown(held)
    return asdict(held) | {"ratio": held.ratio, "failed": failed, "text": text}


def to_markdown(name: str, summary: Summary) -> str:
    """The tables of one scenario."""
    return str(summary["text"]) if name == NAMES else report.to_markdown(name, summary)


def targets_to_markdown(scenarios: dict[str, Summary]) -> str:
    """What was to be reached, and by how much it was missed."""
    return targets.to_markdown(scenarios, TARGETS)


def document_to_markdown(document: dict[str, Any]) -> str:
    """The whole of a run."""
    machine, scenarios = document["machine"], document["scenarios"]
    parts = [
        f"# Benchmark of the resolvers of {machine['date'][:10]}\n",
        report.machine_to_markdown(machine) + "\n",
        "Medians of {rounds} rounds of {seconds:g} s, each server forwarding to the same NSD. "
        "Processor time, in microseconds of the server per answer; ratios above 1 are minidns's "
        "disadvantage, but in answers per second.\n".format(**document["options"]),
        "## Targets\n",
        targets_to_markdown(scenarios) + "\n",
        "## Scenarios\n",
        *(to_markdown(name, each) for name, each in scenarios.items()),
    ]
    return "\n".join(parts)


def publish(document: dict[str, Any], directory: Path = PUBLISHED) -> list[Path]:
    """Write resolver-DATE.json and .md beside the other results. Raises NotFit."""
    rounds = document["options"]["rounds"]
    if rounds < ROUNDS:
        raise NotFit(f"{rounds} rounds are too few to be quoted: measure with --rounds {ROUNDS}")
    directory.mkdir(parents=True, exist_ok=True)
    return write(document, directory / f"resolver-{document['machine']['date'][:10]}.json")


def write(document: dict[str, Any], path: Path) -> list[Path]:
    """The JSON, and the Markdown beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")
    path.with_suffix(".md").write_text(document_to_markdown(document))
    return [path, path.with_suffix(".md")]
