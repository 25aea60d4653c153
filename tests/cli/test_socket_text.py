"""The table of sockets at the widths that terminals have."""

from typing import Any

import pytest

from minidns.cli.socket_text import lines_of

TOTALS = {"udp_queries": 3, "udp_octets_in": 99, "tcp_accepted": 1, "tcp_octets_out": 7}
SUMS = ["UDP: queries 3, octets in 99", "TCP: accepted 1, octets out 7"]


def row(**fields: Any) -> dict[str, Any]:
    return {
        "worker": 0,
        "pid": 1,
        "descriptor": 3,
        "protocol": "udp",
        "role": "listener",
        "local": "127.0.0.1:5053",
        "remote": None,
        "state": "bound",
        "age": 0.0,
        "queries": 3,
        "octets_in": 99,
        "octets_out": None,
        "experiments": [2, 3],
        **fields,
    }


ROWS = [
    row(),
    row(
        descriptor=14,
        protocol="tcp",
        remote="[2001:db8:1234:5678:9abc:def0:1234:5678]:65535",
        state="ESTABLISHED",
        age=5025.9,
        octets_out=123,
        experiments=[4],
    ),
]


def test_all_columns_where_there_is_room() -> None:
    assert lines_of([row(), row(descriptor=14, age=59.96)], TOTALS, 200) == [
        "fd  proto  local           remote  state    age  queries  in  out  lesson",
        " 3  udp    127.0.0.1:5053  -       bound   0.0s        3  99    -  2 3",
        "14  udp    127.0.0.1:5053  -       bound  59.9s        3  99    -  2 3",
        *SUMS,
    ]


def test_numbers_of_workers_where_there_are_several() -> None:
    head, first, *_ = lines_of([row(worker=2)], TOTALS, 200)
    assert head.split()[:2] == ["worker", "fd"]
    assert first.split()[:2] == ["2", "3"]


@pytest.mark.parametrize("width", range(12, 140))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = lines_of(ROWS, TOTALS, width)
    assert max(map(len, lines)) <= width
    text = "".join(line.strip() for line in lines)
    for number in ("127.0.0.1:5053", ":65535", "tcp"):
        assert number in text


def test_the_least_worth_goes_first_and_is_named() -> None:
    for width, left_out in ((130, None), (110, "in, out"), (80, "state, lesson, fd, queries, age")):
        lines = lines_of(ROWS, TOTALS, width)
        notes = " ".join(lines).partition("(left out, for want of room: ")[2].partition(")")[0]
        if left_out is None:
            assert notes == ""
        else:
            assert notes.startswith(left_out), width
        assert lines[0].split()[0] in ("fd", "proto")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (3.26, "3.2s"),
        (65, "1m05s"),
        (3599, "59m59s"),
        (43_920, "12h12m"),
        (183_600, "2d03h"),
    ],
)
def test_ages(seconds: float | None, text: str) -> None:
    assert f" {text} " in lines_of([row(age=seconds)], TOTALS, 200)[1]


def test_no_sockets() -> None:
    assert lines_of([], TOTALS, 200)[1:] == SUMS
