"""The table of `minidns sockets` as lines of text that fit the terminal.

Where the columns do not fit side by side the least worth goes first, down to who talks to whom;
where even that does not fit each socket takes two lines. Keys are those of `--json`.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Row = Mapping[str, Any]
_GAP = "  "


class _Column(NamedTuple):
    """`worth`: the lowest is dropped first. `text` makes a cell of a row."""

    title: str
    worth: int
    text: Callable[[Row], str]
    is_number: bool = False


def _number(key: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[key] is None else str(row[key])


def _age(row: Row) -> str:
    """The two largest units: `3.2s`, `4m05s`, `7h12m`, `2d03h`."""
    seconds = row["age"]
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{int(seconds * 10) / 10:.1f}s"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86_400)
    if hours < 1:
        return f"{minutes}m{int(seconds) % 60:02}s"
    if days < 1:
        return f"{hours}h{minutes % 60:02}m"
    return f"{days}d{hours % 24:02}h"


_COLUMNS = (
    _Column("worker", 6, _number("worker"), True),
    _Column("fd", 7, _number("descriptor"), True),
    _Column("proto", 10, lambda row: str(row["protocol"])),
    _Column("local", 12, lambda row: str(row["local"])),
    _Column("remote", 11, lambda row: row["remote"] or "-"),
    _Column("state", 9, lambda row: str(row["state"])),
    _Column("age", 4, _age, True),
    _Column("queries", 5, _number("queries"), True),
    _Column("in", 3, _number("octets_in"), True),
    _Column("out", 2, _number("octets_out"), True),
    _Column("lesson", 8, lambda row: " ".join(map(str, row["experiments"]))),
)
_LEAST_WORTH = 10  # what is worth as much is never dropped


def lines_of(rows: Sequence[Row], totals: Mapping[str, int], width: int) -> list[str]:
    """The table, what it lacks, and the sums of all workers; no line longer than `width`."""
    columns = [each for each in _COLUMNS if each.title != "worker" or _has_workers(rows)]
    dropped: list[str] = []
    while _width(columns, rows) > width:
        least = min(columns, key=lambda column: column.worth)
        if least.worth >= _LEAST_WORTH:
            break
        columns.remove(least)
        dropped.append(least.title)
    table = _table(columns, rows)
    if max(map(len, table)) > width:
        table = _stacked(rows, width)
    notes = []
    if dropped:
        notes.append(f"(left out, for want of room: {', '.join(reversed(dropped))})")
    notes += _sums(totals)
    return table + [line for note in notes for line in textwrap.wrap(note, max(width, 1))]


def _has_workers(rows: Sequence[Row]) -> bool:
    return any(row["worker"] for row in rows)


def _table(columns: Sequence[_Column], rows: Sequence[Row]) -> list[str]:
    cells = [[column.title for column in columns]]
    cells += [[column.text(row) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        _GAP.join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in cells
    ]


def _width(columns: Sequence[_Column], rows: Sequence[Row]) -> int:
    return max(map(len, _table(columns, rows)))


def _stacked(rows: Sequence[Row], width: int) -> list[str]:
    lines = []
    for row in rows:
        lines += textwrap.wrap(f"{row['protocol']} {row['local']} {row['state']}", max(width, 1))
        if row["remote"]:
            lines += textwrap.wrap(f"  from {row['remote']}", max(width, 1))
    return lines


def _sums(totals: Mapping[str, int]) -> list[str]:
    """`UDP: queries 3, replies 3, octets_in 120`, and the same of TCP."""
    return [
        f"{protocol.upper()}: "
        + ", ".join(
            f"{name.removeprefix(f'{protocol}_').replace('_', ' ')} {number}"
            for name, number in totals.items()
            if name.startswith(f"{protocol}_")
        )
        for protocol in ("udp", "tcp")
    ]
