"""The ratios as an SVG picture: a row for each scenario, a mark for each server, NSD at 1.

The axis is logarithmic. Colours stand out on white and on black alike, and the server that is
compared has a shape of its own, hollow in its compiled form.
"""

import statistics
from html import escape
from math import log2
from typing import Any

from bench.floor import FLOOR
from bench.servers import COMPILED, MINIDNS, NSD

WIDTH = 760
LEFT = 220  # where the axis begins; scenarios stand before it
RIGHT = 40
TOP = 74
ROW = 30
BOTTOM = 34
RADIUS = 5.0
TEXT = "#6f7882"  # contrast above 4 to white and to GitHub's dark background
COLOURS = {
    MINIDNS: "#e5484d",
    MINIDNS + COMPILED: "#e5484d",
    "nsd": "#6f7882",
    "knot": "#3b82f6",
    "bind": "#9a6fe8",
    "powerdns": "#2d9a4b",
    "dnsmasq": "#b07d08",
    "coredns": "#0f96a3",
    FLOOR: "#8a939d",
}
LEGEND_GAP = 27  # the mark and the space around it
LETTER = 7  # about the width of one
HOLLOW = frozenset({MINIDNS + COMPILED, FLOOR})


def to_svg(document: dict[str, Any]) -> str:
    """Processor time per answer over NSD's, of the scenarios that have both."""
    rows = {
        name: times
        for name, summary in document["scenarios"].items()
        if (times := times_of_nsd(summary)) and MINIDNS in times
    }
    values = [value for times in rows.values() for value in times.values()]
    low = min([0.5, *values])
    high = max([2.0, *values])
    height = TOP + ROW * len(rows) + BOTTOM

    def x(ratio: float) -> float:
        return LEFT + (log2(ratio) - log2(low)) / (log2(high) - log2(low)) * (WIDTH - LEFT - RIGHT)

    date = document["machine"]["date"][:10]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="12" '
        f'fill="{TEXT}">',
        f"<title>Processor time per answer, NSD = 1, {date}</title>",
        f'<text x="10" y="20" font-size="14">Processor time per answer, NSD = 1 ({date}; '
        "further left is better)</text>",
        *_legend({name for times in rows.values() for name in times}),
        *_axis(low, high, x, height),
    ]
    for number, (name, times) in enumerate(rows.items()):
        parts += _row(name, times, TOP + ROW * number + ROW / 2, x)
    return "\n".join([*parts, "</svg>", ""])


def times_of_nsd(summary: dict[str, Any]) -> dict[str, float]:
    """By server, the median over the rounds of its processor time over NSD's."""
    ratios: dict[str, list[float]] = {}
    for runs in summary["rounds"]:
        times = {run["server"]: run["total_us"] for run in runs}
        if NSD in times:
            for server, time in times.items():
                ratios.setdefault(server, []).append(time / times[NSD])
    return {server: statistics.median(each) for server, each in ratios.items()}


def _legend(names: set[str]) -> list[str]:
    parts = []
    left = 16
    for name in (each for each in COLOURS if each in names):
        parts.append(_mark(name, left, 44, name))
        parts.append(f'<text x="{left + 10}" y="48">{escape(name)}</text>')
        left += LEGEND_GAP + LETTER * len(name)
    return parts


def _axis(low: float, high: float, x: Any, height: int) -> list[str]:
    parts = []
    for power in range(-3, 8):
        ratio = 2.0**power
        if not low <= ratio <= high:
            continue
        width = 2 if ratio == 1 else 0.5
        place = x(ratio)
        parts.append(
            f'<line x1="{place:.1f}" y1="{TOP - 6}" x2="{place:.1f}" y2="{height - BOTTOM}" '
            f'stroke="{TEXT}" stroke-width="{width}"/>'
        )
        parts.append(
            f'<text x="{place:.1f}" y="{height - 14}" text-anchor="middle">{ratio:g}</text>'
        )
    return parts


def _row(name: str, times: dict[str, float], y: float, x: Any) -> list[str]:
    parts = [
        f'<text x="{LEFT - 64}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>',
        f'<text x="{LEFT - 14}" y="{y + 4:.1f}" text-anchor="end" font-weight="bold" '
        f'fill="{COLOURS[MINIDNS]}">{times[MINIDNS]:.2f}</text>',
    ]
    for server in sorted(times, key=lambda each: each.startswith(MINIDNS)):  # above the others
        if server in COLOURS:
            told = f"{server}, {name}: {times[server]:.2f}"
            parts.append(_mark(server, x(times[server]), y, told))
    return parts


def _mark(server: str, x: float, y: float, told: str) -> str:
    colour = COLOURS[server]
    filled = "none" if server in HOLLOW else colour
    title = f"<title>{escape(told)}</title>"
    if server.startswith(MINIDNS):
        size = RADIUS * 1.5
        return (
            f'<path d="M{x:.1f} {y - size:.1f} l{size} {size} l-{size} {size} l-{size} -{size} z" '
            f'fill="{filled}" stroke="{colour}" stroke-width="1.5">{title}</path>'
        )
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{filled}" stroke="{colour}" '
        f'stroke-width="1.5">{title}</circle>'
    )
